"""Facial micro-actions: when each happens and what it does to the face.

>>> from tdmm_hf.performer.actions import schedule
>>> from tdmm_hf.prompts.attributes import Action
>>> [(event.name, round(event.start, 2)) for event in schedule((Action("wink_left", 2),), 5.0)]
[('wink_left', 0.96), ('wink_left', 3.46)]
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..prompts.attributes import Action
from .envelope import Layer, plateau
from .tables import columns, table

_GAP = 0.15
_MARGIN = 0.15
_ACCOMPANIES = 0.3


@dataclass(frozen=True)
class Event:
    """One occurrence of an action, in seconds; ``stretch`` scales its usual length."""

    name: str
    start: float
    stretch: float = 1.0

    @property
    def length(self) -> float:
        return _length(self.name) * self.stretch

    @property
    def end(self) -> float:
        return self.start + self.length


def _length(name: str) -> float:
    row = table("actions")[name]
    return row["onset"] + row["hold"] + row["offset"]


def schedule(actions: tuple[Action, ...], duration: float) -> list[Event]:
    """Every occurrence in time order, clear of one another.

    An action with a start begins there and repeats at once; the others are spread evenly. Where the
    clip is too short for their usual lengths, all are shortened alike.
    """
    wanted = sorted(item for action in actions for item in _wanted(action, duration))
    if not wanted:
        return []
    room = duration - 2 * _MARGIN - _GAP * (len(wanted) - 1)
    stretch = min(1.0, max(room, 0.3 * duration) / sum(_length(name) for _, name in wanted))
    events, free = [], _MARGIN
    for middle, name in wanted:
        start = max(middle - _length(name) * stretch / 2, free)
        events.append(Event(name, start, stretch))
        free = events[-1].end + _GAP
    return _pulled_in(events, duration - min(_MARGIN, 0.05 * duration))


def _wanted(action: Action, duration: float) -> list[tuple[float, str]]:
    """Middles of one action's occurrences."""
    if action.start is None:
        return [((i + 0.5) / action.count * duration, action.name) for i in range(action.count)]
    length = _length(action.name)
    return [
        (action.start + length / 2 + i * (length + _GAP), action.name) for i in range(action.count)
    ]


def _pulled_in(events: list[Event], end: float) -> list[Event]:
    """The same events, moved earlier from the last on where they pass the end."""
    moved = []
    for event in reversed(events):
        start = max(0.0, min(event.start, end - event.length))
        moved.append(Event(event.name, start, event.stretch))
        end = start - min(_GAP, event.length / 2)
    return moved[::-1]


def act(times: np.ndarray, events: list[Event], leads_left: bool) -> Layer:
    """The layer of all events over (frames,) times."""
    layer = Layer(len(times))
    for event in events:
        row = table("actions")[event.name]
        phases = [event.stretch * row[phase] for phase in ("onset", "hold", "offset")]
        curve = plateau(times, event.start, *phases)
        side = _swapped if row.get("sided", False) and not leads_left else str
        for channel in row["clears"]:
            layer.clear(side(channel), curve)
        for channel, weight in row["channels"].items():
            _reach(layer, side(channel), curve, weight)
        _take_turns(layer, times, event, row.get("stages", ()), side)
    return layer


def _take_turns(layer: Layer, times, event: Event, stages, side) -> None:
    """Stages of an event, each for an equal share of it, one passing into the next."""
    share = event.length / max(1, len(stages))
    for i, stage in enumerate(stages):
        curve = plateau(times, event.start + i * share, 0.4 * share, 0.4 * share, 0.4 * share)
        for channel, weight in stage.items():
            _reach(layer, side(channel), curve, weight)


def _reach(layer: Layer, channel: str, curve: np.ndarray, weight: float) -> None:
    """Move a channel to a weight, whatever it was at; accompanying movements only add to it."""
    if weight < _ACCOMPANIES and not channel.endswith(("Left", "Right")):
        layer.mix(channel, weight * curve)
        return
    layer.clear(channel, curve)
    for i in columns(channel):
        layer.values[:, i] = np.maximum(layer.values[:, i], weight * curve)


def _swapped(channel: str) -> str:
    for one, other in (("Left", "Right"), ("Right", "Left")):
        if channel.endswith(one):
            return channel[: -len(one)] + other
    return channel


def keeps_eyes(events: list[Event]) -> np.ndarray:
    """Times when involuntary blinks stay away, (events, 2) start and end."""
    spans = [(e.start, e.end) for e in events if table("actions")[e.name].get("eyes")]
    return np.array(spans).reshape(-1, 2)
