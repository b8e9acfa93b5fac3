"""How the emotions of a caption follow each other.

>>> from tdmm_hf.evaluation.judges.marks import find_marks
>>> from tdmm_hf.evaluation.judges.ordering import order_of
>>> marks = find_marks("She is calm, but for a split second there is panic.")
>>> order, emotions = order_of(marks, marks.of("emotion"))
>>> order, [mark.key for mark in emotions]
('flash', ['calm', 'panicked'])
"""

from __future__ import annotations

import re

from .marks import Mark, Marks
from .wordings import WORD, compile_phrases, load_tables

ORDERS = ("hold", "then", "fade", "flash", "together")
_JOINING = re.compile(r"\b(?:and|but|yet|or)\b|[/+&]")
_SENTENCE_END = re.compile(r"[.;!?](?:\s|$)")
_PARTING = re.compile(r"\b(?:but|and|except|save|then|otherwise)\b")
MAX_JOINED = 4  # words between two emotions that are felt at once
MAX_LEAD = 6  # words between a word of order and the first emotion


def order_of(marks: Marks, emotions: list[Mark]) -> tuple[str, list[Mark]]:
    """The order and the emotions in it: the lasting one first where another only flashes.

    Args:
        marks: all of the caption.
        emotions: those that the caption asserts, one for each feeling, in text order.
    """
    if len(emotions) < 2:
        return "hold", emotions
    brief = _brief(marks, emotions)
    if brief is not None:
        return "flash", [mark for mark in emotions if mark is not brief] + [brief]
    first, second = emotions[0], emotions[1]
    between = marks.between(first, second)
    if _of_order("reversed").search(between):
        return "then", [second, first, *emotions[2:]]
    said = {mark.key for mark in marks.of("order") if _concerns(marks, mark, first, second)}
    for order in ("fade", "then", "together"):
        if order in said:
            return order, emotions
    joined = len(WORD.findall(between)) <= MAX_JOINED and _JOINING.search(between)
    return ("together" if joined and not _SENTENCE_END.search(between) else "then"), emotions


def _brief(marks: Marks, emotions: list[Mark]) -> Mark | None:
    """The emotion that only flashes: the one nearest to a word of brevity."""
    motions = marks.of("head", "action", "gaze")
    for cue in (mark for mark in marks.of("order") if mark.key == "flash"):
        nearest = min(emotions, key=lambda mark: _distance(marks, cue, mark))
        distance = _distance(marks, cue, nearest)
        if all(_distance(marks, cue, other) > distance for other in motions):
            return nearest
    return None


def _distance(marks: Marks, one: Mark, other: Mark) -> float:
    """Words between two marks; a comma counts as one, "but" as three, a sentence's end as ten."""
    first, second = sorted((one, other), key=lambda mark: mark.start)
    gap = marks.between(first, second)
    ends = len(_SENTENCE_END.findall(gap))
    parted = len(_PARTING.findall(gap))
    return len(WORD.findall(gap)) + gap.count(",") + 3 * parted + 10 * ends


def _concerns(marks: Marks, cue: Mark, first: Mark, second: Mark) -> bool:
    """Whether a word of order speaks of the two emotions, and not of a motion beside it."""
    if cue.start >= second.end:
        tail = marks.between(second, cue)
        return cue.key in ("fade", "together") and not _SENTENCE_END.search(tail) and len(tail) < 25
    if cue.end <= first.start:
        lead = marks.between(cue, first)
        return not _SENTENCE_END.search(lead) and len(WORD.findall(lead)) <= MAX_LEAD
    return True


def _of_order(key: str) -> re.Pattern:
    return compile_phrases(load_tables()["order"][key])
