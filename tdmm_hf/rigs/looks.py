"""How a head looks: the materials of a rig in the colours of a look, and their mix at the vertices.

>>> from tdmm_hf.rigs import get_rig
>>> from tdmm_hf.rigs.looks import look_names, materials
>>> materials(get_rig("tdmm"), look_names()[0])[0].name
'skin'
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import yaml

from .mesh import MeshRig
from .normals import incidence


@cache
def _data() -> dict:
    path = Path(__file__).with_name("materials.yaml")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def look_names() -> tuple[str, ...]:
    """The looks by name, the default first."""
    return tuple(_data()["looks"])


@dataclass(frozen=True)
class Material:
    """What a part of the surface is made of.

    Args:
        name: the rig's name for it.
        color: (3,) linear RGB.
        roughness: 0 mirror to 1 chalk.
        specular: strength of its highlights, 1 is skin.
        subsurface: how far light creeps around into the shade, 0 to 1.
        two_sided: seen from behind too.
        inside: seen through an open mouth only.
    """

    name: str
    color: np.ndarray
    roughness: float
    specular: float
    subsurface: float
    two_sided: bool = False
    inside: bool = False


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


def materials(rig: MeshRig, look: str) -> tuple[Material, ...]:
    """What the rig is made of, in its order.

    Raises:
        ValueError: unknown look, or a material that has no entry.
    """
    data = _data()
    if look not in data["looks"]:
        raise ValueError(f"look must be one of {', '.join(data['looks'])}, got {look!r}")
    return tuple(_material(name, data["looks"][look], rig.name) for name in rig.materials)


def _material(name: str, worn: dict[str, str], rig: str) -> Material:
    table = _data()["materials"]
    if name not in table:
        raise ValueError(f"material must be one of {', '.join(table)}, got {name!r} in rig {rig!r}")
    entry = {**table[name], "color": worn.get(name, table[name]["color"])}
    return Material(name, **{**entry, "color": _linear(entry["color"])})


def finish(rig: MeshRig, look: str) -> Finish:
    """Materials at the vertices: where two meet, they blend across one triangle.

    Raises:
        ValueError: unknown look, or a material that has no entry.
    """
    parts = materials(rig, look)
    rows = [[*part.color, part.roughness, part.specular, part.subsurface] for part in parts]
    spread = incidence(rig.faces, len(rig.neutral))
    count = np.maximum(spread.sum(axis=1), 1)[:, None]
    mixed = spread @ np.array(rows)[rig.face_materials] / count
    if "skin" in rig.materials and len(rig.landmarks):
        share = spread @ (rig.face_materials == rig.materials.index("skin")) / count[:, 0]
        mixed[:, :3] *= 1 - share[:, None] * (1 - _blush(rig))
    color, gloss = np.split(mixed.astype(np.float32), 2, axis=1)
    two_sided = np.array([part.two_sided for part in parts])[rig.face_materials]
    inside = np.array([part.inside for part in parts], dtype=float)[rig.face_materials]
    return Finish(color, gloss, two_sided, spread @ inside > 0)


def _blush(rig: MeshRig) -> np.ndarray:
    """(V, 3) what the skin's colour is multiplied by where it is redder."""
    tint = np.ones_like(rig.neutral)
    for spot in _data()["blush"]:
        middle = rig.neutral[rig.landmarks[spot["landmarks"]]].mean(axis=0)
        away = np.linalg.norm(rig.neutral - middle, axis=1) / spot["radius"]
        tint *= 1 - np.exp(-0.5 * away**2)[:, None] * (1 - np.array(spot["color"]))
    return tint


def _linear(color: str) -> np.ndarray:
    """Linear RGB of sRGB ``#rrggbb`` (IEC 61966-2-1)."""
    encoded = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
