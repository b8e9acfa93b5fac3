"""Normals of a triangle mesh.

>>> import numpy as np
>>> from tdmm_hf.rigs.normals import vertex_normals
>>> square = np.array([[[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]], dtype=float)
>>> vertex_normals(square, np.array([[0, 1, 2], [0, 2, 3]]))[0, 1].tolist()
[0.0, 0.0, 1.0]
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array


def incidence(faces: np.ndarray, count: int) -> coo_array:
    """(V, F): 1 where a vertex belongs to a face."""
    face = np.repeat(np.arange(len(faces)), 3)
    shape = (count, len(faces))
    return coo_array((np.ones(faces.size), (faces.ravel(), face)), shape=shape).tocsr()


def vertex_normals(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals, weighted by area: (frames, V, 3) positions to (frames, V, 3)."""
    around = incidence(faces, points.shape[1]).astype(points.dtype)
    normals = np.empty_like(points)
    for at, frame in enumerate(points):
        corners = frame[faces]
        across = cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        normals[at] = around @ across
    length = np.sqrt(np.einsum("tvc,tvc->tv", normals, normals))
    return normals / np.maximum(length, 1e-12)[..., None]


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    ax, ay, az = a.T
    bx, by, bz = b.T
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)
