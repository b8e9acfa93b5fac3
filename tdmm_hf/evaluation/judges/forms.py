"""Forms of words that the prompt tables leave out: past tense, comparatives, more adverbs.

>>> from tdmm_hf.evaluation.judges.forms import in_table_words
>>> in_table_words("she nodded and looked sadder")
'she nod and look sad'
"""

from __future__ import annotations

import re
from functools import cache

from ...prompts.vocabulary import load_vocabulary
from .wordings import WORD, past_forms

_ADJECTIVE_ENDINGS = ("er", "est", "ly", "ness")


def in_table_words(text: str) -> str:
    """The text with each form put back to the word of the tables; as many words as before."""
    forms = _forms()
    return WORD.sub(lambda word: forms.get(word[0], word[0]), text)


@cache
def _forms() -> dict[str, str]:
    """Form to word; words that the tables have themselves are no forms."""
    forms = {past: verb for verb in _verbs() for past in past_forms(verb)}
    forms |= {form: word for word in _adjectives() for form in _derived(word)}
    known = _adjectives() | _verbs()
    return {form: word for form, word in forms.items() if form not in known}


@cache
def _verbs() -> set[str]:
    vocabulary = load_vocabulary()
    phrases = [
        *(verb for emotion in vocabulary.emotions.values() for verb in emotion.words["verbs"].all),
        *(verb for manner in vocabulary.manners.values() for verb in manner.verbs.all),
        *(verb for action in vocabulary.actions.values() for verb in action.verbs.all),
        *(verb for gaze in vocabulary.gazes.values() for verb in gaze.verbs.all),
        *(verb for h in vocabulary.head_motions.values() for verb in h.counted.all + h.lasting.all),
    ]
    return {phrase.split()[0] for phrase in phrases} - {"not", "do"}


@cache
def _adjectives() -> set[str]:
    emotions = load_vocabulary().emotions.values()
    return {
        word
        for emotion in emotions
        for slot in ("adjectives", "participles")
        for word in emotion.words[slot].all
        if re.fullmatch(r"[a-z]+", word)
    }


def _derived(adjective: str) -> list[str]:
    stem = adjective
    if stem.endswith("y"):
        stem = stem[:-1] + "i"
    forms = [stem + ending for ending in _ADJECTIVE_ENDINGS]
    if adjective.endswith("e"):
        forms += [adjective + "r", adjective + "st"]
    if re.fullmatch(r"[^aeiou]*[aeiou][bdgmnpt]", adjective):
        forms += [adjective + adjective[-1] + ending for ending in ("er", "est")]
    return forms
