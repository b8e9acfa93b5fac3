"""The package's own motion file: NumPy ``.npz``, no pickle, exact.

    >>> import tempfile
    >>> import numpy as np
    >>> from tdmm_hf.formats import npz
    >>> from tdmm_hf.motion import FaceMotion
    >>> motion = FaceMotion(np.zeros((50, 55)), fps=60)
    >>> path = tempfile.mkdtemp() + "/still.npz"
    >>> npz.write(motion, path)
    >>> npz.read(path) == motion
    True

Arrays: ``values`` (frames, channels) float32, ``fps`` (), ``space`` () and ``space_version`` (),
``channels`` (channels,) names, ``valid`` (frames,) bool, ``observed`` (channels,) bool.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..arrays import read_npz
from ..files import one_line, replacing
from ..motion import FaceMotion
from ..parameters import get_space

MAX_BYTES = 256 << 20
KEYS = ("values", "fps", "space", "space_version", "channels", "valid", "observed")


def write(motion: FaceMotion, path: str | os.PathLike) -> None:
    """Write a motion with both masks; the same motion gives the same bytes."""
    with replacing(path) as beside, beside.open("wb") as file:
        np.savez_compressed(
            file,
            values=motion.values,
            fps=np.float64(motion.fps),
            space=np.str_(motion.space.name),
            space_version=np.int64(motion.space.version),
            channels=np.array(motion.channels, dtype=np.str_),
            valid=motion.valid,
            observed=motion.observed,
        )


def read(path: str | os.PathLike, fps: float | None = None) -> FaceMotion:
    """Read a motion; ``fps`` overrides the file's.

    Raises:
        ValueError: not an npz or one of over 256 MiB, missing arrays, another space version, wrong
            shapes, NaN.
        OSError: the file cannot be opened.
    """
    name = Path(path).name
    arrays = _arrays(path)
    try:
        return _motion(arrays, fps)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {one_line(error)}") from error


def _arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    name = Path(path).name
    try:
        arrays = read_npz(path, KEYS, most_bytes=MAX_BYTES)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    if missing := [key for key in KEYS if key not in arrays]:
        raise ValueError(f"{name}: a motion npz needs the arrays {', '.join(missing)}")
    return arrays


def _motion(arrays: dict[str, np.ndarray], fps: float | None) -> FaceMotion:
    space = get_space(str(arrays["space"]))
    version = int(arrays["space_version"])
    if version != space.version:
        raise ValueError(
            f"space {space.name!r} must have version {space.version}, got version {version}"
        )
    if tuple(arrays["channels"].tolist()) != space.channels:
        raise ValueError(f"channels must be those of space {space.name!r}, in its order")
    return FaceMotion(
        values=arrays["values"],
        fps=float(arrays["fps"]) if fps is None else fps,
        space=space,
        valid=arrays["valid"],
        observed=arrays["observed"],
    )
