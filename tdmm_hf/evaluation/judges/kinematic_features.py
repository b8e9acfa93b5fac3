"""What each kind of item does to a motion, in numbers, and how a motion compares with that.

    >>> import numpy as np
    >>> from tdmm_hf.evaluation.judges.kinematic_features import Contrast
    >>> without, performed = np.zeros((4, 2)), np.full((4, 2), 2.0)
    >>> match = Contrast.of(performed, without, floor=0.1).match(np.array([1.0, 1.0]))
    >>> round(match.amount, 2), round(match.fit, 2)
    (0.5, 1.0)

Features are taken over a window of a motion: of an emotion the mean of every face channel, of a
manner also how much each moves and in which rhythm, of gaze and head where they rest, how far they
go and how fast. A contrast is the line from performances without an item to the same ones with it,
in units of how much takes differ (as in Fisher's discriminant).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from ...motion import FaceMotion
from ...performer.tables import ARKIT, HEAD

_GROUPS = ARKIT.groups
_GAZE = [i for i, c in enumerate(ARKIT.channels) if c.startswith("eyeLook")]
_FACE = [i for i in range(HEAD.start) if i not in _GAZE]
_MOUTH = [i for group in ("jaw", "mouth", "cheeks", "nose", "tongue") for i in _GROUPS[group]]
_LEFT = ARKIT.indices(("eyeLookOutLeft", "eyeLookInRight"))
_RIGHT = ARKIT.indices(("eyeLookInLeft", "eyeLookOutRight"))
_DOWN = ARKIT.indices(("eyeLookDownLeft", "eyeLookDownRight"))
_UP = ARKIT.indices(("eyeLookUpLeft", "eyeLookUpRight"))
_SMOOTHING = 0.06  # seconds
_STEP = 0.2  # seconds in which the speed of a mouth is compared with how far it goes
# Takes that differ by less are alike to a viewer: weights, for the head degrees.
FLOORS = {"emotion": 0.04, "manner": 0.04, "gaze": 0.06, "head": 1.5, "action": 0.08}


@dataclass(frozen=True)
class Match:
    """How a motion lies between performances without (0) and with an item (1), and how straight
    on that line: ``fit`` is the cosine, 1 where nothing else has changed."""

    amount: float
    fit: float


@dataclass(frozen=True, eq=False)
class Contrast:
    """What an item does to the features of its kind.

    Args:
        without, effect, noise: (features,) mean without it, what it adds, deviation of takes.
        stray: squared length of what lies beside the line in the performances themselves.
    """

    without: np.ndarray
    effect: np.ndarray
    noise: np.ndarray
    stray: float

    @classmethod
    def of(cls, performed: np.ndarray, without: np.ndarray, floor: float) -> Contrast:
        """From (takes, features) of performances with and without the item.

        Args:
            floor: the least deviation, see `FLOORS`.
        """
        spread = (performed.var(axis=0, ddof=1) + without.var(axis=0, ddof=1)) / 2
        mean = without.mean(axis=0)
        noise = np.sqrt(spread + floor**2)
        contrast = cls(mean, performed.mean(axis=0) - mean, noise, 0.0)
        stray = np.mean([np.square(contrast.parts(take)[1]).sum() for take in performed])
        return replace(contrast, stray=float(stray))

    @property
    def line(self) -> np.ndarray:
        """The effect in deviations of takes, (features,)."""
        return self.effect / self.noise

    @property
    def size(self) -> float:
        """The length of the line."""
        return float(np.linalg.norm(self.line))

    def parts(self, features: np.ndarray) -> tuple[float, np.ndarray]:
        """How far along the line, 1 being performed, and what lies beside it, (features,)."""
        found = (features - self.without) / self.noise
        along = float(found @ self.line) / max(self.size**2, 1e-9)
        return along, found - along * self.line

    def match(self, features: np.ndarray) -> Match:
        """Where a motion's (features,) lie; what performances stray by is no misfit."""
        along, beside = self.parts(features)
        length = along * self.size
        excess = max(float(beside @ beside) - self.stray, 0.0)
        return Match(along, length / max(float(np.hypot(length, np.sqrt(excess))), 1e-9))


def features(kind: str, motion: FaceMotion, span: tuple[float, float]) -> np.ndarray:
    """The (features,) of a kind of item over the seconds of ``span``."""
    first = min(round(span[0] * motion.fps), motion.num_frames - 2)
    last = max(round(span[1] * motion.fps), first + 2)
    return _FEATURES[kind](motion.values[max(first, 0) : last].astype(np.float64), motion.fps)


def emotion_frames(motion: FaceMotion) -> np.ndarray:
    """What `features` of an emotion is the mean of, (frames, features)."""
    return motion.values[:, _FACE].astype(np.float64)


def _emotion(values: np.ndarray, fps: float) -> np.ndarray:
    return values[:, _FACE].mean(axis=0)


def _manner(values: np.ndarray, fps: float) -> np.ndarray:
    """Level of the face; deviation and speed (over ``_STEP``) of its lower half."""
    mouth = values[:, _MOUTH]
    speed = np.abs(np.diff(mouth, axis=0)).mean(axis=0) * fps
    return np.concatenate([values[:, _FACE].mean(axis=0), mouth.std(axis=0), _STEP * speed])


def gaze_curves(values: np.ndarray) -> np.ndarray:
    """Gaze to the left and down in weight, (frames, 2)."""
    sides = (values[:, group].mean(axis=1) for group in (_LEFT, _RIGHT, _DOWN, _UP))
    left, right, down, up = sides
    return np.stack([left - right, down - up], axis=1)


def _gaze(values: np.ndarray, fps: float) -> np.ndarray:
    return _courses(gaze_curves(values), fps, 0.03)


def _head(values: np.ndarray, fps: float) -> np.ndarray:
    angles = np.degrees(values[:, HEAD])
    return _courses(gaussian_filter1d(angles, _SMOOTHING * fps, axis=0, mode="nearest"), fps, 0.1)


def _courses(curves: np.ndarray, fps: float, second: float) -> np.ndarray:
    """Of each curve: where it rests, how far it goes to both sides, its deviation, its speed
    (over ``second`` of a second) and where it ends against where it begins."""
    half = len(curves) // 2
    return np.concatenate(
        [
            np.median(curves, axis=0),
            np.percentile(curves, 2, axis=0),
            np.percentile(curves, 98, axis=0),
            curves.std(axis=0),
            np.abs(np.diff(curves, axis=0)).mean(axis=0) * fps * second,
            np.median(curves[half:], axis=0) - np.median(curves[:half], axis=0),
        ]
    )


_FEATURES = {"emotion": _emotion, "manner": _manner, "gaze": _gaze, "head": _head}
