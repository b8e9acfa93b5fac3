"""A linear face rig: points that each channel moves along a straight line, and a head that turns.

>>> import numpy as np
>>> from tdmm_hf.motion import FaceMotion
>>> from tdmm_hf.rigs import get_rig
>>> rig = get_rig("sparse")
>>> rig.vertices(FaceMotion(np.zeros((25, 55)))).shape == (25, *rig.neutral.shape)
True
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial.transform import Rotation

from ..motion import FaceMotion
from ..parameters import HEAD_CHANNELS, ParameterSpace

HEAD_REGION = "head"
_HEAD_AXES = {"headPitch": (1, 0, 0), "headYaw": (0, 1, 0), "headRoll": (0, 0, 1)}


def head_rotation(angles: np.ndarray) -> np.ndarray:
    """Rotation matrices of (..., 3) pitch, yaw, roll in radians: R = Ry Rx Rz, (..., 3, 3)."""
    angles = np.asarray(angles, dtype=np.float64)
    order = angles[..., [1, 0, 2]].reshape(-1, 3)
    return Rotation.from_euler("YXZ", order).as_matrix().reshape(*angles.shape[:-1], 3, 3)


@dataclass(frozen=True, eq=False)
class Rig:
    """Points of a face in millimetres.

    Args:
        name: the rig's name.
        space: the parameter space whose channels move it.
        regions: V face regions. Points of region ``head`` are a frame that only the pose moves.
        neutral: (V, 3) positions of the resting face.
        basis: (C, V, 3) displacement of each channel at 1; zero for the head's channels.
        neck_pivot: (3,) the point about which the head turns.
        point_names: V names, where the points have any.
    """

    name: str
    space: ParameterSpace
    regions: tuple[str, ...]
    neutral: np.ndarray
    basis: np.ndarray
    neck_pivot: np.ndarray
    point_names: tuple[str, ...] = ()

    def displacements(self, values: np.ndarray) -> np.ndarray:
        """Movement of the points within the head, head pose removed: (..., C) to (..., V, 3)."""
        return np.tensordot(values, self.basis, axes=1)

    def vertices(self, motion: FaceMotion) -> np.ndarray:
        """Positions in the world, (frames, V, 3) in millimetres.

        Raises:
            ValueError: the motion is in another space.
        """
        self.check_space(motion)
        rotation = head_rotation(motion.values[:, self.space.indices(HEAD_CHANNELS)])
        local = self.neutral + self.displacements(motion.values) - self.neck_pivot
        return local @ rotation.transpose(0, 2, 1) + self.neck_pivot

    def check_space(self, motion: FaceMotion) -> None:
        """ValueError unless the motion's channels are those that move this rig."""
        if motion.space.name != self.space.name:
            raise ValueError(
                f"rig {self.name!r} needs space {self.space.name!r}, got {motion.space.name!r}"
            )

    @cached_property
    def linear_geometry(self) -> np.ndarray:
        """(C, V, 3) displacements with the head's turn made linear.

        Face points move within the head, the ``head`` points by the first order of the rotation
        (100 mm from the pivot, one degree is 1.75 mm): one matrix from channels to millimetres.
        """
        geometry = self.basis.copy()
        frame = np.array([region == HEAD_REGION for region in self.regions])
        arms = self.neutral[frame] - self.neck_pivot
        for channel, axis in _HEAD_AXES.items():
            geometry[self.space.index(channel), frame] = np.cross(axis, arms)
        return geometry
