"""The ears: closed shells that stand out of the head's sides."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from .mesh_parts import Half

_AROUND = 36


def add_ear(half: Half, table: dict) -> np.ndarray:
    """The left ear by the table ``ear``; its indices."""
    turn = 2 * np.pi * np.arange(_AROUND) / _AROUND
    frame, origin = _frame(table), np.array(table["at"], float)
    rings = []
    for part, height in table["front"]:
        rings.append(_ring(turn, part, height * _helix(turn, part), table))
    for part, height in table["back"]:
        rings.append(_ring(turn, part, np.full(_AROUND, float(height)), table))
    added = [half.add("ear", origin + ring @ frame) for ring in rings]
    for inner, outer in pairwise(added):
        half.strip(inner, outer, "skin", closed=True)
    tips = half.add(
        "ear", np.stack([half.points[added[0]].mean(0), half.points[added[-1]].mean(0)])
    )
    half.fan(added[0][::-1], tips[0], "skin")
    half.fan(added[-1], tips[1], "skin")
    return np.concatenate([*added, tips])


def _frame(table: dict) -> np.ndarray:
    """Rows: forwards along the ear, up along it, out of it."""
    out, lean = np.radians(table["stands_out"]), np.radians(table["leans_back"])
    forwards = np.array([-np.sin(out), 0.0, np.cos(out)])
    up = np.array([0.0, 1.0, 0.0])
    forwards, up = (
        np.cos(lean) * forwards + np.sin(lean) * up,
        np.cos(lean) * up - np.sin(lean) * forwards,
    )
    return np.stack([forwards, up, np.cross(up, forwards)])


def _ring(turn: np.ndarray, part: float, height: np.ndarray, table: dict) -> np.ndarray:
    """(n, 3) forwards, up and out at a part of the way from the ear's middle to its outline."""
    wide, high = table["size"]
    low = np.clip(-np.sin(turn), 0, 1)
    forwards = wide * np.cos(turn) * (1 - table["lobe"] * low**1.5) * part
    # The hollow lies low and forward, so inner rings move there.
    shift = (1 - part) * np.array(table["hollow"], float)
    return np.stack([forwards + shift[0], high * np.sin(turn) * part + shift[1], height], axis=1)


def _helix(turn: np.ndarray, part: float) -> np.ndarray:
    """The rim's relief fades at the lobe and in front."""
    lobe = np.clip(-np.sin(turn) - 0.35, 0, 1) / 0.65
    ahead = np.clip(np.cos(turn) - 0.55, 0, 1) / 0.45
    fade = 1 - 0.75 * lobe * (part > 0.5) - 0.7 * ahead * (part > 0.7)
    return np.clip(fade, 0, 1)
