"""How lids move: by elevation about the eyeball's centre, so that they slide on it."""

from __future__ import annotations

import numpy as np

from .build import NeutralHead
from .eyes import cartesian, spherical

_POCKET_SHARE = {"margin_outer": 1.0, "margin_inner": 1.0, "pocket_0": 0.75, "pocket_1": 0.3}


def lid_moves(head: NeutralHead, row: dict) -> np.ndarray:
    """(half, 3) movement of the left half's lids and lashes.

    Args:
        head: the head at rest.
        row: degrees in the middle of each lid (``upper``, ``lower``); ``close`` 1 brings both to
            the line where they meet; ``sideways`` turns the lids towards the temple; ``bulge`` and
            ``lower_bulge`` lift the upper and the lower off the eyeball, mm.
    """
    eye = head.eye
    points = head.whole.points[: head.whole.half]
    margin = spherical(points[head.rings["margin_outer"]], eye.center)
    opening = eye.opening(margin[:, 0])
    upper = eye.is_upper
    to_line = eye.closed_line(margin[:, 0]) - margin[:, 1]
    turn = row.get("close", 0.0) * to_line
    turn += opening * (upper * row.get("upper", 0.0) + (1 - upper) * row.get("lower", 0.0))
    turn[upper == 0.5] = row.get("close", 0.0) * to_line[upper == 0.5]
    moves = np.zeros_like(points)
    for name, share in _shares(head).items():
        ring = head.rings[name]
        angles = spherical(points[ring], eye.center)
        angles[:, 1] += share * turn
        angles[:, 0] += share * row.get("sideways", 0.0) * opening
        out = upper * row.get("bulge", 0.0) + (1 - upper) * row.get("lower_bulge", 0.0)
        angles[:, 2] += share * opening * out
        moves[ring] = cartesian(angles, eye.center) - points[ring]
    moves[head.rings["lash"]] = moves[head.rings["margin_outer"]][head.rings["lash_margin"]]
    return moves


def _shares(head: NeutralHead) -> dict[str, float]:
    """How far each ring goes along with the margin."""
    rings = {f"lid_{k}": (1 - part) ** 1.3 for k, part in enumerate(head.eye.table["rings"])}
    return rings | _POCKET_SHARE
