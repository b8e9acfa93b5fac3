"""Express4D: Live Link Face takes as arrays, each with a line of caption.

    tdmm corpus import express4d Express4D --out corpus

Layout, as its code reads it: ``data/NAME.npy`` (frames, 61) at 60 frames a second,
``texts/NAME.txt`` with lines ``caption#word/POS word/POS ...``, and the lists ``train.txt`` and
``test.txt`` of names. An array is a take's ``.csv`` without its first two columns, so its columns
stand as in that file. Their names come from ``columns``, a file of 61 of them, where it is given;
else from the ``.csv`` beside the array, else from any in the folder, else they are those that
Express4D's code lists. Angles are the app's radians; ``convention`` names other ways. A take that
is there as ``.csv`` alone is read as such.

Kept: weights, head rotation, captions (without the tags of their words), the makers' split. Lost:
timecodes (frames are taken as even), and eye rotations, which only repeat the eyeLook weights.

Source: https://github.com/jaron1990/Express4D (``utils/arkit_utils.py``,
``data_loaders/humanml/data/dataset.py``), arXiv 2508.12438.
"""

from __future__ import annotations

import csv
from functools import cached_property
from pathlib import Path

import numpy as np

from ...formats import livelink
from ...motion import FaceMotion
from .captions import Captions, lines_of, once
from .common import SPLIT_NAMES, Clip, Source, checked, columns_of, live_link_motion, read_npy

FPS = 60.0
SIDES = ("Left", "Right")
_EYE = ("EyeBlink", "EyeLookDown", "EyeLookIn", "EyeLookOut", "EyeLookUp", "EyeSquint", "EyeWide")
# As Express4D's code lists them: JawRight before JawLeft, MouthRight before MouthLeft.
COLUMNS = (
    *(name + side for side in SIDES for name in _EYE),
    "JawForward", "JawRight", "JawLeft", "JawOpen",
    "MouthClose", "MouthFunnel", "MouthPucker", "MouthRight", "MouthLeft",
    "MouthSmileLeft", "MouthSmileRight", "MouthFrownLeft", "MouthFrownRight",
    "MouthDimpleLeft", "MouthDimpleRight", "MouthStretchLeft", "MouthStretchRight",
    "MouthRollLower", "MouthRollUpper", "MouthShrugLower", "MouthShrugUpper",
    "MouthPressLeft", "MouthPressRight", "MouthLowerDownLeft", "MouthLowerDownRight",
    "MouthUpperUpLeft", "MouthUpperUpRight",
    "BrowDownLeft", "BrowDownRight", "BrowInnerUp", "BrowOuterUpLeft", "BrowOuterUpRight",
    "CheekPuff", "CheekSquintLeft", "CheekSquintRight", "NoseSneerLeft", "NoseSneerRight",
    "TongueOut",
    "HeadYaw", "HeadPitch", "HeadRoll",
    *(f"{side}Eye{axis}" for side in SIDES for axis in ("Yaw", "Pitch", "Roll")),
)  # fmt: skip
_NOT_CHANNELS = ("timecode", "blendshapecount")


class Express4D(Source):
    """``.npy`` arrays of the 61 channels, ``.csv`` where there is no array."""

    suffixes = (".npy", ".csv")
    lists = ("*split*.json",)
    layout = "takes (data/*.npy or *.csv)"
    title = "Express4D"
    page = "https://github.com/jaron1990/Express4D"
    takes = ("fps", "captions", "convention", "columns")

    def paths(self) -> list[Path]:
        found = super().paths()
        arrays = {path.with_suffix("") for path in found if path.suffix.lower() == ".npy"}
        return [p for p in found if p.suffix.lower() == ".npy" or p.with_suffix("") not in arrays]

    def key(self, path: Path) -> str:
        return super().key(path).removeprefix("data/")

    def read(self, clip: Clip) -> FaceMotion:
        convention = self.options.convention or livelink.DEFAULT_CONVENTION
        if clip.path.suffix.lower() == ".csv":
            return livelink.read(checked(clip.path), self.options.fps, convention)
        table = read_npy(clip.path)
        if table.ndim != 2 or table.shape[1] != len(COLUMNS) or not len(table):
            raise ValueError(f"must hold frames of {len(COLUMNS)} numbers, got shape {table.shape}")
        table = table[:, self._columns(clip)].astype(np.float64)
        return live_link_motion(table, self.options.fps or FPS, convention)

    def _columns(self, clip: Clip) -> np.ndarray:
        beside = clip.path.with_suffix(".csv")
        if beside.is_file() and self.options.columns is None:
            return columns_of(_header(beside))
        return self._order

    @cached_property
    def _order(self) -> np.ndarray:
        """Where the 61 channels are in arrays that have no ``.csv`` beside them."""
        if self.options.columns is not None:
            return columns_of([*lines_of(Path(self.options.columns))])
        any_csv = next((p for p in sorted(self.folder.rglob("*.csv")) if self._is_clip(p)), None)
        return columns_of(COLUMNS if any_csv is None else _header(any_csv))

    def own_captions(self, clip: Clip) -> Captions:
        path = self.folder / "texts" / f"{clip.key}.txt"
        lines = lines_of(path) if path.is_file() else ()
        return Captions(once(line.partition("#")[0] for line in lines))

    def split(self, clip: Clip) -> str | None:
        return self._splits.get(clip.stem)

    @cached_property
    def _splits(self) -> dict[str, str]:
        lists = (self.folder / f"{name}.txt" for name in SPLIT_NAMES)
        return {
            name: SPLIT_NAMES[path.stem]
            for path in lists
            if path.is_file()
            for name in lines_of(path)
        }


def _header(path: Path) -> list[str]:
    """The names of a take's channels, in its order."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header = next(csv.reader(file), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path.name} must be a .csv that names the columns ({error})") from error
    return [name for name in header if name.strip().lower() not in _NOT_CHANNELS]
