"""Other words for the same thing: training text that the templates never wrote.

    >>> import numpy as np
    >>> from tdmm_hf.training.synonyms import replace_words
    >>> replace_words("The woman nods slowly.", np.random.default_rng(0), rate=0.0)
    'The woman nods slowly.'

``data/synonyms.csv`` holds hand-written synonyms of subjects, verbs in base form, adverbs,
adjectives and nouns that do not name an emotion. Emotion words give way to those of the same
category and part only (``emotion_words``). What the sentence asks for stays the same.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from ..prompts.grammar import inflect
from ..prompts.vocabulary import load_vocabulary
from .emotion_words import EMOTION_PARTS, all_held_out, emotion_synonyms

SYNONYMS_FILE = Path(__file__).parent / "data" / "synonyms.csv"
VERB_FORMS = ("base", "s", "ing")
# Verbs and phrases need a sentence around them; nouns such as "grin" an article.
_SWAPPED_EMOTION_PARTS = ("adjective", "adverb")
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*", re.IGNORECASE)
_VOWEL_SOUND = re.compile(r"(?!uni|use|eu|one\b|once\b)[aeiou]|hour|honest|honou?r", re.IGNORECASE)
_ARTICLE = re.compile(r"\b(a)n?(?= ([a-z]+))", re.IGNORECASE)


def replace_words(
    text: str, rng: np.random.Generator, rate: float = 0.2, emotions: bool = True
) -> str:
    """The text with some words exchanged for synonyms.

    Args:
        text: a prompt or caption.
        rng: the only source of chance.
        rate: chance of each known word to be exchanged, 0..1.
        emotions: whether emotion adjectives and adverbs may be exchanged too.
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"rate must lie in 0..1, got {rate}")
    swapped = _WORD.sub(_swap(_table(emotions), rng, rate), text)
    return text if swapped == text else _mend_articles(swapped)


def _swap(table: dict[str, tuple[str, ...]], rng, rate: float) -> Callable[[re.Match], str]:
    def exchange(match: re.Match) -> str:
        word = match[0]
        others = table.get(word.lower())
        if not others or rng.random() >= rate:
            return word
        other = others[rng.integers(len(others))]
        return other[0].upper() + other[1:] if word[0].isupper() else other

    return exchange


def _mend_articles(text: str) -> str:
    """``a`` or ``an`` as the next word sounds."""
    return _ARTICLE.sub(lambda m: m[1] + ("n" if _VOWEL_SOUND.match(m[2]) else ""), text)


@cache
def _table(emotions: bool) -> dict[str, tuple[str, ...]]:
    """Each known word to its synonyms in the same form; emotion words on request."""
    with SYNONYMS_FILE.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    table = _emotion_table() if emotions else {}
    for row in rows:
        for form in VERB_FORMS if row["part"] == "verb" else ("base",):
            others = [inflect(other, form) for other in row["synonyms"].split("|")]
            table[inflect(row["word"], form)] = _allowed(others)
    return {word: others for word, others in table.items() if others}


def _emotion_table() -> dict[str, tuple[str, ...]]:
    """Emotion adjectives and adverbs to others of their category."""
    table = {}
    for category, emotion in load_vocabulary().emotions.items():
        for part in _SWAPPED_EMOTION_PARTS:
            listed = emotion.words[EMOTION_PARTS[part]].train
            others = _allowed([*listed, *emotion_synonyms(category, part)])
            table |= {word: tuple(o for o in others if o != word) for word in listed}
    return table


def _allowed(words: list[str]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in all_held_out())
