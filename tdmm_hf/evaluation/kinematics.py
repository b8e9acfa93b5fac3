"""How a face moves, in a few numbers: speed, blinks, head rotation, the rhythm of the jaw.

    >>> import numpy as np
    >>> from tdmm_hf.evaluation.kinematics import blinks, mean_speed
    >>> from tdmm_hf.motion import FaceMotion
    >>> values = np.zeros((100, 55))
    >>> values[40:47, [8, 9]] = np.hanning(7)[:, None]  # eyeBlinkLeft, eyeBlinkRight
    >>> motion = FaceMotion(values)
    >>> blinks(motion).starts.size, round(mean_speed(motion), 3)
    (1, 0.019)

All of them read motions in space ``arkit`` and leave out frames in which no face was seen. The
Frechet distance compares two sets of motions by the Gaussians of their windows' features (after
Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", 2017, with features that can be
named instead of a network's).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import sqrtm
from scipy.signal import find_peaks, periodogram

from ..motion import FaceMotion
from ..parameters import ARKIT_BLENDSHAPES, HEAD_CHANNELS

LIDS = ("eyeBlinkLeft", "eyeBlinkRight")
BLINK_PROMINENCE = 0.2  # of the mean of both lids: lower dips are lids that follow the eyes
LONGEST_BLINK = 0.6  # seconds at half height: eyes closed longer are closed, not blinking
WINDOW_SECONDS = 2.0
STEP_SECONDS = 1.0
SHRINKAGE = 0.3  # of covariances towards their diagonals: few windows cannot fill a matrix
REGIONS = ("brows", "eyes", "gaze", "jaw", "mouth", "head")  # cheeks and nose go unseen
_LEAST = 1e-3  # below every speed and spread of a seen face, so that logarithms stay finite


@dataclass(frozen=True, eq=False)
class Blinks:
    """starts and lengths in seconds, depths in weight, each (blinks,); length at half depth."""

    starts: np.ndarray
    lengths: np.ndarray
    depths: np.ndarray


def speeds(motion: FaceMotion) -> np.ndarray:
    """Absolute speed of every channel between neighbouring seen frames, (pairs, 55) a second."""
    both = motion.valid[1:] & motion.valid[:-1]
    return np.abs(np.diff(motion.values.astype(np.float64), axis=0))[both] * motion.fps


def mean_speed(motion: FaceMotion) -> float:
    """Mean absolute speed over the 52 weights, in weight a second; nan without two frames."""
    found = speeds(motion)[:, motion.space.indices(ARKIT_BLENDSHAPES)]
    return float(found.mean()) if len(found) else float("nan")


def head_speed(motion: FaceMotion) -> np.ndarray:
    """Mean absolute speed of pitch, yaw and roll, (3,) degrees a second."""
    found = speeds(motion)[:, motion.space.indices(HEAD_CHANNELS)]
    return np.degrees(found.mean(axis=0)) if len(found) else np.full(3, np.nan)


def head_spread(motion: FaceMotion) -> np.ndarray:
    """Standard deviation of pitch, yaw and roll, (3,) degrees."""
    angles = motion.values[motion.valid][:, motion.space.indices(HEAD_CHANNELS)]
    return np.degrees(angles.astype(np.float64).std(axis=0))


def blinks(motion: FaceMotion) -> Blinks:
    """Closures of both lids that open again within ``LONGEST_BLINK``."""
    shut = motion.values[:, motion.space.indices(LIDS)].mean(axis=1)
    shut = np.where(motion.valid, shut, np.median(shut[motion.valid]) if motion.valid.any() else 0)
    longest = LONGEST_BLINK * motion.fps
    found, about = find_peaks(
        shut, prominence=BLINK_PROMINENCE, width=(0, longest), rel_height=0.5, wlen=None
    )
    lengths = about["widths"] / motion.fps
    return Blinks(found / motion.fps - lengths / 2, lengths, about["prominences"])


def spectrum_centroid(curve: np.ndarray, fps: float) -> float:
    """Mean frequency in Hz of a (frames,) curve, weighted by power; nan for one that stays."""
    hertz, power = periodogram(curve - curve.mean(), fps)
    total = power.sum()
    return float((hertz * power).sum() / total) if total > 1e-12 else float("nan")


def windows(motion: FaceMotion) -> list[FaceMotion]:
    """Stretches of ``WINDOW_SECONDS``, one every ``STEP_SECONDS``, in which the face is seen."""
    width, step = (round(seconds * motion.fps) for seconds in (WINDOW_SECONDS, STEP_SECONDS))
    starts = range(0, motion.num_frames - width + 1, step)
    found = [motion.crop(start / motion.fps, (start + width) / motion.fps) for start in starts]
    return [window for window in found if window.valid.all()]


def feature_names() -> list[str]:
    """What ``features`` holds, in order."""
    return [f"{kind} {region}" for kind in ("speed", "spread") for region in REGIONS] + [
        "jaw level",
        "jaw centroid",
        "abruptness",
        "asymmetry",
    ]


def features(motion: FaceMotion) -> np.ndarray:
    """One motion as (features,): logarithms of speed and spread by region, and the mouth's rhythm.

    Abruptness is the share of a second's movement that its fastest tenth makes: 0.1 for even
    movement, towards 1 for a face that rests and flicks. Asymmetry is the mean difference between
    the sides of brows and mouth.
    """
    space, speed = motion.space, speeds(motion)
    spread = motion.values.astype(np.float64).std(axis=0)
    groups = [list(space.groups[region]) for region in REGIONS]
    jaw = motion.channel("jawOpen").astype(np.float64)
    centroid = spectrum_centroid(jaw, motion.fps) if jaw.std() > 0.01 else 0.0
    total = np.sort(speed[:, : len(ARKIT_BLENDSHAPES)].sum(axis=1))
    fastest = total[int(0.9 * len(total)) :].sum() / max(total.sum(), _LEAST)
    return np.array(
        [
            *(np.log(speed[:, group].mean() + _LEAST) for group in groups),
            *(np.log(spread[group].mean() + _LEAST) for group in groups),
            jaw.mean(),
            centroid,
            fastest,
            np.log(_asymmetry(motion) + _LEAST),
        ]
    )


def _asymmetry(motion: FaceMotion) -> float:
    """Mean difference between left and right over the two-sided channels of brows and mouth."""
    space = motion.space
    left = [
        index
        for region in ("brows", "mouth")
        for index in space.groups[region]
        if space.channels[index].endswith("Left") and space.channels[index] != "mouthLeft"
    ]
    right = [space.mirror_index[index] for index in left]
    return float(np.abs(motion.values[:, left] - motion.values[:, right]).mean())


@dataclass(frozen=True, eq=False)
class Gaussian:
    """mean (features,) and covariance (features, features)."""

    mean: np.ndarray
    covariance: np.ndarray


def gaussian(rows: np.ndarray, shrinkage: float = SHRINKAGE) -> Gaussian:
    """The Gaussian of (rows, features), its covariance shrunk towards its diagonal.

    Raises:
        ValueError: fewer than two rows.
    """
    if len(rows) < 2:
        raise ValueError(f"a Gaussian needs at least two rows, got {len(rows)}")
    covariance = np.cov(rows, rowvar=False)
    diagonal = np.diag(np.diag(covariance))
    return Gaussian(rows.mean(axis=0), (1 - shrinkage) * covariance + shrinkage * diagonal)


def frechet(one: Gaussian, other: Gaussian) -> float:
    """Squared Frechet distance between two Gaussians: 0 where they are the same."""
    apart = one.mean - other.mean
    between = sqrtm(one.covariance @ other.covariance)
    spread = np.trace(one.covariance + other.covariance - 2 * np.real(between))
    return float(apart @ apart + max(spread, 0.0))


def frechet_distance(
    one: Sequence[np.ndarray], other: Sequence[np.ndarray], scale: np.ndarray
) -> float:
    """Between two sets of clips, each clip a (windows, features) array, in units of ``scale``."""
    first, second = (gaussian(np.concatenate(list(clips)) / scale) for clips in (one, other))
    return frechet(first, second)
