"""Half a head in the making: points, triangles, materials, named rings; then its mirror image.

>>> import numpy as np
>>> from tdmm_hf.rigs.head.mesh_parts import Half
>>> half = Half()
>>> ring = half.add("skin", np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]]))
>>> half.triangles([ring], "skin")
>>> whole = half.mirrored()
>>> len(whole.points), len(whole.faces), whole.mirror.tolist()
(4, 2, [0, 3, 2, 1])

Everything is built for the subject's left (x >= 0). Points of the middle plane (x exactly 0) are
shared by both halves, all others are doubled.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

MIRROR = np.array([-1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class Whole:
    """Both halves: points (V, 3), faces (F, 3), materials (F,) and parts (V,) by name; ``mirror``
    (V,) is the vertex on the other side; the first ``half`` vertices are the left and middle."""

    points: np.ndarray
    faces: np.ndarray
    materials: np.ndarray
    parts: np.ndarray
    mirror: np.ndarray
    half: int

    def both(self, left: np.ndarray) -> np.ndarray:
        """Positions (half, 3) of the left half to (V, 3) of the whole."""
        right = left[self.mirror[self.half :]] * MIRROR
        return np.concatenate([left, right])


@dataclass
class Half:
    """Grows by ``add`` and the ``triangles``, ``strip`` and ``fan`` that join what was added."""

    _points: list[np.ndarray] = field(default_factory=list)
    _faces: list[np.ndarray] = field(default_factory=list)
    _materials: list[np.ndarray] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)
    rings: dict[str, np.ndarray] = field(default_factory=dict)

    def add(self, part: str, points: np.ndarray, name: str | None = None) -> np.ndarray:
        """Indices of new points that belong to a part; kept in ``rings`` if they have a name."""
        indices = np.arange(len(points)) + len(self._parts)
        self._points.append(np.asarray(points, float))
        self._parts += [part] * len(points)
        if name is not None:
            self.rings[name] = indices
        return indices

    def triangles(self, faces: np.ndarray, material: str) -> None:
        """Join points by (n, 3) indices, counter-clockwise seen from outside."""
        faces = np.asarray(faces, int).reshape(-1, 3)
        self._faces.append(faces)
        self._materials.append(np.full(len(faces), material, dtype=object))

    def strip(self, lower, upper, material: str, closed: bool = False) -> None:
        """Two rows of equal length; outside is where the first runs right below the second."""
        if closed:
            lower, upper = np.append(lower, lower[0]), np.append(upper, upper[0])
        a, b, c, d = lower[:-1], lower[1:], upper[1:], upper[:-1]
        self.triangles(np.stack([a, b, c], 1), material)
        self.triangles(np.stack([a, c, d], 1), material)

    def fan(self, ring, tip: int, material: str, closed: bool = True) -> None:
        """A ring and the point that closes it; outside is where the ring runs counter-clockwise."""
        after = np.roll(ring, -1) if closed else ring[1:]
        ring = ring if closed else ring[:-1]
        self.triangles(np.stack([ring, after, np.full(len(ring), tip)], 1), material)

    @property
    def points(self) -> np.ndarray:
        """(n, 3) all points so far."""
        return np.concatenate(self._points)

    @property
    def parts(self) -> np.ndarray:
        """(n,) part names."""
        return np.array(self._parts)

    def mirrored(self) -> Whole:
        """The whole head."""
        points, parts = self.points, self.parts
        faces, materials = np.concatenate(self._faces), np.concatenate(self._materials)
        paired = np.flatnonzero(points[:, 0] != 0.0)
        mirror = np.arange(len(points))
        mirror[paired] = len(points) + np.arange(len(paired))
        back = np.concatenate([mirror, paired])
        return Whole(
            points=np.concatenate([points, points[paired] * MIRROR]),
            faces=np.concatenate([faces, mirror[faces][:, ::-1]]).astype(np.int32),
            materials=np.concatenate([materials, materials]).astype(str),
            parts=np.concatenate([parts, parts[paired]]),
            mirror=back,
            half=len(points),
        )
