"""The performer's data files, read once: what each key of the vocabulary looks like on a face.

>>> from tdmm_hf.performer.tables import expressions, vector
>>> expressions()["furious"].family
'anger'
>>> float(vector({"mouthSmile": 0.5}).sum())  # left and right
1.0
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import yaml

from ..parameters import get_space
from ..prompts.vocabulary import Emotion, load_vocabulary

ARKIT = get_space("arkit")
NUM_CHANNELS = len(ARKIT.channels)
_SIDES = {"L": "Left", "R": "Right"}
HEAD = slice(NUM_CHANNELS - 3, NUM_CHANNELS)
STYLE_KEYS = (
    "blink_rate",
    "blink_length",
    "speech_rate",
    "jaw",
    "lips",
    "drift",
    "gaze_hold",
    "gaze_spread",
)


@cache
def table(name: str) -> dict:
    """The raw contents of ``data/<name>.yaml``."""
    path = Path(__file__).parent / "data" / f"{name}.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@cache
def columns(name: str) -> tuple[int, ...]:
    """Columns of a channel; a name without its side (``mouthSmile``) means both."""
    sides = [side for side in ("", "Left", "Right") if f"{name}{side}" in ARKIT.channels]
    if "" in sides:
        return (ARKIT.index(name),)
    if len(sides) != 2:
        raise ValueError(f"unknown channel {name!r}: space 'arkit' does not have it")
    return tuple(ARKIT.index(f"{name}{side}") for side in sides)


def vector(weights: dict[str, float]) -> np.ndarray:
    """Named weights as one face, (55,); both sides first, so that one side can be changed."""
    face = np.zeros(NUM_CHANNELS)
    for name in sorted(weights, key=lambda name: -len(columns(name))):
        face[list(columns(name))] = weights[name]
    return face


def mirrored(face: np.ndarray) -> np.ndarray:
    """Left and right of a face exchanged, (..., 55)."""
    return face[..., list(ARKIT.mirror_index)] * np.array(ARKIT.mirror_sign)


@dataclass(frozen=True, eq=False)
class Expression:
    """A category at apex: face (55,) weights with the head's lean in degrees in the last three,
    gaze (2,) degrees of yaw and pitch, timing and behaviour (see
    ``data/dynamics.yaml``)."""

    category: str
    family: str
    face: np.ndarray
    gaze: np.ndarray
    onset: float
    settle: float
    waver: float
    pulses: tuple[float, float, float] | None
    style: dict[str, float] = field(default_factory=dict)


@cache
def expressions() -> dict[str, Expression]:
    """Every category's expression."""
    families = table("dynamics")["families"]
    return {
        category: _expression(category, emotion, families[emotion.family])
        for category, emotion in load_vocabulary().emotions.items()
    }


def _expression(category: str, emotion: Emotion, family: dict) -> Expression:
    own = family.get("categories", {}).get(category, {})
    both = {**family, **own}
    face = vector(action_units(emotion.prototype))
    face[HEAD] = both.get("head", (0.0, 0.0, 0.0))
    return Expression(
        category=category,
        family=emotion.family,
        face=face,
        gaze=np.array(both.get("gaze", (0.0, 0.0)), dtype=float),
        onset=both.get("onset", 0.4),
        settle=both.get("settle", 1.0),
        waver=both.get("waver", 0.14),
        pulses=tuple(both["pulses"]) if "pulses" in both else None,
        style={**family.get("style", {}), **own.get("style", {})},
    )


def action_units(prototype: str) -> dict[str, float]:
    """Channel weights of a prototype in FACS notation.

    >>> action_units("6:55 L12:40 mouthLeft:25")
    {'cheekSquint': 0.55, 'mouthSmileLeft': 0.4, 'mouthLeft': 0.25}

    Args:
        prototype: action units with percent of their greatest effect; ``data/action_units.yaml``
            has their channels.

    Raises:
        ValueError: an action unit that is unknown or not within 0..100 percent.
    """
    weights = {}
    for part in prototype.split():
        unit, _, percent = part.partition(":")
        if not (percent.isdigit() and int(percent) <= 100):
            raise ValueError(f"an action unit must have 0..100 percent, got {part!r}")
        weights[_channel(unit)] = int(percent) / 100
    return weights


def _channel(unit: str) -> str:
    units = {str(key): channel for key, channel in table("action_units").items()}
    if unit in units:
        return units[unit]
    if unit[1:] in units and unit[0] in _SIDES:
        return units[unit[1:]] + _SIDES[unit[0]]
    columns(unit)  # says that it is unknown
    return unit


def gain(intensity: int) -> float:
    """Share of the apex that an intensity of 1 to 5 shows."""
    return table("dynamics")["gains"][intensity - 1]


@cache
def vocabulary() -> dict[str, frozenset[str]]:
    """What can be performed: categories, manners, actions, head motions and gazes, by key."""
    return {
        "category": frozenset(expressions()),
        "manner": frozenset(table("manners")["manners"]),
        "action": frozenset(table("actions")),
        "head motion": frozenset(table("head")),
        "gaze": frozenset(table("gaze")),
    }
