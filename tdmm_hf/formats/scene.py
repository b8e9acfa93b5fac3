"""A head as 3D files hold it: one surface, blend shapes, joints, and how the joints turn.

    >>> from tdmm_hf.formats.scene import joint_rotations, scene
    >>> from tdmm_hf.rigs import get_rig
    >>> head = scene(get_rig("tdmm"), look="sand")               # doctest: +SKIP
    >>> head.joint_names                                         # doctest: +SKIP
    ('Neck', 'Head', 'LeftEye', 'RightEye')

What glTF, USD and BVH writers share. Linear blend skinning of the blend-shaped points with the
turned joints is exactly ``rig.vertices(motion, identity)``: vertices follow ``Head`` as far as
their neck weight says and ``Neck``, which stands still, for the rest; eyeballs follow their eyes.

Lengths are millimetres, axes the package's (glTF's); quaternions are (x, y, z, w).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from ..motion import FaceMotion
from ..parameters import HEAD_CHANNELS
from ..rigs import Rig, get_rig
from ..rigs.looks import Material, finish, look_names, materials
from ..rigs.mesh import MeshRig
from ..rigs.normals import vertex_normals
from .gaze import gaze_angles

NECK, HEAD = "Neck", "Head"
EYES = {"Left": "LeftEye", "Right": "RightEye"}
INFLUENCES = 2
# Blend shapes leave out what moves by less than this, in millimetres.
LEAST_OFFSET = 0.001


@dataclass(frozen=True)
class Joint:
    """A bone that does not turn at rest.

    Args:
        name: ``Neck``, ``Head``, ``LeftEye`` or ``RightEye``.
        parent: index of the joint it follows; -1 for the first.
        position: (3,) millimetres in the world, at rest.
    """

    name: str
    parent: int
    position: np.ndarray


@dataclass(frozen=True)
class BlendShape:
    """What one channel at 1 adds to some vertices.

    Args:
        vertices: (n,) rising indices.
        offsets: (n, 3) millimetres.
        normals: (n, 3) what it adds to their unit normals.
    """

    vertices: np.ndarray
    offsets: np.ndarray
    normals: np.ndarray


@dataclass(frozen=True, eq=False)
class Scene:
    """A head at rest, and what moves it.

    Args:
        points: (V, 3) millimetres.
        normals: (V, 3) unit vectors.
        uv: (V, 2) in 0..1, v up.
        colors: (V, 3) linear RGB: materials blended where they meet, cheeks redder.
        triangles: (F, 3), counter-clockwise seen from outside.
        materials: in the rig's order.
        face_materials: (F,) index into ``materials``.
        blend_shapes: by channel, every weight channel of the rig's space in its order.
        joints: parents first.
        joint_indices: (V, 2) which joints a vertex follows.
        joint_weights: (V, 2) how far; rows sum to 1.
    """

    points: np.ndarray
    normals: np.ndarray
    uv: np.ndarray
    colors: np.ndarray
    triangles: np.ndarray
    materials: tuple[Material, ...]
    face_materials: np.ndarray
    blend_shapes: dict[str, BlendShape]
    joints: tuple[Joint, ...]
    joint_indices: np.ndarray
    joint_weights: np.ndarray

    @property
    def joint_names(self) -> tuple[str, ...]:
        return tuple(joint.name for joint in self.joints)


def scene(rig: MeshRig, identity: int | np.ndarray | None = None, look: str | None = None) -> Scene:
    """The head of a rig.

    Args:
        rig: with a surface.
        identity: whose head: a seed, (I,) standard deviations, or the neutral one.
        look: a name of materials.yaml; by default a seed picks one, else the first.

    Raises:
        ValueError: an unknown look, an identity of the wrong length.
    """
    names = look_names()
    look = look or names[identity % len(names) if isinstance(identity, int | np.integer) else 0]
    colors = finish(rig, look).color
    points = resting(rig, identity)
    normals = vertex_normals(points[None], rig.faces)[0]
    indices, weights = _influences(rig)
    return Scene(
        points=points,
        normals=normals,
        uv=rig.uv,
        colors=colors,
        triangles=rig.faces,
        materials=materials(rig, look),
        face_materials=rig.face_materials,
        blend_shapes=_blend_shapes(rig, points, normals),
        joints=skeleton(rig, identity),
        joint_indices=indices,
        joint_weights=weights,
    )


def mesh_rig(rig: str | Rig, motion: FaceMotion) -> MeshRig:
    """A rig, or the one of that name; ``ValueError`` unless it can show the motion in 3D."""
    head = get_rig(rig) if isinstance(rig, str) else rig
    if not isinstance(head, MeshRig):
        raise ValueError(f"a 3D file needs a rig with a surface, got rig {head.name!r}")
    head.check_space(motion)
    return head


def resting(rig: MeshRig, identity: int | np.ndarray | None) -> np.ndarray:
    """(V, 3) a person's head at rest: of a seed, of (I,) standard deviations, or the neutral."""
    if identity is None:
        return rig.neutral
    person = rig.random_identity(identity) if isinstance(identity, int | np.integer) else identity
    rig.check_identity(person)
    return rig.neutral + np.tensordot(person, rig.identity_basis, axes=1)


def skeleton(rig: MeshRig, identity: int | np.ndarray | None = None) -> tuple[Joint, ...]:
    """Neck, from the lowest point to the pivot; head, at the pivot; eyes, at their centres."""
    moved = resting(rig, identity) - rig.neutral
    foot = np.array([rig.neck_pivot[0], rig.neutral[:, 1].min(), rig.neck_pivot[2]])
    eyes = [
        Joint(EYES[eye.side], 1, eye.center + moved[eye.vertices].mean(axis=0))
        for eye in rig.eyeballs
    ]
    return (Joint(NECK, -1, foot), Joint(HEAD, 0, np.array(rig.neck_pivot, float)), *eyes)


def joint_rotations(motion: FaceMotion, rig: MeshRig) -> dict[str, np.ndarray]:
    """How every joint turns against its parent: name to (frames, 4) unit quaternions x, y, z, w.

    One quaternion follows the other without a change of sign, so that they can be interpolated.
    """
    angles = motion.values[:, rig.space.indices(HEAD_CHANNELS)].astype(np.float64)
    turns = {
        NECK: Rotation.identity(motion.num_frames),
        HEAD: Rotation.from_euler("YXZ", angles[:, [1, 0, 2]]),
    }
    for eye in rig.eyeballs:
        turns[EYES[eye.side]] = Rotation.from_euler("YX", gaze_angles(motion.values, eye.side))
    return {name: _continuous(turn.as_quat()) for name, turn in turns.items()}


def _continuous(quaternions: np.ndarray) -> np.ndarray:
    """The same rotations, (frames, 4), no quaternion more than a right angle from the last."""
    flips = np.einsum("tc,tc->t", quaternions[1:], quaternions[:-1]) < 0
    return quaternions * np.where(np.cumsum(np.r_[False, flips]) % 2, -1, 1)[:, None]


def _blend_shapes(rig: MeshRig, points: np.ndarray, normals: np.ndarray) -> dict[str, BlendShape]:
    shapes = {}
    for channel, unit in enumerate(rig.space.units):
        if unit != "weight":
            continue
        offsets = rig.basis[channel]
        vertices = np.flatnonzero(np.linalg.norm(offsets, axis=1) >= LEAST_OFFSET)
        moved = vertex_normals((points + offsets)[None], rig.faces)[0] - normals
        shapes[rig.space.channels[channel]] = BlendShape(
            vertices, offsets[vertices], moved[vertices]
        )
    return shapes


def _influences(rig: MeshRig) -> tuple[np.ndarray, np.ndarray]:
    """(V, 2) joints and (V, 2) weights: head and neck, or an eye alone."""
    indices = np.tile([1, 0], (len(rig.neutral), 1))
    weights = np.column_stack([rig.neck_weights, 1 - rig.neck_weights])
    for joint, eye in enumerate(rig.eyeballs, start=2):
        indices[eye.vertices] = joint, 0
    return indices, weights
