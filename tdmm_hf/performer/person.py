"""Who performs: the lasting differences between two people's faces, drawn from a seed.

    >>> from tdmm_hf.performer.person import Person
    >>> Person.from_seed(1).blink_rate == Person.from_seed(1).blink_rate
    True

The spread of spontaneous blinking (10 to 35 a minute) is that of tracked talking-head video.
"""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np

from .tables import ARKIT, HEAD, NUM_CHANNELS, columns

_RESTING = {
    "eyeBlink": 0.04,
    "eyeSquint": 0.05,
    "mouthPress": 0.03,
    "mouthShrugUpper": 0.02,
    "mouthShrugLower": 0.02,
    "browInnerUp": 0.03,
    "browOuterUp": 0.03,
    "browDown": 0.03,
    "mouthFrown": 0.03,
    "mouthSmile": 0.03,
    "mouthDimple": 0.03,
}
_UNSCALED = ("eyeLook", "eyeBlink", "head")


def stream(seed: int, part: str) -> np.random.Generator:
    """The random numbers of one part of a performance, independent of the other parts'."""
    return np.random.default_rng((seed, crc32(part.encode())))


@dataclass(frozen=True, eq=False)
class Person:
    """How one person moves.

    Args:
        gains: (55,) factor of each channel; sides differ by up to a quarter.
        resting: (55,) weights of the relaxed face.
        leads_left: whether the left side leads one-sided expressions.
        lag: seconds by which the other side follows.
        blink_rate: spontaneous blinks a minute.
        pace: factor of the time that expressions take to come.
        speech_rate, jaw, lips, rhythm, lively: factors of speech: syllables a second, how far the
            jaw and the lips go, how uneven it is, how much brows and head emphasise.
        restlessness, unrest: factors of what head and face do unasked.
        head_resting: (3,) degrees of pitch, yaw and roll.
    """

    gains: np.ndarray
    resting: np.ndarray
    leads_left: bool
    lag: float
    blink_rate: float
    pace: float
    speech_rate: float
    jaw: float
    lips: float
    rhythm: float
    lively: float
    restlessness: float
    unrest: float
    head_resting: np.ndarray

    @classmethod
    def from_seed(cls, seed: int) -> Person:
        rng = stream(seed, "person")
        return cls(
            gains=_gains(rng),
            resting=_resting(rng),
            leads_left=bool(rng.random() < 0.5),
            lag=rng.uniform(0.0, 0.06),
            blink_rate=np.clip(18.0 * _around_one(rng, 0.4), 10.0, 35.0),
            pace=_around_one(rng, 0.18),
            speech_rate=_around_one(rng, 0.1),
            jaw=_around_one(rng, 0.26),
            lips=_around_one(rng, 0.24),
            rhythm=_around_one(rng, 0.25),
            lively=_around_one(rng, 0.4),
            restlessness=_around_one(rng, 0.2),
            unrest=_around_one(rng, 0.4),
            head_resting=np.clip(rng.normal(size=3), -2, 2) * (1.2, 1.2, 0.8),
        )


def _around_one(rng, spread: float) -> float:
    """A factor whose logarithm has this deviation, within two of them."""
    return float(np.exp(np.clip(rng.normal(), -2.0, 2.0) * spread - spread**2 / 2))


def _gains(rng) -> np.ndarray:
    expressivity = np.clip(_around_one(rng, 0.12), 0.82, 1.2)
    habits = np.exp(np.clip(rng.normal(scale=0.09, size=NUM_CHANNELS), -0.18, 0.18))
    left, right = _sides()
    habits[right] = habits[left]
    lean = rng.uniform(-0.07, 0.07, len(left)) + rng.uniform(-0.05, 0.05)
    habits[left] *= 1 + lean
    habits[right] *= 1 - lean
    gains = expressivity * habits
    gains[[c.startswith(_UNSCALED) for c in ARKIT.channels]] = 1.0
    return gains


def _resting(rng) -> np.ndarray:
    face = np.zeros(NUM_CHANNELS)
    for channel, most in _RESTING.items():
        sides = list(columns(channel))
        face[sides] = rng.uniform(0.0, most) * rng.uniform(0.75, 1.25, len(sides))
    face[HEAD] = 0.0
    return face


def _sides() -> tuple[np.ndarray, np.ndarray]:
    """Columns of the left channels and of their right partners."""
    left = [i for i, c in enumerate(ARKIT.channels) if c.endswith("Left") and c != "jawLeft"]
    left = [i for i in left if ARKIT.channels[i] != "mouthLeft"]
    return np.array(left), np.array([ARKIT.mirror_index[i] for i in left])
