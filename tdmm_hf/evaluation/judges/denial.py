"""Which marks a caption denies: "not angry", "without smiling", "more sad than angry".

>>> from tdmm_hf.evaluation.judges.denial import denied_marks
>>> from tdmm_hf.evaluation.judges.marks import find_marks
>>> [mark.key for mark in denied_marks(find_marks("She isn't sad or angry, just tired."))]
['sad', 'angry']
"""

from __future__ import annotations

import re
from functools import cache

from .marks import Mark, Marks
from .wordings import WORD, compile_phrases, load_tables

DENIABLE = ("emotion", "manner", "head", "action", "gaze")
MAX_WORDS = 5  # between a negation and what it denies
_CLAUSE_BREAK = re.compile(
    r"[.;:!?]|,(?!\s*(?:or|nor)\b)|\b(?:but|just|only|and then|because|while|as|through)\b|->"
)
_SECOND_CLAUSE = re.compile(r"\band (?:he|she|they|it|then|looks?|is|are)\b")


def denied_marks(marks: Marks) -> list[Mark]:
    """Those of ``DENIABLE`` that the caption says are not there, in text order."""
    denied = {id(mark) for mark in _after_negations(marks) + _compared(marks) + _rebuffed(marks)}
    return [mark for mark in marks.all if id(mark) in denied]


def _after_negations(marks: Marks) -> list[Mark]:
    return [
        mark
        for negation in marks.of("negation")
        for mark in marks.of(*DENIABLE)
        if mark.start >= negation.end
        and _reaches(marks.between(negation, mark) + marks.said(mark).split()[0])
    ]


def _reaches(gap: str) -> bool:
    """Whether a negation still holds after this text, which ends with a first word of a mark."""
    if _CLAUSE_BREAK.search(gap) or _SECOND_CLAUSE.search(gap):
        return False
    return len(WORD.findall(gap)) <= MAX_WORDS + 1


def _compared(marks: Marks) -> list[Mark]:
    """Of "more sad than angry" the second, of "less angry than sad" the first."""
    denied = []
    for than in marks.of("comparison"):
        before = [m for m in marks.of("emotion") if m.end <= than.start]
        after = [m for m in marks.of("emotion") if m.start >= than.end]
        if not before or not after or re.search(r"[.;]", marks.between(before[-1], after[0])):
            continue
        less = re.search(r"\bless(?: \w+)?\s*$", marks.text[: before[-1].start])
        denied.append(before[-1] if less else after[0])
    return denied


def _rebuffed(marks: Marks) -> list[Mark]:
    """Of "Scared? Not him." the one that is asked for."""
    return [
        mark
        for mark in marks.of("emotion")
        if _rebuff().match(marks.text[mark.end :].lstrip("?! "))
    ]


@cache
def _rebuff() -> re.Pattern:
    return compile_phrases(load_tables()["denied_after"])
