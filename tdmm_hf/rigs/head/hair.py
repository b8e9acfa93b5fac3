"""What grows: hair as one sculpted shell, brows on the skin, lashes on the lids."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.interpolate import PchipInterpolator

from .eyes import Eye, cartesian
from .mesh_parts import Half
from .surface import Sculpt


def add_hair(half: Half, table: dict, solids: list[dict]) -> np.ndarray:
    """A shell around the skull from the crown to the hairline, closed underneath; its indices."""
    center = np.array(table["center"], float)
    skull, outside = Sculpt(solids, center), Sculpt(table["solids"], center)
    turn = np.radians(np.linspace(0, 180, table["around"]))
    lock = _locks(np.degrees(turn), table["locks"])
    reach = PchipInterpolator(*np.array(table["hairline"], float).T)(np.degrees(turn))
    reach += table["fringe"] * (lock - 0.7)
    parts = 1 - (1 - np.linspace(0, 1, table["rings"] + 1)[1:]) ** 1.25
    rows = [_hair_row(skull, outside, table, turn, reach, part) for part in parts]
    rows += [_lining_row(skull, turn, reach, part) for part in (0.97, 0.7, 0.35)]
    added = [half.add("hair", row) for row in rows]
    for inner, outer in pairwise(added):
        half.strip(outer, inner, "hair")
    up = _ways(np.zeros(1), np.zeros(1))
    tips = half.add("hair", np.concatenate([outside.cast(up), skull.cast(up) - 6.0 * up]))
    half.fan(added[0], tips[0], "hair", closed=False)
    half.fan(added[-1][::-1], tips[1], "hair", closed=False)
    return np.concatenate([*added, tips])


def _ways(turn: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Unit vectors at angles from straight up, turned from the front to the left (radians)."""
    way = np.stack(
        [np.sin(angle) * np.sin(turn), np.cos(angle), np.sin(angle) * np.cos(turn)], axis=1
    )
    way[np.abs(way[:, 0]) < 1e-7, 0] = 0.0
    return way


def _locks(turn: np.ndarray, borders: list[float]) -> np.ndarray:
    """Rounded locks between furrows at the given turns (degrees): 0 in a furrow, 1 on a lock."""
    borders = np.array(borders, float)
    at = np.clip(np.searchsorted(borders, turn, side="right") - 1, 0, len(borders) - 2)
    part = (turn - borders[at]) / (borders[at + 1] - borders[at])
    return np.sqrt(np.clip(1 - (2 * part - 1) ** 2, 0, 1))


def _hair_row(skull, outside, table, turn, reach, part: float) -> np.ndarray:
    ways = _ways(turn, np.radians(reach * part))
    scalp = skull.cast(ways)
    thick = np.einsum("ij,ij->i", outside.cast(ways) - scalp, ways)
    swirled = np.degrees(turn) + table["swirl"] * np.sin(2 * turn) * (1 - part)
    relief = table["lock_depth"] * (_locks(swirled, table["locks"]) - 1) * min(part * 2.5, 1) ** 2
    edge = np.clip(1 - part ** table["edge"], 0, 1) ** 0.5
    rise = np.maximum(thick + relief, table["thinnest"]) * edge - 1.0 * part**8
    return scalp + ways * rise[:, None]


def _lining_row(skull, turn, reach, part: float) -> np.ndarray:
    ways = _ways(turn, np.radians(reach * part))
    return skull.cast(ways) - 5.0 * ways


def add_brow(half: Half, table: dict, sculpt: Sculpt) -> np.ndarray:
    """A lens-shaped ridge along the brow's line, rooted in the skin; its indices."""
    knots = np.array(table["line"], float)
    at = np.linspace(0, 1, table["along"])
    line = PchipInterpolator(np.linspace(0, 1, len(knots)), knots)(at)
    rows = []
    for across, height in table["section"]:
        skin = sculpt.front(line[:, 0], line[:, 1] + across * line[:, 2])
        lift = height * table["height"] * np.clip(line[:, 2] / line[:, 2].max(), 0.3, 1)
        lift = np.where(height < 0, height, lift)
        rows.append(half.add("brow", skin + sculpt.normals(skin) * lift[:, None]))
    for k, row in enumerate(rows):
        half.strip(row, rows[(k + 1) % len(rows)], "brow")
    ends = [np.array([row[k] for row in rows]) for k in (0, -1)]
    tips = half.add("brow", np.stack([half.points[end].mean(axis=0) for end in ends]))
    half.fan(ends[0], tips[0], "brow")
    half.fan(ends[1][::-1], tips[1], "brow")
    return np.concatenate([*rows, tips])


def add_lashes(half: Half, table: dict, eye: Eye) -> dict[str, np.ndarray]:
    """A dark wedge along the upper margin; its indices and the margin points they hang on."""
    segments = eye.table["segments"]
    index = np.arange(0, round(0.9 * segments))
    margin = eye.margin()[index]
    part = index / segments
    size = np.clip(np.minimum(part / 0.12, (0.92 - part) / 0.7), 0.08, 1) ** 0.8
    base = eye.radius + eye.table["lid"]
    rows = []
    for up, out in table["section"]:
        angles = np.stack(
            [margin[:, 0] + table["sweep"] * out * (0.5 - part),
             margin[:, 1] + np.degrees(up * size / base), base + out * size], axis=1
        )  # fmt: skip
        rows.append(half.add("lash", cartesian(angles, eye.center)))
    for k, row in enumerate(rows):
        half.strip(rows[(k + 1) % len(rows)], row, "lash")
    ends = [np.array([row[k] for row in rows]) for k in (0, -1)]
    tips = half.add("lash", np.stack([half.points[end].mean(axis=0) for end in ends]))
    half.fan(ends[0][::-1], tips[0], "lash")
    half.fan(ends[1], tips[1], "lash")
    hang = np.concatenate([*[index] * len(rows), index[[0, -1]]])
    return {"lash": np.concatenate([*rows, tips]), "lash_margin": hang}
