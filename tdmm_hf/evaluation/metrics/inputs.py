"""What every metric asks of its inputs, and says in one line where it does not get it.

>>> feature_rows("generated", [[0.0, 1.0], [2.0, 3.0]]).shape
(2, 2)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...motion import FaceMotion


def numbers(name: str, values, axes: str) -> np.ndarray:
    """Float64 array with as many axes as ``axes`` names, not empty, all finite.

    Args:
        name: what the values are, for the error.
        values: anything that is such an array; a torch tensor may need ``.cpu()``.
        axes: the names of the axes, such as ``"motions, features"``.

    Raises:
        ValueError: ragged, of another number of axes, empty, or not finite.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{name} must be numbers of shape ({axes}), got {reason}") from None
    if array.ndim != axes.count(",") + 1:
        raise ValueError(f"{name} must have shape ({axes}), got {array.shape}")
    if not array.size:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    if not np.isfinite(array).all():
        where = tuple(map(int, np.argwhere(~np.isfinite(array))[0]))
        raise ValueError(f"{name} must be finite, got {array[where]} at {where}")
    return array


def feature_rows(name: str, rows) -> np.ndarray:
    """(motions, features) float64, checked as in ``numbers``."""
    return numbers(name, rows, "motions, features")


def feature_pairs(names: tuple[str, str], one, other) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of features, (motions, features) and as many of the other; ValueError if not."""
    one, other = feature_rows(names[0], one), feature_rows(names[1], other)
    if one.shape != other.shape:
        raise ValueError(
            f"{names[0]} and {names[1]} must have one shape, got {one.shape} and {other.shape}"
        )
    return one, other


def at_least(name: str, value: int, least: int) -> int:
    """The value; ValueError for one below ``least``."""
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    return value


def paired(predicted: Sequence, reference: Sequence) -> list[tuple]:
    """Predictions beside their references; ValueError for other numbers of them, or none."""
    if len(predicted) != len(reference) or not len(predicted):
        raise ValueError(
            "predictions and references must be as many, at least one each, "
            f"got {len(predicted)} and {len(reference)}"
        )
    return list(zip(predicted, reference, strict=True))


def motions(values: Sequence, space: str = "arkit", fps: float = 25.0) -> list[FaceMotion]:
    """FaceMotions of FaceMotions or arrays (frames, channels) in ``space``.

    Raises:
        ValueError: an array that is no motion; see ``FaceMotion``.
    """
    return [
        value
        if isinstance(value, FaceMotion)
        else FaceMotion(numbers("a motion", value, "frames, channels"), fps, space)
        for value in values
    ]
