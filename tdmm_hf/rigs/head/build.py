"""Put the parts of the head together: the neutral mesh.

>>> from tdmm_hf.rigs.head.build import neutral_head
>>> neutral_head().whole.points.shape[1]
3
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import yaml

from . import skin
from .ears import add_ear
from .eyes import Eye, add_eyeball, add_lids, orbit_ring
from .hair import add_brow, add_hair, add_lashes
from .mesh_parts import MIRROR, Half, Whole
from .mouth import Mouth, add_cavity, add_lips, add_teeth, add_tongue
from .surface import Sculpt

_ROUGH_RADII = np.array([74.0, 100.0, 90.0])


def read_table(name: str) -> dict:
    """A data file of this folder."""
    return yaml.safe_load((Path(__file__).parent / name).read_text(encoding="utf-8"))


@dataclass(frozen=True, eq=False)
class NeutralHead:
    """The mesh at rest, its named rings (indices into the left half) and what it was made from."""

    whole: Whole
    rings: dict[str, np.ndarray]
    eye: Eye
    mouth: Mouth
    sculpt: Sculpt
    dimensions: dict


@cache
def neutral_head() -> NeutralHead:
    """The head of ``dimensions.yaml``."""
    table = read_table("dimensions.yaml")
    sculpt = Sculpt(table["solids"], np.array(table["center"], float))
    eye, mouth = Eye(table["eye"]), Mouth(table["mouth"])
    half = Half()
    add_skin(half, table, sculpt, eye, mouth)
    add_lids(half, eye, sculpt, half.rings["orbit"])
    half.rings["eyeball"] = add_eyeball(half, eye)
    add_cavity(half, mouth, add_lips(half, mouth, sculpt, half.rings["border"]))
    add_neck(half, table["neck"], sculpt)
    for row in ("upper", "lower"):
        half.rings[f"{row}_teeth"] = add_teeth(half, table["teeth"][row], f"{row}_teeth")
    half.rings["tongue"] = add_tongue(half, table["tongue"])
    half.rings["ear"] = add_ear(half, table["ear"])
    half.rings["brow"] = add_brow(half, table["brow"], sculpt)
    half.rings |= add_lashes(half, table["lashes"], eye)
    half.rings["hair"] = add_hair(half, table["hair"], table["solids"])
    return NeutralHead(half.mirrored(), half.rings, eye, mouth, sculpt, table)


def add_skin(half: Half, table: dict, sculpt: Sculpt, eye: Eye, mouth: Mouth) -> None:
    """Skin from the neck's upper ring to the rings of eye and mouth, which it names."""
    rings = {
        "orbit": orbit_ring(eye, sculpt),
        "border": mouth.border(sculpt),
        "neck_0": neck_ring(table["neck"], sculpt),
    }
    directions = {name: _unit(ring - sculpt.center) for name, ring in rings.items()}
    left, middle, sizes = _directions(table, sculpt, directions)
    faces = skin.triangulate(left, middle)
    everything = np.concatenate([left, middle])
    openings = _openings(directions)
    faces = faces[~openings(everything[faces].mean(axis=1))]
    points = sculpt.cast(everything)
    points[len(left) :, 0] = 0.0
    start = half.add("skin", points)[0]
    half.triangles(faces + start, "skin")
    _name_rings(half, rings, sizes, len(left))


def _directions(table, sculpt, directions):
    """Unit vectors of the left half and the middle, and how many of the left are of each ring."""
    spacing = skin.Spacing(table["spacing"])

    def reach(way):
        return 1.0 / np.sqrt(((way / _ROUGH_RADII) ** 2).sum(axis=1))

    def elevation(ring, index):
        way = directions[ring][index]
        return np.arctan2(way[1], way[2])

    border_low, border_top = elevation("border", 0), elevation("border", -1)
    front, back = elevation("neck_0", 0), elevation("neck_0", -1)
    ends = [(front, border_low), (border_top, back + 2 * np.pi)]
    line = skin.middle_line(ends, spacing, reach, sculpt.center)
    fixed = [directions["orbit"], directions["border"][1:-1], directions["neck_0"][1:-1]]
    guards = _guards(directions, sculpt)
    kept = np.concatenate([*fixed, *guards])
    poles = [directions[ring][index][None] for ring, index in
             (("border", 0), ("border", -1), ("neck_0", 0), ("neck_0", -1))]  # fmt: skip
    middle = np.concatenate([*poles, line])
    middle[:, 0] = 0.0
    openings = _openings(directions)
    free = skin.spread(kept, middle, openings, spacing, reach, sculpt.center)
    left = skin.relax(np.concatenate([kept, free]), middle, len(kept))
    return left, middle, [len(ring) for ring in fixed]


def _guards(directions: dict, sculpt: Sculpt) -> list[np.ndarray]:
    """Rings just outside those of eye and mouth, so that these become edges."""
    rows = []
    for name, part in (("orbit", 0.14), ("border", 0.16)):
        ring = directions[name]
        flat = ring[:, :2] / ring[:, 2:]
        middle = (flat.max(axis=0) + flat.min(axis=0)) / 2 if name == "orbit" else None
        if name == "border":
            middle = np.array([0.0, (flat[0, 1] + flat[-1, 1]) / 2])
        arm = flat - middle
        size = np.linalg.norm(arm, axis=1, keepdims=True)
        out = middle + arm * (1 + part * size.mean() / size)
        out = out[out[:, 0] > 1e-9]
        rows.append(_unit(np.concatenate([out, np.ones((len(out), 1))], axis=1)))
    return rows


def _openings(directions: dict):
    """Tells of (n, 3) directions whether they lie within a ring."""

    def front(way):
        return way[:, :2] / np.maximum(way[:, 2:], 1e-6)

    def below(way):
        return way[:, [0, 2]] / np.maximum(-way[:, 1:2], 1e-6)

    def whole(ring):
        return np.concatenate([ring, (ring * MIRROR)[::-1]])

    orbit = front(directions["orbit"])
    border, neck = front(whole(directions["border"])), below(whole(directions["neck_0"]))

    def inside(way):
        ahead, down = way[:, 2] > 0.05, way[:, 1] < -0.05
        seen, lower = front(way), below(way)
        in_front = skin.in_polygon(seen, orbit) | skin.in_polygon(seen, border)
        return (ahead & in_front) | (down & skin.in_polygon(lower, neck))

    return inside


def _name_rings(half: Half, rings: dict, sizes: list[int], left: int) -> None:
    orbit, border, neck = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    half.rings["orbit"] = orbit
    half.rings["border"] = np.concatenate([[left], border, [left + 1]])
    half.rings["neck_0"] = np.concatenate([[left + 2], neck, [left + 3]])


def neck_ring(table: dict, sculpt: Sculpt) -> np.ndarray:
    """(around + 2, 3) from the throat to the nape."""
    mean, lower = table["ring"]
    turn = np.linspace(0, np.pi, table["around"] + 2)
    return _around_neck(sculpt, table, turn, mean - lower * np.cos(turn))


def _around_neck(sculpt: Sculpt, table: dict, turn: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Surface points straight out from the neck's axis."""
    axis = np.array(table["axis"], float)
    way = np.stack([np.sin(turn), np.zeros_like(turn), np.cos(turn)], axis=1)
    start = np.stack([np.full_like(y, axis[0]), y, np.full_like(y, axis[1])], axis=1)
    low, high = np.zeros(len(turn)), np.full(len(turn), 140.0)
    for _ in range(26):
        half_way = (low + high) / 2
        out = sculpt.distance(start + half_way[:, None] * way) > 0
        low, high = np.where(out, low, half_way), np.where(out, half_way, high)
    points = start + high[:, None] * way
    points[np.isin(turn, (0.0, np.pi)), 0] = 0.0
    return points


def add_neck(half: Half, table: dict, sculpt: Sculpt) -> None:
    """Rings from the head down to the base, which stays open."""
    last = half.rings["neck_0"]
    turn = np.linspace(0, np.pi, len(last))
    top = half.points[last][:, 1]
    part = np.linspace(0, 1, table["rings"])[1:, None]
    heights = top + (table["base"] - top) * part
    turns = np.broadcast_to(turn, heights.shape)
    points = _around_neck(sculpt, table, turns.ravel(), heights.ravel())
    for k, row in enumerate(points.reshape(*heights.shape, 3)):
        ring = half.add("neck", row, f"neck_{k + 1}")
        half.strip(ring, last, "skin")
        last = ring


def _unit(way: np.ndarray) -> np.ndarray:
    return way / np.linalg.norm(way, axis=1, keepdims=True)
