"""What holds for any performance that the suite can ask for: captions are true and well formed."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tdmm_hf.performer.plan import read_plan, write_plan
from tdmm_hf.prompts.attributes import Attributes
from tdmm_hf.prompts.parsing import parse_description
from tdmm_hf.prompts.suite import sample_attributes
from tdmm_hf.prompts.truth import claims
from tdmm_hf.prompts.vocabulary import load_vocabulary
from tdmm_hf.prompts.wording import captions, describe

SEEDS = st.integers(0, 2**63 - 1)
DURATIONS = st.one_of(st.none(), st.integers(20, 600).map(lambda tenths: tenths / 10))


def performance(seed, duration):
    return sample_attributes(np.random.default_rng(seed), duration)


@settings(max_examples=60)
@given(SEEDS, DURATIONS, SEEDS)
def test_captions_are_true_different_and_sentences(seed, duration, words):
    attributes = performance(seed, duration)
    texts = captions(attributes, np.random.default_rng(words), 6)
    assert len(set(texts)) == 6
    assert claims(texts[0], attributes) == []
    for text in texts:
        assert claims(text, attributes, partial=True) == [], text
        assert text == " ".join(text.split())
        assert not any(mark in text for mark in "{}[]<|_"), text
        assert ".." not in text
        assert " ," not in text


@settings(max_examples=60)
@given(SEEDS, DURATIONS)
def test_attributes_are_in_bounds_and_come_back(seed, duration):
    attributes = performance(seed, duration)
    assert Attributes.from_dict(attributes.to_dict()) == attributes
    if duration is not None:
        assert attributes.duration == duration
    first, *_, last = (attributes.emotions[0], attributes.emotions[-1])
    assert first.start == 0
    assert last.end <= attributes.duration + 1e-9
    assert all(span.start < span.end for span in attributes.emotions)
    assert all(1 <= span.intensity <= 5 for span in attributes.emotions)


@settings(max_examples=60)
@given(SEEDS, DURATIONS)
def test_plans_come_back(seed, duration):
    """What was read of a plan is written as the same plan again."""
    attributes = performance(seed, duration)
    plan = write_plan(attributes)
    again = read_plan(plan, attributes.duration, attributes.subject)
    assert write_plan(again) == plan


@settings(max_examples=60)
@given(SEEDS, DURATIONS, SEEDS)
def test_a_description_says_no_emotion_that_is_not_shown(seed, duration, words):
    attributes = performance(seed, duration)
    text = describe(attributes, np.random.default_rng(words))
    known = load_vocabulary().emotions
    shown = {known[span.category].family for span in attributes.emotions}
    assert set(parse_description(text).families) <= shown, text


@given(st.text(max_size=200))
def test_any_text_can_be_read_as_a_description(text):
    found = parse_description(text)
    assert len(found.families) == len(found.categories)
