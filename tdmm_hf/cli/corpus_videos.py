"""Prompts to videos to a corpus.

tdmm corpus generate-videos --count 1000 --out videos
tdmm corpus generate-videos --generator wan2.1-1.3b --engine ray --gpus 1 --out videos
tdmm corpus fit videos --out corpus
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..settings import VideoFitSettings, VideoSettings
from .common import settings_command

SHOWN = 10  # clips named on the screen
Engine = Annotated[str, typer.Option(help="What runs the workers: processes or ray.")]
Workers = Annotated[
    int, typer.Option(help="How many at once; 0 for one per core, or what the cluster holds.")
]
Gpus = Annotated[
    float, typer.Option(help="ray: GPUs of each worker; a share lets several have one.")
]
Address = Annotated[
    str, typer.Option(help="ray: the cluster; else RAY_ADDRESS, or one started here.")
]
Retry = Annotated[bool, typer.Option("--retry", help="Try again what failed for good.")]


def _generate_videos(
    settings: VideoSettings,
    out: Annotated[Path, typer.Option(help="Folder of the videos.")],
    prompts: Annotated[
        Path | None,
        typer.Option(help="Prompts in place of the suite's: one a line, or objects in .jsonl."),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(help="A setting of the generator; may be repeated.", metavar="NAME=VALUE"),
    ] = None,
    engine: Engine = "processes",
    workers: Workers = 0,
    gpus: Gpus = 0.0,
    address: Address = "",
    retry: Retry = False,
) -> None:
    """Make videos of prompts with a text-to-video generator; a run that was stopped goes on."""
    from ..corpus.engines import Running
    from ..corpus.generating import REPORT_FILE, generate_videos

    running = Running(engine, workers, gpus, address)
    report = generate_videos(settings, out, running, prompts, _options(option or []), retry)
    _tell(report)
    made = f"{report.counts['done']} of {report.total} clips"
    print(f"{made}, {report.seconds / 3600:.2f} hours: {out}, see {out / REPORT_FILE}")


def _fit(
    settings: VideoFitSettings,
    videos: Annotated[
        Path, typer.Argument(help="What generate-videos made, or any folder of videos.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the corpus.")],
    model: Annotated[Path | None, typer.Option(help="The tracker's model, as in tdmm fit.")] = None,
    engine: Engine = "processes",
    workers: Workers = 0,
    gpus: Gpus = 0.0,
    address: Address = "",
    retry: Retry = False,
) -> None:
    """Make a corpus of videos: fit, score, filter; report.json says what was left out, and why."""
    from ..corpus.engines import Running
    from ..corpus.fitting_videos import fit_videos
    from ..corpus.generating import REPORT_FILE

    running = Running(engine, workers, gpus, address)
    report = fit_videos(videos, out, settings, running, model, retry)
    _tell(report)
    left = f"{report.counts['rejected']} rejected, {report.counts['failed']} failed"
    kept = f"{report.counts['done']} of {report.total} clips, {report.seconds / 3600:.2f} hours"
    print(f"{kept}: {out}; {left}, see {out / REPORT_FILE}")


def _options(pairs: list[str]) -> dict:
    """Settings of a generator: numbers, true, false, [lists] and {maps} as in YAML, else text.

    Raises:
        ValueError: not NAME=VALUE.
    """
    found = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not (name and equals):
            raise ValueError(f"--option must be NAME=VALUE, got {pair!r}")
        found[name.replace("-", "_")] = _value(text)
    return found


def _value(text: str):
    import yaml

    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:  # a command line, say
        return text
    kinds = bool | int | float | list | (dict if text.startswith("{") else bool)
    return value if isinstance(value, kinds) else text


def _tell(report) -> None:
    """Name what is not among the clips, the first of many."""
    lines = [f"{one['clip']}: {one['error']}" for one in report.failed]
    lines += [f"{one['clip']}: {'; '.join(one['reasons'])}" for one in report.rejected]
    for line in lines[:SHOWN]:
        print(line, file=sys.stderr)
    if (hidden := len(lines) - SHOWN) > 0:
        print(f"and {hidden} more", file=sys.stderr)


generate_videos = settings_command(VideoSettings, _generate_videos)
fit = settings_command(VideoFitSettings, _fit)
