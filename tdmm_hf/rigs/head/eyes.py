"""One eye: the ball, the lids that slide on it, the pocket behind them, the lashes.

Lids live in angles about the eyeball's centre: azimuth (towards the temple) and elevation. A lid
moves by changing elevation on its own sphere, so it keeps clear of the ball.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from .mesh_parts import Half
from .surface import Sculpt

# The pocket behind the lids: degrees beyond the margin, then degrees from straight ahead.
_POCKET_WIDER = (14.0, 30.0)
_POCKET_POLAR = (100.0, 130.0, 158.0)


def spherical(points: np.ndarray, center: np.ndarray) -> np.ndarray:
    """(n, 3) azimuth, elevation in degrees and radius about a centre."""
    arm = points - center
    radius = np.linalg.norm(arm, axis=1)
    azimuth = np.degrees(np.arctan2(arm[:, 0], arm[:, 2]))
    elevation = np.degrees(np.arcsin(np.clip(arm[:, 1] / radius, -1, 1)))
    return np.stack([azimuth, elevation, radius], axis=1)


def cartesian(angles: np.ndarray, center: np.ndarray) -> np.ndarray:
    """The inverse of ``spherical``."""
    azimuth, elevation = np.radians(angles[:, 0]), np.radians(angles[:, 1])
    way = np.stack(
        [
            np.sin(azimuth) * np.cos(elevation),
            np.sin(elevation),
            np.cos(azimuth) * np.cos(elevation),
        ],
        axis=1,
    )
    return center + angles[:, 2:] * way


@dataclass(frozen=True, eq=False)
class Eye:
    """The table ``eye`` of the dimensions and what follows from it.

    A ring has ``2 * segments`` points: from the outer corner over the upper lid to the inner
    corner, and back under it.
    """

    table: dict

    @cached_property
    def center(self) -> np.ndarray:
        return np.array(self.table["center"], float)

    @property
    def radius(self) -> float:
        return self.table["radius"]

    @property
    def count(self) -> int:
        return 2 * self.table["segments"]

    def opening(self, azimuth: np.ndarray) -> np.ndarray:
        """How far from the corners towards the middle of the lids: 0 at the corners, 1 between."""
        inner, outer = self.table["inner"][0], self.table["outer"][0]
        part = np.clip((azimuth - inner) / (outer - inner), 0.0, 1.0)
        return (4.0 * part * (1.0 - part)) ** self.table["roundness"]

    def corner_line(self, azimuth: np.ndarray) -> np.ndarray:
        """Elevation of the straight line between the corners, degrees."""
        (inner, low), (outer, high) = self.table["inner"], self.table["outer"]
        return low + (azimuth - inner) / (outer - inner) * (high - low)

    def lean(self, azimuth: np.ndarray) -> np.ndarray:
        """-1 at the inner to 1 at the outer corner."""
        inner, outer = self.table["inner"][0], self.table["outer"][0]
        return np.clip(2 * (azimuth - inner) / (outer - inner) - 1, -1, 1)

    def margin(self) -> np.ndarray:
        """(count, 2) azimuth and elevation of the lid margin."""
        inner, outer = self.table["inner"][0], self.table["outer"][0]
        n = self.table["segments"]
        # Denser towards the corners, where the margin turns.
        part = 0.5 - 0.5 * np.cos(np.pi * (0.15 * _smooth(n) + 0.85 * np.arange(n + 1) / n))
        azimuth = outer + part * (inner - outer)
        upper = self.corner_line(azimuth) + self.table["upper"] * self.opening(azimuth) * (
            1 - self.table["upper_lean"] * self.lean(azimuth)
        )
        lower = self.corner_line(azimuth) + self.table["lower"] * self.opening(azimuth) * (
            1 + self.table["lower_lean"] * self.lean(azimuth)
        )
        return np.concatenate(
            [
                np.stack([azimuth, upper], axis=1),
                np.stack([azimuth, lower], axis=1)[-2:0:-1],
            ]
        )

    def closed_line(self, azimuth: np.ndarray) -> np.ndarray:
        """Elevation at which the lids meet, degrees."""
        return self.corner_line(azimuth) + self.table["closed"] * self.opening(azimuth)

    @cached_property
    def is_upper(self) -> np.ndarray:
        """(count,) 1 on the upper lid, 0 on the lower, one half at the corners."""
        index = np.arange(self.count)
        half = self.table["segments"]
        return np.where(index % half == 0, 0.5, np.where(index < half, 1.0, 0.0))


def _smooth(n: int) -> np.ndarray:
    part = np.arange(n + 1) / n
    return part * part * (3 - 2 * part)


def orbit_ring(eye: Eye, sculpt: Sculpt) -> np.ndarray:
    """(count, 3) where the skin's triangulation begins around the eye."""
    wide, high = eye.table["orbit"]
    turn = 2 * np.pi * np.arange(eye.count) / eye.count
    x, y = eye.table["orbit_center"]
    return sculpt.front(x + wide * np.cos(turn), y + high * np.sin(turn))


def add_lids(half: Half, eye: Eye, sculpt: Sculpt, orbit: np.ndarray) -> None:
    """Rings from the orbit (indices) inwards to the margin, under the lid and around the ball."""
    margin = eye.margin()
    outer_edge = cartesian(_with_radius(margin, eye.radius + eye.table["lid"]), eye.center)
    rings = [orbit]
    parts = np.array(eye.table["rings"])[:, None, None]
    targets = outer_edge + parts * (half.points[orbit] - outer_edge)
    hits = sculpt.front(*targets.reshape(-1, 3)[:, :2].T).reshape(targets.shape)
    for k, hit in enumerate(hits):
        rings.append(half.add("lid", _creased(hit, eye, k), f"lid_{k}"))
    rings.append(half.add("lid", outer_edge, "margin_outer"))
    for outer, inner in pairwise(rings):
        half.strip(outer, inner, "skin", closed=True)
    _add_pocket(half, eye, margin, rings[-1])


def _creased(ring: np.ndarray, eye: Eye, k: int) -> np.ndarray:
    """A ring pressed towards the eyeball where the table ``crease`` says so, upper lid only."""
    depth = eye.table["crease"][k]
    turn = 2 * np.pi * np.arange(eye.count) / eye.count
    upper = np.clip(np.sin(turn), 0, 1) ** 0.7
    arm = ring - eye.center
    return ring - arm / np.linalg.norm(arm, axis=1, keepdims=True) * (depth * upper)[:, None]


def _add_pocket(half: Half, eye: Eye, margin: np.ndarray, outer: np.ndarray) -> None:
    radius = eye.radius + eye.table["clearance"]
    edge = cartesian(_with_radius(margin, radius), eye.center)
    last = half.add("lid", edge, "margin_inner")
    half.strip(outer, last, "lid_rim", closed=True)
    front = _polar(edge, eye.center)
    deeper = [front + np.array([more, 0.0]) for more in _POCKET_WIDER]
    deeper += [np.stack([np.full(eye.count, at), front[:, 1]], 1) for at in _POCKET_POLAR]
    for k, polar in enumerate(deeper):
        ring = half.add("lid", _from_polar(polar, radius, eye.center), f"pocket_{k}")
        half.strip(last, ring, "lid_rim", closed=True)
        last = ring
    tip = half.add("lid", eye.center[None] - [0, 0, radius])
    half.fan(last, tip[0], "lid_rim")


def _with_radius(angles: np.ndarray, radius: float) -> np.ndarray:
    return np.concatenate([angles, np.full((len(angles), 1), radius)], axis=1)


def _polar(points: np.ndarray, center: np.ndarray) -> np.ndarray:
    """(n, 2) angle from straight ahead and turn about it, degrees."""
    arm = points - center
    angle = np.arccos(arm[:, 2] / np.linalg.norm(arm, axis=1))
    return np.degrees(np.stack([angle, np.arctan2(arm[:, 1], arm[:, 0])], axis=1))


def _from_polar(polar: np.ndarray, radius, center: np.ndarray) -> np.ndarray:
    angle, turn = np.radians(polar[:, 0]), np.radians(polar[:, 1])
    way = np.stack(
        [np.sin(angle) * np.cos(turn), np.sin(angle) * np.sin(turn), np.cos(angle)], axis=1
    )
    return center + radius * way


def add_eyeball(half: Half, eye: Eye) -> np.ndarray:
    """A ball whose pole looks ahead; rings at the edges of pupil, iris and white. Indices."""
    pupil, iris = (_ring_angle(eye, eye.table[key]) for key in ("pupil", "iris"))
    white = np.linspace(iris + 5, 168, 13)
    around = 32
    turn = np.arange(around) * 360.0 / around
    steps = [(pupil / 2, "pupil"), (pupil, "pupil"), (pupil + 3, "iris"),
             ((pupil + iris) / 2, "iris"), (iris - 2.5, "iris"), (iris, "limbus")]  # fmt: skip
    steps += [(angle, "sclera") for angle in white]
    front = half.add("eyeball", eye.center[None] + [0, 0, eye.radius])
    indices, last = [front], None
    for angle, material in steps:
        polar = np.stack([np.full(around, angle), turn], axis=1)
        ring = half.add("eyeball", _from_polar(polar, eye.radius, eye.center))
        if last is None:
            half.fan(ring, front[0], material)
        else:
            half.strip(ring, last, material, closed=True)
        indices.append(ring)
        last = ring
    back = half.add("eyeball", eye.center[None] - [0, 0, eye.radius])
    half.fan(last[::-1], back[0], "sclera")
    return np.concatenate([*indices, back])


def _ring_angle(eye: Eye, radius: float) -> float:
    return float(np.degrees(np.arcsin(radius / eye.radius)))
