"""Other people's corpora in the form of ours.

tdmm corpus import express4d Express4D --out corpus
tdmm corpus import livelink takes --out corpus --convention unreal
tdmm corpus import videos clips --out corpus --captions clips.json --workers 2
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

SOURCES = "livelink, express4d, keyframeface, smirk, mmhead, beat, beat2 or videos"
SHOWN_FAILURES = 10


def import_corpus(
    source: Annotated[str, typer.Argument(help=f"Layout of the folder: {SOURCES}.")],
    folder: Annotated[Path, typer.Argument(help="The corpus as its makers lay it out.")],
    out: Annotated[Path, typer.Option(help="Folder of the corpus that is made.")],
    fps: Annotated[
        float | None, typer.Option(help="Frames a second, in place of what the files say.")
    ] = None,
    convention: Annotated[
        str | None,
        typer.Option(help="Angles and sides of Live Link columns: app, unreal or degrees. [app]"),
    ] = None,
    captions: Annotated[
        Path | None, typer.Option(help="A .csv, .json or .jsonl of clips and their texts.")
    ] = None,
    columns: Annotated[
        Path | None, typer.Option(help="express4d: a file with the arrays' 61 column names.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="videos: the tracker's model, as in tdmm fit.")
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes.")] = 1,
    shard_clips: Annotated[
        int | None, typer.Option(help="Clips in a file of the corpus. [200; 20 of videos]")
    ] = None,
) -> None:
    """Import a corpus; import_report.json lists what could not be read, and the rest goes on."""
    from ..corpus.importers import Options, import_folder

    files = {"captions": captions, "columns": columns, "model": model}
    named = {name: str(path) for name, path in files.items() if path is not None}
    options = Options(fps=fps, convention=convention, **named)
    report = import_folder(source, folder, out, options, workers=workers, shard_clips=shard_clips)
    for failure in report.failures[:SHOWN_FAILURES]:
        print(f"{failure.file}: {failure.rule}", file=sys.stderr)
    if (hidden := len(report.failures) - SHOWN_FAILURES) > 0:
        print(f"and {hidden} more", file=sys.stderr)
    print(_summary(report, out))


def _summary(report, out: Path) -> str:
    from ..corpus.importers.folder import REPORT_FILE

    splits = ", ".join(f"{count} {split}" for split, count in report.rows.items())
    hours = sum(report.seconds.values()) / 3600
    counts = f"{report.imported} of {report.clips} clips ({splits}), {hours:.2f} hours"
    told = f"failures: {len(report.failures)}, notes: {len(report.notes)}, see {out / REPORT_FILE}"
    return f"{counts}; without a caption: {report.without_caption}; {told}"
