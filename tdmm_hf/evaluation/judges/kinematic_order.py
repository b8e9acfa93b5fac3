"""Where the two emotions of a performance are in a motion, and whether in the asked order.

>>> from tdmm_hf.evaluation.judges.kinematic_order import best_split
>>> best_split([0.0, 0.1, 0.9, 1.0])
2

Which of the two a frame shows is its place on the line from the face performed for the first (0) to
the one performed for the second (1). Generated motion need not change when the plan does: of "then"
and "fade" the passage is looked for where it parts the two best, of "flash" the second emotion
where the motion comes nearest to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from ...motion import FaceMotion
from .kinematic_features import FLOORS, Contrast, emotion_frames, features
from .kinematic_items import Item

_SMOOTHING = 0.4  # seconds
_EDGE = 0.15  # of the motion, that either emotion has at least
_BRIEF = 0.5  # of the motion: what lasts longer is no flash
_PASSAGE = 0.1  # of the motion, to either side of the middle of the passage
_AFTER_FLASH = 0.3  # seconds
_FAR = 1.5  # beyond either face counts no more
LEAST_SIZE = 3.0  # deviations of takes between the two faces; nearer ones have no order


@dataclass(frozen=True)
class Place:
    """span: the seconds in which to look for an emotion; order: whether it is the asked one, None
    where the two faces are too alike to say."""

    span: tuple[float, float]
    order: bool | None


def place_emotions(
    motion: FaceMotion, emotions: Sequence[Item], performed: Sequence[FaceMotion]
) -> dict[int, Place]:
    """Of a performance of two emotions, the place of each by its index; empty for one emotion.

    Args:
        performed: reference performances of the same attributes.
    """
    if len(emotions) != 2:
        return {}
    faces = [
        np.array([features("emotion", take, item.span) for take in performed]) for item in emotions
    ]
    contrast = Contrast.of(faces[1], faces[0], FLOORS["emotion"])
    if contrast.size < LEAST_SIZE:
        return {item.index: Place(item.span, None) for item in emotions}
    which = course(motion, contrast)
    if emotions[0].asked.transition == "flash":
        return _flash(motion, emotions, which)
    return _passage(motion, which)


def course(motion: FaceMotion, contrast: Contrast) -> np.ndarray:
    """Which of the two emotions each frame shows, (frames,): 0 the first, 1 the second."""
    frames = (emotion_frames(motion) - contrast.without) / contrast.noise
    places = np.clip(frames @ contrast.line / contrast.size**2, 1 - _FAR, _FAR)
    return uniform_filter1d(places, max(1, round(_SMOOTHING * motion.fps)), mode="nearest")


def best_split(which: Sequence[float]) -> int:
    """The frame after which the second emotion is there most, against before it."""
    edge = max(1, round(_EDGE * len(which)))
    return max(range(edge, len(which) - edge + 1), key=lambda at: parted(which, at))


def parted(which: Sequence[float], at: int) -> float:
    """How much more the second emotion is there from a frame on than before it."""
    return float(np.mean(which[at:]) - np.mean(which[:at]))


def _passage(motion: FaceMotion, which: np.ndarray) -> dict[int, Place]:
    split = best_split(which)
    right = parted(which, split) > parted(-which, best_split(-which))
    margin = _PASSAGE * motion.num_frames
    before = (0.0, (split - margin) / motion.fps)
    after = ((split + margin) / motion.fps, motion.duration)
    return {0: Place(before, right), 1: Place(after, right)}


def _flash(motion: FaceMotion, emotions: Sequence[Item], which: np.ndarray) -> dict[int, Place]:
    """The second emotion around its strongest moment, the first on the longer side of it."""
    peak = float(np.argmax(which)) / motion.fps
    half = 0.5 * (emotions[1].span[1] - emotions[1].span[0])
    flash = (max(peak - half, 0.0), min(peak + half, motion.duration))
    sides = ((0.0, flash[0]), (flash[1] + _AFTER_FLASH, motion.duration))
    beside = max(sides, key=lambda side: side[1] - side[0])
    brief = bool(np.mean(which > 0.5) < _BRIEF)
    return {0: Place(beside, brief), 1: Place(flash, brief)}
