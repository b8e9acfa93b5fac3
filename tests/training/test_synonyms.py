"""Synonym replacement and the emotion word list."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdmm_hf.prompts.suite import sample_attributes
from tdmm_hf.prompts.vocabulary import load_vocabulary
from tdmm_hf.prompts.wording import captions
from tdmm_hf.training.emotion_words import (
    EMOTION_PARTS,
    all_held_out,
    emotion_synonyms,
    load_emotion_words,
)
from tdmm_hf.training.synonyms import replace_words


def test_emotion_words_are_many_and_of_known_categories():
    entries = load_emotion_words()
    assert len({entry.word for entry in entries}) > 550
    assert {entry.category for entry in entries} <= set(load_vocabulary().emotions)
    assert {entry.part for entry in entries} == set(EMOTION_PARTS)


def test_emotion_words_belong_to_one_family_and_none_is_held_out():
    family = {key: emotion.family for key, emotion in load_vocabulary().emotions.items()}
    families = {}
    for entry in load_emotion_words():
        families.setdefault((entry.word, entry.part), set()).add(family[entry.category])
        assert entry.word not in all_held_out()
    assert all(len(found) == 1 for found in families.values())


def test_emotion_words_agree_with_the_prompt_table():
    family = {
        (word, part): emotion.family
        for emotion in load_vocabulary().emotions.values()
        for part, slot in EMOTION_PARTS.items()
        for word in emotion.words[slot].all
    }
    emotions = load_vocabulary().emotions
    for entry in load_emotion_words():
        known = family.get((entry.word, entry.part), emotions[entry.category].family)
        assert known == emotions[entry.category].family


@pytest.mark.parametrize(
    ("category", "part", "message"),
    [("glee", "noun", "category must be"), ("happy", "particle", "part must be")],
)
def test_emotion_synonyms_name_what_is_wrong(category, part, message):
    with pytest.raises(ValueError, match=message):
        emotion_synonyms(category, part)


@given(st.integers(0, 2**32 - 1))
def test_replacement_is_seeded_and_keeps_left_and_right(seed):
    rng = np.random.default_rng(seed)
    text = captions(sample_attributes(rng), rng, 1)[0]
    once, again = (replace_words(text, np.random.default_rng(seed), 0.5) for _ in range(2))
    assert once == again
    for side in (r"\bleft\b", r"\bright\b", r"\bnod", r"\btimes\b"):
        assert len(re.findall(side, once.lower())) >= len(re.findall(side, text.lower()))


def test_replacement_changes_words_at_the_rate_asked_for():
    text = "An elderly woman nods slowly, looking furious."
    assert replace_words(text, np.random.default_rng(0), 0.0) == text
    changed = replace_words(text, np.random.default_rng(0), 1.0)
    for gone in ("elderly", "woman", "slowly", "furious"):
        assert gone not in changed
    assert changed.endswith(".")


def test_replacement_mends_articles():
    for seed in range(20):
        text = replace_words("An angry person nods.", np.random.default_rng(seed), 1.0)
        article, word = text.split()[:2]
        assert (article == "An") == (word[0] in "aeiou")


def test_emotions_stay_on_request():
    text = "The person looks angry."
    changed = replace_words(text, np.random.default_rng(0), 1.0, emotions=False)
    assert changed.endswith("looks angry.")


def test_rate_must_be_a_share():
    with pytest.raises(ValueError, match="rate must lie in"):
        replace_words("text", np.random.default_rng(0), 2)
