"""How much of its surroundings each part of a head sees: creases, nostrils and mouths are dark.

>>> import numpy as np
>>> from tdmm_hf.rigs.openness import openness
>>> plate = np.array([[0, 0, 0], [90, 0, 0], [90, 90, 0], [0, 90, 0]], dtype=float)
>>> openness(plate, np.array([[0, 1, 2], [0, 2, 3]])).min() > 0.9
np.True_
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .mesh import MeshRig
from .normals import cross, incidence, vertex_normals

MOUTH = "jawOpen"
# The channels that open what is closed at rest, or the other way round.
UNCOVERING = (MOUTH, "eyeBlinkLeft", "eyeBlinkRight")
_DIRECTIONS = 96
_CELL = 3.0  # millimetres: what a depth map resolves
_REACH = 6.0  # millimetres: how much nearer to the light a surface must be to cover another
_R2 = np.array([0.7548776662466927, 0.5698402909980532])  # steps that fill a square evenly


def openness(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """How much of the surroundings each vertex sees, (V,) in 0..1: (V, 3) positions.

    The mean over directions of whether a depth map seen from there shows the vertex.
    """
    normals = vertex_normals(points[None], faces)[0]
    cloud = np.concatenate([points, _scatter(points[faces])]).astype(np.float32).T.copy()
    seen, weight = np.zeros(len(points)), np.full(len(points), 1e-9)
    for direction in _sphere(_DIRECTIONS):
        facing = np.maximum(normals @ direction, 0)
        seen += facing * _visible(len(points), cloud, direction)
        weight += facing
    neighbours = incidence(faces, len(points))
    smooth = neighbours @ (seen / weight)[faces].mean(axis=1)
    return smooth / np.maximum(neighbours.sum(axis=1), 1)


def _scatter(corners: np.ndarray) -> np.ndarray:
    """(N, 3) points spread over triangles (F, 3, 3), close enough to fill the depth maps."""
    across = cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(across, axis=1) / 2
    face = np.repeat(np.arange(len(corners)), np.ceil(2 * area / _CELL**2).astype(int))
    b, c = np.arange(len(face)) * _R2[:, None] % 1
    b, c = np.where(b + c > 1, 1 - b, b), np.where(b + c > 1, 1 - c, c)
    a = 1 - b - c
    first, second, third = corners[face].transpose(1, 0, 2)
    return a[:, None] * first + b[:, None] * second + c[:, None] * third


def _sphere(count: int) -> np.ndarray:
    """(count, 3) directions, evenly spread (a Fibonacci lattice)."""
    height = 1 - (2 * np.arange(count) + 1) / count
    turn = np.arange(count) * np.pi * (3 - np.sqrt(5))
    ring = np.sqrt(1 - height**2)
    return np.stack([ring * np.cos(turn), height, ring * np.sin(turn)], axis=1)


def _visible(count: int, cloud: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """0 covered to 1 free, (count,), of a cloud's (3, N) first points seen along a direction."""
    height = direction.astype(np.float32) @ cloud
    cells = np.linalg.svd(direction[None])[2][1:].astype(np.float32) @ cloud
    cells = ((cells - cells.min(axis=1, keepdims=True)) / _CELL).astype(np.intp)
    width = cells[1].max() + 1
    index = cells[0] * width + cells[1]
    highest = np.full((cells[0].max() + 1) * width, -np.inf, dtype=np.float32)
    np.maximum.at(highest, index, height)
    covered = highest[index[:count]] - height[:count]
    return np.clip(2 - covered / _REACH, 0, 1)


@dataclass(frozen=True)
class OpennessBasis:
    """How open the surface is in any pose.

    Args:
        rest: (V,) of the resting face.
        change: (C, V) with each channel at 1.
    """

    rest: np.ndarray
    change: np.ndarray

    def at(self, values: np.ndarray) -> np.ndarray:
        """(frames, V) float32 in 0..1 of (frames, C) channels."""
        return np.clip(self.rest + values @ self.change, 0, 1).astype(np.float32)


def openness_basis(
    rig: MeshRig, inside: np.ndarray, identity: np.ndarray | None = None
) -> OpennessBasis:
    """Openness from a few poses of a person; linear in the channels in between.

    Args:
        rig: the head.
        inside: (V,) bool, what is seen through an open mouth only: always as open as there.
        identity: whose head.
    """

    def pose(*channels: str) -> np.ndarray:
        values = np.zeros(len(rig.space.channels))
        values[[rig.space.index(name) for name in channels]] = 1
        return openness(rig.local(values, identity), rig.faces)

    rest, change = pose(), np.zeros((len(rig.space.channels), len(rig.neutral)))
    for name in UNCOVERING:
        if name in rig.space.channels:
            change[rig.space.index(name)] = pose(name) - rest
    if MOUTH in rig.space.channels:
        opened = change[rig.space.index(MOUTH)]
        rest[inside] += opened[inside]
        opened[inside] = 0
    return OpennessBasis(rest, change)
