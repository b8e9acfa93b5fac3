"""The identity basis: how people differ, from the table ``identity.yaml``.

Brushes deform space, so that skin, hair, teeth and tongue move together. An eye with its lids and
lashes moves as one and keeps its shape, so that the lids of every person slide on the eyeball.
"""

from __future__ import annotations

import numpy as np

from .build import NeutralHead

# Millimetres beyond the eyeball: rigid with it up to the first, free from the second.
_RIGID = (4.0, 16.0)
_STEP = 0.5


def identity_basis(head: NeutralHead, table: dict) -> np.ndarray:
    """(directions, V, 3) displacement of each at one standard deviation."""
    whole = head.whole
    points, parts = whole.points[: whole.half], whole.parts[: whole.half]
    hold = _eye_hold(head, points, parts)[:, None]
    moves = []
    for brushes in table["directions"].values():
        free = sum(_brush(points, brush, parts) for brush in brushes)
        moves.append(whole.both(free + hold * (_with_the_eye(head, brushes, points) - free)))
    return np.stack(moves)


def _brush(points: np.ndarray, brush: dict, parts: np.ndarray | None = None) -> np.ndarray:
    """A smooth local move and stretch on both sides, (n, 3) points to (n, 3)."""
    total = np.zeros_like(points)
    at = np.array(brush["at"], float)
    stretch = np.array(brush.get("stretch", [0, 0, 0]), float)
    for side in (1.0,) if at[0] == 0 else (1.0, -1.0):
        across = np.array([side, 1.0, 1.0])
        arm = points - at * across
        weight = np.exp(-0.5 * ((arm / brush["radii"]) ** 2).sum(axis=1))[:, None]
        total += weight * (np.array(brush.get("move", [0, 0, 0])) * across + arm * stretch)
    if "parts" in brush:
        on = np.zeros(len(points), bool) if parts is None else np.isin(parts, brush["parts"])
        total[~on] = 0.0
    return total


def _eye_hold(head: NeutralHead, points: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """(n,) 1 on the eye and its lids, fading to 0 in the skin around."""
    gap = np.linalg.norm(points - head.eye.center, axis=1) - head.eye.radius
    part = np.clip((_RIGID[1] - gap) / (_RIGID[1] - _RIGID[0]), 0, 1)
    part = part * part * (3 - 2 * part)
    part[np.isin(parts, ("eyeball", "lash"))] = 1.0
    part[np.isin(parts, ("ear", "hair", "upper_teeth", "lower_teeth", "tongue"))] = 0.0
    return part


def _with_the_eye(head: NeutralHead, brushes: list[dict], points: np.ndarray) -> np.ndarray:
    """What the points do when they move and grow as the eyeball does."""
    center = head.eye.center
    around = np.concatenate([center[None], center + _STEP * np.eye(3), center - _STEP * np.eye(3)])
    moved = sum(_brush(around, brush) for brush in brushes)
    growth = np.mean([(moved[1 + k] - moved[4 + k])[k] for k in range(3)]) / (2 * _STEP)
    growth += sum(brush.get("eyes", 0.0) for brush in brushes)
    return moved[0] + growth * (points - center)
