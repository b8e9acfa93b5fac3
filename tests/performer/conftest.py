"""Prompts in one line, for the performer's tests."""

import pytest

from tdmm_hf.prompts.attributes import Attributes, EmotionSpan


def make_prompt(category="neutral", intensity=4, duration=5.0, **fields) -> Attributes:
    spans = (EmotionSpan(category, category, intensity, 0.0, duration),)
    return Attributes(duration, "woman", **{"emotions": spans} | fields)


@pytest.fixture(scope="session")
def prompt():
    return make_prompt
