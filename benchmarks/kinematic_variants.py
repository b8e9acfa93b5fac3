"""Performances with one thing changed, for the kinematic judge to say no to.

from kinematic_variants import exchanged, miscounted, regraded, reordered
"""

from __future__ import annotations

from dataclasses import replace

from tdmm_hf.evaluation.judges.kinematic_items import NEUTRAL, Item
from tdmm_hf.prompts.attributes import INTENSITIES, Attributes
from tdmm_hf.prompts.vocabulary import family_of, load_vocabulary, manner_class

DEFAULTS = (NEUTRAL, "natural", "silent", "camera")
_FIELDS = {"manner": "manner", "gaze": "gaze"}


def exchanged(item: Item, rng, sibling: bool = False) -> Attributes | None:
    """The performance with another thing of the item's kind; None where there is none."""
    keys = [key for key in _keys(item.kind) if key not in (item.name, *DEFAULTS)]
    if item.kind in ("emotion", "manner"):
        group = family_of if item.kind == "emotion" else manner_class
        keys = [key for key in keys if (group(key) == group(item.name)) == sibling]
    elif sibling:
        return None
    return _with(item, keys[rng.integers(len(keys))]) if keys else None


def _keys(kind: str) -> list[str]:
    vocabulary = load_vocabulary()
    tables = {
        "emotion": vocabulary.emotions,
        "manner": vocabulary.manners,
        "head": vocabulary.head_motions,
        "action": vocabulary.actions,
        "gaze": vocabulary.gazes,
    }
    return list(tables[kind])


def _with(item: Item, key: str) -> Attributes:
    asked = item.asked
    if item.kind == "emotion":
        return _with_span(asked, item.index, category=key, word=key)
    if item.kind == "action":
        return _with_action(asked, item.index, name=key)
    if item.kind == "head":
        entry = load_vocabulary().head_motions[key]
        count = asked.head.count if entry.counted.train else None
        speed = asked.head.speed if entry.speeds else "normal"
        return replace(asked, head=replace(asked.head, name=key, count=count, speed=speed))
    return replace(asked, **{_FIELDS[item.kind]: key})


def _with_span(asked: Attributes, index: int, **fields) -> Attributes:
    spans = list(asked.emotions)
    spans[index] = replace(spans[index], **fields)
    return replace(asked, emotions=tuple(spans))


def _with_action(asked: Attributes, index: int, **fields) -> Attributes:
    actions = list(asked.actions)
    actions[index] = replace(actions[index], **fields)
    return replace(asked, actions=tuple(actions))


def regraded(item: Item, rng) -> Attributes | None:
    """The performance with the emotion two or more steps stronger or weaker."""
    if item.grade is None:
        return None
    grades = [grade for grade in INTENSITIES if abs(grade - item.grade) >= 2]
    return _with_span(item.asked, item.index, intensity=int(rng.choice(grades)))


def miscounted(item: Item, rng) -> Attributes | None:
    """The performance with one repetition more or less."""
    if item.count is None:
        return None
    count = item.count + (1 if item.count == 1 or rng.random() < 0.5 else -1)
    if item.kind == "action":
        return _with_action(item.asked, item.index, count=count)
    return replace(item.asked, head=replace(item.asked.head, count=count))


def reordered(attributes: Attributes) -> Attributes | None:
    """The two emotions of "then" and "fade" exchanged, their times kept."""
    if attributes.transition not in ("then", "fade"):
        return None
    one, other = attributes.emotions
    spans = (
        replace(other, start=one.start, end=one.end),
        replace(one, start=other.start, end=other.end),
    )
    return replace(attributes, emotions=spans)
