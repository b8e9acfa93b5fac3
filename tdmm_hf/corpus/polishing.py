"""Captions of a corpus in a language model's words; off unless the settings name a model.

    tdmm corpus build --clips 2000 --out corpus --polish "http://localhost:8000/v1 Qwen/Qwen3-4B"
    tdmm corpus build --clips 2000 --out corpus --polish HuggingFaceTB/SmolLM2-1.7B-Instruct

Training captions only: what is held out tests templates and words that training never has, so a
polished text with a held-out word is not taken either. Answers are kept beside the shards, so that
a build that was stopped asks for no text twice.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path

from ..prompts.attributes import Attributes
from ..prompts.polish import Polisher
from ..prompts.rewriters import Endpoint, LocalModel, Rewriter
from ..prompts.vocabulary import load_vocabulary

KEY_VARIABLE = "TDMM_POLISH_KEY"  # holds the endpoint's key, where it wants one
ANSWERS = "polish"  # folder of answers, within the corpus


def open_rewriter(name: str) -> Rewriter:
    """The model of ``settings.polish``: "URL MODEL" for an endpoint, else a causal LM."""
    url, _, model = name.partition(" ")
    if not url.startswith(("http://", "https://")):
        return LocalModel(name)
    if not model:
        raise ValueError(f'polish must be "URL MODEL" where it names an endpoint, got {name!r}')
    return Endpoint(url, model, KEY_VARIABLE if KEY_VARIABLE in os.environ else None)


def polish_rows(rows: list[dict], rewriter: Rewriter, answers: Path) -> int:
    """Put polished captions in place of the rows' own where they say the same.

    Args:
        rows: as ``schema.make_row`` makes them, with attributes; changed in place.
        rewriter: of ``open_rewriter``.
        answers: file of the model's answers, read and written.

    Returns:
        How many captions were polished.
    """
    texts = [[row["text"], *row["paraphrases"]] for row in rows]
    attributes = [Attributes.from_dict(row["attributes"]) for row in rows]
    polished = Polisher(rewriter, answers).polish_rows(texts, attributes).texts
    changed = 0
    for row, before, after in zip(rows, texts, polished, strict=True):
        chosen = [
            old if old == new or _held_out_words().search(new) else new
            for old, new in zip(before, after, strict=True)
        ]
        changed += sum(old != new for old, new in zip(before, chosen, strict=True))
        row["text"], row["paraphrases"] = chosen[0], chosen[1:]
    return changed


@cache
def _held_out_words() -> re.Pattern:
    """Every emotion word that training text must not have."""
    words = {
        word.lower()
        for emotion in load_vocabulary().emotions.values()
        for slot in emotion.words.values()
        for word in slot.held_out
        if "{" not in word and "<" not in word
    }
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b", re.IGNORECASE)
