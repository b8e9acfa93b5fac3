"""Plans: what a performance does, in the fewest words; what the language model writes first.

    >>> from tdmm_hf.prompts.attributes import Attributes, EmotionSpan, HeadMotion
    >>> from tdmm_hf.performer.plan import read_plan, write_plan
    >>> spans = (EmotionSpan("surprised", "surprised", 4, 0.0, 5.0),)
    >>> nod = HeadMotion("nod", count=2, speed="quick")
    >>> write_plan(Attributes(5.0, "woman", spans, manner="speaks_bursts", head=nod))
    'surprised 4, speaks bursts, nod 2 quick at 1 at 3.4'
    >>> write_plan(read_plan("calm 2 fade afraid 5, shake 1, gaze left", duration=4.0))
    'calm 2 fade afraid 5 at 2, shake 1 at 1.5, gaze left'

A plan names the keys of the vocabulary tables: each emotion with its intensity, then what is not
left at its default of manner, head motion, actions (with a count over one) and gaze. What begins at
a time says it in seconds, so that motion need not guess when: a second emotion, every nod and shake
that is counted, every action. It says nothing about the subject.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from ..prompts.attributes import SPEEDS, TRANSITIONS, Action, Attributes, EmotionSpan, HeadMotion
from ..prompts.vocabulary import load_vocabulary
from .actions import Event, schedule
from .head import event_starts

FLASH_SECONDS = 0.9  # as in modeling/clock_tdmm.py, which stands alone; EVENT too
EVENT = "_at"
STEPS = ["1", "2", "3"]  # latent steps after a mark at which something may begin
_AT = r" at \d+(?:\.\d+)?"
_EMOTIONS = re.compile(
    rf"(\w+) ([1-5])(?: ({'|'.join(TRANSITIONS[1:])}) (\w+) ([1-5])((?:{_AT})?))?"
)
_EVENT = re.compile(
    rf"(?P<name>[a-z ]+?)(?: (?P<count>[1-9]\d*))?(?: (?P<speed>slow|quick))?(?P<starts>(?:{_AT})*)"
)


def write_plan(attributes: Attributes) -> str:
    """The plan of a performance; empty for one without an emotion."""
    if not attributes.emotions:
        return ""
    parts = [_emotions(attributes)]
    if attributes.manner != "silent":
        parts.append(attributes.manner)
    head = attributes.head
    if head.name != "natural":
        starts = event_starts(attributes.duration, head)
        parts.append(_event(head.name, head.count, starts, head.speed))
    events = schedule(attributes.actions, attributes.duration)
    for action in attributes.actions:
        count = action.count if action.count > 1 else None
        parts.append(_event(action.name, count, _times(events, action)))
    if attributes.gaze != "camera":
        parts.append(f"gaze {attributes.gaze}")
    return ", ".join(parts).replace("_", " ")


def tracks() -> dict[str, list[str]]:
    """What the states of a plan in time are made of, by track (see `modeling.clock_tdmm`)."""
    vocabulary = load_vocabulary()
    lasting = [key for key in vocabulary.head_motions if key != "natural"]
    counted = [key for key in lasting if vocabulary.head_motions[key].counted.train]
    return {
        "emotion": list(vocabulary.emotions),
        "intensity": [str(grade) for grade in vocabulary.intensities],
        "change": list(TRANSITIONS[1:]),
        "manner": [key for key in vocabulary.manners if key != "silent"],
        "head": [*lasting, *(key + EVENT for key in counted)],
        "speed": [speed for speed in SPEEDS if speed != "normal"],
        "head_step": STEPS,
        "action": [key + EVENT for key in vocabulary.actions],
        "action_step": STEPS,
        "gaze": [key for key in vocabulary.gazes if key != "camera"],
    }


def _emotions(attributes: Attributes) -> str:
    first, *second = attributes.emotions
    words = [first.category, str(first.intensity)]
    for span in second:
        words += [attributes.transition, span.category, str(span.intensity), _at(span.start)]
    return " ".join(words)


def _event(name: str, count: int | None, starts: Iterable[float], speed: str = "normal") -> str:
    """What is done, how often, how fast, and when it begins."""
    words = [name]
    if count is not None:
        words.append(str(count))
    if speed != "normal":
        words.append(speed)
    return " ".join([*words, *map(_at, starts)])


def _at(seconds: float) -> str:
    return f"at {round(seconds, 1):g}"


def read_plan(plan: str, duration: float = 5.0, subject: str = "person") -> Attributes:
    """The performance that a plan stands for; a transition without a time is in the middle of it.

    Raises:
        ValueError: naming the part that is no plan.
    """
    first, *parts = plan.split(", ")
    spans, transition = _read_emotions(first, duration)
    found = {"manner": [], "head": [], "actions": [], "gaze": []}
    for part in parts:
        name, value = _read_part(part, duration)
        if found[name] and name != "actions":
            raise ValueError(f"a plan must have one {name} at most, got {plan!r}")
        found[name].append(value)
    actions = _actions(found.pop("actions"), duration)
    single = {name: values[0] for name, values in found.items() if values}
    return Attributes(duration, subject, spans, transition, actions=actions, **single)


def _read_emotions(part: str, duration: float) -> tuple[tuple[EmotionSpan, ...], str]:
    match = _EMOTIONS.fullmatch(part)
    known = load_vocabulary().emotions
    if match is None or any(c not in known for c in match.group(1, 4) if c):
        raise ValueError(f"a plan must begin with an emotion and its intensity, got {part!r}")
    category, grade, transition, other, other_grade, starts = match.groups()
    if transition is None:
        return (EmotionSpan(category, category, int(grade), 0.0, duration),), "hold"
    switch = next(iter(_seconds(starts)), duration / 2)
    first_end, end = switch, duration
    if transition == "flash":
        first_end, end = duration, min(switch + FLASH_SECONDS, duration)
    return (
        EmotionSpan(category, category, int(grade), 0.0, first_end),
        EmotionSpan(other, other, int(other_grade), switch, end),
    ), transition


def _actions(found: list[tuple[Action, list[float]]], duration: float) -> tuple[Action, ...]:
    """Actions that begin at these times: spread evenly, or in a row from the first on."""
    spread = tuple(action for action, _ in found)
    actions = []
    for action, starts in found:
        in_a_row = replace(action, start=starts[0]) if starts else action
        evenly = starts == _times(schedule(spread, duration), action)
        apart = action.count == 1 or starts == _times(schedule((in_a_row,), duration), action)
        actions.append(in_a_row if apart and not evenly else action)
    return tuple(actions)


def _times(events: list[Event], action: Action) -> list[float]:
    """When an action happens, to the tenth of a second."""
    return [round(event.start, 1) for event in events if event.name == action.name]


def _head(spread: HeadMotion, starts: list[float], duration: float) -> HeadMotion:
    """A head motion that begins at these times: spread evenly, or in a row from the first on."""
    evenly = [round(start, 1) for start in event_starts(duration, spread)]
    if not starts or starts == evenly:
        return spread
    return replace(spread, start=starts[0])


def _seconds(starts: str) -> list[float]:
    """Times of " at 1 at 2.5"."""
    return [float(start) for start in starts.split(" at ")[1:]]


def _read_part(
    part: str, duration: float
) -> tuple[str, str | HeadMotion | tuple[Action, list[float]]]:
    """The field of Attributes that a part after the emotions belongs to, and its value."""
    vocabulary, key = load_vocabulary(), part.replace(" ", "_")
    if key in vocabulary.manners:
        return "manner", key
    if key.startswith("gaze_") and key.removeprefix("gaze_") in vocabulary.gazes:
        return "gaze", key.removeprefix("gaze_")
    if match := _EVENT.fullmatch(part):
        name = match["name"].replace(" ", "_")
        count = int(match["count"]) if match["count"] else None
        starts, speed = _seconds(match["starts"]), match["speed"] or "normal"
        head = vocabulary.head_motions.get(name)
        if head and (head.speeds or not match["speed"]):
            return "head", _head(HeadMotion(name, count, speed), starts, duration)
        if name in vocabulary.actions and not match["speed"]:
            return "actions", (Action(name, count or 1), starts)
    raise ValueError(f"a plan must name keys of the vocabulary, got {part!r}")
