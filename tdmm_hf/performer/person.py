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
    "browInnerUp": 0.025,
    "browDown": 0.025,
}
_UNSCALED = ("eyeLook", "eyeBlink", "head")


def stream(seed: int, part: str) -> np.random.Generator:
    """The random numbers of one part of a performance, independent of the other parts'."""
    return np.random.default_rng((seed, crc32(part.encode())))


@dataclass(frozen=True, eq=False)
class Person:
    """How one person moves.

    Args:
        gains: (55,) factor of each channel; sides differ by up to 10 %.
        resting: (55,) weights of the relaxed face.
        leads_left: whether the left side leads one-sided expressions.
        blink_rate: spontaneous blinks a minute.
        speech_rate, articulation, restlessness: factors around 1.
        head_resting: (3,) degrees of pitch, yaw and roll.
    """

    gains: np.ndarray
    resting: np.ndarray
    leads_left: bool
    blink_rate: float
    speech_rate: float
    articulation: float
    restlessness: float
    head_resting: np.ndarray

    @classmethod
    def from_seed(cls, seed: int) -> Person:
        rng = stream(seed, "person")
        return cls(
            gains=_gains(rng),
            resting=_resting(rng),
            leads_left=bool(rng.random() < 0.5),
            blink_rate=rng.uniform(12.0, 30.0),
            speech_rate=rng.uniform(0.92, 1.1),
            articulation=rng.uniform(0.82, 1.18),
            restlessness=rng.uniform(0.75, 1.25),
            head_resting=np.clip(rng.normal(size=3), -2, 2) * (1.2, 1.2, 0.8),
        )


def _gains(rng) -> np.ndarray:
    expressivity = rng.uniform(0.88, 1.15)
    habits = np.exp(np.clip(rng.normal(scale=0.07, size=NUM_CHANNELS), -0.15, 0.15))
    left, right = _sides()
    habits[right] = habits[left]
    lean = rng.uniform(-0.1, 0.1, len(left)) * 0.5 + rng.uniform(-0.05, 0.05)
    habits[left] *= 1 + lean
    habits[right] *= 1 - lean
    gains = expressivity * habits
    gains[[c.startswith(_UNSCALED) for c in ARKIT.channels]] = 1.0
    return gains


def _resting(rng) -> np.ndarray:
    face = np.zeros(NUM_CHANNELS)
    for channel, most in _RESTING.items():
        face[list(columns(channel))] = rng.uniform(0.0, most)
    face[HEAD] = 0.0
    return face


def _sides() -> tuple[np.ndarray, np.ndarray]:
    """Columns of the left channels and of their right partners."""
    left = [i for i, c in enumerate(ARKIT.channels) if c.endswith("Left") and c != "jawLeft"]
    left = [i for i in left if ARKIT.channels[i] != "mouthLeft"]
    return np.array(left), np.array([ARKIT.mirror_index[i] for i in left])
