"""The sculpt: a head as smoothly joined round solids, seen from a centre inside it.

>>> import numpy as np
>>> from tdmm_hf.rigs.head.surface import Sculpt
>>> ball = Sculpt([{"ellipsoid": [0, 0, 0], "radii": [80, 80, 80]}], center=[0, 0, 0])
>>> ball.cast(np.array([[0.0, 0.0, 1.0]])).round(2)
array([[ 0.,  0., 80.]])

Solids are ellipsoids and round cones; each is joined to those before it with a fillet of its own
width (``blend``, millimetres), or cut out of them (``cut: true``). Those off the middle stand on
both sides. The formulas are those of signed distance modelling (Inigo Quilez, "Distance
functions" and "Smooth minimum", iquilezles.org).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

_FAR = 260.0
_AHEAD = 40.0
_STEPS = 60
_TOLERANCE = 1e-3
_MIRROR = np.array([-1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class Sculpt:
    """A surface that every ray from ``center`` meets once, or whose outermost meeting counts.

    Args:
        solids: rows of the table ``dimensions.yaml``, in the order in which they are joined.
        center: (3,) millimetres.
    """

    solids: list[dict]
    center: np.ndarray = field(default_factory=lambda: np.zeros(3))

    def distance(self, points: np.ndarray) -> np.ndarray:
        """Signed distance of (n, 3) points, about right near the surface, negative inside."""
        total = np.full(len(points), 1e9)
        for solid in self.solids:
            for one in _both_sides(solid):
                width = solid.get("blend", 0.0)
                if solid.get("cut"):
                    total = -smooth_minimum(-total, _solid(points, one), width)
                else:
                    total = smooth_minimum(total, _solid(points, one), width)
        return total

    def cast(self, directions: np.ndarray) -> np.ndarray:
        """Where rays from the centre leave the head, (n, 3) directions to (n, 3) points."""
        directions = directions / np.linalg.norm(directions, axis=1, keepdims=True)
        return self._inwards(self.center + _FAR * directions, -directions)

    def front(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The foremost surface points at (n,) x and y, (n, 3)."""
        start = np.stack([x, y, np.full(len(x), _AHEAD)], axis=1)
        return self._inwards(start, np.broadcast_to([0.0, 0.0, -1.0], start.shape))

    def _inwards(self, start: np.ndarray, ways: np.ndarray) -> np.ndarray:
        points = start.copy()
        moving = np.arange(len(points))
        for _ in range(_STEPS):
            gap = self.distance(points[moving])
            points[moving] += gap[:, None] * ways[moving]
            moving = moving[np.abs(gap) > _TOLERANCE]
            if not len(moving):
                break
        return points

    def normals(self, points: np.ndarray, step: float = 0.2) -> np.ndarray:
        """Outward unit normals at (n, 3) surface points."""
        axes = np.eye(3) * step
        slope = np.stack(
            [self.distance(points + axis) - self.distance(points - axis) for axis in axes], axis=1
        )
        return slope / np.linalg.norm(slope, axis=1, keepdims=True)


def smooth_minimum(a: np.ndarray, b: np.ndarray, width: float) -> np.ndarray:
    """The smaller of two distances, with a fillet ``width`` wide where they meet."""
    if width <= 0:
        return np.minimum(a, b)
    least = np.minimum(a, b)
    near = np.flatnonzero(np.abs(a - b) < width)
    least[near] -= (width - np.abs(a[near] - b[near])) ** 2 / (4 * width)
    return least


def _both_sides(solid: dict) -> list[dict]:
    keys = [key for key in ("ellipsoid", "cone", "to") if key in solid]
    if all(solid[key][0] == 0 for key in keys):
        return [solid]
    mirrored = {key: (np.array(solid[key]) * _MIRROR).tolist() for key in keys}
    if "turn" in solid:
        pitch, yaw, roll = solid["turn"]
        mirrored["turn"] = [pitch, -yaw, -roll]
    return [solid, solid | mirrored]


def _solid(points: np.ndarray, solid: dict) -> np.ndarray:
    if "ellipsoid" in solid:
        return _ellipsoid(points, solid)
    start, end = np.array(solid["cone"], float), np.array(solid["to"], float)
    return _round_cone(points, start, end, *solid["radii"])


def _ellipsoid(points: np.ndarray, solid: dict) -> np.ndarray:
    local = points - np.array(solid["ellipsoid"], float)
    if "turn" in solid:
        from scipy.spatial.transform import Rotation

        local = local @ Rotation.from_euler("XYZ", solid["turn"], degrees=True).as_matrix()
    radii = np.array(solid["radii"], float)
    near = np.sqrt(((local / radii) ** 2).sum(1))
    steep = np.sqrt(((local / radii**2) ** 2).sum(1))
    return near * (near - 1.0) / np.maximum(steep, 1e-9)


def _round_cone(points, start, end, start_radius: float, end_radius: float) -> np.ndarray:
    """Distance to balls of changing radius along a segment (the simple, slightly blunt form)."""
    along = end - start
    part = np.clip((points - start) @ along / (along @ along), 0.0, 1.0)
    gap = np.linalg.norm(points - start - part[:, None] * along, axis=1)
    return gap - (start_radius + part * (end_radius - start_radius))
