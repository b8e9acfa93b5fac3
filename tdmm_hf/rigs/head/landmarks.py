"""The 68 iBUG points and the vertex sets that metrics use."""

from __future__ import annotations

import numpy as np

from .build import NeutralHead

# Left half, the subject's: the jaw from the ear to the chin, the brow from inner to outer end.
_JAW = [(72, -6, -72), (70, -22, -70), (66, -40, -66), (60, -56, -62), (51, -72, -52),
        (41, -86, -36), (29, -97, -18), (16, -103, -5), (0, -105, 0)]  # fmt: skip
_BROW = [(13.5, 16.5, 8), (22, 18, 6), (31, 20, 4), (41, 20, -4), (51, 15.5, -14)]
_RIDGE = [(0, -1, 6), (0, -12, 11), (0, -24, 18), (0, -36, 26)]
_BASE = [(0, -45, 17), (6, -45, 13), (12, -43, 10)]


def landmark_vertices(head: NeutralHead) -> np.ndarray:
    """(68,) vertices in iBUG's order, from the subject's right."""
    mirror = head.whole.mirror
    jaw = [_nearest(head, at, ("skin",)) for at in _JAW]
    brow = [_nearest(head, at, ("brow",)) for at in _BROW]
    ridge = [_nearest(head, at, ("skin",)) for at in _RIDGE]
    base = [_nearest(head, at, ("skin",)) for at in _BASE]
    eye = head.rings["margin_outer"]
    n = head.eye.table["segments"]
    outer, inner = eye[0], eye[n]
    above_outer, above_inner = eye[round(n * 0.33)], eye[round(n * 0.67)]
    below_inner, below_outer = eye[round(n * 1.33)], eye[round(n * 1.67)]
    points = [*mirror[jaw[:-1]], *jaw[::-1], *mirror[brow[::-1]], *brow, *ridge]
    points += [*mirror[base[:0:-1]], *base]
    points += [*mirror[[outer, above_outer, above_inner, inner, below_inner, below_outer]]]
    points += [inner, above_inner, above_outer, outer, below_outer, below_inner]
    return np.array([*points, *_lips(head)], dtype=int)


def _lips(head: NeutralHead) -> list[int]:
    """Points 48 to 67."""
    border, contact = head.rings["border"], head.rings["contact"]
    mirror, last = head.whole.mirror, len(border) - 1

    def at(ring, part):
        return ring[round(part * last)]

    upper = [at(border, part) for part in (1.0, 0.875, 0.7)]
    lower = [at(border, part) for part in (0.0, 0.125, 0.3)]
    corner, inner_corner = at(border, 0.5), at(contact, 0.5)
    top, bottom = at(contact, 0.8), at(contact, 0.2)
    outer = [mirror[corner], mirror[upper[2]], mirror[upper[1]], *upper, corner]
    outer += [lower[2], lower[1], lower[0], mirror[lower[1]], mirror[lower[2]]]
    inner = [mirror[inner_corner], mirror[top], at(contact, 1.0), top, inner_corner]
    return [*outer, *inner, bottom, at(contact, 0.0), mirror[bottom]]


def _nearest(head: NeutralHead, at, parts: tuple[str, ...]) -> int:
    half = head.whole.points[: head.whole.half]
    usable = np.isin(head.whole.parts[: head.whole.half], parts)
    if at[0] == 0:
        usable = usable & (half[:, 0] == 0)
    return int(np.argmin(np.where(usable, np.linalg.norm(half - at, axis=1), np.inf)))


def vertex_sets(head: NeutralHead, regions: np.ndarray) -> dict[str, np.ndarray]:
    """Indices by name: lips, brows, upper_face, lower_face, face."""
    parts, points = head.whole.parts, head.whole.points
    rows = ["border", *(row["name"] for row in head.mouth.table["rows"])]
    left = np.concatenate([head.rings[row] for row in rows if row not in ("inside", "behind")])
    lips = np.union1d(left, head.whole.mirror[left])
    surface = np.isin(parts, ("skin", "lips", "lid", "brow")) & (regions != "head")
    inner = np.isin(np.arange(len(parts)), _hidden(head))
    face = surface & ~inner
    upper = face & (np.isin(regions, ("brows", "eyes")) | (points[:, 1] > -12))
    return {
        "lips": lips,
        "brows": np.flatnonzero(parts == "brow"),
        "upper_face": np.flatnonzero(upper),
        "lower_face": np.flatnonzero(face & ~upper),
        "face": np.flatnonzero(face),
    }


def _hidden(head: NeutralHead) -> np.ndarray:
    """Vertices of the lips' and lids' insides."""
    names = [name for name in head.rings if name.startswith("pocket") or name in ("behind",)]
    left = np.concatenate([head.rings[name] for name in names])
    return np.concatenate([left, head.whole.mirror[left]])
