"""A rig's surface as the renderers want it: colours and finish at rest, normals in every frame.

>>> import numpy as np
>>> from tdmm_hf.video.surface import vertex_normals
>>> square = np.array([[[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]], dtype=float)
>>> vertex_normals(square, np.array([[0, 1, 2], [0, 2, 3]]))[0, 1].tolist()
[0.0, 0.0, 1.0]
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import yaml
from scipy.sparse import coo_array

from ..rigs.mesh import MeshRig

_DIRECTIONS = 96
_CELL = 3.0  # millimetres: what the depth maps of the openness resolve
_REACH = 6.0  # millimetres: how much nearer to the light a surface must be to cover another
_R2 = np.array([0.7548776662466927, 0.5698402909980532])  # steps that fill a square evenly
# The channels that open what is closed at rest, or the other way round.
UNCOVERING = ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight")


@cache
def _data() -> dict:
    path = Path(__file__).with_name("materials.yaml")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def look_names() -> tuple[str, ...]:
    """The looks by name, the default first."""
    return tuple(_data()["looks"])


@dataclass(frozen=True)
class Finish:
    """How the vertices reflect light.

    Args:
        color: (V, 3) float32 linear RGB.
        gloss: (V, 3) float32 roughness, specular, subsurface.
        two_sided: (F,) bool, faces that are seen from behind too.
    """

    color: np.ndarray
    gloss: np.ndarray
    two_sided: np.ndarray


@dataclass(frozen=True)
class Shape:
    """The surface in some frames.

    Args:
        points: (frames, V, 3) float32 millimetres.
        normals: (frames, V, 3) float32 unit vectors.
        openness: (frames, V) float32, how much of its surroundings a vertex sees.
    """

    points: np.ndarray
    normals: np.ndarray
    openness: np.ndarray


def finish(rig: MeshRig, look: str) -> Finish:
    """Materials at the vertices: where two meet, they blend across one triangle.

    Raises:
        ValueError: unknown look, or a material that has no entry.
    """
    data = _data()
    if look not in data["looks"]:
        raise ValueError(f"look must be one of {', '.join(data['looks'])}, got {look!r}")
    rows, two_sided = [], []
    for name in rig.materials:
        if name not in data["materials"]:
            raise ValueError(
                f"material must be one of {', '.join(data['materials'])}, "
                f"got {name!r} in rig {rig.name!r}"
            )
        material = data["materials"][name]
        color = _linear(data["looks"][look].get(name, material["color"]))
        rows.append([*color, material["roughness"], material["specular"], material["subsurface"]])
        two_sided.append(material.get("two_sided", False))
    spread = _incidence(rig.faces, len(rig.neutral))
    count = np.maximum(spread.sum(axis=1), 1)[:, None]
    mixed = spread @ np.array(rows)[rig.face_materials] / count
    color, gloss = np.split(mixed.astype(np.float32), 2, axis=1)
    return Finish(color, gloss, np.array(two_sided)[rig.face_materials])


def _linear(color: str) -> np.ndarray:
    """Linear RGB of sRGB ``#rrggbb``."""
    return np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]) ** 2.2


def _incidence(faces: np.ndarray, count: int) -> coo_array:
    """(V, F): 1 where a vertex belongs to a face."""
    face = np.repeat(np.arange(len(faces)), 3)
    shape = (count, len(faces))
    return coo_array((np.ones(faces.size), (faces.ravel(), face)), shape=shape).tocsr()


def vertex_normals(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals, weighted by area: (frames, V, 3) positions to (frames, V, 3)."""
    incidence = _incidence(faces, points.shape[1]).astype(points.dtype)
    normals = np.empty_like(points)
    for at, frame in enumerate(points):
        corners = frame[faces]
        across = _cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        normals[at] = incidence @ across
    length = np.sqrt(np.einsum("tvc,tvc->tv", normals, normals))
    return normals / np.maximum(length, 1e-12)[..., None]


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    ax, ay, az = a.T
    bx, by, bz = b.T
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def openness(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """How much of the surroundings each vertex sees, (V,) in 0..1: (V, 3) positions.

    The mean over directions of whether a depth map seen from there shows the vertex.
    """
    normals = vertex_normals(points[None], faces)[0]
    cloud = np.concatenate([points, _scatter(points[faces])])
    seen, weight = np.zeros(len(points)), np.full(len(points), 1e-9)
    for direction in _sphere(_DIRECTIONS):
        facing = np.maximum(normals @ direction, 0)
        seen += facing * _visible(points, cloud, direction)
        weight += facing
    neighbours = _incidence(faces, len(points))
    smooth = neighbours @ (seen / weight)[faces].mean(axis=1)
    return smooth / np.maximum(neighbours.sum(axis=1), 1)


def _scatter(corners: np.ndarray) -> np.ndarray:
    """(N, 3) points spread over triangles (F, 3, 3), close enough to fill the depth maps."""
    across = _cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
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


def _visible(points: np.ndarray, cloud: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """0 covered to 1 free, (V,), of points seen along a direction among a cloud of points."""
    across = np.linalg.svd(direction[None])[2][1:]
    low = (cloud @ across.T).min(0)
    cells = ((cloud @ across.T - low) / _CELL).astype(int)
    width = cells[:, 1].max() + 1
    index = cells[:, 0] * width + cells[:, 1]
    depth = np.full((cells[:, 0].max() + 1) * width, -np.inf)
    np.maximum.at(depth, index, cloud @ direction)
    behind = depth[index[: len(points)]] - points @ direction
    return np.clip(2 - behind / _REACH, 0, 1)


def openness_basis(rig: MeshRig, identity: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Openness at rest (V,) and its change with each channel at 1, (C, V)."""

    def pose(*channels: str) -> np.ndarray:
        values = np.zeros(len(rig.space.channels))
        values[[rig.space.index(name) for name in channels]] = 1
        return openness(rig.local(values, identity), rig.faces)

    rest = pose()
    basis = np.zeros((len(rig.space.channels), len(rest)))
    for name in set(UNCOVERING) & set(rig.space.channels):
        basis[rig.space.index(name)] = pose(name) - rest
    return rest, basis
