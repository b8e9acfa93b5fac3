"""Captions say what is performed, in grammatical English, and can be read back."""

import doctest
import importlib
import re

import numpy as np
import pytest

from tdmm_hf.prompts.attributes import Attributes, EmotionSpan, HeadMotion
from tdmm_hf.prompts.suite import iter_attributes
from tdmm_hf.prompts.vocabulary import family_of, load_vocabulary, manner_class
from tdmm_hf.prompts.wording import captions, describe, parse_description, prompt
from tdmm_hf.prompts.written import load_written

VOCABULARY = load_vocabulary()
SAMPLES = list(iter_attributes(seed=9, count=300))
SURPRISED = Attributes(
    duration=5.0,
    subject="woman",
    emotions=(EmotionSpan("surprised", "surprised", 4, 0.0, 5.0),),
    manner="speaks_bursts",
    head=HeadMotion("nod", count=2),
)


def texts(held_out=False):
    for index, attributes in enumerate(SAMPLES):
        rng = np.random.default_rng([2, index])
        yield attributes, captions(attributes, rng, 2, held_out=held_out)


TRAIN = list(texts())
HELD_OUT = list(texts(held_out=True))
DESCRIPTIONS = [(a, describe(a, np.random.default_rng(i))) for i, a in enumerate(SAMPLES)]


def share_right(pairs, key, truth):
    return np.mean([getattr(parse_description(text), key) == truth(a) for a, text in pairs])


def _only_situated(text, category) -> bool:
    """Whether a text names a category by no word that could be graded."""
    graded = {**VOCABULARY.emotions[category].words}
    del graded["situations"], graded["fragments"]
    return not any(word in text.lower() for words in graded.values() for word in words.all)


def _intensities_right(text, spans) -> bool:
    """As asked; a situation says no intensity, so that what is read as 3 may be 4 there."""
    said = parse_description(text).intensities
    return len(said) == len(spans) and all(
        grade == span.intensity
        or ((grade, span.intensity) == (3, 4) and _only_situated(text, span.category))
        for grade, span in zip(said, spans, strict=True)
    )


def families(attributes):
    return tuple(family_of(span.category) for span in attributes.emotions)


def test_same_seed_same_text():
    for make in (prompt, describe):
        first, again = (make(SURPRISED, np.random.default_rng(1)) for _ in range(2))
        assert first == again


def test_many_different_captions():
    for attributes in (SURPRISED, *SAMPLES[:5]):
        assert len(set(captions(attributes, np.random.default_rng(0), 60))) == 60


@pytest.mark.parametrize("pairs", [TRAIN, HELD_OUT], ids=["train", "held_out"])
def test_captions_name_the_emotions_manner_and_head(pairs):
    flat = [(a, text) for a, found in pairs for text in found]
    assert share_right(flat, "families", families) >= 0.99
    assert np.mean([_intensities_right(text, a.emotions) for a, text in flat]) >= 0.99
    assert share_right(flat, "manner", lambda a: manner_class(a.manner)) >= 0.99
    assert share_right(flat, "head", lambda a: a.head.name) >= 0.99
    assert share_right(flat, "head_count", lambda a: a.head.count) >= 0.99
    assert share_right(flat, "head_speed", lambda a: a.head.speed) >= 0.99


def test_first_caption_names_everything():
    first = [(a, found[0]) for a, found in TRAIN]
    actions = [sorted(parse_description(text).actions) for _, text in first]
    assert (
        np.mean(
            [
                f == sorted(x.name for x in a.actions)
                for f, (a, _) in zip(actions, first, strict=True)
            ]
        )
        >= 0.99
    )
    assert share_right(first, "gaze", lambda a: a.gaze) >= 0.99


def test_descriptions_can_be_read_back():
    assert share_right(DESCRIPTIONS, "families", families) >= 0.99
    assert share_right(DESCRIPTIONS, "head", lambda a: a.head.name) >= 0.99
    assert share_right(DESCRIPTIONS, "manner_key", lambda a: a.manner) >= 0.99
    assert share_right(DESCRIPTIONS, "actions", lambda a: tuple(x.name for x in a.actions)) >= 0.99
    grades = share_right(
        DESCRIPTIONS, "intensities", lambda a: tuple(s.intensity for s in a.emotions)
    )
    assert grades >= 0.99


def test_form():
    sentences = [text for _, found in TRAIN + HELD_OUT for text in found]
    sentences += [text for _, text in DESCRIPTIONS]
    for text in sentences:
        assert not re.search(r"[{}\[\]<>](?!\s*[a-z]* )", text.replace("->", "")), text
        assert not re.search(r"\b(?!ew\b|no\b|yes\b|ha\b)(\w+) \1\b", text), text
        assert not re.search(r"\s[,.;:?!]|[,.;:]{2}|\s\s|^\W|,$", text), text
        assert not re.search(r"\b[Aa] (?!eu)[aeiou]|\b[Aa]n [^aeiou]", text), text
        assert not re.search(r"\b[Aa]n? an?\b", text), text
        assert not re.search(r"\b(themself|they is|they looks|she look|he look)\b", text), text
        if text.endswith((".", "?", "!")):
            assert text[0].isupper(), text
            assert not re.search(r"[.?!] [a-z]", text), text


def _runs_of_words(text: str, longest: int) -> set[tuple[str, ...]]:
    words = re.findall(r"[\w'-]+", text.lower())
    sizes = range(1, longest + 1)
    return {tuple(words[i : i + size]) for size in sizes for i in range(len(words) - size + 1)}


def test_training_text_never_uses_held_out_words():
    held_out = {
        tuple(re.findall(r"[\w'-]+", word.lower()))
        for emotion in VOCABULARY.emotions.values()
        for words in emotion.words.values()
        for word in words.held_out
        if not re.search(r"\b(their|them|themselves)\b", word)
    }
    longest = max(map(len, held_out))
    written = [text for _, text in load_written()]
    for text in [*written, *(text for _, found in TRAIN for text in found)]:
        assert not _runs_of_words(text, longest) & held_out, text


def test_counts_are_said():
    for count, word in ((1, "one|once|single|a|1"), (2, "two|twice|2"), (3, "three|3")):
        attributes = Attributes(
            4.0, "man", SURPRISED.emotions, head=HeadMotion("shake", count=count)
        )
        for text in captions(attributes, np.random.default_rng(count), 20):
            assert re.search(rf"\b({word})", text), text
            assert parse_description(text).head_count == count, text


def test_parsing_of_free_text():
    found = parse_description(
        "First he is absolutely livid, then somewhat gloomy. He yells, winks twice with his left "
        "eye and keeps his head perfectly still, looking down."
    )
    assert found.families == ("anger", "sadness")
    assert found.intensities == (5, 2)
    assert found.manner == "shouting"
    assert found.head == "still"
    assert found.actions == ("wink_left",)
    assert found.action_counts == (2,)
    assert found.gaze == "down"


def test_parsing_of_nothing():
    found = parse_description("")
    assert found.families == ()
    assert (found.manner, found.head, found.gaze) == ("silent", "natural", "camera")


@pytest.mark.parametrize("module", ["vocabulary", "suite", "grammar", "wording", "parsing"])
def test_examples_in_docstrings(module):
    found = doctest.testmod(importlib.import_module(f"tdmm_hf.prompts.{module}"))
    assert found.attempted
    assert not found.failed
