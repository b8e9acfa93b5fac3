"""The tables are complete, grammatical in form and free of words with two meanings."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from tdmm_hf.performer.plan import read_plan, write_plan
from tdmm_hf.prompts.grammar import inflect, series, tidy
from tdmm_hf.prompts.vocabulary import (
    STYLES,
    family_of,
    load_vocabulary,
    manner_class,
)
from tdmm_hf.prompts.written import load_written

VOCABULARY = load_vocabulary()


def test_size_of_the_tables():
    assert len(VOCABULARY.emotions) >= 187
    assert sum(len(emotion.grades) for emotion in VOCABULARY.emotions.values()) >= 240
    assert len(VOCABULARY.families) >= 18
    assert len(VOCABULARY.subjects) >= 60
    assert len(VOCABULARY.manners) >= 25
    assert len(VOCABULARY.actions) >= 30
    assert len(VOCABULARY.head_motions) >= 24
    for emotion in VOCABULARY.emotions.values():
        assert sum(len(words.train) for words in emotion.words.values()) >= 6, emotion.category
        assert any(words.held_out for words in emotion.words.values()), emotion.category


def test_nine_hundred_words_and_phrases_name_a_category():
    slots = ("adjectives", "participles", "phrases", "nouns", "verbs", "adverbs", "bodily")
    said = {
        word
        for emotion in VOCABULARY.emotions.values()
        for slot in slots
        for word in emotion.words[slot].all
    }
    assert len(said) >= 900


def test_main_words_are_words_of_their_category():
    for emotion in VOCABULARY.emotions.values():
        said = {word for words in emotion.words.values() for word in words.train}
        assert set(emotion.grades) <= said, emotion.category
        assert -1 <= emotion.valence <= 1
        assert -1 <= emotion.arousal <= 1
        assert all(1 <= low <= high <= 5 for low, high in emotion.grades.values())


def test_each_category_has_situations_and_fragments():
    for emotion in VOCABULARY.emotions.values():
        assert len(emotion.words["situations"].train) >= 10, emotion.category
        assert len(emotion.words["fragments"].train) >= 5, emotion.category


def _runs(text: str) -> set:
    """Runs of three words, pronouns alike, of which two or more are telling."""
    common = "a an and as at for from in is it of on or that the their they to up with"
    pronouns = r"\b(his|her|its|she|he|him|them|your|my)\b"
    words = re.findall("[a-z]+", re.sub(pronouns, "their", text.lower()))
    runs = zip(words, words[1:], words[2:], strict=False)
    return {run for run in runs if len(set(run) - set(common.split())) > 1}


def _benchmark_texts(*names) -> list[str]:
    data = Path(__file__).parents[2] / "benchmarks" / "data"
    entries = [e for name in names for e in yaml.safe_load((data / f"{name}.yaml").read_text())]
    return [text for e in entries for text in e.get("steps", [e.get("prompt")])]


def _sharing(phrases, tested) -> list[str]:
    runs = set().union(*map(_runs, tested))
    return [phrase for phrase in phrases if _runs(phrase) & runs]


def test_situations_share_no_turn_of_phrase_with_the_benchmarks_prompts():
    slots = [
        emotion.words[slot].train
        for emotion in VOCABULARY.emotions.values()
        for slot in ("situations", "fragments")
    ]
    phrases = [phrase for words in slots for phrase in words]
    assert _sharing(phrases, _benchmark_texts("prompts", "long_prompts")) == []


def test_written_prompts_share_no_turn_of_phrase_with_the_benchmarks_prompts():
    """Head prompts but as a whole: there are few ways to say a nod."""
    texts = [text for _, text in load_written()]
    assert _sharing(texts, _benchmark_texts("prompts", "long_prompts", "ladders")) == []
    heads = {text.lower().rstrip(".") for text in _benchmark_texts("head_prompts")}
    assert [text for text in texts if text.lower().rstrip(".") in heads] == []


def _timeless(plan: str) -> str:
    """A plan without the times that reading fills in where none are given."""
    return re.sub(r" at [\d.]+", "", plan)


def test_written_prompts_come_with_plans_of_the_vocabulary():
    texts = [text for _, text in load_written()]
    assert len(texts) == len(set(texts)) >= 4000
    for plan, text in load_written():
        assert _timeless(write_plan(read_plan(plan))) == _timeless(plan), text
    named = Counter(read_plan(plan).emotions[0].category for plan, _ in load_written())
    assert min(named[category] for category in VOCABULARY.emotions) >= 25


def test_each_grade_has_eight_wordings():
    for grade, slots in VOCABULARY.intensities.items():
        assert sum(1 for words in slots.values() for word in words.train if word) >= 8, grade
        assert any(words.held_out for words in slots.values()), grade


def test_a_word_belongs_to_one_category_only():
    owners = {}
    for emotion in VOCABULARY.emotions.values():
        for words in emotion.words.values():
            for word in words.all:
                owners.setdefault(word, set()).add(emotion.category)
    assert {word: found for word, found in owners.items() if len(found) > 1} == {}


def test_no_held_out_word_occurs_within_a_training_word():
    train, held_out = set(), set()
    for emotion in VOCABULARY.emotions.values():
        for words in emotion.words.values():
            train |= set(words.train)
            held_out |= set(words.held_out)
    text = " | ".join(train)
    found = [w for w in held_out if re.search(rf"(?<![\w-]){re.escape(w)}(?![\w-])", text)]
    assert found == []


def test_share_of_held_out_words_and_templates():
    free = ("situations", "fragments")  # what hand-written prompts are to test is all held out
    words = [w for e in VOCABULARY.emotions.values() for s, w in e.words.items() if s not in free]
    held_out = sum(len(w.held_out) for w in words)
    assert 0.1 < held_out / sum(len(w.all) for w in words) < 0.2
    sizes = Counter()
    for styles in VOCABULARY.templates.values():
        assert set(styles) == {*STYLES, "held_out"}
        for style, templates in styles.items():
            sizes[style == "held_out"] += len(templates)
    assert sizes.total() >= 60
    assert 0.1 < sizes[True] / sizes.total() < 0.2


def test_templates_leave_nothing_out():
    """Every template names each emotion and has room for all else that is asked."""
    for transition, styles in VOCABULARY.templates.items():
        for template in (t for templates in styles.values() for t in templates):
            slots = " ".join(re.findall(r"\{([^{}]+)\}", template))
            assert "all" in slots or ("manner" in slots and "moves" in slots), template
            if transition != "hold":
                assert "1" in slots, template
                assert "2" in slots, template


@pytest.mark.parametrize(
    ("phrase", "third_person", "participle"),
    [
        ("nod twice", "nods twice", "nodding twice"),
        ("cry", "cries", "crying"),
        ("wince in pain", "winces in pain", "wincing in pain"),
        ("grin", "grins", "grinning"),
        ("push out their lips", "pushes out their lips", "pushing out their lips"),
        ("not say a word", "does not say a word", "not saying a word"),
        ("look away", "looks away", "looking away"),
        ("die of shame", "dies of shame", "dying of shame"),
    ],
)
def test_inflection(phrase, third_person, participle):
    assert inflect(phrase, "s") == third_person
    assert inflect(phrase, "ing") == participle


def test_series_and_tidy():
    assert series(["a"]) == "a"
    assert series(["a", "b", "c"]) == "a, b and c"
    assert tidy("a  uneasy man , nodding, . she smiles.") == "An uneasy man, nodding. She smiles."
    assert tidy("a euphoric man,", sentences=False) == "a euphoric man"


def test_lookups():
    assert family_of("furious") == "anger"
    assert manner_class("sobs") == "crying"
    with pytest.raises(ValueError, match="unknown emotion category 'peckish'"):
        family_of("peckish")
    with pytest.raises(ValueError, match="unknown manner 'hums'"):
        manner_class("hums")
