"""The sparse rig: about a hundred named face points with hand-set blendshape directions.

It stands in until the package has a head of its own: good for weighing one error against another
in millimetres, not for pictures.

    >>> from tdmm_hf.rigs.sparse import sparse_rig
    >>> rig = sparse_rig()
    >>> jaw_open = rig.basis[rig.space.index("jawOpen")]
    >>> jaw_open[rig.point_names.index("chin")]
    array([  0., -30., -10.])
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import yaml

from ..parameters import get_space
from .rig import Rig

_MIRROR = np.array([-1.0, 1.0, 1.0])


@cache
def sparse_rig() -> Rig:
    """The rig described by ``sparse.yaml``, mirrored left to right by construction."""
    table = yaml.safe_load((Path(__file__).parent / "sparse.yaml").read_text(encoding="utf-8"))
    space = get_space("arkit")
    names = [name for point in table["points"] for name in _sides(point, table["points"])]
    neutral = np.stack([_position(name, table["points"]) for name in names])
    basis = np.zeros((len(space.channels), len(names), 3))
    for channel, moves in _channel_moves(table).items():
        for name, move in moves.items():
            basis[space.index(channel), names.index(name)] = move
    return Rig(
        name="sparse",
        space=space,
        point_names=tuple(names),
        regions=tuple(table["points"][_base(name)][0] for name in names),
        neutral=neutral,
        basis=basis,
        neck_pivot=np.array(table["neck_pivot"], dtype=float),
    )


def _sides(point: str, points: dict) -> list[str]:
    in_middle = points[point][1] == 0
    return [point] if in_middle else [f"{point}_left", f"{point}_right"]


def _base(name: str) -> str:
    return name.removesuffix("_left").removesuffix("_right")


def _position(name: str, points: dict) -> np.ndarray:
    left = np.array(points[_base(name)][1:], dtype=float)
    return left * _MIRROR if name.endswith("_right") else left


def _channel_moves(table: dict) -> dict[str, dict[str, np.ndarray]]:
    """Channel to {point name: displacement}."""
    moves = {}
    for channel, rows in table["sided"].items():
        moves[f"{channel}Left"] = _moves(rows, table, ("_left", ""))
        moves[f"{channel}Right"] = _mirror(moves[f"{channel}Left"])
    for channel, rows in table["symmetric"].items():
        left = _moves(rows, table, ("_left", ""))
        right = _mirror(left)
        middle = {name: (left[name] + right[name]) / 2 for name in left.keys() & right.keys()}
        moves[channel] = left | right | middle
    for channel, rows in table["lateral"].items():
        moves[f"{channel}Left"] = _moves(rows, table, ("_left", "_right", ""))
        moves[f"{channel}Right"] = _mirror(moves[f"{channel}Left"])
    return moves


def _moves(rows: dict, table: dict, endings: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Moves of the named points and groups on the sides asked for."""
    moves = {}
    for key, move in rows.items():
        for point in table["groups"].get(key, [key]):
            for name in _sides(point, table["points"]):
                if name.removeprefix(point) in endings:
                    moves[name] = np.array(move, dtype=float)
    return moves


def _mirror(moves: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {_other_side(name): move * _MIRROR for name, move in moves.items()}


def _other_side(name: str) -> str:
    if name.endswith("_left"):
        return f"{_base(name)}_right"
    return f"{_base(name)}_left" if name.endswith("_right") else name
