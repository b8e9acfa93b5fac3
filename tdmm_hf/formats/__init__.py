"""Motion files: ``load`` and ``save`` choose the format by the suffix.

    >>> import tempfile
    >>> import numpy as np
    >>> from tdmm_hf.formats import load, save
    >>> from tdmm_hf.motion import FaceMotion
    >>> path = tempfile.mkdtemp() + "/still.npz"
    >>> save(FaceMotion(np.zeros((50, 55))), path)
    >>> load(path).num_frames
    50

Each format is a module with ``read(path, fps=None)`` and ``write(motion, path)``; a picture of the
curves (``.png``) can only be written.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

from ..motion import FaceMotion
from . import curves, livelink, npz

READABLE = {".csv": livelink, ".npz": npz}
WRITABLE = {**READABLE, ".png": curves}


def _format(path: str | os.PathLike, formats: dict[str, ModuleType]) -> ModuleType:
    suffix = Path(path).suffix.lower()
    if suffix not in formats:
        raise ValueError(
            f"unknown motion suffix {suffix!r} of {Path(path).name!r}: "
            f"choose from {', '.join(formats)}"
        )
    return formats[suffix]


def check_suffix(path: str | os.PathLike) -> None:
    """``ValueError`` unless a motion can be saved under this name; for use before long work."""
    _format(path, WRITABLE)


def is_motion_file(path: str | os.PathLike) -> bool:
    """Whether ``load`` knows the suffix."""
    return Path(path).suffix.lower() in READABLE


def load(path: str | os.PathLike, fps: float | None = None) -> FaceMotion:
    """A motion from a ``.csv`` (Live Link Face) or ``.npz`` file.

    Args:
        path: the file.
        fps: frames per second, taken in place of what the file says.

    Raises:
        ValueError: unknown suffix or unfit contents; names the file and the rule.
        OSError: the file cannot be opened.
    """
    return _format(path, READABLE).read(path, fps=fps)


def save(motion: FaceMotion, path: str | os.PathLike) -> None:
    """Write a motion in the format of the suffix: the whole file, or none.

    Raises:
        ValueError: unknown suffix, or a space that the format cannot hold.
        OSError: the file cannot be written.
    """
    _format(path, WRITABLE).write(motion, path)
