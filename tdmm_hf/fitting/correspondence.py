"""Which place of FLAME's surface each point of another head is: so that movements can be compared.

    >>> from tdmm_hf.fitting.correspondence import correspond
    >>> from tdmm_hf.rigs import get_rig
    >>> places = correspond(get_rig("flame"), get_rig("tdmm"))  # doctest: +SKIP
    >>> places.displacements(offsets).shape                     # doctest: +SKIP
    (125, 3026, 3)

No table of landmarks is needed. The heads are laid over each other by their eyes; then size, place
and turn, and the head's own identity directions, bring its face to FLAME's surface; then a smooth
warp does the rest. At each step a point goes to the nearest place on the surface, where "near"
counts the direction of the surface, and how far a place follows the jaw: lips that touch are told
apart by it. The tip of the nose, and middle and corners of the mouth, where places that follow the
jaw meet those that do not, are found on both heads and go to each other.

It is iterative closest points with a shape model (Amberg et al. 2007, optimal step non-rigid ICP,
https://doi.org/10.1109/CVPR.2007.383165, with the smoothness of a Gaussian kernel).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from ..rigs.flame import LEFT_EYE, RIGHT_EYE, FlameRig
from ..rigs.mesh import MeshRig
from ..rigs.normals import vertex_normals

FACE_MATERIALS = ("skin", "lips", "lid_rim")  # what both kinds of head have
EYE_MATERIALS = ("sclera", "iris", "pupil")
LEAST_MOVEMENT = 0.3  # millimetres: points that no channel moves by this say nothing
# What a difference of normals (0 to 2) or of the jaw's share (0 to 1) counts, in millimetres.
NORMAL_WEIGHT, JAW_WEIGHT = 8.0, 20.0
SUBDIVISION = 3  # of each triangle's edges, when its surface is sampled
LIPS_MEET = 0.05  # how near they are there, in distances between the eyes
FAR = 5.0  # millimetres from which a pair counts less and less
RIGID_STEPS, SHAPE_STEPS = 4, 12
SHAPE_STRENGTH = 2.0  # how near to the mean person a shape stays
ANCHOR_WEIGHT = 40.0  # of a found place of nose and mouth, in points
WARP_SIGMAS = (30.0, 22.0, 16.0, 12.0, 9.0, 7.0)  # millimetres over which a warp is smooth


@dataclass(frozen=True, eq=False)
class Correspondence:
    """Points of a head and their places on FLAME.

    Args:
        points: (P,) vertices of the head.
        corners: (P, 3) FLAME's vertices around each place.
        shares: (P, 3) how near each is; rows sum to 1.
        turn: (3, 3) from the head's axes to FLAME's.
        scale: FLAME's size over the head's.
        distance: (P,) millimetres from the warped point to its place.
    """

    points: np.ndarray
    corners: np.ndarray
    shares: np.ndarray
    turn: np.ndarray
    scale: float
    distance: np.ndarray

    def displacements(self, offsets: np.ndarray) -> np.ndarray:
        """FLAME's (..., V, 3) movements at the points, (..., P, 3), in the head's size and axes."""
        at = np.einsum("...pck,pc->...pk", offsets[..., self.corners, :], self.shares)
        return at @ self.turn / self.scale


@cache
def correspond(flame: FlameRig, head: MeshRig) -> Correspondence:
    """Find the places; kept for each pair of rigs.

    Raises:
        ValueError: the head has no eyeballs to lay it over FLAME by.
    """
    surface = _Surface(flame)
    anchors = find_anchors(head, jaw_share(head))
    points = np.union1d(_moving_points(head), anchors)
    face = _Face(head, points)
    anchors = np.searchsorted(points, anchors)
    trust = np.ones(len(points))
    trust[anchors] = ANCHOR_WEIGHT
    goals = flame.neutral[find_anchors(flame, flame.jaw_weights)]

    def places_of(positions: np.ndarray) -> np.ndarray:
        places, _ = surface.nearest(positions, face.normals, face.jaw)
        places[anchors] = goals
        return places

    face.lay_over(*_eyes(flame), *_eyes(head))
    for step in range(RIGID_STEPS + SHAPE_STEPS):
        face.follow(places_of(face.positions), trust, shape=step >= RIGID_STEPS)
    warped = face.positions
    for sigma in WARP_SIGMAS:
        warped = warped + _smooth(warped, places_of(warped) - warped, trust, sigma)
    places, found = surface.nearest(warped, face.normals, face.jaw)
    return Correspondence(
        points=points,
        corners=surface.corners[found],
        shares=surface.shares[found],
        turn=face.turn,
        scale=face.scale,
        distance=np.linalg.norm(places - warped, axis=1),
    )


def jaw_share(head: MeshRig) -> np.ndarray:
    """(V,) how much of the jaw's turn each vertex of a head follows when jawOpen opens it."""
    offsets = head.basis[head.space.index("jawOpen")]
    reach = np.linalg.norm(offsets, axis=1)
    skin = np.zeros(len(reach), bool)
    skin[_vertices_of(head, FACE_MATERIALS)] = True
    chin = skin & (reach > 0.85 * reach[skin].max())
    before, after = head.neutral[chin], (head.neutral + offsets)[chin]
    turn, _ = Rotation.align_vectors(after - after.mean(0), before - before.mean(0))
    moved = turn.apply(head.neutral - before.mean(0)) + after.mean(0) - head.neutral
    return np.clip((offsets * moved).sum(1) / np.maximum((moved * moved).sum(1), 1), 0, 1)


def find_anchors(rig: MeshRig, jaw: np.ndarray) -> np.ndarray:
    """(7,) vertices: the tip of the nose, then upper and lower lip where the mouth's line begins to
    the subject's right, in the middle and at its end to the left.

    Args:
        rig: a head that looks ahead.
        jaw: (V,) how much of the jaw's turn each vertex follows.

    Raises:
        ValueError: the lips do not meet, or all of them follow the jaw alike.
    """
    eyes = _eyes(rig)
    apart = np.linalg.norm(eyes[0] - eyes[1])
    skin = _vertices_of(rig, FACE_MATERIALS)
    places, jaw = (rig.neutral[skin] - eyes.mean(axis=0)) / apart, jaw[skin]
    x, y, z = places.T
    tip = int(np.where((np.abs(x) < 0.15) & (y < -0.2) & (y > -1.1), z, -np.inf).argmax())
    below = (y < y[tip]) & (y > y[tip] - 1) & (z > 0)
    upper, lower = np.flatnonzero(below & (jaw < 0.3)), np.flatnonzero(below & (jaw > 0.6))
    if not (len(upper) and len(lower)):
        raise ValueError(f"lips of rig {rig.name!r} must part when the jaw opens")
    gap, facing = cKDTree(places[lower]).query(places[upper])
    meeting = gap < LIPS_MEET
    if not meeting.any():
        raise ValueError(f"lips of rig {rig.name!r} must meet at rest, {gap.min() * apart:.1f} mm")
    upper, lower = upper[meeting], lower[facing[meeting]]
    across = x[upper] + x[lower]
    chosen = [across.argmin(), np.abs(across).argmin(), across.argmax()]
    return skin[[tip, *np.column_stack([upper, lower])[chosen].ravel()]]


def _vertices_of(rig: MeshRig, materials: tuple[str, ...]) -> np.ndarray:
    chosen = np.isin(np.array(rig.materials)[rig.face_materials], materials)
    return np.unique(rig.faces[chosen])


def _moving_points(head: MeshRig) -> np.ndarray:
    """(P,) vertices of the face's skin that any channel moves."""
    skin = _vertices_of(head, FACE_MATERIALS)
    reach = np.linalg.norm(head.basis[:, skin], axis=-1).max(axis=0)
    return skin[reach > LEAST_MOVEMENT]


def _eyes(rig: MeshRig) -> np.ndarray:
    """(2, 3) centres of the left and the right eye."""
    if isinstance(rig, FlameRig):
        return rig.joint_regressor[[LEFT_EYE, RIGHT_EYE]] @ rig.neutral
    centers = {eye.side: eye.center for eye in rig.eyeballs}
    if set(centers) != {"Left", "Right"}:
        raise ValueError(f"a head to retarget to must have two eyeballs, got {sorted(centers)}")
    return np.array([centers["Left"], centers["Right"]])


class _Surface:
    """FLAME's skin, sampled: what is nearest in place, direction and share of the jaw."""

    def __init__(self, flame: FlameRig):
        eyes = np.isin(np.array(flame.materials)[flame.face_materials], EYE_MATERIALS)
        faces = flame.faces[~eyes]
        steps = np.arange(SUBDIVISION + 1)
        grid = np.array([(a, b) for a in steps for b in steps if a + b <= SUBDIVISION])
        lattice = np.column_stack([grid, SUBDIVISION - grid.sum(1)]) / SUBDIVISION
        self.corners = np.repeat(faces, len(lattice), axis=0)
        self.shares = np.tile(lattice, (len(faces), 1))
        normals = vertex_normals(flame.neutral[None], flame.faces)[0]
        self._places = self._of(flame.neutral)
        features = _features(
            self._places, _unit(self._of(normals)), self._of(flame.jaw_weights[:, None])[:, 0]
        )
        self._tree = cKDTree(features)

    def nearest(self, points: np.ndarray, normals: np.ndarray, jaw: np.ndarray):
        """(P, 3) places, and which samples they are."""
        _, found = self._tree.query(_features(points, normals, jaw))
        return self._places[found], found

    def _of(self, values: np.ndarray) -> np.ndarray:
        """(samples, k) of (V, k)."""
        return np.einsum("sck,sc->sk", values[self.corners], self.shares)


def _features(points: np.ndarray, normals: np.ndarray, jaw: np.ndarray) -> np.ndarray:
    """(n, 7) whose distances are millimetres."""
    return np.column_stack([points, NORMAL_WEIGHT * normals, JAW_WEIGHT * jaw])


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


class _Face:
    """A head's points on their way to FLAME: turned, scaled and moved, and of some person."""

    def __init__(self, head: MeshRig, points: np.ndarray):
        self._neutral = head.neutral[points]
        self._identities = head.identity_basis[:, points]
        self._normals = vertex_normals(head.neutral[None], head.faces)[0][points]
        self._person = np.zeros(len(self._identities))
        self.jaw = jaw_share(head)[points]
        self.turn, self.scale, self._shift = np.eye(3), 1.0, np.zeros(3)

    @property
    def positions(self) -> np.ndarray:
        """(P, 3) in FLAME's space."""
        shape = self._neutral + np.tensordot(self._person, self._identities, axes=1)
        return self.scale * shape @ self.turn.T + self._shift

    @property
    def normals(self) -> np.ndarray:
        return self._normals @ self.turn.T

    def lay_over(self, left, right, own_left, own_right) -> None:
        """Size and place by the eyes; both heads look ahead."""
        self.scale = float(np.linalg.norm(left - right) / np.linalg.norm(own_left - own_right))
        self._shift = (left + right) / 2 - self.scale * (own_left + own_right) / 2

    def follow(self, places: np.ndarray, trust: np.ndarray, shape: bool) -> None:
        """One step of least squares towards places (P, 3); also of the person, where wished."""
        now = self.positions
        middle = now.mean(axis=0)
        arms = now - middle
        away = places - now
        weight = trust / (1 + (np.linalg.norm(away, axis=1) / FAR) ** 2)
        turns = np.cross(np.eye(3)[:, None], arms)  # (3, P, 3)
        moves = [np.broadcast_to(np.eye(3)[:, None], turns.shape), turns, arms[None]]
        if shape:
            moves.append(self.scale * self._identities @ self.turn.T)
        columns = np.concatenate(moves).reshape(-1, away.size)
        row_weight = np.repeat(weight, 3)
        gram = (columns * row_weight) @ columns.T
        target = (columns * row_weight) @ away.ravel()
        if shape:
            strength = SHAPE_STRENGTH**2 * weight.sum() / 100
            gram[7:, 7:] += strength * np.eye(len(self._person))
            target[7:] -= strength * self._person
        step = np.linalg.solve(gram, target)
        turn = Rotation.from_rotvec(step[3:6]).as_matrix()
        self._shift = (1 + step[6]) * turn @ (self._shift - middle) + middle + step[:3]
        self.turn, self.scale = turn @ self.turn, self.scale * (1 + step[6])
        if shape:
            self._person = self._person + step[7:]


def _smooth(points: np.ndarray, offsets: np.ndarray, trust: np.ndarray, sigma: float) -> np.ndarray:
    """(P, 3) offsets, each the mean of those around within a Gaussian of this width."""
    squares = (points * points).sum(axis=1)
    distance = squares[:, None] + squares - 2 * points @ points.T
    kernel = np.exp(-distance.astype(np.float32) / (2 * sigma * sigma)) * trust
    return (kernel @ offsets) / kernel.sum(axis=1, keepdims=True)
