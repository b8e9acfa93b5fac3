"""Points of a rig that errors are weighed on: all of a sparse rig, some of a rig with a surface.

>>> from tdmm_hf.rigs.points import get_points
>>> points = get_points("tdmm")
>>> points.linear_geometry.shape[0], len(points.neutral) == len(points.regions)
(55, True)

A surface has too many vertices to keep in every checkpoint, most of them where little moves. Some
of each region say as much: ``EACH`` of them, each as far as can be from those before it.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from . import get_rig
from .mesh import MeshRig
from .rig import HEAD_REGION, Rig

EACH = 32  # points of a region, fewer where it has fewer vertices


@cache
def get_points(name: str) -> Rig:
    """The points of the rig of that name; ``ValueError`` for an unknown one."""
    rig = get_rig(name)
    return sample_points(rig) if isinstance(rig, MeshRig) else rig


def sample_points(rig: MeshRig, each: int = EACH) -> Rig:
    """Points spread over each region of a surface, with the turn of the eyeballs made linear.

    Points of the region ``head`` stand for its pose: those that follow all of its turn.
    """
    regions = np.array(rig.regions)
    chosen = []
    for region in dict.fromkeys(rig.regions):
        of = regions == region
        if region == HEAD_REGION:
            of &= rig.neck_weights > 0.99
        (indices,) = of.nonzero()
        chosen.append(indices[_spread(rig.neutral[indices], each)])
    kept = np.concatenate(chosen)
    basis = rig.linear_geometry[:, kept]
    basis[:, regions[kept] == HEAD_REGION] = 0.0
    return Rig(
        name=rig.name,
        space=rig.space,
        regions=tuple(regions[kept].tolist()),
        neutral=rig.neutral[kept],
        basis=basis,
        neck_pivot=rig.neck_pivot,
    )


def _spread(points: np.ndarray, count: int) -> np.ndarray:
    """Indices of points (n, 3): the one farthest from their middle, then each the farthest from
    those before it."""
    farthest = int(np.linalg.norm(points - points.mean(axis=0), axis=1).argmax())
    chosen, distance = [farthest], np.full(len(points), np.inf)
    while len(chosen) < min(count, len(points)):
        distance = np.minimum(distance, np.linalg.norm(points - points[chosen[-1]], axis=1))
        chosen.append(int(distance.argmax()))
    return np.array(chosen)
