"""Plans: what a performance does, in the fewest words; what the language model writes first.

    >>> from tdmm_hf.prompts.attributes import Attributes, EmotionSpan, HeadMotion
    >>> from tdmm_hf.prompts.plan import read_plan, write_plan
    >>> spans = (EmotionSpan("surprised", "surprised", 4, 0.0, 5.0),)
    >>> nod = HeadMotion("nod", count=2, speed="quick")
    >>> write_plan(Attributes(5.0, "woman", spans, manner="speaks_bursts", head=nod))
    'surprised 4, speaks bursts, nod 2 quick'
    >>> write_plan(read_plan("calm 2 fade afraid 5, shake 1, gaze left"))
    'calm 2 fade afraid 5, shake 1, gaze left'

A plan names the keys of the vocabulary tables: each emotion with its intensity, then what is not
left at its default of manner, head motion, actions (with a count over one) and gaze; events that
have a start say it in seconds, so that motion need not guess when. It says nothing about the
subject.
"""

from __future__ import annotations

import re

from .attributes import TRANSITIONS, Action, Attributes, EmotionSpan, HeadMotion
from .vocabulary import load_vocabulary

FLASH_SECONDS = 0.9
_EMOTIONS = re.compile(rf"(\w+) ([1-5])(?: ({'|'.join(TRANSITIONS[1:])}) (\w+) ([1-5]))?")
_EVENT = re.compile(
    r"(?P<name>[a-z ]+?)(?: (?P<count>[1-9]\d*))?(?: (?P<speed>slow|quick))?"
    r"(?: at (?P<start>\d+(?:\.\d+)?))?"
)


def write_plan(attributes: Attributes) -> str:
    """The plan of a performance."""
    parts = [_emotions(attributes)]
    if attributes.manner != "silent":
        parts.append(attributes.manner)
    head = attributes.head
    if head.name != "natural":
        parts.append(_event(head.name, head.count, head.start, head.speed))
    for action in attributes.actions:
        count = action.count if action.count > 1 else None
        parts.append(_event(action.name, count, action.start))
    if attributes.gaze != "camera":
        parts.append(f"gaze {attributes.gaze}")
    return ", ".join(parts).replace("_", " ")


def _emotions(attributes: Attributes) -> str:
    graded = [f"{span.category} {span.intensity}" for span in attributes.emotions]
    return f" {attributes.transition} ".join(graded)


def _event(name: str, count: int | None, start: float | None, speed: str = "normal") -> str:
    """What is done, how often, how fast, and when it begins, to the half second."""
    words = [name]
    if count is not None:
        words.append(str(count))
    if speed != "normal":
        words.append(speed)
    if start is not None:
        words.append(f"at {round(2 * start) / 2:g}")
    return " ".join(words)


def read_plan(plan: str, duration: float = 5.0, subject: str = "person") -> Attributes:
    """The performance that a plan stands for, with transitions in the middle of it.

    Raises:
        ValueError: naming the part that is no plan.
    """
    first, *parts = plan.split(", ")
    spans, transition = _read_emotions(first, duration)
    found = {"manner": [], "head": [], "actions": [], "gaze": []}
    for part in parts:
        name, value = _read_part(part)
        if found[name] and name != "actions":
            raise ValueError(f"a plan must have one {name} at most, got {plan!r}")
        found[name].append(value)
    actions = tuple(found.pop("actions"))
    single = {name: values[0] for name, values in found.items() if values}
    return Attributes(duration, subject, spans, transition, actions=actions, **single)


def _read_emotions(part: str, duration: float) -> tuple[tuple[EmotionSpan, ...], str]:
    match = _EMOTIONS.fullmatch(part)
    known = load_vocabulary().emotions
    if match is None or any(c not in known for c in match.group(1, 4) if c):
        raise ValueError(f"a plan must begin with an emotion and its intensity, got {part!r}")
    category, grade, transition, other, other_grade = match.groups()
    if transition is None:
        return (EmotionSpan(category, category, int(grade), 0.0, duration),), "hold"
    middle = duration / 2
    first_end, end = middle, duration
    if transition == "flash":
        first_end, end = duration, min(middle + FLASH_SECONDS, duration)
    return (
        EmotionSpan(category, category, int(grade), 0.0, first_end),
        EmotionSpan(other, other, int(other_grade), middle, end),
    ), transition


def _read_part(part: str) -> tuple[str, str | HeadMotion | Action]:
    """The field of Attributes that a part after the emotions belongs to, and its value."""
    vocabulary, key = load_vocabulary(), part.replace(" ", "_")
    if key in vocabulary.manners:
        return "manner", key
    if key.startswith("gaze_") and key.removeprefix("gaze_") in vocabulary.gazes:
        return "gaze", key.removeprefix("gaze_")
    if match := _EVENT.fullmatch(part):
        name = match["name"].replace(" ", "_")
        count = int(match["count"]) if match["count"] else None
        start = float(match["start"]) if match["start"] else None
        head = vocabulary.head_motions.get(name)
        if head and (head.speeds or not match["speed"]):
            return "head", HeadMotion(name, count, match["speed"] or "normal", start)
        if name in vocabulary.actions and not match["speed"]:
            return "actions", Action(name, count or 1, start)
    raise ValueError(f"a plan must name keys of the vocabulary, got {part!r}")
