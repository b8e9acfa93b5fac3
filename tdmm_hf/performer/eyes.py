"""Eyes: where they look, saccades, lids that follow, and involuntary blinks.

>>> import numpy as np
>>> from tdmm_hf.performer.eyes import look
>>> look(np.arange(125) / 25, 5.0, "left", np.random.default_rng(0)).shape
(125, 2)
"""

from __future__ import annotations

import numpy as np

from .envelope import plateau, rise
from .tables import ARKIT, table

LIDS = ARKIT.indices(("eyeBlinkLeft", "eyeBlinkRight"))
WIDE = ARKIT.indices(("eyeWideLeft", "eyeWideRight"))
_AXES = ("yaw", "pitch")
_SACCADE = 0.07  # seconds
_FULL_YAW, _FULL_PITCH = 30.0, 25.0  # degrees at an eyeLook weight of 1
_BLINK_RANGE = (10.0, 35.0)  # a minute
_STARE, _BETWEEN = 6.5, 0.9  # seconds without a blink, and for one


def look(times: np.ndarray, duration: float, name: str, rng, hold=1.0, spread=1.0) -> np.ndarray:
    """Yaw to the left and pitch down in degrees, (frames, 2): places held between saccades."""
    row = table("gaze")[name]
    if "sweep" in row:
        return _pursue(times, duration, row, rng)
    low, high = (hold * edge for edge in row["hold"])
    starts = np.cumsum(rng.uniform(low, high, int(duration / low) + 2))
    starts = np.concatenate([[rng.uniform(0.0, 0.3)], starts])
    starts = starts[starts < duration]
    places = _places(row, len(starts), rng)
    places += rng.normal(scale=1.0, size=places.shape).clip(-2, 2) * row["jitter"] * spread
    steps = np.diff(places, axis=0, prepend=0.0)
    lengths = _SACCADE + 0.002 * np.linalg.norm(steps, axis=1)
    return rise(times[:, None], starts, lengths) @ steps


def _places(row: dict, count: int, rng) -> np.ndarray:
    places = np.stack([rng.uniform(*row[axis], count) for axis in _AXES], axis=1)
    if "either" in row:
        sides = rng.choice((-1.0, 1.0), count)
        places[:, 0] *= sides if row["either"] == "each" else sides[0]
    if "turns" in row:
        first = 1.0 if rng.random() < 0.5 else -1.0
        places[:, _AXES.index(row["turns"])] *= first * (-1.0) ** np.arange(count)
    if "line" in row:
        places[:, 0] += np.resize(np.linspace(*row["line"]), count)
    places[rng.random(count) < row.get("glance", 0.0)] = 0.0
    return places


def _pursue(times: np.ndarray, duration: float, row: dict, rng) -> np.ndarray:
    """From side to side without saccades, as eyes that follow something: (frames, 2) degrees."""
    seconds = min(rng.uniform(*row["sweep"]), 1.6 * duration)
    phase = 2 * np.pi * (times / seconds + rng.random())
    yaw = rng.uniform(*row["yaw"]) * np.sin(phase)
    pitch = rng.uniform(*row["pitch"]) + 0.8 * np.sin(0.7 * phase + rng.uniform(0, 2 * np.pi))
    return np.stack([yaw, pitch], axis=1) * rise(times, 0.0, 0.25)[:, None]


def stays_open(name: str, duration: float) -> np.ndarray:
    """Times when who looks like this does not blink, (n, 2) start and end."""
    if not table("gaze")[name].get("unblinking"):
        return np.zeros((0, 2))
    starts = np.arange(0.0, duration, _STARE + _BETWEEN)
    return np.stack([starts, starts + _STARE], axis=1)


def gaze_weights(gaze: np.ndarray) -> np.ndarray:
    """eyeLook weights of both eyes, turning together, (frames, 55)."""
    face = np.zeros((len(gaze), len(ARKIT.channels)))
    yaw, pitch = gaze[:, 0] / _FULL_YAW, gaze[:, 1] / _FULL_PITCH
    for channels, weight in (
        (("eyeLookOutLeft", "eyeLookInRight"), yaw),
        (("eyeLookInLeft", "eyeLookOutRight"), -yaw),
        (("eyeLookDownLeft", "eyeLookDownRight"), pitch),
        (("eyeLookUpLeft", "eyeLookUpRight"), -pitch),
    ):
        face[:, ARKIT.indices(channels)] = np.clip(weight, 0.0, 1.0)[:, None]
    return face


def follow_with_lids(face: np.ndarray, gaze: np.ndarray) -> None:
    """Upper lids go down and up with the eyes, in place."""
    pitch = gaze[:, 1:] / _FULL_PITCH
    face[:, LIDS] += np.clip(0.45 * pitch, -0.12, 0.45) * (1 - face[:, LIDS])
    face[:, WIDE] += np.clip(-0.25 * pitch, 0.0, 0.25) * (1 - face[:, WIDE])


def blink(times: np.ndarray, duration: float, rate: float, length: float, rng, quiet) -> np.ndarray:
    """Closure of the lids by involuntary blinks, (frames,) 0..1.

    Args:
        rate: blinks a minute; kept to what is seen in talking people.
        length: factor of the usual 0.25 s.
        quiet: (n, 2) spans of seconds that stay free of blinks.
    """
    mean = 60.0 / np.clip(rate, *_BLINK_RANGE)
    gaps = mean * np.clip(rng.gamma(3.0, 1 / 3.0, int(3 * duration / mean) + 4), 0.2, 2.5)
    starts = np.cumsum(gaps) - gaps[0] * (1 - rng.random() * 0.6)
    lengths = np.clip(0.25 * length * rng.uniform(0.85, 1.2, len(starts)), 0.18, 0.4)
    free = (starts < duration) & ~_touches(starts, starts + lengths, quiet)
    starts, lengths = starts[free], lengths[free]
    curve = plateau(times[:, None], starts, 0.32 * lengths, 0.14 * lengths, 0.54 * lengths)
    return (curve @ rng.uniform(0.9, 1.0, len(starts))).clip(0.0, 1.0)


def _touches(starts, ends, spans) -> np.ndarray:
    margin = 0.2
    if not len(spans):
        return np.zeros(len(starts), dtype=bool)
    before, after = starts[:, None] < spans[:, 1] + margin, ends[:, None] > spans[:, 0] - margin
    return (before & after).any(axis=1)
