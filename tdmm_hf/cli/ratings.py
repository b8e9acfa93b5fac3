"""What people think: pairs of films to rate, and what their answers add up to.

tdmm ratings prepare --prompts prompts.txt --model embedded --model other-model --out study
tdmm demo --rate study
tdmm ratings report study/answers.sqlite
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .common import Seed, bar


def prepare(
    prompts: Annotated[Path, typer.Option(help="A text file, one prompt a line.")],
    model: Annotated[
        list[str],
        typer.Option(
            help="Given twice: checkpoint folder or Hub id, 'embedded', or a folder with a motion "
            "file for each prompt, in the order of their names."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The study's folder.")],
    duration: Annotated[float, typer.Option(help="Seconds of each motion.")] = 5.0,
    seed: Seed = 0,
    rig: Annotated[str, typer.Option(help="Whose head.")] = "tdmm",
) -> None:
    """Make and film the motions of two models, so that they can be rated side by side."""
    from .. import rating_pairs

    if len(model) != 2:
        raise ValueError(f"two models are compared: give --model twice, got {len(model)}")
    lines = prompts.read_text(encoding="utf-8").splitlines()
    wanted = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    with bar("filming", "film") as advance:
        study = rating_pairs.prepare(wanted, *model, out, duration, seed, rig, advance)
    print(f"{out}: {len(study.pairs)} pairs; rate them with: tdmm demo --rate {out}")


def report(
    answers: Annotated[Path, typer.Argument(help="The SQLite file of answers.")],
    out: Annotated[Path | None, typer.Option(help="Also write all figures as JSON.")] = None,
) -> None:
    """Win rates and scores of the answers, with their 95 % intervals."""
    from ..evaluation import ratings
    from ..files import replacing

    if not answers.is_file():
        raise FileNotFoundError(f"answers must come from a file, none at {answers}")
    found = ratings.report(ratings.Answers(answers).all())
    print("\n".join(_lines(found)))
    if out:
        with replacing(out) as beside:
            beside.write_text(json.dumps(asdict(found), indent=2) + "\n", encoding="utf-8")


def _lines(found) -> list[str]:
    lines = [f"{found.answers} answers in {found.visits} visits"]
    for one in found.comparisons:
        lines.append(f"{one.model} against {one.other}: {one.answers} answers to {one.pairs} pairs")
        for question, share in (("fits better", one.fits), ("more natural", one.natural)):
            lines.append(f"  {question:<14}{_share(share)}")
    lines.append("scores of 1 to 5")
    for score in found.scores:
        edges = "one pair" if score.interval is None else "{:.2f} to {:.2f}".format(*score.interval)
        lines.append(f"  {score.model:<14}{score.mean:.2f}  ({edges}; {score.answers} answers)")
    lines.append(f"left preferred  {_share(found.left)}")
    return lines


def _share(share) -> str:
    counts = f"{share.wins} won, {share.losses} lost, {share.equal} equal"
    if share.rate is None:
        return f"no preference  ({counts})"
    low, high = (100 * edge for edge in share.interval)
    return f"{100 * share.rate:.1f} %  ({low:.1f} to {high:.1f}; {counts}; p = {share.p:.2g})"
