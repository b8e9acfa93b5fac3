"""Corpora of (text, motion) pairs.

tdmm corpus build --hours 80 --out corpus
tdmm corpus push corpus user/performed-face-motion
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ..settings import CorpusSettings
from .common import settings_command


def _build(
    settings: CorpusSettings,
    out: Annotated[Path, typer.Option(help="Folder of the corpus.")],
    workers: Annotated[int, typer.Option(help="Processes; 0 for one per core.")] = 0,
) -> None:
    """Perform a corpus of (prompt, motion) pairs; a build that was stopped goes on."""
    from ..corpus.build import build
    from ..corpus.facts import split_facts

    facts = split_facts(build(settings, out, workers or os.cpu_count() or 1), "train")
    print(f"{facts.clips} training clips, {facts.hours:.2f} hours: {out}")


def push(
    folder: Annotated[Path, typer.Argument(help="Folder of a corpus.")],
    repo: Annotated[str, typer.Argument(help="Where to on the Hub.", metavar="USER/NAME")],
    private: Annotated[bool, typer.Option(help="Make a new repo private.")] = False,
) -> None:
    """Upload a corpus to the Hub, where `load_dataset` opens it; it is checked first."""
    from ..corpus.push import push

    print(push(folder, repo, private=private))


build = settings_command(CorpusSettings, _build, change=CorpusSettings.with_changes)
