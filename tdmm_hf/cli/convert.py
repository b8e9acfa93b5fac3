"""Any motion file to any other format.

tdmm convert take.csv take.glb --identity 3
tdmm convert take.csv take.bvh --convention unreal
tdmm convert *.csv --out takes --to .npz --out-fps 25
tdmm convert smirk.npz take.csv --flame generic_model.pkl
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from .common import given

IN_CONVENTION = "Angles and sides of the .csv that is read: app, unreal or degrees."


def convert(
    files: Annotated[
        list[Path], typer.Argument(help="A motion file and the file to write; or, with --to, many.")
    ],
    out: Annotated[Path | None, typer.Option(help="Folder to write to, with --to.")] = None,
    to: Annotated[
        str | None, typer.Option(metavar="SUFFIX", help="Format of what is written, as in .glb.")
    ] = None,
    fps: Annotated[
        float | None, typer.Option(help="Frames a second of what is read, if it says otherwise.")
    ] = None,
    out_fps: Annotated[
        float | None, typer.Option(help="Frames a second of what is written; as read by default.")
    ] = None,
    convention: Annotated[str | None, typer.Option(help=IN_CONVENTION)] = None,
    out_convention: Annotated[
        str | None, typer.Option(help="The same, of the .csv that is written.")
    ] = None,
    space: Annotated[
        str | None,
        typer.Option(
            help="Retarget to arkit, flame or flame_mmhead; by default as the file needs."
        ),
    ] = None,
    flame: Annotated[
        Path | None, typer.Option(help="Your own FLAME file, for that; else that of TDMM_FLAME.")
    ] = None,
    rig: Annotated[
        str | None, typer.Option(help="The head in 3D files: tdmm, or ict once installed.")
    ] = None,
    identity: Annotated[
        int | None, typer.Option(help="Another person's head: any seed.", metavar="SEED")
    ] = None,
    look: Annotated[
        str | None, typer.Option(help="Skin, eyes and hair, as in tdmm render.")
    ] = None,
) -> None:
    """Convert motion files; says on stderr what a format cannot hold."""
    from ..formats import check_suffix, load, losses, save

    pairs = _pairs(files, out, to)
    write_options = given(convention=out_convention, rig=rig, identity=identity, look=look)
    for _, target in pairs:
        check_suffix(target, **write_options)
    read_options = given(fps=fps, convention=convention)
    motions = [load(source, **read_options) for source, _ in pairs]
    motions = [
        _retargeted(motion, target, space, flame)
        for motion, (_, target) in zip(motions, pairs, strict=True)
    ]
    if out_fps is not None:
        motions = [motion.resample(out_fps) for motion in motions]
    lost = [losses(motion, target) for motion, (_, target) in zip(motions, pairs, strict=True)]
    for motion, (_, target), clauses in zip(motions, pairs, lost, strict=True):
        for clause in clauses:
            print(f"{target.name}: {clause}", file=sys.stderr)
        target.parent.mkdir(parents=True, exist_ok=True)
        save(motion, target, **write_options)
        print(target)


def _retargeted(motion, target: Path, space: str | None, flame: Path | None):
    """The motion in the space that is asked for, or else that the target's format holds."""
    from ..formats import FORMATS

    here, held = motion.space.name, FORMATS[target.suffix.lower()].space
    wanted = space or held or here
    if held not in (None, wanted):
        raise ValueError(f"{target.suffix} holds motion in space {held!r}, got --space {wanted}")
    if wanted == here:
        return motion
    from ..fitting.retarget import retarget

    try:
        return retarget(motion, wanted, flame)
    except ValueError as error:
        if space:
            raise
        raise ValueError(
            f"{target.suffix} holds motion in space {held!r}, got {here!r}; to retarget it, {error}"
        ) from error


def _pairs(files: list[Path], out: Path | None, to: str | None) -> list[tuple[Path, Path]]:
    """What is read, and where it goes."""
    if to is None and out is None:
        if len(files) != 2:
            raise ValueError(
                f"give a file and the file to write, or --to SUFFIX; got {len(files)} files"
            )
        return [(files[0], files[1])]
    if to is None:
        raise ValueError("--out needs --to SUFFIX")
    suffix = to if to.startswith(".") else f".{to}"
    pairs = [(path, (out or path.parent) / f"{path.stem}{suffix}") for path in files]
    targets = [target for _, target in pairs]
    doubled = next((target for target in targets if targets.count(target) > 1), None)
    if doubled:
        raise ValueError(f"two files would become {doubled}")
    return pairs
