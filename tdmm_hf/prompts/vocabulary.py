"""The vocabulary tables: every word that a prompt may use, and what it asks for.

    >>> from tdmm_hf.prompts.vocabulary import family_of, load_vocabulary, manner_class
    >>> family_of("furious"), manner_class("sings_softly")
    ('anger', 'singing')
    >>> load_vocabulary().emotions["furious"].words["adjectives"].train[0]
    'furious'

The tables lie in ``data/``; their comments explain the columns and the placeholders.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from itertools import chain

from .data_files import read_text, read_yaml
from .written import load_written

EMOTION_SLOTS = (
    "adjectives", "participles", "phrases", "nouns", "verbs", "adverbs", "bodily", "situations",
    "fragments",
)  # fmt: skip
INTENSITY_SLOTS = (
    "adverbs", "loose", "phrases", "participles", "verbs", "manners", "adjectives", "amounts",
    "clauses",
)  # fmt: skip
_SLOT = re.compile(r"\{[^{}]*\}|<[^<>]*>")
STYLES = (
    "plain", "colloquial", "terse", "instruction", "imperative", "detailed", "timing", "situation",
)  # fmt: skip


@dataclass(frozen=True)
class Words:
    """Wordings of one thing; ``held_out`` ones occur in test text only."""

    train: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return self.train + self.held_out


@dataclass(frozen=True)
class Emotion:
    """A category of ``data/emotions.csv``.

    Args:
        category: its key, and its first main word.
        family: its emotion family.
        valence, arousal: of the first main word, -1..1.
        prototype: its face at intensity 5 in FACS action units with percent.
        words: its words by slot.
        grades: least and greatest intensity that a main word takes in natural English; words
            that are not here take any.
    """

    category: str
    family: str
    valence: float
    arousal: float
    prototype: str
    words: dict[str, Words]
    grades: dict[str, tuple[int, int]]

    @property
    def graded(self) -> bool:
        """False where an intensity would make no sense (neutral)."""
        low, high = self.grades[self.category.replace("_", " ")]
        return low < high


@dataclass(frozen=True)
class Subject:
    """Who performs: a noun, a set of pronouns (``she``, ``he``, ``they``), whether a child."""

    key: str
    noun: str
    pronoun: str
    child: bool


@dataclass(frozen=True)
class Manner:
    """What the mouth does throughout; ``families`` are those it goes with (empty: all)."""

    key: str
    manner_class: str
    weight: float
    families: tuple[str, ...]
    verbs: Words


@dataclass(frozen=True)
class HeadMotionEntry:
    """A head motion: patterns with a count, and patterns for one that lasts."""

    key: str
    weight: float
    speeds: bool
    counted: Words
    lasting: Words


@dataclass(frozen=True)
class ActionEntry:
    """A facial micro-action: the face part that it needs and its verb phrases."""

    key: str
    part: str
    verbs: Words


@dataclass(frozen=True)
class Gaze:
    """A gaze direction and its verb phrases."""

    key: str
    weight: float
    verbs: Words


@dataclass(frozen=True)
class Vocabulary:
    """All tables, each keyed as ``Attributes`` names things.

    ``intensities`` maps grade and slot to words, ``templates`` transition and style to
    sentences (style ``held_out``: test only), ``small`` holds counts, speeds and pronouns.
    """

    emotions: dict[str, Emotion]
    intensities: dict[int, dict[str, Words]]
    subjects: dict[str, Subject]
    manners: dict[str, Manner]
    head_motions: dict[str, HeadMotionEntry]
    actions: dict[str, ActionEntry]
    gazes: dict[str, Gaze]
    templates: dict[str, dict[str, tuple[str, ...]]]
    extra: tuple[str, ...]
    describe: dict[str, tuple[str, ...]]
    small: dict

    @property
    def families(self) -> tuple[str, ...]:
        """Emotion families in table order."""
        return tuple(dict.fromkeys(emotion.family for emotion in self.emotions.values()))


def _words(fields: dict, slot: str) -> Words:
    held_out = fields.get("held_out", {})
    if isinstance(held_out, dict):
        held_out = held_out.get(slot, ())
    return Words(tuple(fields.get(slot, ())), tuple(held_out))


def _emotions() -> dict[str, Emotion]:
    rows = list(csv.DictReader(read_text("emotions.csv").splitlines()))
    said = {
        key: words
        for family in read_yaml("emotions.yaml").values()
        for key, words in family.items()
    }
    situations = read_yaml("situations.yaml")
    return {
        row["category"]: Emotion(
            category=row["category"],
            family=row["family"],
            valence=float(row["valence"]),
            arousal=float(row["arousal"]),
            prototype=row["prototype"],
            words=_emotion_words({**said[row["category"]], **situations[row["category"]]}),
            grades={
                other["word"]: _grades(other["grades"])
                for other in rows
                if other["category"] == row["category"]
            },
        )
        for row in rows
        if row["word"].replace(" ", "_") == row["category"]
    }


def _emotion_words(fields: dict) -> dict[str, Words]:
    return {slot: _words(fields, slot) for slot in EMOTION_SLOTS}


def _grades(text: str) -> tuple[int, int]:
    """``3-5`` or ``3``."""
    low, _, high = text.partition("-")
    return int(low), int(high or low)


def _head_motion(key: str, fields: dict) -> HeadMotionEntry:
    return HeadMotionEntry(
        key=key,
        weight=fields["weight"],
        speeds=fields.get("speeds", False),
        counted=_words(fields, "counted"),
        lasting=_words(fields, "lasting"),
    )


def _manner(key: str, fields: dict) -> Manner:
    return Manner(
        key=key,
        manner_class=fields["class"],
        weight=fields["weight"],
        families=tuple(fields["families"]),
        verbs=_words(fields, "verbs"),
    )


@cache
def load_vocabulary() -> Vocabulary:
    """The tables of ``data/``, read once."""
    templates = read_yaml("templates.yaml")
    extra, describe = templates.pop("extra"), templates.pop("describe")
    return Vocabulary(
        emotions=_emotions(),
        intensities={
            grade: {slot: _words(fields, slot) for slot in INTENSITY_SLOTS}
            for grade, fields in read_yaml("intensities.yaml").items()
        },
        subjects={
            row["key"]: Subject(row["key"], row["noun"], row["pronoun"], row["child"] == "yes")
            for row in csv.DictReader(read_text("subjects.csv").splitlines())
        },
        manners={key: _manner(key, fields) for key, fields in read_yaml("manners.yaml").items()},
        head_motions={
            key: _head_motion(key, fields) for key, fields in read_yaml("head_motions.yaml").items()
        },
        actions={
            key: ActionEntry(key, fields["part"], _words(fields, "verbs"))
            for key, fields in read_yaml("actions.yaml").items()
        },
        gazes={
            key: Gaze(key, fields["weight"], _words(fields, "verbs"))
            for key, fields in read_yaml("gazes.yaml").items()
        },
        templates=templates,
        extra=tuple(extra),
        describe=describe,
        small=read_yaml("wordings.yaml"),
    )


def training_texts(written: bool = True) -> list[str]:
    """All that training text is made of: wordings, templates without their slots, and where
    ``written`` the prompts that were written one by one."""
    vocabulary = load_vocabulary()
    tables = [
        *(emotion.words for emotion in vocabulary.emotions.values()),
        *vocabulary.intensities.values(),
        {key: manner.verbs for key, manner in vocabulary.manners.items()},
        {key: action.verbs for key, action in vocabulary.actions.items()},
        {key: gaze.verbs for key, gaze in vocabulary.gazes.items()},
        {key: head.counted for key, head in vocabulary.head_motions.items()},
        {key: head.lasting for key, head in vocabulary.head_motions.items()},
    ]
    texts = [text for table in tables for words in table.values() for text in words.train]
    for styles in vocabulary.templates.values():
        texts += [template for style in STYLES for template in styles[style]]
    texts += [*vocabulary.extra, *chain(*vocabulary.describe.values())]
    texts += [subject.noun for subject in vocabulary.subjects.values()]
    prompts = [text for _, text in load_written()] if written else []
    return [*(_SLOT.sub(" ", text) for text in texts), *prompts]


def _lookup(table: dict, key: str, kind: str):
    if key not in table:
        raise ValueError(f"unknown {kind} {key!r}: choose from {', '.join(table)}")
    return table[key]


def family_of(category: str) -> str:
    """The emotion family of a category; ``ValueError`` names an unknown one."""
    return _lookup(load_vocabulary().emotions, category, "emotion category").family


def manner_class(manner: str) -> str:
    """``silent``, ``speaking``, ``singing``, ... of a manner key."""
    return _lookup(load_vocabulary().manners, manner, "manner").manner_class
