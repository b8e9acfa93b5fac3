"""Errors of a moving face in millimetres: LVE, FVE, FDD, and the head's pose in degrees apart.

    >>> import numpy as np
    >>> from tdmm_hf.evaluation.metrics.geometry import face_errors
    >>> from tdmm_hf.motion import FaceMotion
    >>> straight, turned = np.zeros((2, 10, 55))
    >>> turned[:, 53] = np.radians(10)  # headYaw
    >>> errors = face_errors([FaceMotion(turned)], [FaceMotion(straight)])
    >>> errors.lve, errors.fve, round(errors.head_pose, 3)
    (0.0, 0.0, 10.0)

Vertices are those of a rig's neutral identity with the head at rest, so that a turned head is no
error of the lips. Lips, upper face and face are sets of the rig's vertices; eyeballs, teeth, tongue
and hair are in none of them.

Sources: MeshTalk, Richard et al. 2021, https://arxiv.org/abs/2104.08223 (LVE: the largest error of
a lip vertex; distances here are not squared, as they are in some published code); CodeTalker, Xing
et al. 2023, https://arxiv.org/abs/2301.02379 (FDD, after the paper: its code squares the
displacements and subtracts the other way round).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from ...motion import FaceMotion
from ...parameters import HEAD_CHANNELS
from ...rigs import HEAD_REGION, Rig, get_rig, head_rotation
from ...rigs.mesh import MeshRig
from .inputs import numbers, paired

FACE_MATERIALS = ("skin", "lips", "brow")
NOT_FACE = (HEAD_REGION, "gaze", "tongue")


@dataclass(frozen=True)
class FaceErrors:
    """What predicted faces are off by.

    Args:
        lve: mean over frames of the largest error of a lip vertex, millimetres.
        fve: mean error of a face vertex, millimetres.
        fdd: mean over motions of the predicted upper face's deviation less the reference's,
            millimetres: below zero where it moves too little.
        fdd_absolute: the same with each motion's difference made positive.
        head_pose: mean angle between the heads' poses, degrees.
        frames, motions: how many were compared.
        rig: whose vertices they are.
    """

    lve: float
    fve: float
    fdd: float
    fdd_absolute: float
    head_pose: float
    frames: int
    motions: int
    rig: str


def lip_vertex_error(predicted, reference, lips) -> float:
    """LVE: mean over frames of the largest distance of a lip vertex to where it should be.

    Args:
        predicted, reference: (frames, vertices, 3) positions, head pose removed.
        lips: indices of the lips' vertices.

    Raises:
        ValueError: other shapes, no lips, or numbers that are not finite.
    """
    return float(_distances(predicted, reference, lips).max(axis=1).mean())


def face_vertex_error(predicted, reference, face) -> float:
    """FVE: mean distance of a face vertex to where it should be.

    Args:
        predicted, reference: (frames, vertices, 3) positions, head pose removed.
        face: indices of the face's vertices.

    Raises:
        ValueError: other shapes, no face, or numbers that are not finite.
    """
    return float(_distances(predicted, reference, face).mean())


def upper_face_dynamics(predicted, reference, upper) -> float:
    """FDD: how much more the predicted upper face moves than the reference's.

    The dynamics of a vertex are the standard deviation over time of its distance from where it
    rests.

    Args:
        predicted, reference: (frames, vertices, 3) displacements from rest, head pose removed; one
            may be longer.
        upper: indices of the upper face's vertices.

    Raises:
        ValueError: other shapes, no upper face, or numbers that are not finite.
    """
    found = [
        _spread(_of_set(name, displacements, upper))
        for name, displacements in (("predicted", predicted), ("reference", reference))
    ]
    return found[0] - found[1]


def _spread(displacements: np.ndarray) -> float:
    """Mean over vertices of the deviation over time of the displacement's length."""
    return float(np.linalg.norm(displacements, axis=-1).std(axis=0).mean())


def _distances(predicted, reference, chosen) -> np.ndarray:
    """(frames, chosen) distances."""
    one, other = _of_set("predicted", predicted, chosen), _of_set("reference", reference, chosen)
    if one.shape != other.shape:
        raise ValueError(
            f"predicted and reference must have as many frames, got {len(one)} and {len(other)}"
        )
    return np.linalg.norm(one - other, axis=-1)


def _of_set(name: str, points, chosen) -> np.ndarray:
    """(frames, chosen, 3) of the vertices in a set."""
    points = numbers(f"{name} vertices", points, "frames, vertices, 3")
    chosen = np.asarray(chosen, dtype=int)
    if (
        points.shape[2] != 3
        or not chosen.size
        or chosen.min() < 0
        or chosen.max() >= points.shape[1]
    ):
        raise ValueError(
            f"a vertex set must hold indices of {name} (frames, vertices, 3), "
            f"got {chosen.size} indices and shape {points.shape}"
        )
    return points[:, chosen]


def head_rotations(motion: FaceMotion) -> Rotation:
    """The head's turn in each frame: pitch, yaw, roll of ARKit, axis-angle vectors of FLAME."""
    values = motion.values[:, list(motion.space.groups[HEAD_REGION])].astype(np.float64)
    if set(HEAD_CHANNELS) <= set(motion.channels):
        return Rotation.from_matrix(head_rotation(values))
    return Rotation.from_rotvec(values)


def head_pose_errors(predicted: FaceMotion, reference: FaceMotion) -> np.ndarray:
    """Angle of the rotation from one head's pose to the other's, (frames,) degrees."""
    between = head_rotations(predicted).inv() * head_rotations(reference)
    return np.degrees(between.magnitude())


class FaceSurface:
    """The vertices of a rig that errors are measured on.

    Args:
        rig: a rig with a surface, or its name.

    Raises:
        ValueError: a rig without a surface, or one whose lips or upper face are unknown.
    """

    def __init__(self, rig: Rig | str = "tdmm"):
        self.rig = get_rig(rig) if isinstance(rig, str) else rig
        sets = _vertex_sets(self.rig)
        self.kept = np.unique(np.concatenate(list(sets.values())))
        self.lips, self.upper_face, self.face = (
            np.searchsorted(self.kept, sets[name]) for name in ("lips", "upper_face", "face")
        )
        # a linear rig needs only the part of its basis that moves these vertices
        linear = type(self.rig) is MeshRig
        self._basis = self.rig.basis[:, self.kept].astype(np.float64) if linear else None

    def displacements(self, motion: FaceMotion) -> np.ndarray:
        """From rest, head pose removed: (frames, kept vertices, 3) millimetres."""
        self.rig.check_space(motion)
        values = motion.values.astype(np.float64)
        if self._basis is None:
            return self.rig.displacements(values)[:, self.kept]
        return np.tensordot(values, self._basis, axes=1)


def _vertex_sets(rig: Rig) -> dict[str, np.ndarray]:
    """Lips, upper face and face, (n,) vertices each."""
    if not isinstance(rig, MeshRig):
        raise ValueError(f"vertex errors need a rig with a surface, got {rig.name!r}")
    sets = {name: rig.vertex_sets.get(name, np.zeros(0, int)) for name in ("lips", "upper_face")}
    sets["face"] = rig.vertex_sets["face"] if "face" in rig.vertex_sets else _face(rig)
    for name, chosen in sets.items():
        if not len(chosen):
            raise ValueError(f"rig {rig.name!r} must know its {name} for vertex errors, has none")
    return sets


def _face(rig: MeshRig) -> np.ndarray:
    """Vertices of skin, lips and brows that a channel of the face moves."""
    wanted = [i for i, name in enumerate(rig.materials) if name in FACE_MATERIALS]
    surface = np.unique(rig.faces[np.isin(rig.face_materials, wanted)])
    return surface[~np.isin(np.array(rig.regions)[surface], NOT_FACE)]


def face_errors(
    predicted: Sequence[FaceMotion],
    reference: Sequence[FaceMotion],
    rig: FaceSurface | Rig | str = "tdmm",
) -> FaceErrors:
    """LVE, FVE and head pose over all frames, FDD over all motions.

    Frames in which either motion says that no face was seen are left out.

    Args:
        predicted: motions in the rig's space.
        reference: as many, each as long.
        rig: a FaceSurface, which is worth keeping over many calls, a rig or its name.

    Raises:
        ValueError: other numbers of motions or frames, another space, no frame with a face.
    """
    surface = rig if isinstance(rig, FaceSurface) else FaceSurface(rig)
    found = [_one_motion(surface, one, other) for one, other in paired(predicted, reference)]
    lips, face, head = (np.concatenate([each[i] for each in found]) for i in range(3))
    dynamics = np.array([each[3] for each in found])
    return FaceErrors(
        lve=float(lips.mean()),
        fve=float(face.mean()),
        fdd=float(dynamics.mean()),
        fdd_absolute=float(np.abs(dynamics).mean()),
        head_pose=float(head.mean()),
        frames=len(lips),
        motions=len(found),
        rig=surface.rig.name,
    )


def _one_motion(surface: FaceSurface, predicted: FaceMotion, reference: FaceMotion) -> tuple:
    """Errors of lips, face and head, (frames,) each, and the difference of upper face dynamics."""
    if predicted.num_frames != reference.num_frames:
        raise ValueError(
            "predicted and reference must have as many frames, "
            f"got {predicted.num_frames} and {reference.num_frames}"
        )
    seen = predicted.valid & reference.valid
    if not seen.any():
        raise ValueError("motions must show a face in at least one frame, got none")
    one, other = (surface.displacements(motion)[seen] for motion in (predicted, reference))
    distances = np.linalg.norm(one - other, axis=-1)  # (frames, kept)
    spreads = [_spread(each[:, surface.upper_face]) for each in (one, other)]
    return (
        distances[:, surface.lips].max(axis=1),
        distances[:, surface.face].mean(axis=1),
        head_pose_errors(predicted, reference)[seen],
        spreads[0] - spreads[1],
    )
