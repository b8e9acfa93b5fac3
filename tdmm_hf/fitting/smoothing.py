"""Smoothing that takes a tracker's noise away and leaves a blink its height.

>>> import numpy as np
>>> from tdmm_hf.fitting.smoothing import steady
>>> blink = np.array([0, 0, 0, 0.6, 1, 0.6, 0, 0, 0], float)[:, None]
>>> float(steady(blink, noise=0.01).max())
1.0

A bilateral filter (Tomasi and Manduchi 1998, https://doi.org/10.1109/ICCV.1998.710815) over time:
every value becomes a mean of its neighbours', of which those count that differ from it by no more
than noise does, and only from frames that are alike as a whole: a face in motion is left as it is.
"""

from __future__ import annotations

import numpy as np

REACH = 14  # frames on each side
RANGE = 4.0  # noises: a value that differs by more is motion
FACE_NOISE = 1.13  # mean absolute difference of two values that differ by noise alone, in noises
FACE_RANGE = 1.0  # noises: frames that differ by more in the mean are motion
CALM = 0.3  # share of the frames that noise is measured in: those in which least happens
CALM_BIAS = 1.25  # they are the quieter ones by their noise, too


def steady(
    curves: np.ndarray, noise: float | np.ndarray, valid: np.ndarray | None = None
) -> np.ndarray:
    """(frames, curves) without their noise.

    Args:
        curves: (frames, curves).
        noise: standard deviation of the noise, one or one for each curve.
        valid: (frames,) whose values may speak for others; all by default.
    """
    curves = np.asarray(curves, dtype=np.float64)
    noise = np.maximum(np.broadcast_to(noise, curves.shape[1:]), 1e-9)
    counts = np.ones(len(curves)) if valid is None else np.asarray(valid, float)
    total, weight = curves.copy(), np.ones_like(curves)
    for shift in range(1, REACH + 1):
        near = np.exp(-0.5 * (shift / (REACH / 2)) ** 2)
        apart = (curves[shift:] - curves[:-shift]) / noise
        moved = np.maximum(np.abs(apart).mean(axis=1, keepdims=True) - FACE_NOISE, 0)
        alike = near * np.exp(-0.5 * ((apart / RANGE) ** 2 + (moved / FACE_RANGE) ** 2))
        for here, there in (
            (slice(shift, None), slice(-shift)),
            (slice(-shift), slice(shift, None)),
        ):
            share = alike * counts[there][:, None]
            total[here] += share * curves[there]
            weight[here] += share
    return total / weight


def noise_of(curves: np.ndarray, most: float) -> np.ndarray:
    """(curves,) standard deviation of the noise of curves (frames, curves), at most ``most``.

    From second differences in the calmest frames, whose deviation for white noise is sqrt(6) times
    the noise's.
    """
    bends = np.diff(np.asarray(curves, dtype=np.float64), 2, axis=0)
    if not len(bends):
        return np.zeros(curves.shape[1])
    stir = np.abs(bends).mean(axis=1)
    calm = bends[stir <= np.quantile(stir, CALM)]
    return np.minimum(CALM_BIAS * np.sqrt((calm**2).mean(axis=0) / 6), most)
