"""What grows: hair as one sculpted shell, brows on the skin, lashes on the lids."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

from .eyes import Eye, at_front, cartesian
from .mesh_parts import Half
from .surface import Sculpt


def add_hair(half: Half, table: dict, solids: list[dict]) -> np.ndarray:
    """A shell around the skull from the crown to the hairline, closed underneath; its indices."""
    center = np.array(table["center"], float)
    turn = np.radians(np.linspace(0, 180, table["around"]))
    skull = Sculpt(solids, center)
    reach = PchipInterpolator(*np.array(table["hairline"], float).T)(np.degrees(turn))
    parts = np.linspace(0, 1, table["rings"] + 1)[1:] ** 0.85
    rows = [_hair_row(skull, table, turn, reach, part) for part in parts]
    rows += [_lining_row(skull, turn, reach, part) for part in (0.96, 0.7, 0.35)]
    added = [half.add("hair", row) for row in rows]
    for inner, outer in zip(added[:-1], added[1:], strict=True):
        half.strip(inner, outer, "hair")
    poles = skull.cast(_ways(np.zeros(1), np.zeros(1) + 1e-9))
    tips = half.add(
        "hair", np.concatenate([poles + [0, table["thick"][0][1], 0], poles - [0, 6, 0]])
    )
    half.fan(added[0][::-1], tips[0], "hair", closed=False)
    half.fan(added[-1], tips[1], "hair", closed=False)
    return np.concatenate([*added, tips])


def _ways(turn: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Unit vectors at angles from straight up, turned from the front to the left (radians)."""
    way = np.stack(
        [np.sin(angle) * np.sin(turn), np.cos(angle), np.sin(angle) * np.cos(turn)], axis=1
    )
    way[np.abs(way[:, 0]) < 1e-7, 0] = 0.0
    return way


def _hair_row(skull, table, turn, reach, part: float) -> np.ndarray:
    ways = _ways(turn, np.radians(reach * part))
    thick = PchipInterpolator(*np.array(table["thick"], float).T)(np.degrees(turn))
    edge = np.clip(1 - part ** table["edge"], 0, 1) ** 0.6
    locks = np.abs(np.sin(table["locks"] * turn + 5.0 * part)) - 0.6
    locks = locks * table["lock_depth"] * np.clip(np.sin(turn) * 3, 0, 1) * min(part * 2, 1)
    rise = (thick + locks) * edge - 1.0 * part**6
    return skull.cast(ways) + ways * rise[:, None]


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
        targets = np.stack(
            [line[:, 0], line[:, 1] + across * line[:, 2], np.zeros(len(at))], axis=1
        )
        skin = at_front(sculpt, targets)
        lift = height * table["height"] * np.clip(line[:, 2] / line[:, 2].max(), 0.3, 1)
        lift = np.where(height < 0, height, lift)
        rows.append(half.add("brow", skin + sculpt.normals(skin) * lift[:, None]))
    for k, row in enumerate(rows):
        half.strip(row, rows[(k + 1) % len(rows)], "brow")
    ends = [np.array([row[k] for row in rows]) for k in (0, -1)]
    tips = half.add("brow", np.stack([half.points[end].mean(axis=0) for end in ends]))
    half.fan(ends[0][::-1], tips[0], "brow")
    half.fan(ends[1], tips[1], "brow")
    return np.concatenate([*rows, tips])


def add_lashes(half: Half, table: dict, eye: Eye) -> dict[str, np.ndarray]:
    """A dark wedge along the upper margin; its indices and the margin points they hang on."""
    segments = eye.table["segments"]
    index = np.arange(0, segments)
    margin = eye.margin()[index]
    part = index / segments
    size = np.clip(np.minimum(part / 0.12, (1 - part) / 0.45), 0, 1) ** 0.7
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
    half.fan(ends[0], tips[0], "lash")
    half.fan(ends[1][::-1], tips[1], "lash")
    hang = np.concatenate([*[index] * len(rows), index[[0, -1]]])
    return {"lash": np.concatenate([*rows, tips]), "lash_margin": hang}
