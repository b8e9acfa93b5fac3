"""Fills sentence templates (``data/templates.yaml`` explains their slots) for one performance.

>>> import numpy as np
>>> from tdmm_hf.prompts.attributes import Attributes, EmotionSpan
>>> calm = Attributes(5.0, "woman", (EmotionSpan("calm", "calm", 3, 0, 5),), manner="whispers")
>>> writer = Writer(calm, np.random.default_rng(0), "describe")
>>> writer.write("the person looks {feel}{and all:s}.")
'The person looks moderately calm and whispers.'
"""

from __future__ import annotations

import dataclasses
import re

import numpy as np

from .attributes import Attributes
from .choosing import Chooser, EmptySlotError
from .doing import Doing
from .feeling import Feeling
from .grammar import agree_plural, continue_series, inflect, negate_plural, series, tidy
from .vocabulary import Subject, Vocabulary, load_vocabulary

_SLOT = re.compile(r"\{([^{}]+)\}")
_SLOT_PARTS = re.compile(r"(and )?(they )?(\w+?)([12]?)(?::(s|ing))?")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_LASTING = re.compile(r"throughout|whole time|from start to finish|first second to the last")
_ORDER = {"": 0, "1": 0, "2": 1}
_NO_OVERFLOW = ("terse", "imperative", "describe")
_LONG_SERIES = 3
_PERSON = Subject("person", "person", "they", child=False)


class Writer:
    """Fills templates for one performance in one style; ``describe`` is the plainest."""

    def __init__(
        self, attributes: Attributes, rng: np.random.Generator, style: str, held_out: bool = False
    ):
        vocabulary = load_vocabulary()
        self.attributes = attributes
        self.vocabulary = vocabulary
        self.style = style
        self.subject = self._subject(vocabulary)
        pronouns = dict(vocabulary.small["pronouns"][self.subject.pronoun])
        self.pronouns = pronouns | ({"their": ""} if style == "terse" else {})
        self.chooser = Chooser(rng, style, self.pronouns, held_out)
        minor = self.subject.child or self.subject.key in vocabulary.small["minors"]
        self.feeling = Feeling(self.chooser, vocabulary, minor)

    def _subject(self, vocabulary: Vocabulary) -> Subject:
        if self.style == "describe":
            return _PERSON
        subject = vocabulary.subjects[self.attributes.subject]
        if self.style == "imperative":
            return dataclasses.replace(subject, pronoun="you")
        return subject

    def write_any(self, templates) -> str | None:
        """The templates tried in random order; None where none of them fits."""
        for index in self.chooser.rng.permutation(len(templates)):
            try:
                return self.write(templates[index])
            except EmptySlotError:
                continue
        return None

    def write(self, template: str) -> str:
        """The finished text; ``EmptySlotError`` where a slot outside brackets stays empty."""
        self.doing = Doing(self.attributes, self.chooser, self.vocabulary)
        self.doing.lasting_said = bool(_LASTING.search(template))
        self.manner, self.moves = self.doing.manner(), self.doing.moves()
        rest = self._overflow(template)
        text = self._fill(_OPTIONAL.sub(self._fill_optional, template))
        for phrase in rest:
            self.manner, self.moves = [], [phrase]
            text += " " + self._fill(self.chooser.any(self.vocabulary.extra))
        return tidy(text, sentences=self.style != "terse")

    def _overflow(self, template: str) -> list[str]:
        """Takes phrases off an over-long series, for a sentence of their own."""
        if self.style in _NO_OVERFLOW or not template.endswith((".", "]")):
            return []
        if len(self.manner) + len(self.moves) < _LONG_SERIES or self.chooser.chance(0.3):
            return []
        rest, self.moves = self.moves[-1:], self.moves[:-1]
        return rest

    def _fill_optional(self, match: re.Match) -> str:
        try:
            return self._fill(match[1])
        except EmptySlotError:
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
        span = self.attributes.emotions[_ORDER[index]]
        if name == "man":
            return self.subject.noun
        if name in ("they", "them", "their", "themselves"):
            return self.pronouns[name]
        if name in _TIMES:
            return self._time(name)
        if name == "emote":
            return pronoun + self.feeling.verb(span, form)
        if name == "situate":
            phrase = inflect(self.feeling.ungraded(span, "situations"), form)
            return pronoun + (agree_plural(phrase) if agreeing and form == "base" else phrase)
        if agreeing:
            return pronoun + (inflect(name, "s") if form == "s" else agree_plural(name))
        return self.feeling.fill(name, span)

    def _doing(self, name: str, form: str, joined: bool, agreeing: bool) -> str:
        phrases = {"manner": self.manner, "moves": self.moves}.get(name, self.manner + self.moves)
        said = [self._agree(phrase, form, agreeing) for phrase in phrases]
        if joined:
            return continue_series(said)
        if not said:
            raise EmptySlotError(name)
        return f"{self.pronouns['they']} {series(said)}" if agreeing else series(said)

    def _agree(self, phrase: str, form: str, agreeing: bool) -> str:
        if form == "base" and agreeing:
            return agree_plural(phrase)
        if form == "base" and self.style == "imperative":
            return negate_plural(phrase)
        return inflect(phrase, form)

    def _time(self, name: str) -> str:
        """A time of the emotions, or a length."""
        first, last = self.attributes.emotions[0], self.attributes.emotions[-1]
        if name == "length":
            return self.doing.seconds(self.attributes.duration)
        if name == "long":
            rounded = round(self.attributes.duration * 2) / 2
            names = self.vocabulary.small["length names"]
            return f"{names.get(int(rounded)) if rounded in names else f'{rounded:g}'}-second"
        if name == "second":
            return self.doing.seconds(last.end - last.start)
        if name in ("at", "end"):
            value = last.start if name == "at" else self.attributes.duration
            return f"{round(value * 2) / 2:g}"
        return self.doing.seconds(first.end if name == "first" else last.start)


_TIMES = ("when", "first", "second", "length", "long", "at", "end")
