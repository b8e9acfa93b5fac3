"""Video prompts show one face before a still camera and say what it does."""

import numpy as np
import pytest

from tdmm_hf.prompts.attributes import Attributes, EmotionSpan
from tdmm_hf.prompts.data_files import read_yaml
from tdmm_hf.prompts.suite import iter_attributes
from tdmm_hf.prompts.truth import claims
from tdmm_hf.prompts.video_prompts import video_prompt
from tdmm_hf.prompts.vocabulary import load_vocabulary, manner_class

TABLE = read_yaml("video_prompts.yaml")
SAMPLES = list(iter_attributes(seed=31, count=400))
PROMPTS = [video_prompt(a, np.random.default_rng(i)) for i, a in enumerate(SAMPLES)]


def test_they_say_what_the_face_does():
    faulty = [
        (prompt.prompt, [str(claim) for claim in found])
        for attributes, prompt in zip(SAMPLES, PROMPTS, strict=True)
        if (found := claims(prompt.prompt, attributes))
    ]
    assert faulty == []


def test_the_camera_is_always_fixed():
    for attributes, prompt in zip(SAMPLES, PROMPTS, strict=True):
        for phrases in TABLE["camera"]:
            assert sum(phrase in prompt.prompt for phrase in phrases) == 1, prompt.prompt
        assert "moving camera" in prompt.negative_prompt
        silent = manner_class(attributes.manner) == "silent"
        assert ("talking" in prompt.negative_prompt) == silent
        assert prompt.duration == attributes.duration


def test_the_subject_is_named_with_fitting_looks():
    subjects = load_vocabulary().subjects
    for attributes, prompt in zip(SAMPLES, PROMPTS, strict=True):
        subject = subjects[attributes.subject]
        assert f" {subject.noun}" in prompt.prompt
        assert "hair" in prompt.prompt
        if subject.child:
            assert "years old" in prompt.prompt
            assert not any(f"{colour} hair" in prompt.prompt for colour in TABLE["colours"]["old"])


def test_form():
    for prompt in PROMPTS:
        assert not set("{}[]<>") & set(prompt.prompt), prompt.prompt
        assert prompt.prompt[0].isupper()
        assert prompt.prompt.endswith(".")
        assert 20 < len(prompt.prompt.split()) < 110, prompt.prompt
    assert len({prompt.prompt for prompt in PROMPTS}) == len(PROMPTS)


@pytest.mark.parametrize("key", ["soldier", "toddler", "grandmother", "teenage_boy", "schoolgirl"])
def test_ages(key):
    ages = {"soldier": ("thirties", "forties", "fifties"), "toddler": ("two years",),
            "grandmother": ("seventies", "sixties"), "teenage_boy": ("fifteen", "seventeen"),
            "schoolgirl": ("eight years", "ten years")}  # fmt: skip
    attributes = type(SAMPLES[0]).from_dict({**SAMPLES[0].to_dict(), "subject": key})
    for seed in range(5):
        said = video_prompt(attributes, np.random.default_rng(seed)).prompt
        assert any(age in said for age in ages[key]), said


@pytest.mark.parametrize("transition", ["hold", "then", "fade", "flash"])
def test_every_category_has_prompts(transition):
    spans = {"hold": [(0.0, 5.0)], "flash": [(0.0, 5.0), (2.0, 3.0)]}
    bounds = spans.get(transition, [(0.0, 2.5), (2.5, 5.0)])
    for seed, (category, emotion) in enumerate(load_vocabulary().emotions.items()):
        grade = 1 + seed % 5 if emotion.graded else 3
        grades = {category: grade, "sad" if emotion.family == "pain" else "wincing": 4}
        keys = list(grades)[: len(bounds)]
        emotions = tuple(
            EmotionSpan(key, key, grades[key], *bound)
            for key, bound in zip(keys * 2, bounds, strict=False)
        )
        attributes = Attributes(5.0, "man", emotions, transition=transition)
        prompt = video_prompt(attributes, np.random.default_rng(seed)).prompt
        assert claims(prompt, attributes) == [], prompt


def test_same_seed_same_prompt():
    first, again = (video_prompt(SAMPLES[0], np.random.default_rng(1)) for _ in range(2))
    assert first == again
