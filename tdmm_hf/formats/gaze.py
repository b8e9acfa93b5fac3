"""Angles of the eyes, for formats that hold those: from the eyeLook weights, and back.

>>> import numpy as np
>>> from tdmm_hf.formats.gaze import gaze_angles, gaze_weights
>>> values = np.zeros((1, 55)); values[:, 14] = 1                      # eyeLookOutLeft
>>> np.degrees(gaze_angles(values, "Left")).round(6).tolist()          # yaw, pitch
[[30.0, 0.0]]
>>> gaze_weights(gaze_angles(values, "Left"), "Left")["eyeLookOutLeft"].tolist()
[1.0]

Weights of opposite ways at once cannot be told from their difference.
"""

from __future__ import annotations

import numpy as np

from ..parameters import get_space
from ..rigs.mesh import GAZE_DEGREES

SIDES = ("Left", "Right")


def gaze_angles(values: np.ndarray, side: str) -> np.ndarray:
    """How an eye is turned within the head: (..., 55) to (..., 2) yaw and pitch in radians.

    Positive yaw turns to the subject's left, positive pitch down; yaw first, then pitch.
    """
    space = get_space("arkit")

    def angle(way: str) -> np.ndarray:
        weight = np.asarray(values)[..., space.index(f"eyeLook{way}{side}")].astype(np.float64)
        return np.radians(GAZE_DEGREES[way]) * weight

    left, right = _ways(side)
    return np.stack([angle(left) - angle(right), angle("Down") - angle("Up")], axis=-1)


def gaze_weights(angles: np.ndarray, side: str) -> dict[str, np.ndarray]:
    """The four eyeLook weights of (..., 2) yaw and pitch: channel to (...), none below zero."""
    left, right = _ways(side)
    yaw, pitch = np.moveaxis(np.asarray(angles, dtype=np.float64), -1, 0)
    turns = {left: yaw, right: -yaw, "Down": pitch, "Up": -pitch}
    return {
        f"eyeLook{way}{side}": np.maximum(turn, 0) / np.radians(GAZE_DEGREES[way])
        for way, turn in turns.items()
    }


def _ways(side: str) -> tuple[str, str]:
    """Which way of an eye is to the subject's left, and which to the right."""
    return ("Out", "In") if side == "Left" else ("In", "Out")
