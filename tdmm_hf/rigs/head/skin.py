"""The skin between the openings: evenly spread points, dense where the face is fine.

Points are spread over the directions seen from the sculpt's centre, joined by the triangulation
of the sphere (its convex hull), cut open where the rings of eyes, mouth and neck are.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import ConvexHull, cKDTree

from .mesh_parts import MIRROR

_GOLDEN = np.pi * (3.0 - np.sqrt(5.0))
_ROUNDS = 12
_FRONT_CONE = 0.35


def fibonacci_sphere(count: int, lowest: float = -1.0) -> np.ndarray:
    """(count, 3) evenly spread unit vectors with z between ``lowest`` and 1."""
    z = 1.0 - (np.arange(count) + 0.5) / count * (1.0 - lowest)
    turn = _GOLDEN * np.arange(count)
    flat = np.sqrt(1.0 - z**2)
    return np.stack([flat * np.cos(turn), flat * np.sin(turn), z], axis=1)


class Spacing:
    """How far apart points of the skin are to be, at (n, 3) points, by the table ``spacing``."""

    def __init__(self, table: dict):
        self._table = table

    def __call__(self, points: np.ndarray) -> np.ndarray:
        table = self._table
        back = np.clip((5.0 - points[:, 2]) / 90.0, 0.0, 1.0)
        wanted = table["front"] + back * (table["wide"] - table["front"])
        for place in table["places"]:
            for side in (1.0, -1.0):
                at = np.array(place["at"]) * [side, 1, 1]
                part = np.linalg.norm(points - at, axis=1) / place["radius"]
                near = place["to"] + part**1.5 * (table["front"] - place["to"])
                wanted = np.where(part < 1, np.minimum(wanted, near), wanted)
        return wanted


def middle_line(fixed_ends, spacing: Spacing, reach, center) -> np.ndarray:
    """Directions in the middle plane between pairs of end directions, ends left out, (n, 3)."""
    rows = []
    for start, end in fixed_ends:
        angles = np.linspace(start, end, 4000)
        way = np.stack([np.zeros_like(angles), np.sin(angles), np.cos(angles)], axis=1)
        points = center + way * reach(way)[:, None]
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1) / spacing(points[1:])
        length = np.concatenate([[0.0], np.cumsum(steps)])
        count = max(round(length[-1]), 1)
        rows.append(way[np.searchsorted(length, np.arange(1, count) / count * length[-1])])
    return np.concatenate(rows)


def spread(fixed: np.ndarray, middle: np.ndarray, inside, spacing: Spacing, reach, center):
    """Free directions of the left half, (n, 3): far enough from each other and what is fixed.

    Args:
        fixed: (f, 3) directions of rings, left half.
        middle: (m, 3) directions of the middle line.
        inside: tells of (n, 3) directions whether they lie in an opening.
        spacing: wanted distances.
        reach: distance of the surface along directions.
        center: (3,) where directions start.
    """
    ball = fibonacci_sphere(16000)
    front = fibonacci_sphere(30000, lowest=_FRONT_CONE)
    tried = np.concatenate([front, ball[ball[:, 2] < _FRONT_CONE]])
    tried = tried[tried[:, 0] > 0]
    tried = tried[~inside(tried)]
    kept = np.concatenate([fixed, middle])
    everything = np.concatenate([kept, tried])
    points = center + everything * reach(everything)[:, None]
    wanted = spacing(points)
    taken = _far_apart(points, wanted, len(kept))
    off_middle = points[:, 0] > wanted * 0.5
    chosen = [i for i in taken if i >= len(kept) and off_middle[i]]
    return everything[chosen]


def _far_apart(points: np.ndarray, wanted: np.ndarray, given: int) -> list[int]:
    """Indices kept in order, so that each keeps its wanted distance from those before it."""
    tree = cKDTree(points)
    free = np.ones(len(points), bool)
    near = tree.query_ball_point(points, wanted * 0.86)
    kept = []
    for i, around in enumerate(near):
        if free[i] or i < given:
            kept.append(i)
            free[around] = False
    return kept


def triangulate(left: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """Triangles of the left half, counter-clockwise from outside.

    Args:
        left: (n, 3) unit vectors with x > 0.
        middle: (m, 3) unit vectors with x = 0.

    Returns:
        (F, 3) indices into left, then middle.
    """
    hull = ConvexHull(np.concatenate([left, middle, left * MIRROR]))
    faces = hull.simplices
    faces = faces[(faces < len(left) + len(middle)).all(axis=1)]
    a, b, c = (hull.points[faces[:, k]] for k in range(3))
    inward = np.einsum("ij,ij->i", np.cross(b - a, c - a), a + b + c) < 0
    faces[inward] = faces[inward][:, ::-1]
    return faces


def relax(left: np.ndarray, middle: np.ndarray, fixed: int) -> np.ndarray:
    """Left directions after each free one moved to the middle of its neighbours, some rounds."""
    for _ in range(_ROUNDS):
        faces = triangulate(left, middle)
        everything = np.concatenate([left, middle])
        total, count = np.zeros_like(everything), np.zeros(len(everything))
        for k in range(3):
            for other in (faces[:, (k + 1) % 3], faces[:, (k + 2) % 3]):
                np.add.at(total, faces[:, k], everything[other])
                np.add.at(count, faces[:, k], 1.0)
        moved = total[: len(left)] / np.maximum(count[: len(left), None], 1)
        moved /= np.linalg.norm(moved, axis=1, keepdims=True)
        moved[:fixed] = left[:fixed]
        left = moved
    return left


def in_polygon(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Whether (n, 2) points lie within a polygon of (c, 2) corners."""
    from matplotlib.path import Path

    return Path(corners).contains_points(points)
