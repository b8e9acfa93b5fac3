"""Choosing words: at random for prompts and captions, the first for the canonical description.

>>> import numpy as np
>>> from tdmm_hf.prompts.vocabulary import load_vocabulary
>>> pronouns = load_vocabulary().small["pronouns"]["she"]
>>> chooser = Chooser(np.random.default_rng(0), "plain", pronouns)
>>> chooser.personal("tears welling up in their eyes")
'tears welling up in her eyes'
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .vocabulary import Words

HELD_OUT_WORD_SHARE = 0.5
_PRONOUNS = re.compile(r"\b(they|them|their|themselves)\b(?: (are|were|have|do)\b)?")
AGREEING = {"are": "is", "were": "was", "have": "has", "do": "does"}  # after they: after she


class EmptySlotError(Exception):
    """The template has a slot that this performance or this category cannot fill."""


@dataclass
class Chooser:
    """What decides between wordings that say the same.

    Args:
        rng: the only source of chance.
        style: the style of the text; ``describe`` is always worded the same plain way.
        pronouns: what stands for "they", "them", "their" and "themselves".
        held_out: use words that training text never has.
    """

    rng: np.random.Generator
    style: str
    pronouns: dict[str, str]
    held_out: bool = False

    @property
    def plain(self) -> bool:
        return self.style == "describe"

    def any(self, items: Sequence):
        return items[int(self.rng.integers(len(items)))]

    def first_or_any(self, items: Sequence):
        return items[0] if self.plain else self.any(items)

    def word(self, words: Words) -> str:
        """One of the wordings of a thing, its pronouns still open."""
        if self.held_out and words.held_out and self.chance(HELD_OUT_WORD_SHARE):
            return self.any(words.held_out)
        return self.first_or_any(words.train)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def personal(self, text: str) -> str:
        return _PRONOUNS.sub(self._pronoun, text)

    def _pronoun(self, match: re.Match) -> str:
        pronoun, verb = self.pronouns[match[1]], match[2]
        if verb is None:
            return pronoun
        agrees = match[1] == "they" and pronoun in ("she", "he")
        return f"{pronoun} {AGREEING[verb] if agrees else verb}"
