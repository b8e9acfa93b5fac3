"""A surface in motion, as the renderers get it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Shape:
    """The surface in some frames.

    Args:
        points: (frames, V, 3) float32 millimetres.
        normals: (frames, V, 3) float32 unit vectors.
        openness: (frames, V) float32, how much of its surroundings a vertex sees.
    """

    points: np.ndarray
    normals: np.ndarray
    openness: np.ndarray
