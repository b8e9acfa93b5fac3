"""From a sentence back to attributes, by the same tables that word them.

    >>> from tdmm_hf.prompts.parsing import parse_description
    >>> found = parse_description("The woman is livid, nodding twice while she whispers.")
    >>> found.families, found.head, found.head_count, found.manner
    (('anger',), 'nod', 2, 'whispering')

Benchmarks judge generated descriptions by it. Of overlapping wordings the longest counts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain, pairwise

from .choosing import AGREEING
from .grammar import inflect, plural
from .vocabulary import Vocabulary, load_vocabulary

FORMS = ("base", "s", "ing")
POSSESSIVES = ("his", "her", "their", "its", "my", "your", "the", "one's")
_SAME_PLACE = {  # words that stand for each other
    "the": POSSESSIVES,
    "them": ("him", "her", "them", "it", "you"),
    "they": ("he", "she", "they", "it", "you"),
    "themselves": ("himself", "herself", "themselves", "itself", "yourself"),
}
# What may lie between a grade and the emotion word: "a strong look of anger", "fumes, a little".
_GRADE_GAPS = {
    "adverb": re.compile(r"\s*"),
    "adjective": re.compile(r"\s*|\s+(?:[\w-]+\s+){1,2}of\s+"),
}
_KINDS = ("emotion", "manner", "head", "action", "gaze", *_GRADE_GAPS, "clause")
_GRADE_KINDS = {"adjectives": "adjective", "clauses": "clause"}
_FILLED = ("<times>", "<speed>", "<number>", "<quick>")
_TOKEN = re.compile(r"[\w'-]+")
_CLAUSE_GAP = re.compile(r"[^.;]{0,12}")


@dataclass(frozen=True)
class Description:
    """What a text says.

    Args:
        families, categories, intensities: one entry per emotion, in the order named; an unmarked
            intensity is 3, and a family named twice in a row counts once.
        manner, manner_key: the manner's class and key, ``silent`` where nothing is said.
        head, head_count, head_speed: the head motion, ``natural`` where nothing is said.
        actions, action_counts: micro-actions in the order named.
        gaze: ``camera`` where nothing is said.
    """

    families: tuple[str, ...]
    categories: tuple[str, ...]
    intensities: tuple[int, ...]
    manner: str
    manner_key: str
    head: str
    head_count: int | None
    head_speed: str
    actions: tuple[str, ...]
    action_counts: tuple[int, ...]
    gaze: str


@dataclass(frozen=True)
class _Pattern:
    """A wording: ``first`` words that it may begin with, the ``rest`` as words of a table."""

    first: tuple[str, ...]
    rest: tuple[str, ...]
    kind: str
    key: object

    @cached_property
    def regex(self) -> re.Pattern:
        body = _one_of(self.first) + "".join(map(_word_regex, self.rest))
        return re.compile(body + r"(?![\w-])")

    def second(self) -> set[str] | None:
        """The words that may come second; None where it may be any, or nothing."""
        words = set()
        for word in self.rest:
            options, needed = _options(word)
            words |= {found[0] for option in options if (found := _TOKEN.match(option))}
            if needed:
                return words
        return None


@dataclass(frozen=True)
class Found:
    """A wording found in a text: where, of what kind (``emotion``, ``manner``, ``head``,
    ``action``, ``gaze``, or of a grade), and the key or grade that it stands for."""

    start: int
    end: int
    kind: str
    key: object
    groups: dict

    @property
    def count(self) -> int | None:
        """How many times, where it is said."""
        said = self.groups.get("times") or self.groups.get("number")
        if not said:
            return None
        digits = re.match(r"\d+", said)
        return int(digits[0]) if digits else _counts().get(said)

    @property
    def speed(self) -> str:
        """``normal`` where nothing is said."""
        said = self.groups.get("speed") or self.groups.get("quick")
        for name, words in load_vocabulary().small["speeds"].items():
            if said and said in words["adverbs"] + words["adjectives"]:
                return name
        return "normal"


class Wordings(dict):
    """What was found in a text, by kind, in text order."""

    def __init__(self, text: str, found: Iterable[Found]):
        super().__init__({kind: [] for kind in _KINDS})
        self.text = text
        for match in found:
            self[match.kind].append(match)

    def grades(self) -> tuple[list[str], list[int]]:
        """Categories in order, each with the grade beside it; the same family twice counts once."""
        family = {key: e.family for key, e in load_vocabulary().emotions.items()}
        categories, intensities = [], []
        for match in self["emotion"]:
            grade = self._grade_of(match)
            if categories and family[categories[-1]] == family[match.key]:
                intensities[-1] = grade or intensities[-1]
                continue
            categories.append(match.key)
            intensities.append(grade)
        return categories, [grade or 3 for grade in intensities]

    def _grade_of(self, emotion: Found) -> int | None:
        others = [other.end for other in self["emotion"] if other.end <= emotion.start]
        before = [
            grade
            for kind, gap in _GRADE_GAPS.items()
            for grade in self[kind]
            if max(others, default=0) <= grade.start
            and grade.end <= emotion.start
            and gap.fullmatch(self.text, grade.end, emotion.start)
        ]
        if before:
            return max(before, key=lambda grade: grade.end).key
        after = [
            grade
            for grade in self["clause"]
            if grade.start >= emotion.end
            and _CLAUSE_GAP.fullmatch(self.text, emotion.end, grade.start)
        ]
        return after[0].key if after else None


def find_wordings(text: str, preferred: Collection[tuple[str, object]] = ()) -> Wordings:
    """The tables' wordings in a text.

    Args:
        text: in any case.
        preferred: (kind, key) pairs that win where one wording stands for several things, as
            "frown" may be an emotion or an action; it says each of those that are preferred.
    """
    text = " ".join(text.lower().split())
    return Wordings(text, _longest_matches(text, preferred))


def parse_description(text: str) -> Description:
    """What a description or caption says, as far as the tables' wordings tell."""
    vocabulary = load_vocabulary()
    found = find_wordings(text)
    categories, intensities = found.grades()
    manner = next((match.key for match in found["manner"] if match.key != "silent"), "silent")
    head = next((match for match in found["head"] if match.key != "natural"), None)
    gaze = next((match.key for match in found["gaze"] if match.key != "camera"), "camera")
    return Description(
        families=tuple(vocabulary.emotions[category].family for category in categories),
        categories=tuple(categories),
        intensities=tuple(intensities),
        manner=vocabulary.manners[manner].manner_class,
        manner_key=manner,
        head=head.key if head else "natural",
        head_count=head.count if head else None,
        head_speed=head.speed if head else "normal",
        actions=tuple(match.key for match in found["action"]),
        action_counts=tuple(match.count or 1 for match in found["action"]),
        gaze=gaze,
    )


def _longest_matches(text: str, preferred: Collection[tuple[str, object]]) -> list[Found]:
    """Matches that do not overlap, in text order; longer ones win, then preferred ones."""
    matches = [
        Found(m.start(), m.end(), pattern.kind, pattern.key, m.groupdict())
        for word, following in pairwise([*_TOKEN.finditer(text), None])
        for pattern in _candidates(word[0], following[0] if following else "")
        if (m := pattern.regex.match(text, word.start()))
    ]
    matches.sort(
        key=lambda match: (
            match.start - match.end,
            match.start,
            (match.kind, match.key) not in preferred,
        )
    )
    taken = [False] * len(text)
    kept: list[Found] = []
    for match in matches:
        if (match.kind, match.key) in preferred and _also(match, kept):
            kept.append(match)
        elif not any(taken[match.start : match.end]):
            taken[match.start : match.end] = [True] * (match.end - match.start)
            kept.append(match)
    return sorted(kept, key=lambda match: match.start)


def _also(match: Found, kept: list[Found]) -> bool:
    """Whether a wording was just kept that now says a second thing, as "weep" may."""
    return bool(kept) and (kept[-1].start, kept[-1].end) == (match.start, match.end)


@cache
def _counts() -> dict[str, int]:
    small = load_vocabulary().small
    return {"an": 1} | {
        word: count
        for table in (small["times"], small["numbers"])
        for count, words in table.items()
        for word in words
    }


@cache
def _patterns() -> dict[tuple[str, str | None], list[_Pattern]]:
    """All patterns by first word and by second, None where that is open."""
    by_words: dict[tuple[str, str | None], list[_Pattern]] = {}
    for pattern in _all_patterns():
        for first in pattern.first:
            for second in pattern.second() or (None,):
                by_words.setdefault((first, second), []).append(pattern)
    return by_words


def _candidates(first: str, second: str) -> Iterable[_Pattern]:
    patterns = _patterns()
    return chain(patterns.get((first, second), ()), patterns.get((first, None), ()))


def _all_patterns() -> list[_Pattern]:
    vocabulary = load_vocabulary()
    patterns = [*_emotion_patterns(vocabulary), *_grade_patterns(vocabulary)]
    for key, manner in vocabulary.manners.items():
        patterns += [_verb_pattern(verb, "manner", key) for verb in manner.verbs.all]
    for key, head in vocabulary.head_motions.items():
        verbs = head.counted.all + head.lasting.all
        patterns += [_verb_pattern(verb, "head", key) for verb in verbs]
    for key, action in vocabulary.actions.items():
        patterns += [_verb_pattern(verb, "action", key) for verb in action.verbs.all]
    for key, gaze in vocabulary.gazes.items():
        patterns += [_verb_pattern(verb, "gaze", key) for verb in gaze.verbs.all]
    return patterns


def _emotion_patterns(vocabulary: Vocabulary) -> list[_Pattern]:
    patterns = []
    for category, emotion in vocabulary.emotions.items():
        for slot, words in emotion.words.items():
            build = _verb_pattern if slot in ("verbs", "situations") else _phrase_pattern
            patterns += [build(word, "emotion", category) for word in words.all]
    return patterns


def _grade_patterns(vocabulary: Vocabulary) -> list[_Pattern]:
    return [
        _phrase_pattern(word, _GRADE_KINDS.get(slot, "adverb"), grade)
        for grade, slots in vocabulary.intensities.items()
        for slot, words in slots.items()
        for word in words.all
        if word
    ]


def _phrase_pattern(phrase: str, kind: str, key: object) -> _Pattern:
    first, *rest = phrase.split()
    return _pattern(POSSESSIVES if first == "their" else (first,), rest, kind, key)


def _verb_pattern(phrase: str, kind: str, key: object) -> _Pattern:
    """A verb phrase in any of its forms."""
    if phrase.startswith("not "):
        verb, *rest = phrase.removeprefix("not ").split()
        return _pattern(("not",), [f"{verb}|{inflect(verb, 'ing')}", *rest], kind, key)
    forms = [inflect(phrase, form).replace(" does not ", " not ") for form in FORMS]
    words = zip(*(form.split() for form in forms), strict=True)
    first, *rest = ["|".join(dict.fromkeys(alike)) for alike in words]
    first = first.split("|") + (["are"] if first.startswith("be|") else [])
    return _pattern(first, rest, kind, key)


def _pattern(first, rest: list[str], kind: str, key: object) -> _Pattern:
    words = [first[0], *rest]
    for place, (pronoun, verb) in enumerate(pairwise(words)):
        if pronoun == "they" and verb in AGREEING:
            rest[place] = f"{verb}|{AGREEING[verb]}"
    return _Pattern(tuple(first), tuple(rest), kind, key)


def _options(word: str) -> tuple[Collection[str], bool]:
    """What may stand for a word of a table, and whether one of them must."""
    if word == "their":
        return POSSESSIVES, False
    if word in _FILLED:
        return _fillers()[word.strip("<>")], False
    if "|" in word:
        return word.split("|"), True
    if word in _SAME_PLACE:
        return _SAME_PLACE[word], True
    if word.endswith("<s>"):
        noun = word.removesuffix("<s>")
        return (noun, plural(noun)), True
    return (word,), True


def _word_regex(word: str) -> str:
    """A space and a word; possessives, counts and speeds may be missing."""
    options, needed = _options(word)
    if needed:
        return rf"\s+{_one_of(options)}"
    if word not in _FILLED:
        return rf"(?:\s+{_one_of(options)})?"
    name = word.strip("<>")
    more = r"|\d+ times" if name == "times" else ""
    return rf"(?:\s+(?P<{name}>{_one_of(options)}{more}))?"


def _one_of(words) -> str:
    longest_first = sorted(filter(None, words), key=len, reverse=True)
    return f"(?:{'|'.join(map(re.escape, longest_first))})"


@cache
def _fillers() -> dict[str, list[str]]:
    small = load_vocabulary().small
    speeds = small["speeds"].values()
    return {
        "times": [*chain(*small["times"].values()), *small["single"]],
        "number": ["an", *chain(*small["numbers"].values())],
        "speed": list(chain(*(words["adverbs"] for words in speeds))),
        "quick": list(chain(*(words["adjectives"] for words in speeds))),
    }
