"""Does a motion do what it was asked to?

tdmm judge frown.csv --plan "angry 3, shake 2"
tdmm judge frown.csv --prompt "He frowns and shakes his head." --channels
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .common import Model, load_pipeline


def judge(
    file: Annotated[Path, typer.Argument(help="A motion file.")],
    plan: Annotated[
        str | None, typer.Option(help='What was asked, by keys: "happy 4, nod 2".')
    ] = None,
    prompt: Annotated[
        str | None, typer.Option(help="The same in words, which the model reads.")
    ] = None,
    channels: Annotated[bool, typer.Option(help="Also how far each channel moves.")] = False,
    model: Model = None,
) -> None:
    """Say whether the channels that a prompt names move, how much, in which order and number."""
    if (plan is None) == (prompt is None):
        raise ValueError("a motion is judged by a plan or by a prompt: give --plan or --prompt")
    from ..evaluation.judges.kinematic import KinematicJudge
    from ..formats import load

    motion = load(file)
    if prompt is not None:
        plan = load_pipeline("text-to-face-motion", model)(prompt, duration=motion.duration)["plan"]
        print(f"read as: {plan}")
    verdict = KinematicJudge().judge(motion, plan)
    for item in verdict.items:
        print(item)
        for move in item.moves if channels else ():
            print(f"  {move}")
    print(verdict.lines()[-1])
