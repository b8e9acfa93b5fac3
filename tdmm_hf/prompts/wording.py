"""From attributes to sentences: prompts, captions and descriptions.

    >>> import numpy as np
    >>> from tdmm_hf.prompts.suite import sample_attributes
    >>> from tdmm_hf.prompts.wording import captions, describe
    >>> rng = np.random.default_rng(0)
    >>> attributes = sample_attributes(rng)
    >>> len(set(captions(attributes, rng, count=5)))
    5
    >>> describe(attributes, rng)[-1]
    '.'

Every text names each emotion, in order, with its intensity (grade 3 often goes unmarked, and
situations leave open whether it is 3 or 4), and all else that was asked; the terse style may omit
actions and gaze. A natural head, a gaze into the camera and silence mostly go unsaid, except that
``describe`` always tells the manner.
"""

from __future__ import annotations

import dataclasses
import re

import numpy as np

from .attributes import INTENSITIES, Action, Attributes, EmotionSpan, HeadMotion
from .grammar import continue_series, inflect, negate_plural, series, tidy
from .parsing import parse_description
from .vocabulary import STYLES, Subject, Vocabulary, Words, load_vocabulary

__all__ = ["captions", "describe", "parse_description", "prompt"]

STYLE_WEIGHTS = {
    "plain": 0.36,
    "colloquial": 0.13,
    "terse": 0.15,
    "instruction": 0.14,
    "imperative": 0.08,
    "detailed": 0.14,
}
HELD_OUT_TEMPLATE_SHARE = 0.5
MAX_TRIES_PER_CAPTION = 100
PLAIN_TO_STRONG = (3, 4)

_SLOT = re.compile(r"\{([^{}]+)\}")
_SLOT_PARTS = re.compile(r"(and )?(they )?(\w+?)([12]?)(?::(s|ing))?")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_PRONOUNS = re.compile(r"\b(they|them|their|themselves)\b")
_ORDER = {"": 0, "1": 0, "2": 1}


class _EmptySlotError(Exception):
    """The template has a slot that this performance or this category cannot fill."""


def captions(
    attributes: Attributes, rng: np.random.Generator, count: int, held_out: bool = False
) -> list[str]:
    """Different wordings of a performance; the first is never terse.

    Args:
        attributes: what is performed.
        rng: the only source of chance.
        count: how many, at least one.
        held_out: use wording that training text never has: every emotion word is held out, and
            often the template and the other words too.

    Raises:
        ValueError: where there are not that many different ones.
    """
    texts: dict[str, None] = {}
    for _ in range(MAX_TRIES_PER_CAPTION * count):
        style = None if texts else "plain"
        texts[_caption(attributes, rng, held_out, style)] = None
        if len(texts) == count:
            return list(texts)
    raise ValueError(f"count must be at most the {len(texts)} different captions, got {count}")


def prompt(attributes: Attributes, rng: np.random.Generator, held_out: bool = False) -> str:
    """One wording in any style."""
    return _caption(attributes, rng, held_out)


def describe(attributes: Attributes, rng: np.random.Generator) -> str:
    """The canonical description: plain words, few variants, a neutral subject."""
    vocabulary = load_vocabulary()
    writer = _Writer(attributes, rng, vocabulary, style="describe")
    return _first_that_fits(writer, vocabulary.describe[attributes.transition])


def _caption(attributes, rng, held_out: bool, style: str | None = None) -> str:
    vocabulary = load_vocabulary()
    templates = vocabulary.templates[attributes.transition]
    style = style or STYLES[int(rng.choice(len(STYLES), p=[STYLE_WEIGHTS[s] for s in STYLES]))]
    if held_out and rng.random() < HELD_OUT_TEMPLATE_SHARE:
        style = "held_out"
    for choice in (style, "plain"):
        writer = _Writer(attributes, rng, vocabulary, choice, held_out)
        text = _first_that_fits(writer, templates[choice])
        if text:
            return text
    raise ValueError(f"no template fits these attributes: {attributes}")


def _first_that_fits(writer: _Writer, templates) -> str | None:
    """The templates tried in random order; None where none of them fits."""
    for index in writer.rng.permutation(len(templates)):
        try:
            return writer.write(templates[index])
        except _EmptySlotError:
            continue
    return None


def _pick(rng: np.random.Generator, items):
    return items[int(rng.integers(len(items)))]


class _Writer:
    """Fills templates for one performance in one style."""

    def __init__(
        self,
        attributes: Attributes,
        rng: np.random.Generator,
        vocabulary: Vocabulary,
        style: str,
        held_out: bool = False,
    ):
        self.attributes = attributes
        self.rng = rng
        self.vocabulary = vocabulary
        self.style = style
        self.plain = style == "describe"
        self.held_out = held_out
        self.subject = self._subject()
        pronouns = dict(vocabulary.small["pronouns"][self.subject.pronoun])
        self.pronouns = pronouns | ({"their": ""} if style == "terse" else {})

    def _subject(self) -> Subject:
        if self.plain:
            return Subject("person", "person", "they", child=False)
        subject = self.vocabulary.subjects[self.attributes.subject]
        if self.style == "imperative":
            return dataclasses.replace(subject, pronoun="you")
        return subject

    def write(self, template: str) -> str:
        """The finished text; ``_EmptySlotError`` where a slot outside brackets stays empty."""
        self.template = template
        self.manner, self.moves = self._manner_phrases(), self._move_phrases()
        rest = self._overflow(template)
        text = self._fill(_OPTIONAL.sub(self._fill_optional, template))
        for phrase in rest:
            self.manner, self.moves = [], [phrase]
            text += " " + self._fill(_pick(self.rng, self.vocabulary.extra))
        return tidy(text, sentences=self.style != "terse")

    def _overflow(self, template: str) -> list[str]:
        """Takes phrases off an over-long series, for a sentence of their own."""
        if self.style in ("terse", "imperative", "describe") or not template.endswith((".", "]")):
            return []
        if len(self.manner) + len(self.moves) < 3 or self.rng.random() < 0.3:
            return []
        rest, self.moves = self.moves[-1:], self.moves[:-1]
        return rest

    def _fill_optional(self, match: re.Match) -> str:
        try:
            return self._fill(match[1])
        except _EmptySlotError:
            return ""

    def _fill(self, text: str) -> str:
        return _SLOT.sub(lambda match: self._slot(match[1]), text)

    def _slot(self, slot: str) -> str:
        joined, agreeing, name, index, form = _SLOT_PARTS.fullmatch(slot).groups()
        agreement = "s" if self.subject.pronoun in ("she", "he") else "base"
        form = agreement if agreeing else form or "base"
        if name in ("all", "manner", "moves"):
            return self._doing(name, form, bool(joined), bool(agreeing))
        pronoun = self.pronouns["they"] + " " if agreeing else ""
        if name == "man":
            return self.subject.noun
        if name in ("they", "them", "their"):
            return self.pronouns[name]
        if name == "when":
            return self._seconds(self.attributes.emotions[-1].start)
        if name == "emote":
            return pronoun + self._emotion_verb(self._span(index), form)
        if name == "situate":
            phrase = inflect(self._ungraded(self._span(index), "situations"), form)
            return pronoun + (re.sub("^be ", "are ", phrase) if agreeing else phrase)
        if agreeing:
            plural = {"be": "are"}.get(name, name)
            return pronoun + (inflect(name, "s") if form == "s" else plural)
        return getattr(self, "_slot_" + name)(self._span(index))

    def _span(self, index: str) -> EmotionSpan:
        return self.attributes.emotions[_ORDER[index]]

    # What the subject does.

    def _doing(self, name: str, form: str, joined: bool, agreeing: bool) -> str:
        phrases = {"manner": self.manner, "moves": self.moves}.get(name, self.manner + self.moves)
        if joined:
            return continue_series([self._agree(p, form, agreeing) for p in phrases])
        if not phrases:
            raise _EmptySlotError(name)
        text = series([self._agree(phrase, form, agreeing) for phrase in phrases])
        return f"{self.pronouns['they']} {text}" if agreeing else text

    def _agree(self, phrase: str, form: str, agreeing: bool) -> str:
        if form == "base" and (agreeing or self.style == "imperative"):
            return negate_plural(phrase)
        return inflect(phrase, form)

    def _manner_phrases(self) -> list[str]:
        manner = self.vocabulary.manners[self.attributes.manner]
        said = self.plain or self.attributes.manner != "silent" or self.rng.random() < 0.15
        return [self._personal(self._word(manner.verbs))] if said else []

    def _move_phrases(self) -> list[str]:
        head, gaze = self.attributes.head, self.attributes.gaze
        moves = []
        if head.name != "natural":
            moves.append(self._head_phrase(head))
        moves += [self._action_phrase(action) for action in self.attributes.actions if self._kept()]
        if (gaze != "camera" or (not self.plain and self.rng.random() < 0.06)) and self._kept():
            moves.append(self._word(self.vocabulary.gazes[gaze].verbs))
        if not self.plain:
            self.rng.shuffle(moves)
        return [self._personal(move) for move in moves]

    def _kept(self) -> bool:
        """Terse text leaves out actions and gaze now and then."""
        return self.style != "terse" or self.rng.random() < 0.65

    def _head_phrase(self, head: HeadMotion) -> str:
        entry = self.vocabulary.head_motions[head.name]
        counted = head.count is not None and entry.counted.train
        pattern = self._word(entry.counted if counted else entry.lasting)
        speed = self.vocabulary.small["speeds"][head.speed]
        return self._counted(pattern, head.count, speed) + self._after(head.start)

    def _action_phrase(self, action: Action) -> str:
        pattern = self._word(self.vocabulary.actions[action.name].verbs)
        return self._counted(pattern, action.count, None) + self._after(action.start)

    def _after(self, start: float | None) -> str:
        """When it begins, now and then."""
        if start is None or self.plain or self.rng.random() > 0.4:
            return ""
        return f" after {self._seconds(start)}"

    def _counted(self, pattern: str, count: int | None, speed: dict | None) -> str:
        """A pattern with its count and speed; ``speed`` None: a micro-action."""
        small = self.vocabulary.small
        if count is not None:
            times = small["times"].get(count, [f"{count} times"])
            if self.style != "terse":
                times = [wording for wording in times if not wording.endswith("x")]
            if speed is None and count == 1 and not self.plain:
                times = ["", *small["single"]]
            numbers = small["numbers"].get(count, [str(count)])
            pattern = pattern.replace("<times>", self._first_or_any(times))
            pattern = pattern.replace("<number>", self._first_or_any(numbers))
            pattern = pattern.replace("<s>", "" if count == 1 else "s")
        if speed is not None:
            pattern = pattern.replace("<speed>", self._first_or_any(speed["adverbs"]))
            pattern = pattern.replace("<quick>", self._first_or_any(speed["adjectives"]))
        return re.sub(r"\s+", " ", pattern).strip()

    def _seconds(self, seconds: float) -> str:
        whole = self.vocabulary.small["seconds"]
        rounded = round(seconds * 2) / 2
        if rounded < 1:
            return "half a second" if rounded else "an instant"
        if rounded == int(rounded) and int(rounded) in whole:
            return _pick(self.rng, whole[int(rounded)])
        return f"about {rounded:g} seconds"

    # What the emotion is.

    def _slot_adj(self, span: EmotionSpan) -> str:
        if self._prefers(span, "participles", "adjectives"):
            return self._graded(span, "participles", "participles")
        return self._graded(span, "adjectives", "adverbs")

    def _slot_feel(self, span: EmotionSpan) -> str:
        return self._graded(span, "adjectives", "adverbs", "loose")

    def _slot_state(self, span: EmotionSpan) -> str:
        if not self.plain and self._prefers(span, "phrases", "adjectives"):
            return self._graded(span, "phrases", "phrases")
        if self._prefers(span, "participles", "adjectives"):
            return self._graded(span, "participles", "participles")
        return self._slot_feel(span)

    def _slot_noun(self, span: EmotionSpan) -> str:
        return self._graded(span, "nouns", "adjectives")

    def _slot_amount(self, span: EmotionSpan) -> str:
        return self._graded(span, "nouns", "adjectives", "amounts")

    def _slot_look(self, span: EmotionSpan) -> str:
        face = _pick(self.rng, self.vocabulary.small["looks"])
        chance = self.rng.random()
        if chance < 0.4:
            return f"a {face} of {self._slot_noun(span)}"
        if chance < 0.6 and span.intensity < max(INTENSITIES):  # "sheer sad look" is no English
            return f"a {self._graded(span, 'adjectives', 'adjectives')} {face}"
        return f"a {self._slot_adj(span)} {face}"

    def _slot_bodily(self, span: EmotionSpan) -> str:
        words = self._personal(self._emotion_word(span, "bodily"))
        clause = self._grade(span, "clauses")
        return f"with {words}, {clause}," if clause else f"with {words}"

    def _slot_adverb(self, span: EmotionSpan) -> str:
        word, grade = self._emotion_word(span, "adverbs"), self._grade(span, "manners")
        if grade and not word.endswith("ly"):
            raise _EmptySlotError("adverb")
        return f"{grade} {word}"

    def _slot_bare_adj(self, span: EmotionSpan) -> str:
        return self._bare(span, "adjectives")

    def _slot_bare_state(self, span: EmotionSpan) -> str:
        return self._bare(span, "phrases" if self.rng.random() < 0.5 else "adjectives")

    def _slot_bare_noun(self, span: EmotionSpan) -> str:
        return self._bare(span, "nouns")

    def _slot_fragment(self, span: EmotionSpan) -> str:
        return self._ungraded(span, "fragments")

    def _ungraded(self, span: EmotionSpan, slot: str) -> str:
        """Words that show an emotion plainly or strongly, and leave open which of the two.

        They tell of grown-up lives: of children they are not said.
        """
        if span.intensity not in PLAIN_TO_STRONG or self.subject.child:
            raise _EmptySlotError(slot)
        return self._emotion_word(span, slot)

    def _bare(self, span: EmotionSpan, slot: str) -> str:
        """A word without its grade, where the grade may go unsaid."""
        if span.intensity != 3:
            raise _EmptySlotError(slot)
        return self._emotion_word(span, slot)

    def _emotion_verb(self, span: EmotionSpan, form: str) -> str:
        verb = inflect(self._emotion_word(span, "verbs"), form)
        adverbs = self.vocabulary.intensities[span.intensity]["verbs"].train
        if adverbs and self.rng.random() < 0.5 and not verb.startswith(("does not", "not")):
            return f"{self._grade(span, 'verbs')} {verb}"
        clause = self._grade(span, "clauses")
        return f"{verb}, {clause}," if clause else verb

    def _graded(self, span: EmotionSpan, slot: str, *grade_slots: str) -> str:
        return f"{self._grade(span, *grade_slots)} {self._emotion_word(span, slot)}"

    def _prefers(self, span: EmotionSpan, slot: str, other: str) -> bool:
        """Whether to take a word of a slot rather than of another, by how many each has."""
        words = self._emotion(span).words
        sizes = [
            len(words[name].held_out if self.held_out else words[name].train)
            for name in (slot, other)
        ]
        if self.plain:
            return words[slot].train[:1] == (span.category,) or not sizes[1]
        return self.rng.random() * sum(sizes) < sizes[0]

    def _emotion(self, span: EmotionSpan):
        return self.vocabulary.emotions[span.category]

    def _emotion_word(self, span: EmotionSpan, slot: str) -> str:
        words = self._emotion(span).words[slot]
        choices = words.held_out if self.held_out else words.train
        if not choices:
            raise _EmptySlotError(slot)
        return self._personal(self._first_or_any(choices))

    def _grade(self, span: EmotionSpan, *slots: str) -> str:
        """A wording of the intensity from one of the slots; empty where it makes no sense."""
        if not self._emotion(span).graded:
            return ""
        grades = self.vocabulary.intensities[span.intensity]
        if self.plain:
            return next(filter(None, grades[slots[0]].train))
        slot = slots[0] if len(slots) == 1 or self.rng.random() < 0.6 else slots[1]
        return self._personal(self._word(grades[slot]))

    # Choosing words.

    def _word(self, words: Words) -> str:
        if self.held_out and words.held_out and self.rng.random() < 0.5:
            return _pick(self.rng, words.held_out)
        return self._first_or_any(words.train)

    def _first_or_any(self, items):
        return items[0] if self.plain else _pick(self.rng, items)

    def _personal(self, text: str) -> str:
        return _PRONOUNS.sub(lambda match: self.pronouns[match[0]], text)
