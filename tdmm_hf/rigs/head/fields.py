"""Smooth movement of the skin from the moves of named handles.

Handles are points of the mesh. A move given at each is spread over the skin by radial basis
functions (Wendland's C2 function of compact support, "Piecewise polynomial, positive definite and
compactly supported radial functions", 1995), which give back the moves at the handles. Distances
are taken with mouth and eyes held open, so that what is above an opening and what is below it are
far from each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from .build import NeutralHead
from .mesh_parts import MIRROR

# Parts of the mesh that follow the skin's field.
_FOLLOWS = ("skin", "neck", "lips", "cavity", "lid")


def wendland(distance: np.ndarray, support: float) -> np.ndarray:
    """1 at distance 0 to 0 at the support."""
    part = np.clip(distance / support, 0.0, 1.0)
    return (1 - part) ** 4 * (4 * part + 1)


@dataclass(frozen=True, eq=False)
class Handles:
    """Named handles on both sides and the matrix from their moves to the mesh's.

    Args:
        names: (H,) name of each, without side; several may share one.
        regions: name to face region.
        vertices: (H,) indices in the whole mesh.
        spread: (V, H) moves of the handles to moves of the vertices.
        mirror: (H,) the handle on the other side.
    """

    names: tuple[str, ...]
    regions: dict[str, str]
    vertices: np.ndarray
    spread: np.ndarray
    mirror: np.ndarray

    def field(self, moves: np.ndarray) -> np.ndarray:
        """(H, k) at the handles to (V, k) everywhere."""
        return self.spread @ moves


def opened(head: NeutralHead, table: dict) -> np.ndarray:
    """(V, 3) positions with the mouth held open: what distances are measured in."""
    points = head.whole.points[: head.whole.half].copy()
    corner = head.mouth.table["corner"]
    out = np.clip(points[:, 0] / corner, 0, 1)
    line = np.mean([y for _, y in head.mouth.table["contact"]])
    side = np.sign(points[:, 1] - line)
    for name, upper in _lip_sides(head).items():
        side[head.rings[name]] = upper
    fade = wendland(np.abs(points[:, 1] - line), table["reach"])
    points[:, 1] += side * table["gap"] * (1 - out**2) * fade * (points[:, 2] > -60)
    return head.whole.both(points)


def _lip_sides(head: NeutralHead) -> dict[str, np.ndarray]:
    """-1 below to 1 above for the points of each row of the lips and the cavity."""
    sharp = 2 * head.mouth.is_upper - 1
    soft = np.sin(np.linspace(-np.pi / 2, np.pi / 2, len(sharp)))
    rows = ["border", *(row["name"] for row in head.mouth.table["rows"])]
    cavity = [name for name in head.rings if name.startswith("cavity")]
    return dict.fromkeys(rows, sharp) | dict.fromkeys(cavity, soft)


def make_handles(head: NeutralHead, table: dict) -> Handles:
    """The handles of the table ``shapes.yaml``."""
    domain = opened(head, table["opening"])
    names, vertices = [], []
    for name, row in table["handles"].items():
        for vertex in _vertices_of(row, head):
            on_both = {int(vertex), int(head.whole.mirror[vertex])}
            vertices += sorted(on_both)
            names += [name] * len(on_both)
    vertices = np.array(vertices)
    at = domain[vertices]
    support = table["support"]
    kernel = wendland(cdist(at, at), support) + table["ridge"] * np.eye(len(at))
    spread = np.zeros((len(domain), len(at)))
    follows = np.flatnonzero(np.isin(head.whole.parts, _FOLLOWS))
    follows = follows[cdist(domain[follows], at).min(axis=1) < support]
    spread[follows] = np.linalg.solve(kernel, wendland(cdist(domain[follows], at), support).T).T
    spread *= lid_share(head)[:, None]
    position = {int(v): i for i, v in reversed(list(enumerate(vertices)))}
    mirror = np.array([position[int(head.whole.mirror[v])] for v in vertices])
    regions = {name: row[0] for name, row in table["handles"].items()}
    return Handles(tuple(names), regions, vertices, spread, mirror)


def lid_share(head: NeutralHead) -> np.ndarray:
    """(V,) how much of the skin's movement each vertex takes: lids less towards the margin."""
    share = np.ones(len(head.whole.points))
    left = np.ones(head.whole.half)
    left[head.whole.parts[: head.whole.half] == "lid"] = 0.0
    for k, part in enumerate(head.eye.table["rings"]):
        left[head.rings[f"lid_{k}"]] = part**1.5
    share[: head.whole.half] = left
    share[head.whole.half :] = left[head.whole.mirror[head.whole.half :]]
    return share


def _vertices_of(row: list, head: NeutralHead) -> list[int]:
    """Vertices of ``[region, x, y, z]`` or ``[region, [rows], part of the way round]``."""
    if isinstance(row[1], list):
        rings = [head.rings[name] for name in row[1]]
        return [ring[round(row[2] * (len(ring) - 1))] for ring in rings]
    at = np.array(row[1:], float)
    half = head.whole.points[: head.whole.half]
    usable = np.isin(head.whole.parts[: head.whole.half], ("skin", "neck"))
    if at[0] == 0:
        usable = usable & (half[:, 0] == 0)
    distance = np.where(usable, np.linalg.norm(half - at, axis=1), np.inf)
    return [int(np.argmin(distance))]


def mirrored_moves(handles: Handles, moves: np.ndarray) -> np.ndarray:
    """(H, 3) moves seen in a mirror."""
    return moves[handles.mirror] * MIRROR
