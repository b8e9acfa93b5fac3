"""Which intensities an emotion word takes: nobody is slightly ecstatic or extremely miffed.

>>> from tdmm_hf.prompts.grades import grades_of
>>> grades_of("delighted", "phrases", "over the moon")
(3, 5)

Main words have their grades in ``data/emotions.csv``; others take what ``data/word_grades.yaml``
says of the words within them.
"""

from __future__ import annotations

import re
from functools import cache

from .attributes import INTENSITIES
from .data_files import read_yaml
from .vocabulary import load_vocabulary

_ALL = (min(INTENSITIES), max(INTENSITIES))


@cache
def takes(category: str, slot: str, intensity: int, held_out: bool = False) -> tuple[str, ...]:
    """The words of a category's slot that take an intensity, in table order."""
    words = load_vocabulary().emotions[category].words[slot]
    words = written(words.held_out if held_out else words.train)
    ranges = [grades_of(category, slot, word) for word in words]
    return tuple(
        w for w, (low, high) in zip(words, ranges, strict=True) if low <= intensity <= high
    )


@cache
def written(words: tuple[str, ...], minor: bool = False) -> tuple[str, ...]:
    """Those of some words that texts may use, of children and teenagers where ``minor``."""
    never = _grown_up() if minor else None
    words = (word for word in words if word not in _table()["unwritten"])
    return tuple(word for word in words if not (never and never.search(word)))


@cache
def _grown_up() -> re.Pattern:
    return re.compile(rf"(?:^|[\s-])(?:{'|'.join(map(re.escape, _table()['grown_up']))})")


def grades_of(category: str, slot: str, word: str) -> tuple[int, int]:
    """The least and the greatest intensity that a word takes."""
    main = load_vocabulary().emotions[category].grades
    if word in main:
        return main[word]
    ranges = [grades for found, grades in _said_of() if found.search(word)]
    if slot == "phrases" and word.split()[0].endswith("ing"):
        slot = "phrases in -ing"
    ranges.append(tuple(_table()["slots"].get(slot, _ALL)))
    low, high = max(low for low, _ in ranges), min(high for _, high in ranges)
    return (low, high) if low <= high else ranges[0]


def gradable(verb: str) -> bool:
    """Whether an adverb may grade a verb phrase, as in "slightly smile with pride"."""
    first, *rest = verb.split()
    return not rest or first in _table()["gradable verbs"]


@cache
def _table() -> dict:
    return read_yaml("word_grades.yaml")


@cache
def _said_of() -> tuple[tuple[re.Pattern, tuple[int, int]], ...]:
    return tuple(
        (re.compile(rf"\b(?:{'|'.join(map(_pattern, entry['within']))})"), tuple(entry["grades"]))
        for entry in _table()["words"]
    )


def _pattern(word: str) -> str:
    return "^" * word.startswith("^") + re.escape(word.lstrip("^"))
