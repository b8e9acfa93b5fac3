"""Work on a triangle mesh that a rig is made of: triangles, borders, regions.

>>> import numpy as np
>>> from tdmm_hf.rigs.surface import cut
>>> square = np.array([[0, 1, 2], [0, 2, 3]])
>>> at = np.array([-1.0, 1.0, 1.0, -1.0])
>>> faces, parents, mix = cut(square, at)
>>> faces.shape, (mix @ at).round(6).tolist()
((6, 3), [-1.0, 1.0, 1.0, -1.0, 0.0, 0.0, 0.0])
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from ..parameters import ParameterSpace
from .rig import HEAD_REGION

# Vertices this near to a border are on it: no slivers.
SNAP = 0.05
# A vertex that no channel moves by this share of its own reach belongs to the head.
LEAST_SHARE = 0.1


class Cut(NamedTuple):
    """A mesh with vertices along a border.

    Args:
        faces: (F', 3) triangles; those that the border crosses are split, none lies on both sides.
        parents: (F',) the face that each was, or was part of.
        mix: (V', V) sparse; per-vertex data of the new mesh is ``mix @ data``.
    """

    faces: np.ndarray
    parents: np.ndarray
    mix: csr_matrix


def triangulate(polygons: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Triangles of (F, 4) polygons, quads along the shorter diagonal, and each one's polygon.

    Args:
        polygons: vertices; -1 in the last column of triangles.
        points: (V, 3) positions.
    """
    quad = polygons[:, 3] >= 0
    a, b, c, d = polygons.T
    other = quad & (_length(points, a, c) > _length(points, b, d))
    first = np.where(other[:, None], np.stack([a, b, d], 1), np.stack([a, b, c], 1))
    second = np.where(other[:, None], np.stack([b, c, d], 1), np.stack([a, c, d], 1))
    faces = np.concatenate([first, second[quad]])
    owners = np.concatenate([np.arange(len(polygons)), np.flatnonzero(quad)])
    order = np.argsort(owners, kind="stable")
    return faces[order].astype(np.int32), owners[order]


def cut(faces: np.ndarray, level: np.ndarray) -> Cut:
    """Split the triangles that the zero line of a function crosses.

    Args:
        faces: (F, 3).
        level: (V,) values at the vertices, linear in between.
    """
    level = _snapped(faces, level)
    sign = np.sign(level)[faces].astype(int)
    crossed = sign.min(1) * sign.max(1) < 0
    corners = np.concatenate([faces[crossed][:, [i, (i + 1) % 3]] for i in range(3)])
    ends = np.unique(np.sort(corners, axis=1), axis=0)
    ends = ends[level[ends[:, 0]] * level[ends[:, 1]] < 0]
    new = {tuple(pair): len(level) + i for i, pair in enumerate(ends.tolist())}
    split = [_split(face, level, new) for face in faces[crossed].tolist()]
    pieces = [piece for parts in split for piece in parts]
    counts = [len(parts) for parts in split]
    kept = np.flatnonzero(~crossed)
    return Cut(
        faces=np.concatenate([faces[kept], np.array(pieces, np.int32).reshape(-1, 3)]),
        parents=np.concatenate([kept, np.repeat(np.flatnonzero(crossed), counts)]),
        mix=_mix(ends, level),
    )


def sides(faces: np.ndarray, level: np.ndarray) -> np.ndarray:
    """(F,) bool: below the border, for faces none of which lies on both sides of it."""
    return level[faces].sum(1) < 0


def used_vertices(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices that the faces use, and the faces in terms of those."""
    used, renamed = np.unique(faces, return_inverse=True)
    return used, renamed.reshape(faces.shape).astype(np.int32)


def distance_to_line(points: np.ndarray, line: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) distance of points from a polyline, and where it is nearest, in corners from its start.

    Args:
        points: (n, 2) or (n, 3).
        line: (m, 2) or (m, 3) corners.
    """
    start, step = line[:-1], np.diff(line, axis=0)
    along = ((points[:, None] - start) * step).sum(-1) / (step * step).sum(-1)
    along = np.clip(along, 0, 1)
    nearest = start + along[..., None] * step
    away = np.linalg.norm(points[:, None] - nearest, axis=-1)
    best = away.argmin(axis=1)
    rows = np.arange(len(points))
    return away[rows, best], best + along[rows, best]


def regions_by_motion(basis: np.ndarray, space: ParameterSpace) -> tuple[str, ...]:
    """(V,) face groups: that of the channel which moves a vertex by most of its own reach.

    Args:
        basis: (C, V, 3) displacement of each channel at 1.
        space: whose channels those are; vertices that hardly move belong to ``head``.
    """
    reach = np.linalg.norm(basis, axis=-1)
    share = reach / np.maximum(reach.max(axis=1, keepdims=True), 1e-9)
    groups = {name: members for name, members in space.groups.items() if name != HEAD_REGION}
    of_groups = np.stack([share[list(members)].max(axis=0) for members in groups.values()])
    names = np.array(list(groups))[of_groups.argmax(axis=0)]
    return tuple(np.where(of_groups.max(axis=0) < LEAST_SHARE, HEAD_REGION, names).tolist())


def _length(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[start] - points[end], axis=1)


def _snapped(faces: np.ndarray, level: np.ndarray) -> np.ndarray:
    """The level, zero where the border passes a vertex within ``SNAP`` of an edge's length."""
    pairs = np.concatenate([faces[:, [i, (i + 1) % 3]] for i in range(3)])
    near, far = level[pairs].T
    for one, other, vertices in ((near, far, pairs[:, 0]), (far, near, pairs[:, 1])):
        close = (one * other < 0) & (np.abs(one) < SNAP * np.abs(one - other))
        level = level.copy()
        level[vertices[close]] = 0
    return level


def _split(face: list[int], level: np.ndarray, new: dict) -> list[list[int]]:
    """Pieces of a crossed triangle, with its orientation."""
    outline = []
    for vertex, following in zip(face, face[1:] + face[:1], strict=True):
        outline.append(vertex)
        crossing = new.get((min(vertex, following), max(vertex, following)))
        if crossing is not None:
            outline.append(crossing)
    first = next(i for i, vertex in enumerate(outline) if vertex >= len(level))
    fan = outline[first:] + outline[:first]
    if len(fan) == 4:
        return [[fan[0], fan[1], fan[2]], [fan[0], fan[2], fan[3]]]
    # Two crossings: the corner between them alone, the rest a quad.
    if fan[2] >= len(level):
        return [fan[:3], [fan[0], fan[2], fan[3]], [fan[0], fan[3], fan[4]]]
    return [[fan[0], fan[1], fan[2]], [fan[0], fan[2], fan[3]], [fan[3], fan[4], fan[0]]]


def _mix(ends: np.ndarray, level: np.ndarray) -> csr_matrix:
    """(V + n, V): the old vertices, then points of level zero on the edges."""
    low, high = level[ends].T
    along = low / (low - high)
    old, count = len(level), len(ends)
    rows = np.concatenate([np.arange(old), old + np.repeat(np.arange(count), 2)])
    columns = np.concatenate([np.arange(old), ends.ravel()])
    weights = np.concatenate([np.ones(old), np.stack([1 - along, along], 1).ravel()])
    return csr_matrix((weights, (rows, columns)), shape=(old + count, old))
