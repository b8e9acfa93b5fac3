"""Motions to films, animated pictures and strips of frames.

    tdmm render frown.csv --out frown.mp4

The suffix picks what is made: `.mp4`, `.gif`, or a `.png` with a strip of frames.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

FILMS = (".mp4", ".gif")
STRIP_FRAMES = 6


def render(
    motion: Annotated[Path, typer.Argument(help="A motion file.")],
    out: Annotated[
        Path, typer.Option(help="File: .mp4, .gif, or .png for a strip of telling frames.")
    ],
    rig: Annotated[str, typer.Option(help="The head: tdmm, or ict once installed.")] = "tdmm",
    size: Annotated[int, typer.Option(help="Pixels of a side, 64 to 2160.")] = 720,
    camera: Annotated[
        str,
        typer.Option(help="front, left45, right45, profile, or degrees to the subject's left."),
    ] = "front",
    background: Annotated[
        str, typer.Option(help="studio, light, white, black, green, or #rrggbb.")
    ] = "studio",
    identity: Annotated[
        int | None, typer.Option(help="Another person: any seed.", metavar="SEED")
    ] = None,
    look: Annotated[
        str | None,
        typer.Option(help="Skin, eyes and hair: rose, sand, umber, ebony, ivory or copper."),
    ] = None,
    renderer: Annotated[
        str, typer.Option(help="gl, software (needs no system library), or auto.")
    ] = "auto",
) -> None:
    """Film a motion on a 3D head: a video, an animated picture, or a strip."""
    from ..formats import load

    shot = {"rig": rig, "size": size, "camera": camera, "background": background}
    person = {"identity": identity, "look": look}
    check_picture(out, size)
    film(load(motion), out, renderer=renderer, **shot, **person)
    print(out)


def check_picture(path: Path, size: int) -> None:
    from ..video.files import check_file
    from ..video.frames import check_size

    check_size(size)
    check_file(path, size)


def film(motion, path: Path, **options) -> None:
    """Render a motion into the file that the suffix names."""
    from tqdm import tqdm

    from ..video import highlights, render, write_gif, write_strip, write_video

    suffix = path.suffix.lower()
    if suffix == ".png":
        motion = highlights(motion, STRIP_FRAMES)
    frames = render(motion, **options)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tqdm(
        frames, desc=path.name, unit="frame", total=motion.num_frames, disable=None, leave=False
    ) as bar:
        if suffix == ".png":
            write_strip(bar, path)
        else:
            (write_gif if suffix == ".gif" else write_video)(bar, path, motion.fps)
