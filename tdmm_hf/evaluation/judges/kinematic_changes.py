"""A changed word must change the motion where it should and nowhere else: how much changes where.

    >>> from tdmm_hf.evaluation.judges.kinematic_changes import change, take_noise, wording
    >>> from tdmm_hf.performer import perform
    >>> from tdmm_hf.performer.plan import read_plan
    >>> plans = [read_plan(plan) for plan in ("happy 3", "happy 3, turn left")]
    >>> takes = [[perform(plan, seed) for seed in (1, 2, 3)] for plan in plans]
    >>> asked = wording(*plans)
    >>> seen = change(takes[0][0], takes[1][0], asked, take_noise(takes))
    >>> seen.inside > 1 > seen.outside
    True

Change is the root mean square over frames between two motions of one seed, channel by channel, in
units of what two seeds of one prompt differ by. `inside` are the channels that the changed item
names; `outside` those that the performer leaves as they are when only that item changes. Channels
between the two follow along (lids with the eyes, the head's lean with an emotion).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ...motion import FaceMotion
from ...performer.tables import ARKIT, HEAD
from ...prompts.attributes import Attributes
from .kinematic import performances
from .kinematic_items import Item, items

FPS = 25.0
LEFT_ALONE = 0.25  # of the performer's own noise: what changes less is left as it is
_FLOOR = np.full(len(ARKIT.channels), 0.01)
_FLOOR[HEAD] = np.radians(0.3)


@dataclass(frozen=True, eq=False)
class Wording:
    """What a changed word is about.

    Args:
        before, after: the items that only one of the two performances asks for.
        inside, outside: (channels,) bool, see the module.
    """

    before: tuple[Item, ...]
    after: tuple[Item, ...]
    inside: np.ndarray
    outside: np.ndarray


@dataclass(frozen=True)
class Change:
    """Root mean square change in units of the change between two takes, where it should be and
    where it should not (nan where there are no such channels); ``share`` of all squared change
    that falls inside."""

    inside: float
    outside: float
    share: float


def wording(one: Attributes, other: Attributes, fps: float = FPS) -> Wording:
    """What differs between two performances; everything is outside where nothing does."""
    before, after = _differing(one, other), _differing(other, one)
    inside = np.zeros(len(ARKIT.channels), dtype=bool)
    for item in (*before, *after):
        inside[[ARKIT.index(channel) for channel in item.channels]] = True
    takes = [performances(attributes, fps) for attributes in (one, other)]
    noise = take_noise(takes)
    moved = np.mean([difference(a, b) for a, b in zip(*takes, strict=True)], axis=0)
    return Wording(before, after, inside, ~inside & (moved < LEFT_ALONE * noise))


def _differing(one: Attributes, other: Attributes) -> tuple[Item, ...]:
    """Items of one performance that the other does not have just so."""
    theirs = {_key(item) for item in items(other)}
    return tuple(item for item in items(one) if _key(item) not in theirs)


def _key(item: Item) -> tuple:
    speed = item.asked.head.speed if item.kind == "head" else None
    return (item.kind, item.name, item.count, item.grade, item.start, speed)


def difference(one: FaceMotion, other: FaceMotion) -> np.ndarray:
    """Root mean square difference of every channel over the frames of both, (channels,).

    Raises:
        ValueError: motions of different length.
    """
    if one.num_frames != other.num_frames:
        raise ValueError(
            f"motions must be as long as each other, got {one.num_frames} and "
            f"{other.num_frames} frames"
        )
    apart = one.values.astype(np.float64) - other.values
    return np.sqrt(np.mean(apart**2, axis=0))


def take_noise(takes: Sequence[Sequence[FaceMotion]]) -> np.ndarray:
    """What two takes of one prompt differ by, (channels,): root mean square over prompts and pairs.

    Args:
        takes: by prompt, two or more motions of different seeds each.
    """
    pairs = [difference(*pair) for motions in takes for pair in combinations(motions, 2)]
    return np.sqrt(np.mean(np.square(pairs), axis=0) + _FLOOR**2)


def change(one: FaceMotion, other: FaceMotion, asked: Wording, noise: np.ndarray) -> Change:
    """How much two motions differ, where they should and where they should not."""
    squared = (difference(one, other) / noise) ** 2
    return Change(
        _root_mean(squared[asked.inside]),
        _root_mean(squared[asked.outside]),
        float(squared[asked.inside].sum() / max(squared.sum(), 1e-12)),
    )


def _root_mean(squared: np.ndarray) -> float:
    return float(np.sqrt(squared.mean())) if squared.size else float("nan")
