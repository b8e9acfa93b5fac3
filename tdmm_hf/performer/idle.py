"""The unrest of a living face: small movements that nobody asks for.

>>> import numpy as np
>>> from tdmm_hf.performer.idle import unrest
>>> times = np.arange(125) / 25
>>> alive = unrest(times, 5.0, np.random.default_rng(0), np.zeros(125))
>>> alive.face.shape, alive.head.shape, bool(0 < alive.face.max() < 0.5)
((125, 55), (125, 3), True)

``data/idle.yaml`` has the kinds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .envelope import plateau, rise, slow_noise
from .tables import mirrored, table, vector


@dataclass(frozen=True, eq=False)
class Unrest:
    """What comes on top: face (frames, 55) weights, 0 or more, and head (frames, 3) degrees."""

    face: np.ndarray
    head: np.ndarray


def unrest(times, duration: float, rng, busy) -> Unrest:
    """Unrest over (frames,) times; ``busy`` (frames,) 0..1 is how much the mouth is in use."""
    rows = table("idle")
    bands = [
        np.maximum(0.8 + slow_noise(times, rng, 1, *row["band"])[:, 0], 0.0)
        for row in rows["unrest"]
    ]
    moved = np.array([vector(row["channels"]) for row in rows["unrest"]])
    face = np.stack(bands, axis=1) @ moved
    for row in rows["events"].values():
        curve = _recurring(times, duration, row, rng)
        if row.get("part") == "mouth":
            curve = curve * (1 - busy)
        weights = vector(row["channels"])
        face += curve[:, None] * (weights if rng.random() < 0.5 else mirrored(weights))
    return Unrest(face, _head(times, duration, rows["head"], rng))


def _recurring(times, duration: float, row: dict, rng) -> np.ndarray:
    """Plateaus at random times, (frames,)."""
    starts = _moments(duration, row["every"], rng)
    lengths = rng.uniform(*row["seconds"], len(starts))
    sizes = rng.uniform(*row["size"], len(starts))
    return plateau(times[:, None], starts, 0.3 * lengths, 0.25 * lengths, 0.45 * lengths) @ sizes


def _moments(duration: float, every: float, rng) -> np.ndarray:
    """Moments that are on average ``every`` seconds apart, never much closer."""
    gaps = every * rng.gamma(2.5, 1 / 2.5, int(3 * duration / every) + 3)
    starts = np.cumsum(gaps) - gaps[0] * rng.random()
    return starts[starts < duration]


def _head(times, duration: float, row: dict, rng) -> np.ndarray:
    tremor = slow_noise(times, rng, 3, *row["tremor"]["band"]) * row["tremor"]["degrees"]
    shift = row["shift"]
    starts = _moments(duration, shift["every"], rng)
    lengths = rng.uniform(*shift["seconds"], len(starts))
    places = rng.normal(size=(len(starts), 3)).clip(-2, 2) * shift["degrees"]
    return tremor + rise(times[:, None], starts, lengths) @ np.diff(places, axis=0, prepend=0.0)
