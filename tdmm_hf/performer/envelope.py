"""Curves over time that everything is made of: eased ramps, pulses and slow noise.

    >>> import numpy as np
    >>> from tdmm_hf.performer.envelope import plateau
    >>> times = np.array([0.0, 0.5, 1.0, 2.0])
    >>> plateau(times, start=0.25, onset=0.5, hold=1.0, offset=0.5)
    array([0. , 0.5, 1. , 0.5])

Times are seconds. A start given as an array of k events against times of shape (frames, 1) gives
(frames, k).
"""

from __future__ import annotations

import numpy as np

from .tables import NUM_CHANNELS, columns


def ease(x: np.ndarray) -> np.ndarray:
    """0 before 0, 1 after 1, smooth between (3x^2 - 2x^3)."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


def rise(times: np.ndarray, start, length) -> np.ndarray:
    """From 0 to 1 within ``length`` seconds of ``start``."""
    return ease((times - start) / length)


def plateau(times: np.ndarray, start, onset, hold, offset) -> np.ndarray:
    """Up within ``onset``, held, and down within ``offset``."""
    return rise(times, start, onset) - rise(times, start + onset + hold, offset)


def pulse_train(times: np.ndarray, starts, lengths, sharp: float = 0.4) -> np.ndarray:
    """Pulses at given starts, (frames, pulses), that take ``sharp`` of their length to rise."""
    up, down = sharp * lengths, (1 - sharp) * lengths
    return ease((times[:, None] - starts) / up) - ease((times[:, None] - starts - up) / down)


def slow_noise(times: np.ndarray, rng, curves: int, low: float, high: float) -> np.ndarray:
    """Smooth random curves of unit deviation within about +-2, (frames, curves).

    Cosines between ``low`` and ``high`` Hz, so nothing in them is faster than asked.
    """
    waves = 6
    bands = low + (high - low) * (np.arange(waves) + rng.random(waves)) / waves
    angles = 2 * np.pi * times[:, None] * bands + rng.uniform(0, 2 * np.pi, waves)
    basis = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    mixed = basis @ rng.normal(size=(2 * waves, curves)) / np.sqrt(waves)
    return 2.0 * np.tanh(mixed / 2.0)


class Layer:
    """One thing that happens over a face: ``values`` and how far they ``hold`` what lies below.

    Laid on a face with ``below * (1 - hold) + values``. Both are (frames, 55). A weight whose hold
    equals its value is mixed in without ever passing 1; a hold of 1 takes the channel over.
    """

    def __init__(self, frames: int):
        self.values = np.zeros((frames, NUM_CHANNELS))
        self.hold = np.zeros((frames, NUM_CHANNELS))

    def mix(self, channel: str, curve: np.ndarray) -> None:
        """Lay a weight over what this layer already has for a channel, and over what is below."""
        for i in columns(channel):
            self.values[:, i] += curve * (1.0 - self.values[:, i])
            self.hold[:, i] = 1.0 - (1.0 - self.hold[:, i]) * (1.0 - curve)

    def clear(self, channel: str, share: np.ndarray) -> None:
        """Let what is below give way by a share in 0..1."""
        for i in columns(channel):
            self.hold[:, i] = 1.0 - (1.0 - self.hold[:, i]) * (1.0 - share)

    def over(self, below: np.ndarray) -> np.ndarray:
        """This layer on a face, (frames, 55)."""
        return below * (1.0 - self.hold) + self.values
