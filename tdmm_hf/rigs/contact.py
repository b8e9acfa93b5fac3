"""How far lids enter the eyeballs and lips the teeth when channels combine, in millimetres.

>>> import numpy as np
>>> from tdmm_hf.rigs import get_rig
>>> from tdmm_hf.rigs.contact import Contact
>>> rig = get_rig("tdmm")
>>> blink = np.zeros(55)
>>> blink[rig.space.indices(["eyeBlinkLeft", "eyeBlinkRight"])] = 1
>>> Contact(rig).measure(blink).lids < 0.5
True
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from .mesh import MeshRig

LID_REACH = 6.0  # skin this near to an eyeball's surface, in front of its centre, is lid
# Skin that is deeper at rest lines the socket: nobody sees it.
REST_DEPTH = 0.5
CHUNK = 16  # points at once: what is in between stays in the processor's cache


class Depth(NamedTuple):
    """Deepest point in millimetres, 0 where nothing enters."""

    lids: float
    lips: float


class Contact:
    """A rig's lids and eyeballs, lips and teeth.

    Args:
        rig: with materials ``skin`` and ``teeth``, eyeballs, and the vertex set ``lips``.
    """

    def __init__(self, rig: MeshRig):
        self.rig = rig
        self.teeth = _components(_faces(rig, "teeth"))
        self.lips = rig.vertex_sets["lips"]
        self.eyes = []
        skin = np.unique(_faces(rig, "skin"))
        for eye in rig.eyeballs:
            ball = rig.faces[np.isin(rig.faces, eye.vertices).all(axis=1)]
            self.eyes.append((self._lids(eye, ball, skin), ball))

    def measure(self, values: np.ndarray, identity: np.ndarray | None = None) -> Depth:
        """Of one pose, (C,) channels."""
        points = self.rig.local(np.float32(values), identity).astype(np.float64)
        lids = [depth(points[lids], points, ball) for lids, ball in self.eyes]
        lips = [depth(points[self.lips], points, tooth) for tooth in self.teeth]
        return Depth(
            lids=float(np.concatenate([*lids, [0.0]]).max()),
            lips=float(np.concatenate([*lips, [0.0]]).max()),
        )

    def _lids(self, eye, ball: np.ndarray, skin: np.ndarray) -> np.ndarray:
        """Skin in front of an eyeball."""
        points = self.rig.neutral.astype(np.float64)
        radius = np.linalg.norm(points[eye.vertices] - eye.center, axis=1).max()
        away = np.linalg.norm(points[skin] - eye.center, axis=1)
        near = skin[(away < radius + LID_REACH) & (points[skin, 2] > eye.center[2])]
        return near[depth(points[near], points, ball) <= REST_DEPTH]


def depth(points: np.ndarray, vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(n,) how deep points are inside a solid; 0 outside.

    Args:
        points: (n, 3).
        vertices: (V, 3).
        faces: (F, 3) the solid's surface; small holes in it do no harm.
    """
    found = np.zeros(len(points))
    corners = vertices[faces]
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    middle = (low + high) / 2
    reach = np.linalg.norm(corners - middle, axis=-1).max()
    near = ((points > low) & (points < high)).all(axis=1)
    near = np.flatnonzero(near & (np.linalg.norm(points - middle, axis=1) < reach))
    inside = near[winding_number(points[near], corners) > 0.5]
    if len(inside):
        found[inside] = _distance_to_triangles(points[inside], corners)
    return found


def winding_number(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(n,) share of the full solid angle that a surface covers, seen from points: 1 inside.

    By Van Oosterom and Strackee (1983), https://doi.org/10.1109/TBME.1983.325207, summed as in
    Jacobson et al. (2013), https://doi.org/10.1145/2461912.2461916.

    Args:
        points: (n, 3).
        corners: (F, 3, 3) triangles, counter-clockwise seen from outside.
    """
    parts = [_solid_angles(points[i : i + CHUNK], corners) for i in range(0, len(points), CHUNK)]
    return np.concatenate([np.zeros(0), *parts]) / (4 * np.pi)


def _solid_angles(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(n,) signed solid angle of a surface seen from points."""
    a, b, c = np.moveaxis(corners[None] - points[:, None, None], 2, 0)
    lengths = [np.linalg.norm(arm, axis=-1) for arm in (a, b, c)]
    product = np.einsum("nfi,nfi->nf", a, np.cross(b, c))
    scale = lengths[0] * lengths[1] * lengths[2]
    scale += np.einsum("nfi,nfi->nf", a, b) * lengths[2]
    scale += np.einsum("nfi,nfi->nf", b, c) * lengths[0]
    scale += np.einsum("nfi,nfi->nf", c, a) * lengths[1]
    return 2 * np.arctan2(product, scale).sum(axis=1)


def _distance_to_triangles(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(n,) distance of each point from the nearest triangle."""
    ends = [(corners[:, i], corners[:, (i + 1) % 3]) for i in range(3)]
    nearest = np.min([_distance_to_edges(points, *pair) for pair in ends], axis=0)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    height = np.einsum("nfi,fi->nf", points[:, None] - corners[:, 0], normals)
    above = np.ones_like(height, dtype=bool)
    for start, end in ends:
        inwards = np.cross(normals, end - start)
        above &= np.einsum("nfi,fi->nf", points[:, None] - start, inwards) >= 0
    return np.where(above, np.abs(height), nearest).min(axis=1)


def _distance_to_edges(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(n, F) distance of each point from each edge."""
    arms, steps = points[:, None] - start, end - start
    along = np.einsum("nfi,fi->nf", arms, steps) / np.maximum((steps**2).sum(1), 1e-12)
    return np.linalg.norm(arms - np.clip(along, 0, 1)[..., None] * steps, axis=-1)


def _faces(rig: MeshRig, material: str) -> np.ndarray:
    return rig.faces[rig.face_materials == list(rig.materials).index(material)]


def _components(faces: np.ndarray) -> list[np.ndarray]:
    """The faces of each connected part, so that a point is held against those it can be in."""
    edges = np.concatenate([faces[:, :2], faces[:, 1:]])
    size = faces.max(initial=-1) + 1
    links = coo_matrix((np.ones(len(edges)), edges.T), shape=(size, size))
    labels = connected_components(links, directed=False)[1][faces[:, 0]]
    return [faces[labels == label] for label in np.unique(labels)]
