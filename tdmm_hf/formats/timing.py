"""Frames at uneven times, put on an even grid.

>>> import numpy as np
>>> times, values = np.array([0.0, 0.1, 0.3]), np.array([[0.0], [1.0], [3.0]])
>>> spread_evenly(times, values, np.ones(3, bool), fps=10).values.T
array([[0., 1., 2., 3.]])
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# A grid with more frames than this for each that there is: the times are no animation's.
MOST_FRAMES_EACH = 100


class EvenFrames(NamedTuple):
    """``values`` (frames, channels), ``valid`` (frames,), and whether anything had to move."""

    values: np.ndarray
    valid: np.ndarray
    moved: bool


def spread_evenly(
    times: np.ndarray, values: np.ndarray, valid: np.ndarray, fps: float
) -> EvenFrames:
    """Frames at every 1 / fps seconds from the first time to the last.

    Frames that already lie within half a frame of the grid are returned as they are; else values
    are interpolated linearly and validity is the nearest frame's.

    Args:
        times: (frames,) rising seconds.
        values: (frames, channels).
        valid: (frames,) bool.
        fps: frames per second of the grid.

    Raises:
        ValueError: nearly all frames would have to be made up.
    """
    count = round((times[-1] - times[0]) * fps) + 1
    if count > MOST_FRAMES_EACH * len(times):
        raise ValueError(
            f"frames must follow each other closely, got {len(times)} of {count} at {fps:g} fps"
        )
    grid = times[0] + np.arange(count) / fps
    if len(grid) == len(times) and np.abs(grid - times).max() < 0.5 / fps:
        return EvenFrames(values, valid, moved=False)
    even = np.column_stack([np.interp(grid, times, channel) for channel in values.T])
    nearest = np.rint(np.interp(grid, times, np.arange(len(times)))).astype(int)
    return EvenFrames(even, valid[nearest], moved=True)


def fill_invalid(values: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """(frames, channels) with invalid frames interpolated from, or held at, the valid ones."""
    frames = np.arange(len(values))
    columns = [np.interp(frames, frames[valid], channel[valid]) for channel in values.T]
    return np.column_stack(columns)
