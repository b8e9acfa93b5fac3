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
        inside: (V,) bool, what is seen through an open mouth only.
    """

    color: np.ndarray
    gloss: np.ndarray
    two_sided: np.ndarray
    inside: np.ndarray


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
    rows, two_sided, inside = [], [], []
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
        inside.append(material.get("inside", False))
    spread = incidence(rig.faces, len(rig.neutral))
    count = np.maximum(spread.sum(axis=1), 1)[:, None]
    mixed = spread @ np.array(rows)[rig.face_materials] / count
    if "skin" in rig.materials and len(rig.landmarks):
        share = spread @ (rig.face_materials == rig.materials.index("skin")) / count[:, 0]
        mixed[:, :3] *= 1 - share[:, None] * (1 - _blush(rig))
    color, gloss = np.split(mixed.astype(np.float32), 2, axis=1)
    within = spread @ np.array(inside, dtype=float)[rig.face_materials] > 0
    return Finish(color, gloss, np.array(two_sided)[rig.face_materials], within)


def _blush(rig: MeshRig) -> np.ndarray:
    """(V, 3) what the skin's colour is multiplied by where it is redder."""
    tint = np.ones_like(rig.neutral)
    for spot in _data()["blush"]:
        middle = rig.neutral[rig.landmarks[spot["landmarks"]]].mean(axis=0)
        away = np.linalg.norm(rig.neutral - middle, axis=1) / spot["radius"]
        tint *= 1 - np.exp(-0.5 * away**2)[:, None] * (1 - np.array(spot["color"]))
    return tint


def _linear(color: str) -> np.ndarray:
    """Linear RGB of sRGB ``#rrggbb``."""
    return np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]) ** 2.2


def incidence(faces: np.ndarray, count: int) -> coo_array:
    """(V, F): 1 where a vertex belongs to a face."""
    face = np.repeat(np.arange(len(faces)), 3)
    shape = (count, len(faces))
    return coo_array((np.ones(faces.size), (faces.ravel(), face)), shape=shape).tocsr()


def vertex_normals(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals, weighted by area: (frames, V, 3) positions to (frames, V, 3)."""
    around = incidence(faces, points.shape[1]).astype(points.dtype)
    normals = np.empty_like(points)
    for at, frame in enumerate(points):
        corners = frame[faces]
        across = cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        normals[at] = around @ across
    length = np.sqrt(np.einsum("tvc,tvc->tv", normals, normals))
    return normals / np.maximum(length, 1e-12)[..., None]


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    ax, ay, az = a.T
    bx, by, bz = b.T
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)
