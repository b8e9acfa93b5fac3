"""Live Link Face CSV, as Apple's face tracking app writes it and Unreal and Blender read it.

    >>> import tempfile
    >>> import numpy as np
    >>> from tdmm_hf.formats import livelink
    >>> from tdmm_hf.motion import FaceMotion
    >>> path = tempfile.mkdtemp() + "/still.csv"
    >>> livelink.write(FaceMotion(np.zeros((50, 55)), fps=60), path)
    >>> livelink.read(path).fps
    60.0

One row a frame: ``Timecode`` (``HH:MM:SS:FF.sub``), ``BlendShapeCount``, then 61 columns in any
order: the 52 ARKit weights, head yaw, pitch and roll, and three rotations for each eye. Programs
write angles and sides in different ways; ``CONVENTIONS`` has those in use by name.

What the format cannot hold: the validity mask (frames without a face are written with the values
they have, and come back valid), the observed mask (unobserved channels come back observed), and
any space but ``arkit``. The app itself writes a row with BlendShapeCount 0 where it lost the face;
such rows are read as invalid frames, their values filled in from the frames around them.

Gaze is read from the eyeLook weights; the eye rotations only repeat it, and are written from it
(1.0 is 30 degrees sideways, 25 up or down). What reading changes is said by a warning: rows that
were dropped or came late are interpolated, eye rotations that the eyeLook weights do not explain
are left out.
"""

from __future__ import annotations

import csv
import logging
import math
import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..files import one_line, replacing
from ..motion import FaceMotion
from ..parameters import ARKIT_BLENDSHAPES
from .gaze import SIDES, gaze_angles
from .loss import lost_masks
from .timing import fill_invalid, spread_evenly

logger = logging.getLogger(__name__)

HEAD_COLUMNS = ("HeadYaw", "HeadPitch", "HeadRoll")
EYE_COLUMNS = tuple(f"{side}Eye{axis}" for side in SIDES for axis in ("Yaw", "Pitch", "Roll"))
WEIGHT_COLUMNS = tuple(name[0].upper() + name[1:] for name in ARKIT_BLENDSHAPES)
VALUE_COLUMNS = WEIGHT_COLUMNS + HEAD_COLUMNS + EYE_COLUMNS
_EYE_PITCH = [i for i, name in enumerate(EYE_COLUMNS) if name.endswith("Pitch")]
HEADER = ("Timecode", "BlendShapeCount", *VALUE_COLUMNS)

RADIANS_PER_UNIT = {"radians": 1.0, "degrees": math.pi / 180, "unit": math.pi}
# Integer frame rates that recording apps count their timecodes in.
NOMINAL_RATES = (24, 25, 30, 48, 50, 60, 100, 120)
# Eyes turn about this much of what their weights say, whatever the tracker. Less or more is another
# unit, below zero another sign.
EYES_AGREE = (0.5, 2.0)
EYES_LOOK = math.radians(2)  # root mean square of looks that tell

_TIMECODE = re.compile(r"(\d+):(\d+):(\d+):(\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Convention:
    """How a file writes angles and sides.

    The default takes HeadYaw, HeadPitch and HeadRoll as rotations in radians about ARKit's face
    axes (+y up, +z out of the face, +x to the subject's left), which are this package's: positive
    yaw turns to the subject's left, positive pitch nods down, positive roll drops the subject's
    right ear. Left and right are the subject's.

    Args:
        angles: ``"radians"``, ``"degrees"``, or ``"unit"`` (degrees / 180, as Unreal streams it).
        mirrored: the file shows the face as in a mirror: left and right exchanged, yaw and roll
            negated.
        signs: (yaw, pitch, roll), each 1 or -1: what a file with other positive directions needs.
    """

    angles: str = "radians"
    mirrored: bool = False
    signs: tuple[int, int, int] = (1, 1, 1)

    def __post_init__(self):
        if self.angles not in RADIANS_PER_UNIT:
            raise ValueError(
                f"angles must be one of {', '.join(RADIANS_PER_UNIT)}, got {self.angles!r}"
            )
        if len(self.signs) != 3 or any(sign not in (1, -1) for sign in self.signs):
            raise ValueError(f"signs must be three of 1 or -1, got {self.signs!r}")

    @property
    def scale(self) -> np.ndarray:
        """Radians in this package's direction per unit of the file: (yaw, pitch, roll)."""
        return RADIANS_PER_UNIT[self.angles] * np.array(self.signs, dtype=np.float64)


# ``app``: Apple's face tracking app. ``unreal``: what Unreal Engine streams and records of a face
# that is not mirrored. ``degrees``: as the app, in degrees.
CONVENTIONS = {
    "app": Convention(),
    "unreal": Convention("unit", mirrored=True),
    "degrees": Convention("degrees"),
}
DEFAULT_CONVENTION = "app"


def get_convention(name: str) -> Convention:
    """The convention of that name: ``app``, ``unreal`` or ``degrees``."""
    if name not in CONVENTIONS:
        raise ValueError(f"unknown convention {name!r}: choose from {', '.join(CONVENTIONS)}")
    return CONVENTIONS[name]


def read(
    path: str | os.PathLike,
    fps: float | None = None,
    convention: Convention | str = DEFAULT_CONVENTION,
) -> FaceMotion:
    """Read a motion in the ``arkit`` space; where rows were dropped, it is interpolated.

    Args:
        path: the file.
        fps: frames per second of evenly spaced rows; by default the timecodes tell.
        convention: how the file writes angles and sides, or the name of a way to.

    Raises:
        ValueError: not such a CSV: names the missing, doubled, unknown or non-numeric column
            and its row, or says that the timecodes do not tell the frame rate.
        OSError: the file cannot be opened.
    """
    name = Path(path).name
    convention = _resolve(convention)
    try:
        header, rows = _rows(path)
        columns = _columns(header)
        table, valid = _table(rows, columns)
        if fps is None:
            times, fps = _timing([row[columns["timecode"]] for row in rows])
            table, valid, moved = spread_evenly(times, table, valid, fps)
            if moved:
                logger.warning("%s: %d rows became %d even frames", name, len(rows), len(table))
        _check_eyes(table, convention, name)
        return _from_table(table, valid, fps, convention)
    except (ValueError, OverflowError, csv.Error) as error:
        raise ValueError(f"{name}: {one_line(error)}") from error


def write(
    motion: FaceMotion,
    path: str | os.PathLike,
    convention: Convention | str = DEFAULT_CONVENTION,
) -> None:
    """Write an ``arkit`` motion.

    The first frame's timecode is the last one before the hour, so that a file of any length
    tells its frame rate.

    Raises:
        ValueError: the motion is in another space.
    """
    if motion.space.name != "arkit":
        raise ValueError(
            f"Live Link Face CSV holds motion in space 'arkit', got {motion.space.name!r}"
        )
    timecodes = _timecodes(motion.num_frames, motion.fps)
    table = to_table(motion, _resolve(convention))
    with replacing(path) as beside, beside.open("w", newline="", encoding="ascii") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for timecode, row in zip(timecodes, table, strict=True):
            writer.writerow([timecode, len(VALUE_COLUMNS), *(f"{value:.9g}" for value in row)])


def losses(motion: FaceMotion) -> list[str]:
    """What such a file does not give back: masks, and a rate that timecodes cannot tell."""
    told = round(motion.fps, 6)
    rate = [f"{motion.fps!r} frames a second become {told!r}"] if told != motion.fps else []
    return lost_masks(motion) + rate


def _resolve(convention: Convention | str) -> Convention:
    return get_convention(convention) if isinstance(convention, str) else convention


def _rows(path: str | os.PathLike) -> tuple[list[str], list[list[str]]]:
    with open(path, newline="", encoding="utf-8-sig") as file:
        try:
            rows = [row for row in csv.reader(file) if row]
        except UnicodeDecodeError as error:
            raise ValueError(f"not a text file ({error.reason})") from error
    if len(rows) < 2:
        raise ValueError(f"needs a header and at least one frame, got {len(rows)} rows")
    return rows[0], rows[1:]


def _columns(header: list[str]) -> dict[str, int]:
    """Lower-case column name to position; every column of the format exactly once."""
    names = [name.strip() for name in header]
    known = {name.lower(): name for name in HEADER}
    seen: dict[str, int] = {}
    for position, name in enumerate(names):
        if name.lower() in seen:
            raise ValueError(f"column {name!r} is doubled")
        seen[name.lower()] = position
    missing = [name for key, name in known.items() if key not in seen]
    if missing:
        raise ValueError(f"columns are missing: {_some(missing)}")
    unknown = [name for name in names if name.lower() not in known]
    if unknown:
        raise ValueError(f"columns are unknown: {_some(unknown)}")
    return seen


def _some(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(repr(name) for name in names[:most]) + more


def _table(rows: list[list[str]], columns: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """(frames, 61) in the order of VALUE_COLUMNS, and (frames,) where a face was tracked."""
    positions = [columns[name.lower()] for name in VALUE_COLUMNS]
    valid = np.array([_tracked(row, columns["blendshapecount"]) for row in rows])
    if not valid.any():
        raise ValueError("no row has a face: BlendShapeCount is 0 throughout")
    table = np.zeros((len(rows), len(VALUE_COLUMNS)))
    for i in np.flatnonzero(valid):
        if len(rows[i]) != len(columns):
            raise ValueError(
                f"row {_row_number(i)} must have {len(columns)} cells, got {len(rows[i])}"
            )
        table[i] = [
            _number(rows[i][at], i, name) for at, name in zip(positions, VALUE_COLUMNS, strict=True)
        ]
    return fill_invalid(table, valid), valid


def _tracked(row: list[str], position: int) -> bool:
    return len(row) <= position or row[position].strip() != "0"


def _number(cell: str, row: int, column: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(
            f"column {column!r} must be a finite number, got {cell!r} in row {_row_number(row)}"
        )
    return value


def _row_number(frame: int) -> int:
    """As a spreadsheet shows it: the header is row 1."""
    return frame + 2


def _from_table(
    table: np.ndarray, valid: np.ndarray, fps: float, convention: Convention
) -> FaceMotion:
    weights = len(WEIGHT_COLUMNS)
    yaw, pitch, roll = (table[:, weights : weights + 3] * convention.scale).T
    values = np.column_stack([table[:, :weights], pitch, yaw, roll])
    motion = FaceMotion(values, fps=fps, valid=valid)
    return motion.mirror() if convention.mirrored else motion


def to_table(motion: FaceMotion, convention: Convention) -> np.ndarray:
    """(frames, 61) in the order of VALUE_COLUMNS, in the file's convention."""
    motion = motion.mirror() if convention.mirrored else motion
    weights = motion.values[:, : len(WEIGHT_COLUMNS)].astype(np.float64)
    head = np.column_stack([motion.channel(c) for c in ("headYaw", "headPitch", "headRoll")])
    eyes = np.concatenate([_eye_rotation(motion.values, side) for side in SIDES], axis=1)
    return np.concatenate(
        [weights, head / convention.scale, eyes / np.tile(convention.scale, 2)], axis=1
    )


def _eye_rotation(values: np.ndarray, side: str) -> np.ndarray:
    """(frames, 3) yaw, pitch and roll in radians, in the directions of the head's."""
    return np.pad(gaze_angles(values, side), [(0, 0), (0, 1)])


def _check_eyes(table: np.ndarray, convention: Convention, name: str) -> None:
    """Warn of eyes that look up and down otherwise than their weights: a wrong convention.

    Sideways they tell nothing: apps do not agree on the direction.
    """
    eyes = table[:, -len(EYE_COLUMNS) :] * np.tile(convention.scale, 2)
    looks = [_eye_rotation(table[:, : len(WEIGHT_COLUMNS)], side) for side in SIDES]
    expected = np.concatenate(looks, axis=1)
    eyes, expected = (angles[:, _EYE_PITCH] for angles in (eyes, expected))
    if not eyes.any() or np.sqrt(np.mean(expected**2)) < EYES_LOOK:
        return
    share = float((eyes * expected).sum() / (expected**2).sum())
    if not EYES_AGREE[0] <= share <= EYES_AGREE[1]:
        logger.warning(
            "%s: eyes turn %.2g times as far as their eyeLook weights say: another convention?",
            name,
            share,
        )


def _timecodes(frames: int, fps: float) -> list[str]:
    nominal = max(1, math.ceil(round(fps, 6)))
    at = 3600 * nominal - 1 + np.arange(frames) * (nominal / fps)
    texts = []
    for position in np.round(at, 6):
        seconds, frame = divmod(position, nominal)
        minutes, second = divmod(int(seconds), 60)
        hour, minute = divmod(minutes, 60)
        texts.append(f"{hour % 24:02d}:{minute:02d}:{second:02d}:{_frame_text(frame)}")
    return texts


def _frame_text(frame: float) -> str:
    """``FF.sub``: three decimals, as the app writes them, or six where three are not exact."""
    return f"{frame:06.3f}" if abs(frame - round(frame, 3)) < 1e-9 else f"{frame:09.6f}"


def _timing(timecodes: list[str]) -> tuple[np.ndarray, float]:
    """Seconds of the rows, (frames,), and their mean frames per second.

    The frame field counts in a nominal rate that is written nowhere. It is the candidate, of the
    highest frame number seen plus one and the usual rates above it, that spaces the rows most
    evenly.
    """
    seconds, frames = np.array([_parse_timecode(text, i) for i, text in enumerate(timecodes)]).T
    highest = int(frames.max()) + 1
    if len(timecodes) == 1:
        return seconds, float(highest)
    if np.ptp(seconds) == 0:
        raise ValueError("timecodes within one second do not tell the frame rate: give fps")
    candidates = (highest, *(rate for rate in NOMINAL_RATES if rate > highest))
    nominal = min(candidates, key=lambda rate: _unevenness(seconds, frames, rate))
    position = _positions(seconds, frames, nominal)
    if np.diff(position).min() <= 0:
        raise ValueError("timecodes must rise from row to row")
    return position / nominal, _mean_rate(position, nominal)


def _mean_rate(position: np.ndarray, nominal: int) -> float:
    """Rows a second; the nominal rate itself where rows only waver about it."""
    rows = len(position) - 1
    step = (position[-1] - position[0]) / rows
    wavers = np.abs(np.diff(position) - step).max() > 1e-4
    drift = abs(position[-1] - position[0] - rows)
    return float(nominal) if wavers and drift < 1 else round(nominal / step, 6)


def _parse_timecode(text: str, row: int) -> tuple[int, float]:
    match = _TIMECODE.fullmatch(text.strip())
    if not match:
        raise ValueError(
            f"column 'Timecode' must be HH:MM:SS:FF.sub, got {text!r} "
            f"in row {_row_number(row)}: give fps"
        )
    hours, minutes, seconds = (int(part) for part in match.groups()[:3])
    return (hours * 60 + minutes) * 60 + seconds, float(match.group(4))


def _positions(seconds: np.ndarray, frames: np.ndarray, nominal: int) -> np.ndarray:
    """Rows on a line counted in nominal frames, past midnight too."""
    return np.unwrap(seconds * nominal + frames, period=24 * 3600 * nominal)


def _unevenness(seconds: np.ndarray, frames: np.ndarray, nominal: int) -> float:
    steps = np.diff(_positions(seconds, frames, nominal))
    return float(np.round(np.std(steps), 6))
