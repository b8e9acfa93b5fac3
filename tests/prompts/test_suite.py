"""Sampled attributes are feasible, balanced and repeatable."""

from collections import Counter

import numpy as np
import pytest

from tdmm_hf.prompts.attributes import Attributes
from tdmm_hf.prompts.suite import iter_attributes, sample_attributes
from tdmm_hf.prompts.vocabulary import family_of, load_vocabulary, manner_class

VOCABULARY = load_vocabulary()
SAMPLES = [sample_attributes(np.random.default_rng([1, i])) for i in range(2000)]


def test_same_seed_same_attributes():
    assert sample_attributes(np.random.default_rng(5)) == sample_attributes(
        np.random.default_rng(5)
    )
    assert list(iter_attributes(3, 80)) == list(iter_attributes(3, 80))
    assert list(iter_attributes(3, 10)) == list(iter_attributes(3, 80))[:10]
    assert list(iter_attributes(3, 10)) != list(iter_attributes(4, 10))


def test_keys_are_those_of_the_tables():
    for sample in SAMPLES:
        assert sample.subject in VOCABULARY.subjects
        assert sample.manner in VOCABULARY.manners
        assert sample.head.name in VOCABULARY.head_motions
        assert sample.gaze in VOCABULARY.gazes
        assert all(action.name in VOCABULARY.actions for action in sample.actions)
        assert Attributes.from_dict(sample.to_dict()) == sample


def test_times_lie_within_the_performance():
    for sample in SAMPLES:
        assert 2.0 <= sample.duration <= 8.0
        for span in sample.emotions:
            assert 0 <= span.start < span.end <= sample.duration
        assert len(sample.emotions) == (1 if sample.transition == "hold" else 2)
        if sample.transition in ("then", "fade"):
            assert sample.emotions[0].end == sample.emotions[1].start
        for event in (*sample.actions, sample.head):
            assert event.start is None or 0 < event.start < sample.duration
    assert any(sample.head.start is not None for sample in SAMPLES)


def test_two_emotions_are_of_two_families():
    for sample in SAMPLES:
        families = [family_of(span.category) for span in sample.emotions]
        assert len(set(families)) == len(families)


def test_shares():
    def share(condition):
        return np.mean([condition(sample) for sample in SAMPLES])

    assert share(lambda s: s.transition == "hold") == pytest.approx(0.65, abs=0.04)
    assert share(lambda s: s.manner == "silent") == pytest.approx(0.35, abs=0.04)
    assert share(lambda s: s.head.name == "natural") == pytest.approx(0.35, abs=0.04)
    assert share(lambda s: 4 <= s.duration <= 6) > 0.6
    intensities = Counter(s.emotions[0].intensity for s in SAMPLES)
    assert min(intensities.values()) > 0.7 * max(intensities.values())
    classes = Counter(manner_class(s.manner) for s in SAMPLES)
    assert min(classes.values()) > 0.015 * len(SAMPLES)


def test_every_category_leads_equally_often():
    count = 20 * len(VOCABULARY.emotions)
    counts = Counter(s.emotions[0].category for s in iter_attributes(0, count))
    assert set(counts.values()) == {20}
    partial = Counter(s.emotions[0].category for s in iter_attributes(0, count + 7))
    assert max(partial.values()) - min(partial.values()) <= 0.05 * max(partial.values())


def test_counts_fit_the_duration():
    for sample in (sample_attributes(np.random.default_rng(i), duration=2.0) for i in range(300)):
        assert sample.transition == "hold"
        if sample.head.count:
            assert sample.head.count <= 2 or sample.head.speed == "quick"


@pytest.mark.parametrize("duration", [0, -1.0, float("nan"), float("inf"), 60.5])
def test_bad_duration(duration):
    with pytest.raises(ValueError, match="duration must be within 0 < seconds <= 60"):
        sample_attributes(np.random.default_rng(0), duration=duration)


def test_long_duration():
    assert sample_attributes(np.random.default_rng(0), duration=60).duration == 60.0
