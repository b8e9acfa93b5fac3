"""Words for an emotion and its intensity: what fills a template's emotion slots.

    >>> import numpy as np
    >>> from tdmm_hf.prompts.attributes import EmotionSpan
    >>> from tdmm_hf.prompts.choosing import Chooser
    >>> from tdmm_hf.prompts.vocabulary import load_vocabulary
    >>> small = load_vocabulary().small
    >>> chooser = Chooser(np.random.default_rng(0), "describe", small["pronouns"]["they"])
    >>> Feeling(chooser, load_vocabulary()).fill("noun", EmotionSpan("angry", "angry", 4, 0, 5))
    'strong anger'

A word is said of the intensities that it takes: nobody is slightly ecstatic. The category's plain
word goes with any, as in ``describe``.
"""

from __future__ import annotations

from collections.abc import Sequence

from .attributes import INTENSITIES, EmotionSpan
from .choosing import Chooser, EmptySlotError
from .grades import gradable, takes, written
from .grammar import inflect
from .vocabulary import Vocabulary

PLAIN_TO_STRONG = (3, 4)
_REMARKS = ("though", "and", "but", "if", "hardly")  # what may be said of a look too


class Feeling:
    """Words of the emotions of one text; ``minor``: of a child or a teenager."""

    def __init__(self, chooser: Chooser, vocabulary: Vocabulary, minor: bool = False):
        self.chooser = chooser
        self.vocabulary = vocabulary
        self.minor = minor

    def fill(self, slot: str, span: EmotionSpan) -> str:
        """The words of a slot; ``EmptySlotError`` where the category has none that fit."""
        return getattr(self, "_" + slot)(span)

    def verb(self, span: EmotionSpan, form: str) -> str:
        """A graded verb phrase in a form (``base``, ``s``, ``ing``), the grade before or after."""
        word = self._word(span, "verbs")
        if self.chooser.style == "imperative" and span.intensity == 3:
            return inflect(word, form)
        verb, alone = inflect(word, form), gradable(word)
        adverbs = self.vocabulary.intensities[span.intensity]["verbs"].train
        if adverbs and alone and self.chooser.chance(0.6):
            return f"{self._grade(span, 'verbs')} {verb}"
        if not alone and span.intensity == max(INTENSITIES):
            raise EmptySlotError("verbs")
        clause = self._grade(span, "clauses")
        if clause and self.chooser.style == "imperative":
            raise EmptySlotError("verbs")
        return f"{verb}, {clause}," if clause else verb

    def ungraded(self, span: EmotionSpan, slot: str) -> str:
        """Words that show an emotion plainly or strongly, and leave open which of the two.

        They tell of grown-up lives: of children and teenagers they are not said.
        """
        if span.intensity not in PLAIN_TO_STRONG or self.minor:
            raise EmptySlotError(slot)
        return self._word(span, slot)

    # One method for each slot.

    def _adj(self, span: EmotionSpan) -> str:
        """Before a noun, where only single participles stand."""
        if self._prefers(span, "participles", "adjectives"):
            said = self._graded(span, "participles", "participles")
            if not self._longer(span, "participles", said):
                return said
        return self._graded(span, "adjectives", "adverbs")

    def _longer(self, span: EmotionSpan, slot: str, said: str) -> bool:
        """Whether the word at the end of what is said is one of several words."""
        return any(" " in word and said.endswith(word) for word in self._choices(span, slot))

    def _quality(self, span: EmotionSpan) -> str:
        return self._graded(span, "adjectives", "adverbs")

    def _feel(self, span: EmotionSpan) -> str:
        return self._graded(span, "adjectives", "adverbs", "loose")

    def _state(self, span: EmotionSpan) -> str:
        if not self.chooser.plain and self._prefers(span, "phrases", "adjectives"):
            return self._graded(span, "phrases", "phrases")
        if self._prefers(span, "participles", "adjectives"):
            return self._graded(span, "participles", "participles")
        return self._feel(span)

    def _noun(self, span: EmotionSpan) -> str:
        return self._graded(span, "nouns", "adjectives")

    def _amount(self, span: EmotionSpan) -> str:
        return self._graded(span, "nouns", "adjectives", "amounts")

    def _look(self, span: EmotionSpan) -> str:
        face = self.chooser.any(self.vocabulary.small["looks"])
        if self.chooser.chance(0.4):
            return f"a {face} of {self._noun(span)}"
        said = self._quality(span)
        return f"a {said} {'look' if 'express' in said else face}"

    def _bodily(self, span: EmotionSpan) -> str:
        words = self._word(span, "bodily")
        clause = self._grade(span, "clauses")
        if clause and (not clause.startswith(_REMARKS) or clause.endswith(" so")):
            raise EmptySlotError("bodily")
        return f"with {words}, {clause}," if clause else f"with {words}"

    def _adverb(self, span: EmotionSpan) -> str:
        if span.intensity < min(PLAIN_TO_STRONG):  # nobody nods slightly angrily
            raise EmptySlotError("adverb")
        word, grade = self._word(span, "adverbs"), self._grade(span, "manners")
        if grade and not word.endswith("ly"):
            raise EmptySlotError("adverb")
        return f"{grade} {word}"

    def _bare_adj(self, span: EmotionSpan) -> str:
        return self._bare(span, "adjectives")

    def _bare_state(self, span: EmotionSpan) -> str:
        return self._bare(span, "phrases" if self.chooser.chance(0.5) else "adjectives")

    def _bare_noun(self, span: EmotionSpan) -> str:
        return self._bare(span, "nouns")

    def _plainly(self, span: EmotionSpan) -> str:
        if span.intensity < min(PLAIN_TO_STRONG):
            raise EmptySlotError("plainly")
        return ""

    def _fragment(self, span: EmotionSpan) -> str:
        return self.ungraded(span, "fragments")

    # Words and grades.

    def _bare(self, span: EmotionSpan, slot: str) -> str:
        """A word without its grade, where the grade may go unsaid."""
        if span.intensity != 3:
            raise EmptySlotError(slot)
        return self._word(span, slot)

    def _graded(self, span: EmotionSpan, slot: str, *grade_slots: str) -> str:
        return f"{self._grade(span, *grade_slots)} {self._word(span, slot)}"

    def _prefers(self, span: EmotionSpan, slot: str, other: str) -> bool:
        """Whether to take a word of a slot rather than of another, by how many each has."""
        sizes = [len(self._choices(span, name)) for name in (slot, other)]
        if self.chooser.plain:
            said = self.vocabulary.emotions[span.category].words[slot].train
            return said[:1] == (span.category.replace("_", " "),) or not sizes[1]
        return self.chooser.rng.random() * sum(sizes) < sizes[0]

    def _choices(self, span: EmotionSpan, slot: str) -> Sequence[str]:
        """The words of a slot that take the span's intensity."""
        emotion = self.vocabulary.emotions[span.category]
        held_out = self.chooser.held_out
        words = written(emotion.words[slot].held_out if held_out else emotion.words[slot].train)
        words = written(words, self.minor) or words[: slot == "adjectives"]
        if self.chooser.plain:
            return words
        fitting = takes(span.category, slot, span.intensity, held_out)
        fitting = tuple(word for word in fitting if word in words)
        return fitting or (words if held_out else words[: slot == "adjectives"])

    def _word(self, span: EmotionSpan, slot: str) -> str:
        choices = self._choices(span, slot)
        if not choices:
            raise EmptySlotError(slot)
        return self.chooser.personal(self.chooser.first_or_any(choices))

    def _grade(self, span: EmotionSpan, *slots: str) -> str:
        """A wording of the intensity from one of the slots; empty where it makes no sense."""
        if not self.vocabulary.emotions[span.category].graded:
            return ""
        grades = self.vocabulary.intensities[span.intensity]
        if self.chooser.plain:
            return next(filter(None, grades[slots[0]].train))
        slot = slots[0] if len(slots) == 1 or self.chooser.chance(0.6) else slots[1]
        return self.chooser.personal(self.chooser.word(grades[slot]))
