"""Clean performed motion, as a tracker would have seen it.

    >>> import numpy as np
    >>> from tdmm_hf.performer.tracking import augment
    >>> tracked = augment(np.zeros((50, 55), np.float32), np.random.default_rng(0))
    >>> tracked.shape, tracked.dtype
    ((50, 55), dtype('float32'))

A describer that learns from performed motion is asked about tracked video. MediaPipe's scores rest
above zero, at another level for every person (eyeSquint between 0.0 and 0.6), rise to less than
one, tremble, and stay at zero for some channels whatever the face does. ``tracking.json`` holds
what was measured, on a rendered head driven from 0 to 1 and on real clips (see
``benchmarks/tracking.py``, which writes it).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.special import ndtr

from ..parameters import ARKIT_BLENDSHAPES, HEAD_CHANNELS, get_space

TRACKING_FILE = Path(__file__).with_name("tracking.json")

NUM_WEIGHTS = len(ARKIT_BLENDSHAPES)
# Part of the spread in head angle between clips that is the camera's place; the rest is posture.
CAMERA_SHARE = 0.4
# How far the two sides of one face differ in rest and gain, in standard deviations of people.
SIDE_DIFFERENCE = 0.25
STRENGTHS = (0.3, 1.0)
JITTERS = (0.5, 2.0)
CROSSTALKS = (0.0, 1.2)  # how much of the measured cross-talk a clip shows
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
        crosstalk: (52, 52) rise of each score (row) for a weight of 1 of another channel (column).
        jitter: (55,) standard deviation of frame noise.
        family: (52,) number of the channels that share a person's draw: both sides of a shape,
            both eyes of a gaze direction.
        yaw, pitch: (2, angles) radians given and radians read, rising.
    """

    rest: np.ndarray
    rest_spread: np.ndarray
    low_gain: np.ndarray
    high_gain: np.ndarray
    crosstalk: np.ndarray
    jitter: np.ndarray
    family: np.ndarray
    yaw: np.ndarray
    pitch: np.ndarray


@cache
def tracker_model() -> TrackerModel:
    """The numbers of ``tracking.json``."""
    tracking = json.loads(TRACKING_FILE.read_text(encoding="utf-8"))
    channels, head = tracking["channels"], tracking["response"]["head"]
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
        crosstalk=_crosstalk(tracking["response"]["crosstalk"]["families"]),
        family=np.unique(names, return_inverse=True)[1],
        yaw=np.radians([head["yaw_given"], head["yaw_read"]]),
        pitch=np.radians([head["pitch_given"], head["pitch_read"]]),
    )


def _crosstalk(families: dict[str, dict[str, float]]) -> np.ndarray:
    """(52, 52): a side moves its own side's scores and, by half, those that have no side."""
    matrix = np.zeros((NUM_WEIGHTS, NUM_WEIGHTS))
    for column, driven in enumerate(ARKIT_BLENDSHAPES):
        rises = families.get(shape_family(driven), {})
        for row, read in enumerate(ARKIT_BLENDSHAPES):
            rise = rises.get(shape_family(read), 0.0)
            side, other = _side(driven), _side(read)
            if side and not other:
                rise /= 2
            matrix[row, column] = 0.0 if side and other and side != other else rise
    return matrix


def _side(channel: str) -> str:
    """Left, Right, or nothing for a shape that both sides share."""
    return channel.removeprefix(shape_family(channel))


def shape_family(channel: str) -> str:
    """A blendshape's name without its side; ``mouthLeft`` and ``jawLeft`` are shapes of their own.

    >>> shape_family("eyeBlinkLeft"), shape_family("mouthLeft")
    ('eyeBlink', 'mouthLeft')
    """
    if channel in ("mouthLeft", "mouthRight", "jawLeft", "jawRight"):
        return channel
    return channel.removesuffix("Left").removesuffix("Right")


def augment(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A performed motion as a tracker would have scored it, on one person at one camera.

    Rest levels, gains, cross-talk and the camera's place are drawn once for the clip, and so is how
    strongly the tracker shows: at strength 0 a live channel would pass unchanged. Channels that
    MediaPipe never fires are close to zero at any strength.

    Args:
        values: (frames, 55) motion in space ``arkit``.
        rng: source of all randomness.

    Returns:
        (frames, 55) float32 within the space's bounds.

    Raises:
        ValueError: another width than 55.
    """
    space = get_space("arkit")
    if values.ndim != 2 or values.shape[1] != len(space.channels):
        raise ValueError(f"values must be (frames, {len(space.channels)}), got {values.shape}")
    model = tracker_model()
    strength = rng.uniform(*STRENGTHS)
    tracked = np.concatenate(
        [
            _weights(values[:, :NUM_WEIGHTS], model, strength, rng),
            _head(values[:, NUM_WEIGHTS:], model, strength, rng),
        ],
        axis=1,
    )
    noise = rng.standard_normal(tracked.shape) * model.jitter * rng.uniform(*JITTERS)
    return space.clip(tracked + noise)


def _weights(
    weights: np.ndarray, model: TrackerModel, strength: float, rng: np.random.Generator
) -> np.ndarray:
    """(frames, 52) scores: rest + gain x weight + what other channels add or take."""
    rest = model.rest[:NUM_WEIGHTS] + model.rest_spread[:NUM_WEIGHTS] * _per_person(model, rng)
    gain = model.low_gain + (model.high_gain - model.low_gain) * ndtr(_per_person(model, rng))
    gain = np.where(model.high_gain > 0, 1 + (gain - 1) * strength, 0)
    talk = np.where(model.high_gain > 0, strength * rng.uniform(*CROSSTALKS), 0)
    scores = np.maximum(rest, 0) * strength + gain * weights
    return scores + talk * (weights @ model.crosstalk.T)


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
