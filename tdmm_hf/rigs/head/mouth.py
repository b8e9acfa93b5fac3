"""The mouth: lips with an inside, the cavity behind them, teeth, gums and tongue.

Rows of the lips run from the middle of the lower lip to the corner and back to the middle of the
upper lip: ``2 * segments + 1`` points on the left half.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.interpolate import PchipInterpolator

from .mesh_parts import Half
from .surface import Sculpt


@dataclass(frozen=True, eq=False)
class Mouth:
    """The table ``mouth`` of the dimensions and what follows from it."""

    table: dict

    @property
    def segments(self) -> int:
        return self.table["segments"]

    @property
    def is_upper(self) -> np.ndarray:
        """(2 segments + 1,) 1 on the upper lip, 0 on the lower, one half at the corner."""
        return np.repeat([0.0, 0.5, 1.0], [self.segments, 1, self.segments])

    @property
    def outwards(self) -> np.ndarray:
        """(2 segments + 1,) 0 in the middle to 1 at the corner, denser there."""
        part = np.cos(np.pi / 2 * np.linspace(0, 1, self.segments + 1))
        part = 0.65 * part + 0.35 * np.linspace(1, 0, self.segments + 1)
        part[-1] = 0.0
        return np.concatenate([part[::-1], part[1:]])

    def height(self, line: str, outwards: np.ndarray) -> np.ndarray:
        """y of ``contact`` or ``border`` at parts of the way to the corner, lower lip first."""
        if line == "contact":
            return self._curve("contact", outwards)
        upper = self._curve("border_upper", outwards)
        lower = self._curve("border_lower", outwards)
        return np.where(self.is_upper > 0.5, upper, lower)

    def _curve(self, line: str, outwards: np.ndarray) -> np.ndarray:
        x, y = np.array(self.table[line], float).T
        return PchipInterpolator(x, y)(outwards)

    def border(self, sculpt: Sculpt) -> np.ndarray:
        """(2 segments + 1, 3) edge of the red of the lips, on the sculpt."""
        out = self.outwards
        x = out * self.table["corner"]
        return sculpt.front(x, self.height("border", out))


def add_lips(half: Half, mouth: Mouth, sculpt: Sculpt, border: np.ndarray) -> np.ndarray:
    """Rows from the border (indices) over the lips to their inside; the last row's indices."""
    out, upper = mouth.outwards, mouth.is_upper
    last = border
    contact, edge = mouth.height("contact", out), mouth.height("border", out)
    thick = np.clip(1 - out ** mouth.table["taper"], 0, 1) ** 0.8
    for row in mouth.table["rows"]:
        part = np.where(upper > 0.5, row["upper"][0], row["lower"][0])
        lift = np.where(upper > 0.5, row["upper"][1], row["lower"][1]) * thick
        x = out * (mouth.table["corner"] - row["inset"])
        y = contact + part * (edge - contact)
        z = sculpt.front(x, y)[:, 2] + lift - row["deep"] * (1 - thick)
        points = np.stack([x, y, z], axis=1)
        ring = half.add("lips", points, row["name"])
        half.strip(last, ring, row["material"])
        last = ring
    return last


def add_cavity(half: Half, mouth: Mouth, last: np.ndarray) -> None:
    """The pocket behind the lips, closed at the throat."""
    turn = np.pi * (np.arange(len(last)) / (len(last) - 1)) - np.pi / 2
    for k, (wide, top, bottom, z) in enumerate(mouth.table["cavity"]):
        middle, high = (top + bottom) / 2, (top - bottom) / 2
        x = wide * np.cos(turn)
        x[[0, -1]] = 0.0
        points = np.stack([x, middle + high * np.sin(turn), np.full_like(x, z)], axis=1)
        ring = half.add("cavity", points, f"cavity_{k}")
        half.strip(last, ring, "gums" if k == 0 else "cavity")
        last = ring
    tip = half.add("cavity", np.array([mouth.table["throat"]], float))
    half.fan(last, tip[0], "cavity", closed=False)


def add_teeth(half: Half, table: dict, part: str) -> np.ndarray:
    """A row of teeth with its gum: a closed tube along an arch, its section notched per tooth."""
    section = np.array(table["section"], float)
    edges = np.cumsum([0.0, *table["widths"]])
    along = np.concatenate(
        [start + (end - start) * np.array([0, 0.12, 0.5, 0.88])
         for start, end in pairwise(edges)] + [[edges[-1]]]
    )  # fmt: skip
    notch = np.tile([1.0, 0.25, 0.0, 0.25], len(table["widths"]))
    notch = np.append(notch, 1.0)
    x, z, normal = _arch(along, table)
    rows = []
    for y, depth, notched in section:
        push = depth - notched * notch
        points = np.stack([x + normal[:, 0] * push, y + 0 * x, z + normal[:, 1] * push], axis=1)
        points[:, 1] += table["notch_rise"] * notch * np.clip(notched, 0, 1) ** 2
        points[:, 1] += table["curve"] * (along / along[-1]) ** 2
        points[0, 0] = 0.0
        rows.append(half.add(part, points))
    _join_teeth(half, rows, table)
    return np.concatenate(rows)


def _arch(along: np.ndarray, table: dict):
    """x, z and outward normal (n, 2) at arc lengths along half an ellipse."""
    wide, deep = table["arch"]
    angle = np.linspace(0, np.pi / 2, 2000)
    curve = np.stack([wide * np.sin(angle), table["front"] - deep * (1 - np.cos(angle))], axis=1)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    at = np.interp(along, length, angle)
    normal = np.stack([np.sin(at) / wide, np.cos(at) / deep], axis=1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return wide * np.sin(at), table["front"] - deep * (1 - np.cos(at)), normal


def _join_teeth(half: Half, rows: list[np.ndarray], table: dict) -> None:
    for k, row in enumerate(rows):
        after = rows[(k + 1) % len(rows)]
        half.strip(after, row, table["materials"][k])
    cap = np.array([row[-1] for row in rows])
    tip = half.add(half.parts[cap[0]], half.points[cap].mean(axis=0)[None])
    half.fan(cap, tip[0], "gums")


def add_tongue(half: Half, table: dict) -> np.ndarray:
    """A rounded body from the throat to the tip: sections across it, the left half of each."""
    count = table["around"]
    turn = np.linspace(-np.pi / 2, np.pi / 2, count)
    rows = []
    for z, y, wide, up, down in table["sections"]:
        high = np.where(turn > 0, up, down)
        x = wide * np.cos(turn) ** 0.8
        x[[0, -1]] = 0.0
        groove = table["groove"] * np.exp(-((x / 4.0) ** 2)) * (turn > 0) * min(up / 6.0, 1.0)
        points = np.stack([x, y + high * np.sin(turn) - groove, np.full(count, z)], axis=1)
        rows.append(half.add("tongue", points))
    for back, front in pairwise(rows):
        half.strip(back, front, "tongue")
    ends = np.array([table["root"], table["tip"]], float)
    tips = half.add("tongue", ends)
    half.fan(rows[-1], tips[1], "tongue", closed=False)
    half.fan(rows[0][::-1], tips[0], "tongue", closed=False)
    return np.concatenate([*rows, tips])
