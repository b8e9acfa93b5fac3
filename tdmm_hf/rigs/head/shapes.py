"""The expression basis: what each ARKit channel moves, from the table ``shapes.yaml``."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from ...parameters import get_space
from .build import NeutralHead
from .fields import make_handles, mirrored_moves
from .lids import lid_moves
from .mesh_parts import MIRROR


class ShapeMaker:
    """Makes the movement of each channel on one head.

    Args:
        head: the head at rest.
        table: ``shapes.yaml``.
    """

    def __init__(self, head: NeutralHead, table: dict):
        self.head, self.table = head, table
        self.handles = make_handles(head, table)
        self.jaw_share = self._jaw_share()
        self._brow_spread = brow_binding(head)

    def basis(self) -> np.ndarray:
        """(channels, V, 3) displacement of each channel at 1."""
        space = get_space("arkit")
        basis = np.zeros((len(space.channels), *self.head.whole.points.shape))
        for channel, moves in self._channels().items():
            basis[space.index(channel)] = moves
        close = space.index("mouthClose")
        basis[close] += self._closing(basis[space.index("jawOpen")])
        for channel in self.table["symmetric"]:
            moves = basis[space.index(channel)]
            moves += moves[self.head.whole.mirror] * MIRROR
            moves /= 2
        return basis

    def _channels(self) -> dict[str, np.ndarray]:
        channels = {}
        for name, row in self.table["sided"].items():
            left = self._mesh(self._moves(row, ("left", "middle")))
            if "lids" in row:
                left[: self.head.whole.half] += lid_moves(self.head, row["lids"])
            channels |= self._with_mirror(name, left)
        for name, row in self.table["lateral"].items():
            left = self._mesh(self._moves(row, ("left", "right", "middle")))
            if name == "jaw":
                left += self._jaw_way(self.table["jaw"]["sideways"])
            channels |= self._with_mirror(name, left)
        for name, row in self.table["symmetric"].items():
            moves = self._moves(row, ("left", "middle"))
            mirrored = mirrored_moves(self.handles, moves)
            middle = self.handles.mirror == np.arange(len(moves))
            both = np.where(middle[:, None], (moves + mirrored) / 2, moves + mirrored)
            channels[name] = self._mesh(both)
        channels["jawOpen"] += self._jaw_opening()
        channels["jawForward"] += self._jaw_way(self.table["jaw"]["forward"])
        channels["tongueOut"] += self._tongue()
        return channels

    def _with_mirror(self, name: str, left: np.ndarray) -> dict[str, np.ndarray]:
        return {f"{name}Left": left, f"{name}Right": left[self.head.whole.mirror] * MIRROR}

    def _moves(self, row: dict, sides: tuple[str, ...]) -> np.ndarray:
        """(H, 3) moves of the named handles and groups on the sides asked for.

        ``name@right`` moves the right one alone; a later row counts over an earlier one.
        """
        moves = np.zeros((len(self.handles.names), 3))
        x = self.head.whole.points[self.handles.vertices, 0]
        side = np.where(x == 0, "middle", np.where(x > 0, "left", "right"))
        for key, move in row.items():
            if key == "lids":
                continue
            name, _, only = key.partition("@")
            names = self.table["groups"].get(name, [name])
            missing = set(names) - set(self.handles.names)
            if missing:
                raise ValueError(f"unknown handle {sorted(missing)[0]!r} in shapes.yaml")
            chosen = np.isin(self.handles.names, names) & np.isin(side, [only] if only else sides)
            moves[chosen] = move
        return moves

    def _mesh(self, moves: np.ndarray) -> np.ndarray:
        """Handle moves to the mesh, brows carried along with the skin below them."""
        field = self.handles.field(moves)
        return field + self._brow_spread @ field

    def _jaw_share(self) -> np.ndarray:
        """(V,) how much each vertex goes with the jaw bone."""
        share = np.zeros((len(self.handles.names), 1))
        for name, amount in self.table["jaw"]["share"].items():
            share[np.isin(self.handles.names, self.table["groups"].get(name, [name]))] = amount
        field = np.clip(self.handles.field(share)[:, 0], 0, 1)
        field[np.isin(self.head.whole.parts, ("lower_teeth", "tongue"))] = 1.0
        return field

    def _jaw_opening(self) -> np.ndarray:
        jaw = self.table["jaw"]
        turn = Rotation.from_euler("X", jaw["degrees"], degrees=True).as_matrix()
        pivot = np.array(jaw["pivot"], float)
        arm = self.head.whole.points - pivot
        return self.jaw_share[:, None] * (arm @ turn.T - arm + np.array(jaw["slide"], float))

    def _jaw_way(self, way: list[float]) -> np.ndarray:
        return self.jaw_share[:, None] * np.array(way, float)

    def _closing(self, opening: np.ndarray) -> np.ndarray:
        """Lips brought together again while the jaw stays open: what opening moved apart."""
        head, part = self.head, self.table["closing"]["lower"]
        n = head.mouth.segments
        moves = np.zeros((head.whole.half, 3))
        for name in ["border", *(row["name"] for row in head.mouth.table["rows"])]:
            ring = head.rings[name]
            gap = opening[ring[:n]] - opening[ring[:n:-1]]
            moves[ring[:n]] = -part * gap
            moves[ring[:n:-1]] = (1 - part) * gap
        return self._skin_after_lips(head.whole.both(moves))

    def _skin_after_lips(self, moves: np.ndarray) -> np.ndarray:
        """Lip rows as given; the skin around follows the handles on them, and others by a share."""
        at = self.handles.vertices
        wanted = moves[at]
        middle = self.head.rings["border"][0]
        for name, share in self.table["closing"]["shares"].items():
            wanted[np.isin(self.handles.names, name)] = share * moves[middle]
        field = self.handles.field(wanted)
        rows = np.zeros(self.head.whole.half, bool)
        for name in ["border", *(row["name"] for row in self.head.mouth.table["rows"])]:
            rows[self.head.rings[name]] = True
        whole = np.concatenate([rows, rows[self.head.whole.mirror[self.head.whole.half :]]])
        return np.where(whole[:, None], moves, field)

    def _tongue(self) -> np.ndarray:
        """The tongue lengthens towards the tip and leaves the mouth over the lower lip."""
        head, row = self.head, self.table["tongue"]
        points = head.whole.points
        moves = np.zeros_like(points)
        on = head.whole.parts == "tongue"
        z = points[on, 2]
        part = np.clip((z - row["from"]) / (z.max() - row["from"]), 0, 1)
        for axis, knots in enumerate(row["moves"]):
            moves[on, axis] = PchipInterpolator(np.linspace(0, 1, len(knots)), knots)(part)
        return moves


def brow_binding(head: NeutralHead):
    """Sparse (V, V): brows move as the mean of the skin next to them."""
    from scipy.sparse import csr_matrix

    points, parts = head.whole.points, head.whole.parts
    brow, skin = np.flatnonzero(parts == "brow"), np.flatnonzero(parts == "skin")
    left = brow[points[brow, 0] > 0]
    distance, near = cKDTree(points[skin]).query(points[left], k=6)
    weight = 1.0 / (distance + 0.5) ** 2
    weight /= weight.sum(axis=1, keepdims=True)
    rows = np.repeat(left, 6)
    columns = skin[near].ravel()
    mirror = head.whole.mirror
    rows, columns = np.concatenate([rows, mirror[rows]]), np.concatenate([columns, mirror[columns]])
    weights = np.tile(weight.ravel(), 2)
    return csr_matrix((weights, (rows, columns)), shape=(len(points), len(points)))
