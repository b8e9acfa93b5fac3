"""Clean performed motion, as a tracker would have seen it.

    >>> import numpy as np
    >>> from tdmm_hf.motion import FaceMotion
    >>> from tdmm_hf.performer.tracking import augment, track
    >>> tracked = augment(np.zeros((50, 55), np.float32), np.random.default_rng(0))
    >>> tracked.shape, tracked.dtype
    ((50, 55), dtype('float32'))
    >>> bool(track(FaceMotion(np.zeros((50, 55))), np.random.default_rng(0)).observed.all())
    False

A describer that learns from performed motion is asked about tracked video. MediaPipe's scores rest
above zero, at another level for every person (eyeSquint between 0.0 and 0.6), rise to less than
one, hear one channel in another's score (a closing lid reads as a look down), tremble, stay at zero
for some channels whatever the face does, and now and then there is no face. ``tracking.json`` holds
what was measured: on people of two rigs, rendered and tracked (``benchmarks/response.py``), and on
real clips (``benchmarks/tracking.py``). ``tracking_fit.json`` holds the same of the package's own
fit (``benchmarks/fit_response.py``), which errs less and in other ways.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.special import ndtr

from ..motion import FaceMotion
from ..parameters import ARKIT_BLENDSHAPES, HEAD_CHANNELS, get_space

TRACKING_FILE = Path(__file__).with_name("tracking.json")
TRACKERS = {"scores": TRACKING_FILE, "fit": TRACKING_FILE.with_name("tracking_fit.json")}

NUM_WEIGHTS = len(ARKIT_BLENDSHAPES)
# Part of the spread in head angle between clips that is the camera's place; the rest is posture.
CAMERA_SHARE = 0.4
# How far the two sides of one face differ in rest and gain, in standard deviations of people.
SIDE_DIFFERENCE = 0.25
STRENGTHS = (0.3, 1.0)
JITTERS = (0.5, 2.0)
CORPUS_FPS = 25.0
TYPICAL_SUM = 3.0  # of a face's weights in a strong expression
CROSSTALKS = (0.4, 1.2)  # how much of what one channel does to another's score a clip shows
ERROR_SECONDS = 0.4  # how long what no regression explains lasts, about
LOST_SHARE = 0.12  # of clips in which the face is lost at times
LOST_SECONDS = (0.04, 0.6)
# One direction of gaze is two channels.
_GAZE_DIRECTION = {
    "eyeLookOutLeft": "gazeLeft",
    "eyeLookInRight": "gazeLeft",
    "eyeLookInLeft": "gazeRight",
    "eyeLookOutRight": "gazeRight",
}


@dataclass(frozen=True, eq=False)
class TrackerModel:
    """Measured behaviour of a tracker on the ``arkit`` channels.

    Args:
        rest, rest_spread: (55,) score of a resting face, and its standard deviation over people.
        low_gain, high_gain: (52,) least and greatest rise of the score for a weight of 1.
        response: (52, 52) rise of each score (row) for a weight of 1 of a channel (column).
        turned: (52, 6) rise of each score for the head's ``head_features``.
        error: (52,) standard deviation of what the response does not explain.
        jitter: (55,) standard deviation of frame noise.
        family: (52,) number of the channels that share a person's draw: both sides of a shape,
            both eyes of a gaze direction.
        yaw, pitch: (2, angles) radians given and radians read, rising.
    """

    rest: np.ndarray
    rest_spread: np.ndarray
    low_gain: np.ndarray
    high_gain: np.ndarray
    response: np.ndarray
    turned: np.ndarray
    error: np.ndarray
    jitter: np.ndarray
    family: np.ndarray
    yaw: np.ndarray
    pitch: np.ndarray


@cache
def tracker_model(tracker: str = "scores") -> TrackerModel:
    """What was measured of MediaPipe's ``scores`` or of the ``fit``.

    Raises:
        ValueError: another tracker.
    """
    if tracker not in TRACKERS:
        raise ValueError(f"tracker must be one of {', '.join(TRACKERS)}, got {tracker!r}")
    tracking = json.loads(TRACKERS[tracker].read_text(encoding="utf-8"))
    channels, response = tracking["channels"], tracking["response"]
    angles = response["angles"]
    names = [_GAZE_DIRECTION.get(name, shape_family(name)) for name in ARKIT_BLENDSHAPES]
    return TrackerModel(
        **{
            key: np.array([channels[name][key] for name in ARKIT_BLENDSHAPES + HEAD_CHANNELS])
            for key in ("rest", "rest_spread", "jitter")
        },
        **{
            key: np.array([channels[name][key] for name in ARKIT_BLENDSHAPES])
            for key in ("low_gain", "high_gain")
        },
        response=_matrix(response["weights"]),
        turned=np.array([response["head"][name] for name in ARKIT_BLENDSHAPES]),
        error=np.array([response["error"][name] for name in ARKIT_BLENDSHAPES]),
        family=np.unique(names, return_inverse=True)[1],
        yaw=np.radians([angles["yaw_given"], angles["yaw_read"]]),
        pitch=np.radians([angles["pitch_given"], angles["pitch_read"]]),
    )


def _matrix(rises: dict[str, dict[str, float]]) -> np.ndarray:
    """(52, 52) of the rises by score and channel."""
    matrix = np.zeros((NUM_WEIGHTS, NUM_WEIGHTS))
    for row, score in enumerate(ARKIT_BLENDSHAPES):
        for channel, rise in rises[score].items():
            matrix[row, ARKIT_BLENDSHAPES.index(channel)] = rise
    return matrix


def head_features(angles: np.ndarray) -> np.ndarray:
    """(frames, 6) what scores hear of a head turned by (frames, 3) radians: angles and sizes."""
    return np.concatenate([angles, np.abs(angles)], axis=1)


def shape_family(channel: str) -> str:
    """A blendshape's name without its side; ``mouthLeft`` and ``jawLeft`` are shapes of their own.

    >>> shape_family("eyeBlinkLeft"), shape_family("mouthLeft")
    ('eyeBlink', 'mouthLeft')
    """
    if channel in ("mouthLeft", "mouthRight", "jawLeft", "jawRight"):
        return channel
    return channel.removesuffix("Left").removesuffix("Right")


def augment(values: np.ndarray, rng: np.random.Generator, tracker: str = "scores") -> np.ndarray:
    """A performed motion as a tracker would have scored it, on one person at one camera.

    Rest levels, gains, cross-talk and the camera's place are drawn once for the clip, and so is how
    strongly the tracker shows: at strength 0 a live channel would pass unchanged. Channels that
    MediaPipe never fires are close to zero at any strength.

    Args:
        values: (frames, 55) motion in space ``arkit``.
        rng: source of all randomness.
        tracker: a key of ``TRACKERS``.

    Returns:
        (frames, 55) float32 within the space's bounds.

    Raises:
        ValueError: another width than 55, or an unknown tracker.
    """
    space = get_space("arkit")
    if values.ndim != 2 or values.shape[1] != len(space.channels):
        raise ValueError(f"values must be (frames, {len(space.channels)}), got {values.shape}")
    model = tracker_model(tracker)
    strength = rng.uniform(*STRENGTHS)
    tracked = np.concatenate(
        [
            _weights(values, model, strength, rng),
            _head(values[:, NUM_WEIGHTS:], model, strength, rng),
        ],
        axis=1,
    )
    noise = rng.standard_normal(tracked.shape) * model.jitter * rng.uniform(*JITTERS)
    return space.clip(tracked + noise)


def track(motion: FaceMotion, rng: np.random.Generator, tracker: str = "scores") -> FaceMotion:
    """A performed ``arkit`` motion as a tracker would have given it: also with gaps.

    Where the face is lost, frames are invalid and their values interpolated, as ``fit_video`` does;
    tongueOut is unobserved.
    """
    values, valid = augment(motion.values, rng, tracker), motion.valid & ~_lost(motion, rng)
    if not valid.any():
        valid = motion.valid
    frames = np.arange(len(valid))
    seen = np.flatnonzero(valid)
    values = np.stack([np.interp(frames, seen, curve[seen]) for curve in values.T], axis=1)
    observed = motion.observed & np.array([c != "tongueOut" for c in motion.channels])
    return FaceMotion(values, motion.fps, motion.space, valid=valid, observed=observed)


def _lost(motion: FaceMotion, rng: np.random.Generator) -> np.ndarray:
    """(frames,) where the face is lost: nowhere in most clips, else once or twice."""
    lost = np.zeros(motion.num_frames, dtype=bool)
    if rng.random() < LOST_SHARE:
        for _ in range(int(rng.integers(1, 3))):
            begin = int(rng.integers(motion.num_frames))
            lost[begin : begin + max(1, round(rng.uniform(*LOST_SECONDS) * motion.fps))] = True
    return lost


def _weights(
    values: np.ndarray, model: TrackerModel, strength: float, rng: np.random.Generator
) -> np.ndarray:
    """(frames, 52) scores: rest, what the weights and the head move, and what nothing explains."""
    weights, turned = values[:, :NUM_WEIGHTS], head_features(values[:, NUM_WEIGHTS:])
    live = model.high_gain > 0
    rest = model.rest[:NUM_WEIGHTS] + model.rest_spread[:NUM_WEIGHTS] * _per_person(model, rng)
    gain = model.low_gain + (model.high_gain - model.low_gain) * ndtr(_per_person(model, rng))
    gain = np.where(live, 1 + (gain - 1) * strength, 0)
    talk = np.where(live, strength * rng.uniform(*CROSSTALKS), 0)
    others = model.response * (1 - np.eye(NUM_WEIGHTS))
    heard = weights @ others.T + turned @ model.turned.T
    error = np.where(live, model.error, 0) * _wander(len(values), rng)
    scores = np.maximum(rest, 0) * strength + gain * weights + talk * heard
    return scores + strength * activity(weights)[:, None] * error


def activity(weights: np.ndarray) -> np.ndarray:
    """(frames,) 0..1 how much goes on in a face: errors are those of posed faces, not of rest."""
    return np.minimum(weights.sum(axis=1) / TYPICAL_SUM, 1.0)


def _wander(frames: int, rng: np.random.Generator) -> np.ndarray:
    """(frames, 52) slow noise of unit deviation."""
    every = max(1, round(ERROR_SECONDS * CORPUS_FPS))
    knots = rng.standard_normal((frames // every + 2, NUM_WEIGHTS))
    times = np.arange(frames) / every
    left, share = times.astype(int), (times % 1)[:, None]
    return knots[left] * (1 - share) + knots[left + 1] * share


def _per_person(model: TrackerModel, rng: np.random.Generator) -> np.ndarray:
    """(52,) standard normal draws, alike within a family."""
    shared = rng.standard_normal(model.family.max() + 1)[model.family]
    own = rng.standard_normal(NUM_WEIGHTS)
    return shared * np.sqrt(1 - SIDE_DIFFERENCE**2) + own * SIDE_DIFFERENCE


def _head(
    angles: np.ndarray, model: TrackerModel, strength: float, rng: np.random.Generator
) -> np.ndarray:
    """(frames, 3) pitch, yaw, roll as read from the face matrix, off the camera's axis."""
    read = angles.astype(np.float64)
    for column, (given, seen) in ((0, model.pitch), (1, model.yaw)):
        error = np.interp(angles[:, column], given, seen - given)
        read[:, column] += strength * error
    camera = rng.standard_normal(3) * model.rest_spread[NUM_WEIGHTS:] * CAMERA_SHARE
    return read + strength * camera
