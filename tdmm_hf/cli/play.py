"""Motions to Unreal Engine and avatar tools, in real time.

tdmm play motion.csv --to livelink://127.0.0.1:11111 --to osc://127.0.0.1:39539 --loop
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .common import bar


def play(
    motion: Annotated[Path, typer.Argument(help="A motion file.")],
    to: Annotated[
        list[str],
        typer.Option(
            metavar="URL", help="livelink://HOST:PORT or osc://HOST:PORT; may be repeated."
        ),
    ],
    loop: Annotated[bool, typer.Option("--loop", help="Begin again, until Ctrl-C.")] = False,
    speed: Annotated[float, typer.Option(help="2 is twice as fast.")] = 1.0,
    fps: Annotated[
        float | None, typer.Option(help="Frames a second to send; the motion's own by default.")
    ] = None,
    subject: Annotated[str, typer.Option(help="The name in Unreal's Live Link window.")] = "tdmm",
    convention: Annotated[
        str, typer.Option(help="Angles and sides for livelink: app, unreal or degrees.")
    ] = "app",
    mirror: Annotated[bool, typer.Option("--mirror", help="Left and right exchanged.")] = False,
    neutral: Annotated[
        bool, typer.Option(help="Send a face at rest at the end, so that none freezes.")
    ] = True,
) -> None:
    """Play a motion live: to Unreal's Live Link Face port, or VTuber tools (VMC)."""
    from ..formats import load
    from ..live import parse_target, play

    targets = [parse_target(url) for url in to]
    shown = load(motion)
    with bar(motion.name, "frame") as progress:
        played = play(
            shown.mirror() if mirror else shown,
            targets,
            loop=loop,
            speed=speed,
            fps=fps,
            subject=subject,
            convention=convention,
            neutral=neutral,
            progress=progress,
        )
    late = f", {played.skipped} skipped" if played.skipped else ""
    print(
        f"{played.sent} frames at {played.rate:g} a second to {', '.join(map(str, targets))}{late}"
    )
