"""Other people's corpora in the form of ours: one table of sources, a small module for each.

    >>> from tdmm_hf.corpus.importers import SOURCES, import_folder
    >>> report = import_folder("express4d", "Express4D", "corpus")  # doctest: +SKIP
    >>> report.rows, len(report.failures)  # doctest: +SKIP
    (1204, 1)

A source finds the clips of a folder, reads one into a motion, and knows its captions and the split
that its makers put it in. All else is the same for all: ``folder.py`` resamples, bounds and writes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from .common import Options, Source
from .folder import ImportReport, import_clips

# Name to module and class; each module says what of its source is kept and what is lost.
SOURCES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "livelink": ("livelink", "LiveLink"),
        "express4d": ("express4d", "Express4D"),
        "keyframeface": ("keyframeface", "KeyframeFace"),
        "smirk": ("smirk", "Smirk"),
        "mmhead": ("mmhead", "MMHead"),
        "beat": ("beat", "Beat"),
        "beat2": ("beat2", "Beat2"),
        "videos": ("videos", "Videos"),
    }
)


def open_source(name: str, folder: str | os.PathLike, options: Options | None = None) -> Source:
    """A source's view of a folder.

    Raises:
        ValueError: unknown source, no such folder, an option that the source does not take, or a
            captions file that cannot be read.
    """
    if name not in SOURCES:
        raise ValueError(f"unknown source {name!r}: choose from {', '.join(SOURCES)}")
    module, kind = SOURCES[name]
    return getattr(import_module(f".{module}", __name__), kind)(
        name, Path(folder), options or Options()
    )


def import_folder(
    source: str,
    folder: str | os.PathLike,
    out: str | os.PathLike,
    options: Options | None = None,
    **running,
) -> ImportReport:
    """Make a corpus of a folder, or finish one that was begun.

    Args:
        source: a key of ``SOURCES``.
        folder: as its makers lay it out; each module's docstring shows how.
        out: the corpus' folder.
        options: rates, conventions, captions.
        running: ``workers``, ``shard_clips`` and ``progress`` of ``folder.import_clips``.

    Returns:
        What was imported and what was not; also in ``out/import_report.json``.

    Raises:
        ValueError: the folder has no clip in that layout, not one can be read, or ``out`` holds a
            corpus of something else.
        ImportError: the source needs a package that is not installed.
    """
    return import_clips(open_source(source, folder, options), Path(out), **running)


__all__ = ["SOURCES", "ImportReport", "Options", "Source", "import_folder", "open_source"]
