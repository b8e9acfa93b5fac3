"""The identity basis: how people differ, from the table ``identity.yaml``."""

from __future__ import annotations

import numpy as np

from .build import NeutralHead


def identity_basis(head: NeutralHead, table: dict) -> np.ndarray:
    """(directions, V, 3) displacement of each at one standard deviation."""
    points = head.whole.points
    basis = np.zeros((len(table["directions"]), *points.shape))
    for i, row in enumerate(table["directions"].values()):
        for brush in row:
            basis[i] += _brush(points, brush)
    return basis


def _brush(points: np.ndarray, brush: dict) -> np.ndarray:
    """A smooth local move and stretch on both sides: (V, 3)."""
    total = np.zeros_like(points)
    at = np.array(brush["at"], float)
    for side in (1.0,) if at[0] == 0 else (1.0, -1.0):
        here = at * [side, 1, 1]
        gap = (points - here) / np.array(brush["radii"], float)
        weight = np.exp(-0.5 * (gap**2).sum(axis=1))[:, None]
        move = np.array(brush.get("move", [0, 0, 0]), float) * [side, 1, 1]
        total += weight * (move + (points - here) * np.array(brush.get("stretch", [0, 0, 0])))
    return total
