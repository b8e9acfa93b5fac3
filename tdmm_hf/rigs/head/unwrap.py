"""Texture coordinates: the skin unrolled about the head's axis, other parts in their own tiles."""

from __future__ import annotations

import numpy as np

from .mesh_parts import Whole

# Part: left, bottom, width, height of its tile; the skin takes the upper left.
_TILES = {
    "eyeball": (0.82, 0.82, 0.16, 0.16),
    "upper_teeth": (0.82, 0.70, 0.16, 0.08),
    "lower_teeth": (0.82, 0.60, 0.16, 0.08),
    "tongue": (0.82, 0.42, 0.16, 0.16),
    "cavity": (0.82, 0.24, 0.16, 0.16),
    "ear": (0.82, 0.02, 0.16, 0.20),
    "brow": (0.02, 0.02, 0.2, 0.06),
    "lash": (0.24, 0.02, 0.2, 0.06),
    "hair": (0.46, 0.0, 0.34, 0.16),
}
_SKIN = (0.0, 0.18, 0.8, 0.82)


def texture_coordinates(whole: Whole) -> np.ndarray:
    """(V, 2) in 0..1. The middle of the skin's tile is the middle of the face."""
    points = whole.points
    turn = np.arctan2(points[:, 0], points[:, 2] + 80.0) / np.pi
    uv = np.zeros((len(points), 2))
    on_skin = ~np.isin(whole.parts, list(_TILES))
    uv[on_skin] = _fit(np.stack([turn, points[:, 1] / 250.0], axis=1)[on_skin], _SKIN)
    for part, tile in _TILES.items():
        chosen = whole.parts == part
        flat = points[chosen][:, [2, 1]] if part == "ear" else points[chosen][:, :2]
        if part == "tongue":
            flat = points[chosen][:, [0, 2]]
        if part in ("ear", "eyeball"):
            flat = flat.copy()
            right = points[chosen, 0] < 0
            flat[right] -= flat[right].mean(axis=0) - flat[~right].mean(axis=0)
        uv[chosen] = _fit(flat, tile)
    return uv


def _fit(flat: np.ndarray, tile: tuple[float, ...]) -> np.ndarray:
    left, bottom, wide, high = tile
    low, size = flat.min(axis=0), np.ptp(flat, axis=0)
    return np.array([left, bottom]) + (flat - low) / size * np.array([wide, high])
