"""What all sources share: clips and their captions, files nobody has checked, the 61 channels.

>>> from pathlib import Path
>>> from tdmm_hf.corpus.importers.common import Clip
>>> Clip("day1/take_3", Path("day1/take_3.csv")).stem
'take_3'
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import ClassVar

import numpy as np

from ...arrays import read_npz as arrays_of_npz
from ...files import one_line
from ...formats.livelink import VALUE_COLUMNS, WEIGHT_COLUMNS, get_convention
from ...motion import FaceMotion
from .captions import NO_CAPTIONS, Captions, CaptionTable, find_captions, is_table, lines_of

MAX_BYTES = 2**30  # of a file, and of what is unpacked of one
SPLITS = ("train", "validation", "test")
SPLIT_NAMES = {
    **dict.fromkeys(("train", "training", "additional"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}


@dataclass(frozen=True)
class Options:
    """What a user says of a folder; a source refuses what it has no use for.

    Args:
        fps: frames a second of the files, in place of what they or their makers say.
        convention: how angles and sides are written: ``app``, ``unreal`` or ``degrees``.
        captions: a .csv, .json or .jsonl that names clips and says their texts.
        columns: a text file with the names of the columns of arrays that have none, one a line.
        model: the face tracker's model file.
    """

    fps: float | None = None
    convention: str | None = None
    captions: str | None = None
    columns: str | None = None
    model: str | None = None

    def given(self) -> dict:
        """Those that were given, by name."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def told(self) -> dict:
        """The same, of files their names alone: a corpus may go to the Hub."""
        files = ("captions", "columns", "model")
        return {k: Path(v).name if k in files else v for k, v in self.given().items()}


@dataclass(frozen=True)
class Clip:
    """One clip of a folder, not read yet.

    Args:
        key: its name within the folder, with ``/`` and without suffix.
        path: its file.
        part: which of the clips of its file.
    """

    key: str
    path: Path
    part: int = 0

    @property
    def stem(self) -> str:
        return PurePosixPath(self.key).name


@dataclass
class Source:
    """A folder in one layout; subclasses say which.

    Args:
        name: the source's name in the table.
        folder: the folder.
        options: what the user says of it.

    Attributes:
        space: the parameter space of its motions.
        suffixes: of the files that are clips, in lower case.
        layout: what the folder must have, in a few words.
        title, page: for the card: what the corpus is called, and where its makers write about it.
        takes: the options that it has a use for.
        lists: patterns of files that say other things than captions.
        shard_clips: clips in a shard: what a stopped import does again.
    """

    name: str
    folder: Path
    options: Options = field(default_factory=Options)

    space = "arkit"
    suffixes: ClassVar[tuple[str, ...]] = ()
    layout = ""
    title = ""
    page = ""
    takes: ClassVar[tuple[str, ...]] = ("fps", "captions")
    lists: ClassVar[tuple[str, ...]] = ()
    shard_clips: ClassVar[int] = 200

    def __post_init__(self):
        if not self.folder.is_dir():
            raise ValueError(f"source must be a folder, none at {self.folder}")
        for name in self.options.given():
            if name not in self.takes:
                raise ValueError(f"{self.name} takes {', '.join(self.takes)}, got {name}")
        if self.options.fps is not None and not 0 < self.options.fps < np.inf:
            raise ValueError(f"fps must be positive and finite, got {self.options.fps}")
        if self.options.convention is not None:
            get_convention(self.options.convention)
        self.table = self._caption_table()

    def _caption_table(self) -> CaptionTable:
        if self.options.captions is None:
            return find_captions(self.folder, self.suffixes, self.lists)
        return CaptionTable.read(Path(self.options.captions))

    def paths(self) -> list[Path]:
        """The files of clips, in order; hidden ones and captions are none."""
        found = (path for path in self.folder.rglob("*") if path.suffix.lower() in self.suffixes)
        return sorted(path for path in found if self._is_clip(path))

    def _is_clip(self, path: Path) -> bool:
        inside = path.relative_to(self.folder)
        hidden = any(part.startswith(".") for part in inside.parts)
        return path.is_file() and not hidden and not is_table(path, self.suffixes)

    def clips(self) -> list[Clip]:
        """All clips, in order."""
        return [Clip(self.key(path), path) for path in self.paths()]

    def key(self, path: Path) -> str:
        return path.relative_to(self.folder).with_suffix("").as_posix()

    def read(self, clip: Clip) -> FaceMotion:
        """The clip's motion at its own rate.

        Raises:
            ValueError: what is in the file breaks a rule; names the rule, and the row if there is.
            OSError: the file cannot be read.
        """
        raise NotImplementedError

    def captions(self, clip: Clip) -> Captions:
        """Its captions, where there are any: the user's table, a text beside it, any table.

        Raises:
            ValueError: the text beside it is no text.
        """
        if self.options.captions is None:
            beside = clip.path.with_suffix(".txt")
            if beside.is_file() and (lines := lines_of(beside)):
                return Captions(lines)
        return self.table.of(clip.key, self.parts_needed(clip)) or self.own_captions(clip)

    def parts_needed(self, clip: Clip) -> int:
        """How much of its path tells a clip apart: 1, the file name, or 2, its folder too."""
        return 2 if self._stems[clip.path.stem] > 1 else 1

    @cached_property
    def _stems(self) -> Counter:
        return Counter(path.stem for path in self.paths())

    def own_captions(self, clip: Clip) -> Captions:
        """What the source itself says of a clip that has no other captions."""
        return NO_CAPTIONS

    def split(self, clip: Clip) -> str | None:
        """The split that the makers put it in; None where they do not say."""
        return None


def read_json(path: Path):
    """What a JSON file holds; numbers that are not finite are refused.

    Raises:
        ValueError: not JSON, or too large.
    """
    try:
        return parse_json(checked(path).read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError(f"not a UTF-8 text file ({error.reason})") from error


def parse_json(text: str):
    """The same of a text."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise ValueError(f"no readable JSON ({error})") from error
    except RecursionError:
        raise ValueError("JSON must not be nested so deeply") from None


def _refuse(constant: str):
    raise ValueError(f"numbers must be finite, got {constant}")


def checked(path: Path) -> Path:
    """The path; ``ValueError`` for a file that is too large to read at once."""
    if (size := os.path.getsize(path)) > MAX_BYTES:
        raise ValueError(f"a file must have at most {MAX_BYTES} bytes, got {size}")
    return path


def read_npy(path: Path) -> np.ndarray:
    """A numeric array from a ``.npy``.

    Raises:
        ValueError: not such a file, or one of objects.
    """
    try:
        array = np.load(checked(path), allow_pickle=False)
    except Exception as error:  # a damaged header raises whatever its text happens to ask for
        raise ValueError(f"no readable array of numbers ({one_line(error)})") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
        raise ValueError("must hold one array of numbers")
    return array


def read_npz(path: Path, names: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict:
    """Numeric arrays by name from a ``.npz``; what else it holds is not unpacked.

    Raises:
        ValueError: not such a file, arrays are missing or of objects, or it unpacks to too much.
    """
    arrays = arrays_of_npz(checked(path), (*names, *optional), most_bytes=MAX_BYTES)
    if missing := [name for name in names if name not in arrays]:
        raise ValueError(f"arrays are missing: {', '.join(missing)}")
    for name, array in arrays.items():
        if array.dtype.kind not in "fiu":
            raise ValueError(f"array {name!r} must hold numbers, got {array.dtype}")
    return arrays


def frames_of(value, width: int, name: str) -> np.ndarray:
    """(frames, width) float64 of an array, or of a list of one for each frame.

    Raises:
        ValueError: another shape or no numbers; names the first frame that is wrong.
    """
    if isinstance(value, np.ndarray) and value.ndim == 2 and value.shape[1] == width:
        return value.astype(np.float64)
    listed = isinstance(value, list) or (isinstance(value, np.ndarray) and value.ndim > 0)
    if not listed or not len(value):
        raise ValueError(f"{name} must hold {width} numbers a frame, got {_kind(value)}")
    for index, frame in enumerate(value):
        row = np.asarray(frame) if _is_flat(frame) else None
        if row is None or row.shape != (width,) or row.dtype.kind not in "fiu":
            got = row.shape if row is not None and row.dtype.kind in "fiu" else _kind(frame)
            raise ValueError(
                f"{name} must hold {width} numbers a frame, got {got} in frame {index}"
            )
    return np.array(value, dtype=np.float64)


def _is_flat(frame) -> bool:
    if isinstance(frame, np.ndarray):
        return True
    return isinstance(frame, list) and all(isinstance(v, (int, float, np.number)) for v in frame)


def _kind(value) -> str:
    return str(value.shape) if isinstance(value, np.ndarray) else type(value).__name__


def columns_of(names, unit: str = "column") -> np.ndarray:
    """Where each of the 61 channels is among names in any order and case, (61,) int.

    Raises:
        ValueError: names are missing, unknown or there twice.
    """
    seen: dict[str, int] = {}
    for position, name in enumerate(names):
        if str(name).strip().lower() in seen:
            raise ValueError(f"{unit} {str(name).strip()!r} is doubled")
        seen[str(name).strip().lower()] = position
    known = {name.lower() for name in VALUE_COLUMNS}
    if missing := [name for name in VALUE_COLUMNS if name.lower() not in seen]:
        raise ValueError(f"{unit}s are missing: {_some(missing)}")
    if unknown := [str(names[at]).strip() for name, at in seen.items() if name not in known]:
        raise ValueError(f"{unit}s are unknown: {_some(unknown)}")
    return np.array([seen[name.lower()] for name in VALUE_COLUMNS])


def _some(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(repr(name) for name in names[:most]) + more


def live_link_motion(table: np.ndarray, fps: float, convention: str) -> FaceMotion:
    """A motion of the 61 Live Link channels.

    Gaze is the eyeLook weights; the six eye rotations only repeat it.

    Args:
        table: (frames, 61) in the order of ``VALUE_COLUMNS``.
        fps: frames a second.
        convention: how angles and sides are written.

    Raises:
        ValueError: a number is not finite; names its row and column.
    """
    if not np.isfinite(table).all():
        row, column = np.argwhere(~np.isfinite(table))[0]
        raise ValueError(
            f"column {VALUE_COLUMNS[column]!r} must be a finite number, "
            f"got {table[row, column]} in row {row}"
        )
    writes = get_convention(convention)
    weights = len(WEIGHT_COLUMNS)
    yaw, pitch, roll = (table[:, weights : weights + 3] * writes.scale).T
    motion = FaceMotion(np.column_stack([table[:, :weights], pitch, yaw, roll]), fps=fps)
    return motion.mirror() if writes.mirrored else motion
