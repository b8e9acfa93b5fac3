"""A rig with a surface: triangles, materials, eyeballs that turn, a neck that follows, identities.

>>> from tdmm_hf.rigs import get_rig
>>> rig = get_rig("tdmm")                                        # doctest: +SKIP
>>> rig.vertices(motion, identity=rig.random_identity(3)).shape  # doctest: +SKIP
(125, 9000, 3)

What a renderer, a fitter or an exporter asks of a head, whichever head it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial.transform import Rotation

from ..motion import FaceMotion
from ..parameters import HEAD_CHANNELS
from .rig import Rig, head_rotation

# What eyeLook channels mean at 1, in degrees: sideways, up or down.
GAZE_DEGREES = {"In": 30.0, "Out": 30.0, "Up": 25.0, "Down": 25.0}
LANDMARKS = 68


@dataclass(frozen=True)
class Eyeball:
    """The vertices that turn with one eye.

    Args:
        side: ``Left`` or ``Right``, the subject's.
        vertices: (n,) indices.
        center: (3,) millimetres, the point about which they turn.
    """

    side: str
    vertices: np.ndarray
    center: np.ndarray


@dataclass(frozen=True, eq=False, kw_only=True)
class MeshRig(Rig):
    """A face rig with a surface. Lengths are millimetres, axes those of the package.

    Args:
        faces: (F, 3) int32 triangles, counter-clockwise seen from outside.
        uv: (V, 2) texture coordinates in 0..1, v up.
        materials: names such as ``skin``, ``lips``, ``sclera``, ``iris``, ``pupil``, ``teeth``,
            ``gums``, ``tongue``, ``brow``, ``lash``, ``hair``.
        face_materials: (F,) index into ``materials``.
        eyeballs: what the eyeLook channels turn, besides what their basis moves of the lids.
        neck_weights: (V,) how much of the head's turn each vertex follows, 1 in the head.
        identity_basis: (I, V, 3) displacement of each identity direction at one standard deviation.
        landmarks: (68,) vertices of the iBUG points; empty where unknown.
        vertex_sets: indices by name; ``lips``, ``brows`` and ``upper_face`` at least, for metrics.
    """

    faces: np.ndarray
    uv: np.ndarray
    materials: tuple[str, ...]
    face_materials: np.ndarray
    eyeballs: tuple[Eyeball, ...]
    neck_weights: np.ndarray
    identity_basis: np.ndarray
    landmarks: np.ndarray
    vertex_sets: dict[str, np.ndarray]

    def local(self, values: np.ndarray, identity: np.ndarray | None = None) -> np.ndarray:
        """Positions with the head at rest, (..., C) to (..., V, 3).

        Args:
            values: channels.
            identity: (I,) in standard deviations; the neutral head by default.
        """
        shape = self.neutral
        if identity is not None:
            shape = shape + np.tensordot(identity, self.identity_basis, axes=1)
        points = shape + self.displacements(values)
        for eye in self.eyeballs:
            center = eye.center + shape[eye.vertices].mean(0) - self.neutral[eye.vertices].mean(0)
            turned = (points[..., eye.vertices, :] - center) @ np.swapaxes(
                self._gaze(values, eye.side), -1, -2
            )
            points[..., eye.vertices, :] = turned + center
        return points

    def vertices(self, motion: FaceMotion, identity: np.ndarray | None = None) -> np.ndarray:
        """Positions in the world, (frames, V, 3) in millimetres.

        Raises:
            ValueError: the motion is in another space, or the identity has the wrong length.
        """
        self.check_space(motion)
        self.check_identity(identity)
        rotation = head_rotation(motion.values[:, self.space.indices(HEAD_CHANNELS)])
        local = self.local(motion.values, identity)
        turned = (local - self.neck_pivot) @ rotation.transpose(0, 2, 1) + self.neck_pivot
        return local + self.neck_weights[:, None] * (turned - local)

    @cached_property
    def linear_geometry(self) -> np.ndarray:
        """(C, V, 3) displacements with all turns made linear: the head's, by the weights of the
        neck, and the eyeballs'."""
        geometry = super().linear_geometry
        geometry[self.space.indices(HEAD_CHANNELS)] *= self.neck_weights[:, None]
        for eye in self.eyeballs:
            arms = self.neutral[eye.vertices] - eye.center
            for way, axis in _gaze_axes(eye.side).items():
                turned = np.radians(GAZE_DEGREES[way]) * np.cross(axis, arms)
                geometry[self.space.index(f"eyeLook{way}{eye.side}"), eye.vertices] += turned
        return geometry

    def check_identity(self, identity: np.ndarray | None) -> None:
        """ValueError unless there is one number for each identity direction, or no identity."""
        if identity is not None and np.shape(identity) != (len(self.identity_basis),):
            raise ValueError(
                f"identity must have shape ({len(self.identity_basis)},), got {np.shape(identity)}"
            )

    def random_identity(self, seed: int) -> np.ndarray:
        """(I,) standard normal directions of a person, within two and a half deviations."""
        draws = np.random.default_rng(seed).standard_normal(len(self.identity_basis))
        return np.clip(draws, -2.5, 2.5)

    def _gaze(self, values: np.ndarray, side: str) -> np.ndarray:
        """Rotation of an eyeball, (..., 3, 3): positive yaw to the subject's left, pitch down."""

        def degrees(way: str) -> np.ndarray:
            return GAZE_DEGREES[way] * values[..., self.space.index(f"eyeLook{way}{side}")]

        outward = 1 if side == "Left" else -1
        yaw = outward * (degrees("Out") - degrees("In"))
        pitch = degrees("Down") - degrees("Up")
        angles = np.stack([yaw, pitch], axis=-1).reshape(-1, 2)
        matrices = Rotation.from_euler("YX", angles, degrees=True).as_matrix()
        return matrices.reshape(*np.shape(yaw), 3, 3)


def _gaze_axes(side: str) -> dict[str, np.ndarray]:
    """(3,) axes about which an eyeball turns to look each way."""
    outward = np.array([0.0, 1.0 if side == "Left" else -1.0, 0.0])
    down = np.array([1.0, 0.0, 0.0])
    return {"Out": outward, "In": -outward, "Down": down, "Up": -down}
