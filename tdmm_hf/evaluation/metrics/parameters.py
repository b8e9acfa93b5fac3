"""L2: how far predicted channels are from the reference's.

>>> import numpy as np
>>> from tdmm_hf.evaluation.metrics.parameters import parameter_distance
>>> still, moved = np.zeros((2, 55)), np.zeros((2, 55))
>>> moved[0, :2] = 0.3, 0.4
>>> parameter_distance([moved], [still]).l2
0.25

The figure mixes weights and radians, and another parameter space has other units: it is comparable
only within one space, never with figures that others publish.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...motion import FaceMotion
from .inputs import numbers, paired


@dataclass(frozen=True)
class ParameterDistance:
    """l2: mean over ``frames`` frames of the Euclidean distance between parameter vectors.

    ``resampled`` motions were brought to their references' length first.
    """

    l2: float
    frames: int
    resampled: int
    notes: tuple[str, ...] = ()


def parameter_distance(predicted: Sequence, reference: Sequence) -> ParameterDistance:
    """Mean over all frames of the Euclidean distance between parameter vectors.

    Frames in which a FaceMotion says that no face was seen are left out.

    Args:
        predicted: motions, arrays (frames, channels) or FaceMotions; those of another length than
            their reference are resampled linearly, and a note says so.
        reference: as many, of the same channels.

    Raises:
        ValueError: other numbers of motions, other channels, or numbers that are not finite.
    """
    distances, resampled = [], 0
    for one, other in paired(predicted, reference):
        values, target, seen = _values(one, other)
        if len(values) != len(target):
            values, resampled = resample(values, len(target)), resampled + 1
        distances.append(np.linalg.norm(values - target, axis=1)[seen])
    every = np.concatenate(distances)
    if not every.size:
        raise ValueError("motions must show a face in at least one frame, got none")
    notes = (f"{resampled} motions resampled linearly to their references' length",)
    return ParameterDistance(float(every.mean()), every.size, resampled, notes[: bool(resampled)])


def _values(predicted, reference) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both motions' values and the reference's frames (frames,) in which both faces were seen."""
    spaces = {motion.space.name for motion in (predicted, reference) if _is_motion(motion)}
    if len(spaces) > 1:
        raise ValueError(f"both motions must be of one parameter space, got {sorted(spaces)}")
    one, first_seen = _frames("a predicted motion", predicted)
    other, seen = _frames("a reference motion", reference)
    if one.shape[1] != other.shape[1]:
        raise ValueError(
            f"both motions must have as many channels, got {one.shape[1]} and {other.shape[1]}"
        )
    nearest = np.rint(_places(len(one), len(other))).astype(int)
    return one, other, seen & first_seen[nearest]


def _is_motion(value) -> bool:
    return isinstance(value, FaceMotion)


def _frames(name: str, motion) -> tuple[np.ndarray, np.ndarray]:
    """Values (frames, channels) and in which frames a face was seen (frames,)."""
    if _is_motion(motion):
        return motion.values.astype(np.float64), motion.valid
    values = numbers(name, motion, "frames, channels")
    return values, np.ones(len(values), dtype=bool)


def resample(values: np.ndarray, frames: int) -> np.ndarray:
    """(frames, channels) of other length by linear interpolation; a frame is its time's middle."""
    at = _places(len(values), frames)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, len(values) - 1)
    share = (at - low)[:, None]
    return values[low] * (1 - share) + values[high] * share


def _places(have: int, want: int) -> np.ndarray:
    """Where ``want`` frames of the same time lie among ``have``, (want,)."""
    return np.clip((np.arange(want) + 0.5) * have / want - 0.5, 0, have - 1)
