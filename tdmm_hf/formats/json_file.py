"""A motion as JSON text, for programs in any language: exact, one frame a line.

    >>> import tempfile
    >>> import numpy as np
    >>> from tdmm_hf.formats import json_file
    >>> from tdmm_hf.motion import FaceMotion
    >>> motion = FaceMotion(np.full((50, 55), 0.1), fps=60)
    >>> path = tempfile.mkdtemp() + "/still.json"
    >>> json_file.write(motion, path)
    >>> json_file.read(path) == motion
    True

The keys, all of which a file must have: ``format`` ("tdmm-hf motion"), ``version`` (1), ``space``
(the name of a parameter space), ``space_version``, ``fps``, ``channels`` (names, in the space's
order), ``observed`` (a boolean for each channel), ``valid`` (a boolean for each frame) and
``frames`` (a list of numbers for each frame, one for each channel). Numbers are the shortest that
give the same float32.

Also read are the weights of BEAT: ``names`` and ``frames``, each with ``weights`` and ``time`` in
seconds. Channels that such a file does not name are read as not observed; its head rotations are
left out, with a warning.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import numpy as np

from ..files import one_line, replacing
from ..motion import FaceMotion
from ..parameters import get_space
from .timing import spread_evenly

logger = logging.getLogger(__name__)

FORMAT, VERSION = "tdmm-hf motion", 1
KEYS = (
    "format", "version", "space", "space_version", "fps", "channels", "observed", "valid", "frames",
)  # fmt: skip


def write(motion: FaceMotion, path: str | os.PathLike) -> None:
    """Write a motion with both masks; the same motion gives the same bytes."""
    head = {
        "format": FORMAT,
        "version": VERSION,
        "space": motion.space.name,
        "space_version": motion.space.version,
        "fps": motion.fps,
        "channels": motion.channels,
        "observed": motion.observed.tolist(),
        "valid": motion.valid.tolist(),
    }
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    rows = [
        f"    [{', '.join(_number(text) for text in row)}]" for row in motion.values.astype(str)
    ]
    with replacing(path) as beside, beside.open("w", encoding="ascii", newline="\n") as file:
        file.write("\n".join(["{", *lines, '  "frames": [', ",\n".join(rows), "  ]", "}", ""]))


def _number(text: str) -> str:
    return text.removesuffix(".0")


def read(path: str | os.PathLike, fps: float | None = None) -> FaceMotion:
    """Read a motion; ``fps`` overrides the file's.

    Raises:
        ValueError: not JSON, missing keys, another version, wrong shapes, NaN or Infinity; names
            the file and the rule.
        OSError: the file cannot be opened.
    """
    name = Path(path).name
    try:
        document = json.loads(Path(path).read_bytes(), parse_constant=_refuse)
        if not isinstance(document, dict):
            raise ValueError("must be an object with the keys of a motion")
        if "names" in document:
            return _beat_motion(document, fps, name)
        return _motion(document, fps)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{name}: {one_line(error)}") from error


def _refuse(constant: str) -> float:
    raise ValueError(f"numbers must be finite, got {constant}")


def _require(document: dict, keys: tuple[str, ...], what: str) -> None:
    missing = [key for key in keys if key not in document]
    if missing:
        raise ValueError(f"{what} needs the keys {', '.join(missing)}")


def _motion(document: dict, fps: float | None) -> FaceMotion:
    _require(document, KEYS, "a motion")
    if (document["format"], document["version"]) != (FORMAT, VERSION):
        raise ValueError(
            f"format must be {FORMAT!r} version {VERSION}, "
            f"got {document['format']!r} version {document['version']}"
        )
    space = get_space(document["space"])
    if document["space_version"] != space.version:
        raise ValueError(
            f"space {space.name!r} must have version {space.version}, "
            f"got version {document['space_version']}"
        )
    if document["channels"] != list(space.channels):
        raise ValueError(f"channels must be those of space {space.name!r}, in its order")
    return FaceMotion(
        values=_numbers(document["frames"]),
        fps=document["fps"] if fps is None else fps,
        space=space,
        valid=_booleans(document["valid"], "valid"),
        observed=_booleans(document["observed"], "observed"),
    )


def _numbers(rows: list) -> np.ndarray:
    """(frames, channels) of lists of numbers, and of nothing else."""
    array = np.array(rows)
    if array.size and array.dtype.kind not in "if":
        raise ValueError("frames must be lists of numbers")
    return array


def _booleans(values: list, key: str) -> np.ndarray:
    if not isinstance(values, list) or not all(isinstance(value, bool) for value in values):
        raise ValueError(f"{key} must be a list of booleans")
    return np.array(values, dtype=bool)


def _beat_motion(document: dict, fps: float | None, name: str) -> FaceMotion:
    """A motion from BEAT's layout: columns by name, frames by their times."""
    _require(document, ("names", "frames"), "a file with names")
    space = get_space("arkit")
    columns = {channel.lower(): channel for channel in space.channels}
    unknown = [str(n) for n in document["names"] if str(n).lower() not in columns]
    if unknown or len({str(n).lower() for n in document["names"]}) < len(document["names"]):
        raise ValueError(f"names must be different arkit channels, got {unknown or 'some twice'}")
    for frame in document["frames"]:
        _require(frame, ("weights", "time"), "a frame")
    weights = _numbers([frame["weights"] for frame in document["frames"]])
    if weights.ndim != 2 or weights.shape[1] != len(document["names"]):
        raise ValueError(f"weights must be {len(document['names'])} numbers in every frame")
    if any("rotation" in frame for frame in document["frames"]):
        logger.warning("%s: head rotations are left out", name)
    at = space.indices([columns[str(n).lower()] for n in document["names"]])
    values = np.zeros((len(weights), len(space.channels)))
    values[:, at] = weights
    if fps is None:
        values, fps = _spread(_numbers([frame["time"] for frame in document["frames"]]), values)
    observed = np.isin(np.arange(len(space.channels)), at)
    return FaceMotion(values, fps, space, observed=observed)


def _spread(times: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, float]:
    """Frames at even times, and how many a second: as the middle one of the steps says."""
    if len(times) < 2 or np.diff(times).min() <= 0:
        raise ValueError("times must rise from frame to frame: give fps")
    fps = round(1 / float(np.median(np.diff(times))), 3)
    return spread_evenly(times, values, np.ones(len(times), dtype=bool), fps).values, fps
