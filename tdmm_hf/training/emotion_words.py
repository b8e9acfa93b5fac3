"""Emotion words beyond the prompt tables, for wider training wording.

    >>> from tdmm_hf.training.emotion_words import emotion_synonyms
    >>> "crestfallen" in emotion_synonyms("sad", "adjective")
    False
    >>> "dejected" in emotion_synonyms("sad", "adjective")
    True

``data/emotion_words.csv`` was written by hand with WordNet's clusters around each category's words
(similar adjectives, derived nouns) at hand, idioms included; no word has two families.
Parts: ``adjective`` (before a noun or after "looks"), ``phrase`` (after "is" or "looks"), ``noun``
(without an article), ``verb`` (base form), ``adverb`` (beside what the person does), ``bodily``
(after "with"). "their" and "themselves" stand for the subject's own pronouns.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass
from functools import cache
from pathlib import Path

from ..prompts.grammar import inflect
from ..prompts.vocabulary import Words, load_vocabulary

EMOTION_WORDS_FILE = Path(__file__).parent / "data" / "emotion_words.csv"
# Part of speech to the slot of the prompt table.
EMOTION_PARTS = {
    "adjective": "adjectives",
    "phrase": "phrases",
    "noun": "nouns",
    "verb": "verbs",
    "adverb": "adverbs",
    "bodily": "bodily",
}


@dataclass(frozen=True)
class EmotionWord:
    """A word or short phrase, its part of speech, and the category that it names."""

    category: str
    part: str
    word: str


@cache
def load_emotion_words() -> tuple[EmotionWord, ...]:
    """The whole list, in the file's order; words that the tables hold out are left out."""
    with EMOTION_WORDS_FILE.open(newline="", encoding="utf-8") as file:
        entries = [EmotionWord(**row) for row in csv.DictReader(file)]
    return tuple(entry for entry in entries if entry.word not in all_held_out())


@cache
def all_held_out() -> frozenset[str]:
    """Wordings of the prompt tables that training text must never have; verbs in each form."""
    return frozenset(
        inflect(wording, form)
        for words in _word_entries(load_vocabulary())
        for wording in words.held_out
        for form in ("base", "s", "ing")
    )


def _word_entries(node) -> Iterator[Words]:
    """Every ``Words`` in nested tables."""
    if isinstance(node, Words):
        yield node
    elif is_dataclass(node):
        yield from _word_entries(vars(node))
    elif isinstance(node, dict):
        for value in node.values():
            yield from _word_entries(value)


def emotion_synonyms(category: str, part: str) -> list[str]:
    """Words for a category beside those of the prompt tables.

    Args:
        category: key in the emotion table.
        part: one of ``EMOTION_PARTS``.
    """
    if category not in load_vocabulary().emotions:
        raise ValueError(f"category must be in the emotion table, got {category!r}")
    if part not in EMOTION_PARTS:
        raise ValueError(f"part must be one of {', '.join(EMOTION_PARTS)}, got {part!r}")
    return [e.word for e in load_emotion_words() if (e.category, e.part) == (category, part)]
