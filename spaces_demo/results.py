"""Files for visitors: a motion in every format, and films of it.

>>> from tdmm_hf.spaces_demo.results import Shelf, every_format   # doctest: +SKIP
>>> folder = Shelf().folder()                                     # doctest: +SKIP
>>> every_format(motion, folder, "She nods.")                     # doctest: +SKIP
[PosixPath('.../she-nods.csv'), PosixPath('.../she-nods.npz'), ...]
"""

from __future__ import annotations

import itertools
import logging
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ..formats import FORMATS, save
from ..motion import FaceMotion

logger = logging.getLogger(__name__)

KEPT_SECONDS = 900.0  # by then the page has long taken its own copies
FILM_SIZE, COMPARED_SIZE = 512, 320  # pixels
LABEL_HEIGHT, LABEL_SIZE = 32, 17
# The same as .usdz, in other wrappings.
TWINS = (".usd", ".usda", ".usdc")


class Shelf:
    """Folders for what is made; the old ones are deleted when a new one is asked for.

    Args:
        root: where they are; a new folder of the system's temporary ones by default.
    """

    def __init__(self, root: Path | None = None):
        self.root = root or Path(tempfile.mkdtemp(prefix="tdmm-demo-"))

    def folder(self) -> Path:
        """A new, empty folder."""
        self.root.mkdir(parents=True, exist_ok=True)
        for old in self.root.iterdir():
            if time.time() - old.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
        return Path(tempfile.mkdtemp(dir=self.root))


def stem(text: str) -> str:
    """A file name's stem from what a visitor wrote: letters, digits and hyphens only."""
    return "-".join(re.findall(r"[a-z0-9]+", text.lower())[:5])[:32].strip("-") or "motion"


def model_file(motion: FaceMotion, folder: Path, name: str) -> Path:
    """The moving head as ``.glb``."""
    path = folder / f"{stem(name)}.glb"
    save(motion, path)
    return path


def every_format(motion: FaceMotion, folder: Path, name: str) -> list[Path]:
    """The motion in every format that can be written here; files that are there are kept."""
    paths = [folder / f"{stem(name)}{suffix}" for suffix in FORMATS if suffix not in TWINS]
    written = []
    for path in paths:
        try:
            if not path.exists():
                save(motion, path)
            written.append(path)
        except ImportError as error:
            logger.info("no %s: %s", path.suffix, error)
    return written


def film(motion: FaceMotion, folder: Path, name: str) -> Path:
    """A video of the head."""
    from ..video import render, write_video

    path = folder / f"{stem(name)}.mp4"
    write_video(render(motion, size=FILM_SIZE), path, motion.fps)
    return path


def compared_film(
    motions: Sequence[FaceMotion], labels: Sequence[str], folder: Path, name: str
) -> Path:
    """One video of several heads in step, each under its label."""
    from ..video import render, write_video

    films = [render(motion, size=COMPARED_SIZE) for motion in motions]
    path = folder / f"{stem(name)}.mp4"
    try:
        write_video(side_by_side(films, labels), path, motions[0].fps)
    finally:
        for frames in films:
            frames.close()
    return path


def side_by_side(
    films: Sequence[Iterator[np.ndarray]], labels: Sequence[str]
) -> Iterator[np.ndarray]:
    """Frames (size, size, 3) of several films as one film: in a row, or four in a square."""
    bars = None
    for frames in itertools.zip_longest(*films):
        bars = bars or [label_bar(label, frames[0].shape[1]) for label in labels]
        cells = [np.vstack(pair) for pair in zip(bars, frames, strict=True)]
        columns = 2 if len(cells) == 4 else len(cells)
        rows = [np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)]
        yield np.vstack(rows)


def label_bar(text: str, width: int) -> np.ndarray:
    """A label as a picture, (LABEL_HEIGHT, width, 3) uint8."""
    from PIL import Image, ImageDraw, ImageFont

    bar = Image.new("RGB", (width, LABEL_HEIGHT), "#1e293b")
    place = (width / 2, LABEL_HEIGHT / 2)
    font = ImageFont.load_default(LABEL_SIZE)
    ImageDraw.Draw(bar).text(place, text, fill="#f1f5f9", font=font, anchor="mm")
    return np.asarray(bar)
