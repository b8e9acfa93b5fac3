"""Verb phrases for what a performance does beside its emotion: manner, head, actions, gaze.

    >>> import numpy as np
    >>> from tdmm_hf.prompts.attributes import Attributes, EmotionSpan, HeadMotion
    >>> from tdmm_hf.prompts.choosing import Chooser
    >>> from tdmm_hf.prompts.vocabulary import load_vocabulary
    >>> emotions = (EmotionSpan("calm", "calm", 3, 0, 5),)
    >>> nods = Attributes(5.0, "woman", emotions, head=HeadMotion("nod", 2, start=1.2))
    >>> pronouns = load_vocabulary().small["pronouns"]["she"]
    >>> chooser = Chooser(np.random.default_rng(0), "describe", pronouns)
    >>> Doing(nods, chooser, load_vocabulary()).moves()
    ['nod twice']

Phrases are in base form. Where their time is said depends on the style: the timing style says each,
others now and then.
"""

from __future__ import annotations

import re
from functools import cache

from .attributes import Action, Attributes, HeadMotion
from .choosing import Chooser
from .grammar import plural
from .vocabulary import Vocabulary, load_vocabulary

KEPT_IN_TERSE = 0.65
UNASKED_SILENCE, UNASKED_GAZE = 0.15, 0.06  # shares of texts that say what goes without saying
SAID_TIMES = 0.4
_NOUN = re.compile(r"(\w+)<s>")


class Doing:
    """The phrases of one performance for one text."""

    def __init__(self, attributes: Attributes, chooser: Chooser, vocabulary: Vocabulary):
        self.attributes = attributes
        self.chooser = chooser
        self.vocabulary = vocabulary
        self.small = vocabulary.small
        self.timed = chooser.style == "timing"
        self.lasting_said = self.vague_said = False

    def manner(self) -> list[str]:
        """One phrase, or none where silence goes without saying."""
        key = self.attributes.manner
        if key == "silent" and not (self.chooser.plain or self.chooser.chance(UNASKED_SILENCE)):
            return []
        phrase = self.chooser.word(self.vocabulary.manners[key].verbs)
        return [self.chooser.personal(phrase + self._throughout(phrase))]

    def moves(self) -> list[str]:
        """Phrases for head, actions and gaze, in any order but in the description."""
        head, gaze = self.attributes.head, self.attributes.gaze
        moves = []
        if head.name != "natural":
            moves.append(self._head(head))
        moves += [self._action(action) for action in self.attributes.actions if self._kept()]
        unasked = self._faces_camera() and self.chooser.chance(UNASKED_GAZE)
        if (gaze != "camera" or unasked) and self._kept():
            phrase = self.chooser.word(self.vocabulary.gazes[gaze].verbs)
            moves.append(phrase + self._throughout(phrase))
        if not self.chooser.plain:
            self.chooser.rng.shuffle(moves)
        return [self.chooser.personal(move) for move in moves]

    def seconds(self, seconds: float) -> str:
        """A length of time, to half a second; it never begins with a figure."""
        rounded = round(seconds * 2) / 2
        if rounded < 1:
            return "half a second" if rounded else "an instant"
        said = self.small["seconds"].get(int(rounded)) if rounded == int(rounded) else None
        said = [wording for wording in said or () if not wording[0].isdigit()]
        return self.chooser.any(said) if said else f"about {rounded:g} seconds"

    def _faces_camera(self) -> bool:
        """Whether a gaze into the camera may be said though it goes without saying."""
        parts = {self.vocabulary.actions[action.name].part for action in self.attributes.actions}
        calm = self.attributes.head.name in ("natural", "still", "nod", "shake")
        return calm and "eyes" not in parts and not self.chooser.plain

    def _kept(self) -> bool:
        """Terse text leaves out actions and gaze now and then."""
        return self.chooser.style != "terse" or self.chooser.chance(KEPT_IN_TERSE)

    def _head(self, head: HeadMotion) -> str:
        entry = self.vocabulary.head_motions[head.name]
        counted = head.count is not None and entry.counted.train
        pattern = self.chooser.word(entry.counted if counted else entry.lasting)
        speed = self.small["speeds"][head.speed]
        phrase = self._fill(pattern, head.count, speed)
        if not counted:
            return phrase + self._throughout(phrase)
        return phrase + self._when(head.start, head.count)

    def _action(self, action: Action) -> str:
        pattern = self.chooser.word(self.vocabulary.actions[action.name].verbs)
        return self._fill(pattern, action.count, None) + self._when(action.start, action.count)

    def _when(self, start: float | None, count: int | None) -> str:
        """When something that is counted happens."""
        if start is not None and (self.timed or (not self.chooser.plain and self._says_time())):
            return " " + self._at(start)
        if not self.timed or self.vague_said:
            return ""
        self.vague_said = True
        return " " + self.chooser.any(self.small["spread" if (count or 1) > 1 else "at some"])

    def _at(self, start: float) -> str:
        if round(start * 2) == 0:
            return self.small["at once"]
        at = self.chooser.any(self.small["at"]) if self.timed else "after {}"
        return at.format(self.seconds(start))

    def _says_time(self) -> bool:
        return self.chooser.chance(SAID_TIMES)

    def _throughout(self, phrase: str) -> str:
        """That something lasts, said once in a text."""
        if not self.timed or self.lasting_said or _one_of("lasting").search(phrase):
            return ""
        self.lasting_said = True
        return " " + self.chooser.any(self.small["throughout"])

    def _fill(self, pattern: str, count: int | None, speed: dict | None) -> str:
        """A pattern with its count and speed; ``speed`` None: a micro-action."""
        if count is not None:
            pattern = self._fill_count(pattern, count, action=speed is None)
        if speed is not None:
            pattern = pattern.replace("<speed>", self.chooser.first_or_any(speed["adverbs"]))
            pattern = pattern.replace("<quick>", self.chooser.first_or_any(speed["adjectives"]))
        return re.sub(r"\s+", " ", pattern).strip()

    def _fill_count(self, pattern: str, count: int, action: bool) -> str:
        times = self.small["times"].get(count, [f"{count} times"])
        if self.chooser.style != "terse":
            times = [wording for wording in times if not wording.endswith("x")]
        if action and count == 1 and not self.chooser.plain:
            sudden = self.timed or _one_of("sudden").match(pattern)
            times = ["once"] if sudden else self.small["single"]
            times = [""] if pattern.startswith("give a") else ["", *times]
        numbers = self.small["numbers"].get(count, [str(count)])
        pattern = pattern.replace("<times>", self.chooser.first_or_any(times))
        pattern = pattern.replace("<number>", self.chooser.first_or_any(numbers))
        return _NOUN.sub(lambda match: match[1] if count == 1 else plural(match[1]), pattern)


@cache
def _one_of(words: str) -> re.Pattern:
    return re.compile(rf"\b(?:{'|'.join(load_vocabulary().small[words])})\b")
