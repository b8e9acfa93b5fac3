"""Emotion words beyond the prompt tables, for wider training wording.

    >>> from tdmm_hf.training.emotion_words import emotion_synonyms
    >>> "crestfallen" in emotion_synonyms("sad", "adjective")
    False
    >>> "dejected" in emotion_synonyms("sad", "adjective")
    True

``data/emotion_words.csv`` was harvested from WordNet (similar adjectives, derived nouns, adverbs
and verbs of each category's words), then read, sorted and completed with idioms by hand.
Parts: ``adjective`` (before a noun or after "looks"), ``phrase`` (after "is" or "looks"), ``noun``
(without an article), ``verb`` (base form), ``adverb`` (beside what the person does), ``bodily``
(after "with"). "their" and "themselves" stand for the subject's own pronouns.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..prompts.vocabulary import load_vocabulary

EMOTION_WORDS_FILE = Path(__file__).parent / "data" / "emotion_words.csv"
PARTS = ("adjective", "phrase", "noun", "verb", "adverb", "bodily")


@dataclass(frozen=True)
class EmotionWord:
    """A word or short phrase, its part of speech, and the category that it names."""

    category: str
    part: str
    word: str


@cache
def load_emotion_words() -> tuple[EmotionWord, ...]:
    """The whole list, in the file's order; words that the tables hold out are left out."""
    held_out = held_out_words()
    with EMOTION_WORDS_FILE.open(newline="", encoding="utf-8") as file:
        entries = [EmotionWord(**row) for row in csv.DictReader(file)]
    return tuple(entry for entry in entries if entry.word not in held_out)


@cache
def held_out_words() -> frozenset[str]:
    """Emotion wordings that training text must never have."""
    return frozenset(
        wording
        for emotion in load_vocabulary().emotions.values()
        for words in emotion.words.values()
        for wording in words.held_out
    )


def emotion_synonyms(category: str, part: str) -> list[str]:
    """Words for a category beside those of the prompt tables.

    Args:
        category: key in the emotion table.
        part: one of ``PARTS``.
    """
    if category not in load_vocabulary().emotions:
        raise ValueError(f"category must be in the emotion table, got {category!r}")
    if part not in PARTS:
        raise ValueError(f"part must be one of {', '.join(PARTS)}, got {part!r}")
    return [e.word for e in load_emotion_words() if (e.category, e.part) == (category, part)]
