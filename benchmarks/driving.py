"""Heads driven channel by channel and scored by the tracker: what head.py and response.py share.

from driving import families, pose, scores
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np

from tdmm_hf.fitting.tracker import FaceTracker
from tdmm_hf.parameters import ARKIT_BLENDSHAPES, get_space
from tdmm_hf.performer.tracking import shape_family

SIZE = 480
ARKIT = get_space("arkit")
# Sideways one eye looks in where the other looks out.
SIDEWAYS = {
    "eyeLookIn": ("eyeLookInLeft", "eyeLookOutRight"),
    "eyeLookOut": ("eyeLookOutLeft", "eyeLookInRight"),
}


class Family(NamedTuple):
    """Channels driven together, and those whose scores count."""

    driven: tuple[str, ...]
    scored: tuple[str, ...]


def families() -> dict[str, Family]:
    """The 33 families that a tracker scores: left and right together."""
    members = defaultdict(list)
    for channel in ARKIT_BLENDSHAPES:
        members[shape_family(channel)].append(channel)
    del members["tongueOut"]
    found = {name: Family(tuple(sides), tuple(sides)) for name, sides in members.items()}
    return found | {name: Family(driven, driven[:1]) for name, driven in SIDEWAYS.items()}


def pose(**channels: float) -> np.ndarray:
    """(55,) float32 of named channels, the others at rest."""
    values = np.zeros(len(ARKIT.channels), np.float32)
    for channel, value in channels.items():
        values[ARKIT.index(channel)] = value
    return values


def scores(tracker: FaceTracker, picture: np.ndarray) -> np.ndarray:
    """(55,) of the face in a picture; nan where none is found."""
    faces = tracker.detect(picture, time=0.0)
    return faces[0].values if faces else np.full(len(ARKIT.channels), np.nan)
