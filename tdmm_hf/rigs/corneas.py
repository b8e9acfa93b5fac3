"""Wet eyes: eyeballs reflect the lights as if each had the bulge of a cornea, which meshes lack.

    >>> from tdmm_hf.rigs.corneas import Corneas               # doctest: +SKIP
    >>> Corneas(rig, resting).bulge(points, normals)            # doctest: +SKIP

Without it no light is mirrored near the iris, and eyes look blind.
"""

from __future__ import annotations

import numpy as np

from .mesh import MeshRig

_EDGE = (30.0, 50.0)  # degrees from the gaze: the cornea begins to end, and has ended
_BULGE = 0.6  # how much faster its normals turn than the eyeball's


class Corneas:
    """The normals of a rig's eyeballs.

    Args:
        rig: the head.
        resting: (V, 3) its vertices at rest, gazing along +z.
    """

    def __init__(self, rig: MeshRig, resting: np.ndarray):
        self._eyes = []
        for eye in rig.eyeballs:
            ball = resting[eye.vertices]
            center = eye.center + ball.mean(axis=0) - rig.neutral[eye.vertices].mean(axis=0)
            self._eyes.append((eye.vertices, ball - ball.mean(axis=0), _bulged(ball - center)))

    def bulge(self, points: np.ndarray, normals: np.ndarray) -> None:
        """Set the eyeballs' normals (frames, V, 3) for vertices at ``points`` (frames, V, 3)."""
        for vertices, rest, rest_normals in self._eyes:
            turn = _rotation(rest, points[:, vertices])
            normals[:, vertices] = rest_normals @ turn


def _bulged(arms: np.ndarray) -> np.ndarray:
    """(n, 3) normals of an eye that gazes along +z, from its vertices about its centre."""
    across = np.hypot(arms[:, 0], arms[:, 1])
    angle = np.arctan2(across, arms[:, 2])
    begin, end = np.radians(_EDGE)
    share = np.clip((end - angle) / (end - begin), 0, 1)
    angle *= 1 + _BULGE * share * share * (3 - 2 * share)
    sideways = arms[:, :2] / np.maximum(across, 1e-9)[:, None]
    return np.column_stack([sideways * np.sin(angle)[:, None], np.cos(angle)])


def _rotation(rest: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(frames, 3, 3), for rows, that turns centred points (n, 3) into (frames, n, 3) (Kabsch)."""
    moved = points - points.mean(axis=1, keepdims=True)
    left, _, right = np.linalg.svd(np.einsum("nc,tnd->tcd", rest, moved))
    left[:, :, 2] *= np.sign(np.linalg.det(left @ right))[:, None]
    return left @ right
