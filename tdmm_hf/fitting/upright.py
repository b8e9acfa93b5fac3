"""Landmarks as seen from the front: what is left of them when head and camera are taken away.

>>> from tdmm_hf.fitting.upright import head_angles, upright
>>> shapes = upright(landmarks, matrices)  # doctest: +SKIP
>>> shapes.shape                           # doctest: +SKIP
(125, 478, 3)
"""

from __future__ import annotations

import numpy as np

from ..parameters import get_space
from .faces import landmark_mirror

OUTER_EYE_CORNERS = (33, 263)
# The bridge of the nose and the corners of the eyes: what no expression moves.
ANCHORS = (1, 4, 5, 195, 197, 6, 168, 33, 263, 133, 362)
_IMAGE_TO_FACE = np.float32([1, -1, -1])  # y down and z away, to y up and z towards the camera
_REFLECTION = np.diag(np.float32([-1, 1, 1]))


def rotations(matrices: np.ndarray) -> np.ndarray:
    """(..., 3, 3) rotations of matrices (..., 4, 4), their scale taken away."""
    turned = np.asarray(matrices, np.float32)[..., :3, :3]
    return turned / np.linalg.norm(turned, axis=-2, keepdims=True)


def head_angles(matrices: np.ndarray) -> np.ndarray:
    """(..., 3) pitch, yaw, roll in radians of R = Ry(yaw) Rx(pitch) Rz(roll)."""
    r = rotations(matrices)
    pitch = np.arcsin(np.clip(-r[..., 1, 2], -1, 1))
    yaw = np.arctan2(r[..., 0, 2], r[..., 2, 2])
    return np.stack([pitch, yaw, np.arctan2(r[..., 1, 0], r[..., 1, 1])], axis=-1)


def upright(landmarks: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """(frames, 478, 3) float32 in the face's axes, the anchors' middle at 0, the outer corners of
    the eyes 1 apart.

    Args:
        landmarks: (frames, 478, 3) in pixels, as in ``Face``.
        matrices: (frames, 4, 4) the head in the camera's space.
    """
    points = np.asarray(landmarks, np.float32) * _IMAGE_TO_FACE
    points = (points - points.mean(axis=1, keepdims=True)) @ rotations(matrices)
    left, right = OUTER_EYE_CORNERS
    points /= np.linalg.norm(points[:, left] - points[:, right], axis=1)[:, None, None]
    return points - points[:, list(ANCHORS)].mean(axis=1, keepdims=True)


def mirrored(
    landmarks: np.ndarray, scores: np.ndarray, matrices: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Landmarks, scores (frames, 52) and matrices of the face in a mirror."""
    matrices = np.array(matrices, np.float32)
    matrices[:, :3, :3] = _REFLECTION @ matrices[:, :3, :3] @ _REFLECTION
    mirror = list(get_space("arkit").mirror_index[: scores.shape[1]])
    return landmarks[:, landmark_mirror()] * np.float32([-1, 1, 1]), scores[:, mirror], matrices
