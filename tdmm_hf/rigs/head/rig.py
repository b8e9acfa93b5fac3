"""The rig ``tdmm``: the package's own head with everything that moves it.

>>> from tdmm_hf.rigs.head import tdmm_rig
>>> len(tdmm_rig().faces) > 10000
True
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.spatial import cKDTree

from ...parameters import get_space
from ..mesh import Eyeball, MeshRig
from ..rig import HEAD_REGION
from .build import NeutralHead, neutral_head, read_table
from .identity import identity_basis
from .landmarks import landmark_vertices, vertex_sets
from .mesh_parts import MIRROR
from .shapes import ShapeMaker
from .unwrap import texture_coordinates

_STILL = 0.05
_PART_REGIONS = {
    "eyeball": "gaze",
    "lid": "eyes",
    "lash": "eyes",
    "brow": "brows",
    "lips": "mouth",
    "lower_teeth": "jaw",
    "tongue": "tongue",
    "upper_teeth": HEAD_REGION,
    "ear": HEAD_REGION,
    "hair": HEAD_REGION,
}


@cache
def tdmm_rig() -> MeshRig:
    """The head, built once."""
    head = neutral_head()
    maker = ShapeMaker(head, read_table("shapes.yaml"))
    basis = maker.basis()
    regions = _regions(head, maker, basis)
    basis[:, regions == HEAD_REGION] = 0.0
    materials = tuple(sorted(set(head.whole.materials.tolist())))
    index = {name: i for i, name in enumerate(materials)}
    return MeshRig(
        name="tdmm",
        space=get_space("arkit"),
        regions=tuple(regions),
        neutral=head.whole.points,
        basis=basis,
        neck_pivot=np.array(head.dimensions["neck_pivot"], float),
        faces=head.whole.faces,
        uv=texture_coordinates(head.whole),
        materials=materials,
        face_materials=np.array([index[name] for name in head.whole.materials], np.int32),
        eyeballs=_eyeballs(head),
        neck_weights=_neck_weights(head),
        identity_basis=identity_basis(head, read_table("identity.yaml")),
        landmarks=landmark_vertices(head),
        vertex_sets=vertex_sets(head, regions),
    )


def _regions(head: NeutralHead, maker: ShapeMaker, basis: np.ndarray) -> np.ndarray:
    """(V,) the part's region, or that of the nearest handle; what hardly moves is ``head``."""
    handles = maker.handles
    _, near = cKDTree(head.whole.points[handles.vertices]).query(head.whole.points)
    regions = np.array([handles.regions[handles.names[i]] for i in near], dtype=object)
    for part, region in _PART_REGIONS.items():
        regions[head.whole.parts == part] = region
    still = np.linalg.norm(basis, axis=-1).max(axis=0) < _STILL
    regions[still & (head.whole.parts != "eyeball")] = HEAD_REGION
    return regions.astype(str)


def _eyeballs(head: NeutralHead) -> tuple[Eyeball, ...]:
    left = head.rings["eyeball"]
    return (
        Eyeball("Left", left, head.eye.center),
        Eyeball("Right", head.whole.mirror[left], head.eye.center * MIRROR),
    )


def _neck_weights(head: NeutralHead) -> np.ndarray:
    """(V,) 1 in the head, falling smoothly to 0 at the base of the neck."""
    weights = np.ones(len(head.whole.points))
    neck = head.whole.parts == "neck"
    base, top = head.dimensions["neck"]["base"], head.dimensions["neck"]["still_above"]
    part = np.clip((head.whole.points[neck, 1] - base) / (top - base), 0, 1)
    weights[neck] = part * part * (3 - 2 * part)
    return weights
