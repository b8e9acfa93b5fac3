"""Whether the channels that an item names move, each by itself.

    >>> from tdmm_hf.evaluation.cues import Baseline
    >>> from tdmm_hf.evaluation.judges.kinematic_items import items
    >>> from tdmm_hf.evaluation.judges.kinematic_moves import channel_moves
    >>> from tdmm_hf.performer import perform
    >>> from tdmm_hf.performer.plan import read_plan
    >>> neutral = Baseline([perform(read_plan("neutral 3"), seed) for seed in range(4)])
    >>> asked = read_plan("happy 5")
    >>> takes = [perform(asked, seed) for seed in (4, 5)]
    >>> moves = channel_moves(items(asked)[0], takes[0], (0.5, 5.0), neutral, takes)
    >>> moves[0].channel, moves[0].moved
    ('mouthSmile', True)

A channel is a cue (`tdmm_hf.evaluation.cues`): an expression is held, so its level counts; what is
brief counts at its peak. Both sides of a channel are one where they are asked alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from ...motion import FaceMotion
from ...performer.tables import ARKIT, columns, table
from ..cues import MARGINS, WHOLE, Baseline, Cue
from .kinematic_items import Item
from .kinematic_verdicts import ChannelMove, ItemVerdict

_SIDES = ("Left", "Right")
_HEAD_PREFIX = "head"
_ONE_WAY = ("pulses", "hold", "sink", "perk")  # kinds of head motion
_LEAST_SHARE = 0.4  # of the named weight: less is no movement
_STRAY, _EXPRESSIVE = 1, 4  # action units held: still neutral, and not at all


@dataclass(frozen=True)
class _Named:
    name: str
    cue: Cue
    sign: float


def named_cues(item: Item) -> list[_Named]:
    """The channels of an item as cues, left and right together where both are named alike."""
    found = []
    for channel, weight in item.channels.items():
        base, partner = _partner(channel)
        if partner in item.channels and channel.endswith("Right"):
            continue
        both = (channel, partner) if partner in item.channels else (channel,)
        name = base if len(both) == 2 else channel
        measure = _measure(item, channel)
        margin = min(MARGINS[measure], _LEAST_SHARE * abs(weight))
        sides = {"up": both} if weight > 0 else {"down": both}
        found.append(_Named(name, Cue(name, measure=measure, margin=margin, **sides), weight))
    return found


def _measure(item: Item, channel: str) -> str:
    """What is held counts by its level, what goes both ways by its spread, the rest at its peak."""
    if item.kind == "emotion":
        return "peak" if _flashes(item) else "level"
    if item.kind != "head":
        return "peak"
    row = table("head")[item.name]
    one_way = row["kind"] in _ONE_WAY or (row["kind"] == "gestures" and channel == "headPitch")
    return "peak" if one_way or not _either(row) else "spread"


def _either(row: dict) -> bool:
    return row["kind"] != "gestures" or bool(row.get("either"))


def _flashes(item: Item) -> bool:
    return item.asked.transition == "flash" and item.index == 1


def _partner(channel: str) -> tuple[str, str | None]:
    for side, other in (_SIDES, _SIDES[::-1]):
        if channel.endswith(side):
            return channel.removesuffix(side), channel.removesuffix(side) + other
    return channel, None


def channel_moves(
    item: Item,
    motion: FaceMotion,
    span: tuple[float, float],
    neutral: Baseline,
    performed: Sequence[FaceMotion],
) -> tuple[ChannelMove, ...]:
    """How far each named channel moves from the neutral face, and how far it is performed."""
    here, there = (_shares(seconds, motion.duration) for seconds in (span, item.span))
    return tuple(_move(one, motion, here, there, neutral, performed) for one in named_cues(item))


def _shares(span: tuple[float, float], duration: float) -> tuple[float, float]:
    first, last = (float(np.clip(seconds / duration, 0.0, 1.0)) for seconds in span)
    return (first, last) if last > first else WHOLE


def _move(one: _Named, motion, here, there, neutral: Baseline, performed) -> ChannelMove:
    resting = float(np.mean([one.cue.strength(calm) for calm in neutral.motions]))
    unit = np.degrees(1.0) if one.name.startswith(_HEAD_PREFIX) else 1.0
    unit *= np.sign(one.sign)
    usual = float(np.mean([one.cue.strength(take, there) for take in performed])) - resting
    return ChannelMove(
        one.name,
        round(float(unit * (one.cue.strength(motion, here) - resting)), 3),
        round(float(unit * usual), 3),
        bool(one.cue.strength(motion, here) > neutral.threshold(one.cue)),
    )


def neutrality(
    item: Item, motion: FaceMotion, neutral: Baseline, others: Sequence[Item]
) -> ItemVerdict:
    """A neutral face: no action unit is held beyond what neutral faces do, but for those that
    ``others`` name."""
    span = _shares(item.span, motion.duration)
    busy = {channel for other in others for channel in other.channels}
    units = [
        Cue(name, up=tuple(channels))
        for name, channels in _units().items()
        if not busy & set(channels)
    ]
    risen = [cue.name for cue in units if neutral.shows(cue, motion, span)]
    amount = 1.0 - min(len(risen) / _EXPRESSIVE, 1.0)
    why = (f"not neutral: {', '.join(risen)} held",) if risen else ()
    return ItemVerdict(
        item.kind, item.name, len(risen) <= _STRAY, round(amount, 3), amount, reasons=why
    )


@cache
def _units() -> dict[str, list[str]]:
    """The channels of every action unit that has some."""
    return {
        name: [ARKIT.channels[column] for column in columns(name)]
        for name in table("action_units").values()
        if name != "jaw"
    }
