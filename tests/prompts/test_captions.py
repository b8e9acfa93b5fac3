"""Captions of every kind say what is so, all of it, and in a different way each."""

import doctest
import importlib
import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tdmm_hf.prompts import wording
from tdmm_hf.prompts.attributes import Action, Attributes, EmotionSpan, HeadMotion
from tdmm_hf.prompts.grades import grades_of, takes
from tdmm_hf.prompts.grammar import inflect, plural
from tdmm_hf.prompts.parsing import find_wordings
from tdmm_hf.prompts.suite import iter_attributes
from tdmm_hf.prompts.truth import claims
from tdmm_hf.prompts.vocabulary import load_vocabulary
from tdmm_hf.prompts.wording import captions, prompt

VOCABULARY = load_vocabulary()
SAMPLES = list(iter_attributes(seed=41, count=500))
CAPTIONS = [captions(a, np.random.default_rng([3, i]), 8) for i, a in enumerate(SAMPLES)]
PAIRS = [(a, text) for a, texts in zip(SAMPLES, CAPTIONS, strict=True) for text in texts]
KINDS = {"plain", "colloquial", "terse", "detailed", "timing", "instruction"}
ANGRY = Attributes(
    6.0,
    "woman",
    (EmotionSpan("angry", "angry", 2, 0.0, 2.6), EmotionSpan("calm", "calm", 4, 2.6, 6.0)),
    transition="then",
    manner="whispers",
    actions=(Action("blink", 2), Action("wink_left", 1, start=1.0)),
    head=HeadMotion("nod", 2, "slow", start=3.1),
    gaze="down",
)
ANGRY_TEXT = (
    "She is slightly angry, then after 2.5 seconds very calm. She whispers, nods slowly twice, "
    "blinks twice, winks her left eye once and looks down."
)


def _terse(text: str) -> bool:
    return not text.endswith((".", "?", "!"))


def test_eight_captions_of_a_clip_differ():
    assert all(len(set(texts)) == 8 for texts in CAPTIONS)


def test_every_kind_of_caption_is_there(monkeypatch):
    written = []
    write = wording._caption

    def noting(attributes, rng, style, held_out):
        text, written_in = write(attributes, rng, style, held_out)
        written.append((text, written_in))
        return text, written_in

    monkeypatch.setattr(wording, "_caption", noting)
    for index, attributes in enumerate(SAMPLES[:150]):
        for count in (6, 8):
            written.clear()
            texts = captions(attributes, np.random.default_rng(index), count)
            styles = dict(written)
            found = {styles[text].replace("imperative", "instruction") for text in texts}
            assert found == KINDS, texts
            assert styles[texts[0]] not in ("terse", "imperative")


def test_the_main_caption_is_never_terse_and_names_everything():
    for attributes, texts in zip(SAMPLES, CAPTIONS, strict=True):
        assert not _terse(texts[0])
        assert claims(texts[0], attributes) == []


def test_no_caption_contradicts_the_motion_or_leaves_out_its_emotion():
    found = [(text, claims(text, a, partial=_terse(text))) for a, text in PAIRS]
    assert [pair for pair in found if pair[1]] == []


def test_few_captions_have_to_be_written_again():
    untrue = []
    for index, attributes in enumerate(SAMPLES):
        rng = np.random.default_rng([6, index])
        for style in wording.STYLE_WEIGHTS:
            text, written_in = wording._caption(attributes, rng, style, held_out=False)
            untrue.append(bool(claims(text, attributes, partial=written_in == "terse")))
    assert np.mean(untrue) < 0.005


def _other(table: dict, key: str, rng) -> str:
    return rng.choice([other for other in table if other != key])


def _changed(attributes: Attributes, rng) -> dict[str, Attributes]:
    """The same performance with one thing otherwise, by what that is."""
    head, first = attributes.head, attributes.emotions[0]
    family = VOCABULARY.emotions[first.category].family
    far = {key: e for key, e in VOCABULARY.emotions.items() if e.family != family}
    category = str(_other(far, attributes.emotions[-1].category, rng))
    changes = {
        "manner": {"manner": str(_other(VOCABULARY.manners, attributes.manner, rng))},
        "gaze": {"gaze": str(_other(VOCABULARY.gazes, attributes.gaze, rng))},
        "head": {"head": HeadMotion(str(_other(VOCABULARY.head_motions, head.name, rng)))},
        "emotion": {"emotions": (replace(first, category=category), *attributes.emotions[1:])},
    }
    if VOCABULARY.emotions[first.category].graded:
        grade = int(_other(dict.fromkeys(range(1, 6)), first.intensity, rng))
        changes["grade"] = {"emotions": (replace(first, intensity=grade), *attributes.emotions[1:])}
    if head.count:
        changes["count"] = {"head": replace(head, count=head.count + 1)}
    if attributes.actions:
        changes["action"] = {"actions": attributes.actions[1:]}
    return {name: replace(attributes, **change) for name, change in changes.items()}


def test_the_truth_check_finds_whatever_is_otherwise():
    rng = np.random.default_rng(0)
    found = {}
    for attributes, texts in zip(SAMPLES, CAPTIONS, strict=True):
        for name, other in _changed(attributes, rng).items():
            found.setdefault(name, []).append(bool(claims(texts[0], other)))
    assert len(found) == 7
    assert {name: np.mean(flags) for name, flags in found.items() if np.mean(flags) < 0.99} == {}


def _bare(text: str) -> str:
    """Without articles and pronouns, which wordings leave open."""
    return re.sub(
        r"\b(his|her|its|your|their|the|himself|herself|yourself|themselves|she|he|they|you|him|them)"
        r"\b ?",
        "",
        text,
    )


def _named(category: str) -> set[str]:
    """All forms of a category's words but those that tell a situation."""
    words = VOCABULARY.emotions[category].words
    naming = [
        w for slot in words if slot not in ("situations", "fragments") for w in words[slot].all
    ]
    return {_bare(inflect(word, form)) for word in naming for form in ("base", "s", "ing")}


def test_every_emotion_is_named_not_only_its_situation():
    for attributes, text in PAIRS[::3]:
        found = find_wordings(text, {("emotion", s.category) for s in attributes.emotions})
        for span in attributes.emotions:
            said = {_bare(found.text[m.start : m.end]) for m in found["emotion"]}
            assert said & _named(span.category), text


def test_times_are_said_in_seconds_or_as_lasting():
    lasting = r"throughout|whole time|to finish|beginning to end|all the way|second to the last"
    for index, attributes in enumerate(SAMPLES[:200]):
        text = prompt(attributes, np.random.default_rng(index), style="timing")
        assert re.search(rf"second|half a|{lasting}", text), text
        head = attributes.head
        if head.start and head.start > 0.75 and head.name != "natural":
            assert re.search(r"seconds?\b( in\b)?", text), text


def test_main_captions_are_unique():
    mains = Counter(
        captions(a, np.random.default_rng([5, i]), 1)[0]
        for i, a in enumerate(iter_attributes(seed=8, count=1500))
    )
    assert len(mains) >= 0.99 * mains.total()


def test_situations_are_for_prompts():
    happy = Attributes(5.0, "woman", (EmotionSpan("happy", "happy", 4, 0.0, 5.0),))
    situations = {
        inflect(word, "s") for word in VOCABULARY.emotions["happy"].words["situations"].all
    }
    texts = [prompt(happy, np.random.default_rng(i), style="situation") for i in range(60)]
    told = [any(s.replace("their ", "her ")[:25] in t for s in situations) for t in texts]
    assert sum(told) > 20


def test_the_truth_is_no_claim():
    assert claims(ANGRY_TEXT, ANGRY) == []


@pytest.mark.parametrize(
    ("old", "new", "about"),
    [
        ("slightly angry", "very angry", "emotion"),
        ("slightly angry", "slightly sad", "emotion"),
        ("slightly angry, then after 2.5 seconds very calm", "very calm", "emotion"),
        ("slightly angry, then after 2.5 seconds very calm", "very calm, then slightly angry",
         "emotion"),
        ("whispers", "shouts", "manner"),
        ("whispers, ", "", "manner"),
        ("nods slowly twice", "nods slowly three times", "head"),
        ("nods slowly twice", "nods quickly twice", "head"),
        ("nods slowly twice", "shakes her head slowly twice", "head"),
        ("nods slowly twice, ", "", "head"),
        ("blinks twice", "blinks three times", "action"),
        ("blinks twice, ", "", "action"),
        ("winks her left eye", "winks her right eye", "action"),
        ("and looks down", "and looks up", "gaze"),
        ("2.5 seconds", "5 seconds", "time"),
        ("She is", "He is", "subject"),
        ("She is", "The man is", "subject"),
    ],
)  # fmt: skip
def test_claims(old, new, about):
    assert old in ANGRY_TEXT
    found = claims(ANGRY_TEXT.replace(old, new), ANGRY)
    assert {claim.about for claim in found} == {about}


def test_what_terse_captions_may_leave_out():
    text = "slightly angry, then very calm woman, whispering and nodding slowly twice"
    assert claims(text, ANGRY, partial=True) == []
    assert {claim.about for claim in claims(text, ANGRY)} == {"action", "gaze"}
    first = next(iter(claims("angry woman", ANGRY, partial=True)))
    assert str(first) == "emotion: leaves out calm"


def test_words_take_their_grades():
    assert grades_of("angry", "adjectives", "irate") == (3, 5)
    assert grades_of("sulking", "phrases", "in a sulk") == (3, 5)
    assert grades_of("happy", "adjectives", "happy") == (1, 5)
    for category, emotion in VOCABULARY.emotions.items():
        for word, (low, high) in emotion.grades.items():
            for intensity in set(range(1, 6)) - set(range(low, high + 1)):
                assert word not in takes(category, "adjectives", intensity)
        low, high = emotion.grades[category.replace("_", " ")]
        for intensity in range(low, high + 1):
            assert any(takes(category, slot, intensity) for slot in emotion.words), category


def test_captions_use_words_of_their_grade():
    strong = [
        key for key, e in VOCABULARY.emotions.items() if any(g[0] > 2 for g in e.grades.values())
    ]
    for category in strong[::3]:
        span = EmotionSpan(category, category, 1, 0.0, 4.0)
        texts = captions(Attributes(4.0, "man", (span,)), np.random.default_rng(0), 8)
        adjectives = VOCABULARY.emotions[category].words["adjectives"].train
        unfit = {w for w, (low, _) in VOCABULARY.emotions[category].grades.items() if low > 2}
        for word in unfit - set(adjectives[:1]):
            assert not any(re.search(rf"\b{word}\b", text.lower()) for text in texts), (word, texts)


def test_every_intensity_of_every_category_can_be_said():
    for category, emotion in VOCABULARY.emotions.items():
        for intensity in range(1, 6) if emotion.graded else (3,):
            span = EmotionSpan(category, category, intensity, 0.0, 4.0)
            attributes = Attributes(4.0, "woman", (span,))
            texts = captions(attributes, np.random.default_rng(intensity), 6)
            assert len(set(texts)) == 6


def _minors() -> list[str]:
    children = [key for key, subject in VOCABULARY.subjects.items() if subject.child]
    return [*children, *VOCABULARY.small["minors"]]


def test_nothing_grown_up_is_asked_or_said_of_children_and_teenagers():
    asked = [a for a in iter_attributes(seed=2, count=4000) if a.subject in _minors()]
    assert len(asked) > 300
    shown = {span.category for a in asked for span in a.emotions}
    assert len(shown) > 100
    assert not shown & {"flirtatious", "infatuated"}
    grown_up = re.compile(r"\b(flirt|seduc|coquett|hungover|tipsy|lovesick|\w*drunk)")
    for index, key in enumerate(VOCABULARY.emotions):
        if key in ("flirtatious", "infatuated"):
            continue
        span = EmotionSpan(key, key, 3, 0.0, 4.0)
        attributes = Attributes(4.0, "teenage_girl", (span,))
        for text in captions(attributes, np.random.default_rng(index), 8):
            assert not grown_up.search(text), text


def test_each_grade_has_eight_distinct_wordings():
    for grade, slots in VOCABULARY.intensities.items():
        assert len({word for words in slots.values() for word in words.train if word}) >= 8, grade


@pytest.mark.parametrize(
    ("phrase", "third_person", "participle"),
    [
        ("bow and come up again", "bows and comes up again", "bowing and coming up again"),
        ("open and close their mouth", "opens and closes their mouth",
         "opening and closing their mouth"),
        ("hear it and not know why", "hears it and does not know why",
         "hearing it and not knowing why"),
        ("softly hum a tune", "softly hums a tune", "softly humming a tune"),
        ("look up and down", "looks up and down", "looking up and down"),
        ("begin to cry", "begins to cry", "beginning to cry"),
        ("panic", "panics", "panicking"),
        ("keep nodding", "keeps nodding", "constantly nodding"),
        ("quit", "quits", "quitting"),
    ],
)  # fmt: skip
def test_inflection_of_longer_phrases(phrase, third_person, participle):
    assert inflect(phrase, "s") == third_person
    assert inflect(phrase, "ing") == participle


def test_plurals():
    assert [plural(noun) for noun in ("nod", "toss", "stretch")] == ["nods", "tosses", "stretches"]


MODULES = "choosing data_files doing feeling grades polish rewriters truth video_prompts writer"


@pytest.mark.parametrize("module", MODULES.split())
def test_examples_in_docstrings(module):
    found = doctest.testmod(importlib.import_module(f"tdmm_hf.prompts.{module}"))
    assert found.attempted
    assert not found.failed
