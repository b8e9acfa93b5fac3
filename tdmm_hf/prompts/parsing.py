"""From a sentence back to attributes, by the same tables that word them.

    >>> from tdmm_hf.prompts.parsing import parse_description
    >>> found = parse_description("The woman is livid, nodding twice while she whispers.")
    >>> found.families, found.head, found.head_count, found.manner
    (('anger',), 'nod', 2, 'whispering')

Benchmarks judge generated descriptions by it. Of overlapping wordings the longest counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import chain

from .grammar import inflect
from .vocabulary import Vocabulary, load_vocabulary

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
    first: tuple[str, ...]  # words that a match may begin with
    regex: re.Pattern
    kind: str
    key: object


@dataclass(frozen=True)
class _Found:
    start: int
    end: int
    kind: str
    key: object
    groups: dict


def parse_description(text: str) -> Description:
    """What a description or caption says, as far as the tables' wordings tell."""
    vocabulary = load_vocabulary()
    text = " ".join(text.lower().split())
    of_kind = {kind: [] for kind in _KINDS}
    for match in _longest_matches(text):
        of_kind[match.kind].append(match)
    categories, intensities = _grades(text, of_kind)
    manner = next((match.key for match in of_kind["manner"] if match.key != "silent"), "silent")
    head = next((match for match in of_kind["head"] if match.key != "natural"), None)
    gaze = next((match.key for match in of_kind["gaze"] if match.key != "camera"), "camera")
    return Description(
        families=tuple(vocabulary.emotions[category].family for category in categories),
        categories=tuple(categories),
        intensities=tuple(intensities),
        manner=vocabulary.manners[manner].manner_class,
        manner_key=manner,
        head=head.key if head else "natural",
        head_count=_count(head.groups) if head else None,
        head_speed=_speed(head.groups) if head else "normal",
        actions=tuple(match.key for match in of_kind["action"]),
        action_counts=tuple(_count(match.groups) or 1 for match in of_kind["action"]),
        gaze=gaze,
    )


def _grades(text: str, of_kind: dict[str, list[_Found]]) -> tuple[list[str], list[int]]:
    """Categories in order, each with the grade beside it; the same family twice counts once."""
    family = {key: e.family for key, e in load_vocabulary().emotions.items()}
    categories, intensities = [], []
    for match in of_kind["emotion"]:
        grade = _grade_of(text, match, of_kind)
        if categories and family[categories[-1]] == family[match.key]:
            intensities[-1] = grade or intensities[-1]
            continue
        categories.append(match.key)
        intensities.append(grade)
    return categories, [grade or 3 for grade in intensities]


def _grade_of(text: str, emotion: _Found, of_kind: dict[str, list[_Found]]) -> int | None:
    before = [
        grade
        for kind, gap in _GRADE_GAPS.items()
        for grade in of_kind[kind]
        if grade.end <= emotion.start and gap.fullmatch(text, grade.end, emotion.start)
    ]
    others = [other.end for other in of_kind["emotion"] if other.end <= emotion.start]
    before = [grade for grade in before if grade.start >= max(others, default=0)]
    if before:
        return max(before, key=lambda grade: grade.end).key
    after = [
        grade
        for grade in of_kind["clause"]
        if grade.start >= emotion.end and _CLAUSE_GAP.fullmatch(text, emotion.end, grade.start)
    ]
    return after[0].key if after else None


def _longest_matches(text: str) -> list[_Found]:
    """Matches that do not overlap, in text order; longer ones win, then earlier ones."""
    matches = [
        _Found(m.start(), m.end(), pattern.kind, pattern.key, m.groupdict())
        for word in _TOKEN.finditer(text)
        for pattern in _patterns().get(word[0], ())
        if (m := pattern.regex.match(text, word.start()))
    ]
    matches.sort(key=lambda match: (match.start - match.end, match.start))
    taken = [False] * len(text)
    kept = []
    for match in matches:
        if not any(taken[match.start : match.end]):
            taken[match.start : match.end] = [True] * (match.end - match.start)
            kept.append(match)
    return sorted(kept, key=lambda match: match.start)


def _count(groups: dict) -> int | None:
    said = groups.get("times") or groups.get("number")
    if not said:
        return None
    digits = re.match(r"\d+", said)
    return int(digits[0]) if digits else _counts().get(said)


def _speed(groups: dict) -> str:
    said = groups.get("speed") or groups.get("quick")
    for name, words in load_vocabulary().small["speeds"].items():
        if said and said in words["adverbs"] + words["adjectives"]:
            return name
    return "normal"


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
def _patterns() -> dict[str, list[_Pattern]]:
    """All patterns by first word."""
    by_word: dict[str, list[_Pattern]] = {}
    for pattern in _all_patterns():
        for word in pattern.first:
            by_word.setdefault(word, []).append(pattern)
    return by_word


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
    verb, *rest = phrase.split()
    if verb == "not":
        return _pattern(("not",), [f"{rest[0]}|{inflect(rest[0], 'ing')}", *rest[1:]], kind, key)
    return _pattern([inflect(verb, form) for form in ("base", "s", "ing")], rest, kind, key)


def _pattern(first, rest: list[str], kind: str, key: object) -> _Pattern:
    body = _one_of(first) + "".join(map(_word_regex, rest))
    return _Pattern(tuple(first), re.compile(body + r"(?![\w-])"), kind, key)


def _word_regex(word: str) -> str:
    """A space and a word; possessives, counts and speeds may be missing."""
    if word == "their":
        return rf"(?:\s+{_one_of(POSSESSIVES)})?"
    if word in ("<times>", "<speed>", "<number>", "<quick>"):
        name = word.strip("<>")
        more = r"|\d+ times" if name == "times" else ""
        return rf"(?:\s+(?P<{name}>{_one_of(_fillers()[name])}{more}))?"
    if "|" in word:
        return rf"\s+{_one_of(word.split('|'))}"
    if word in _SAME_PLACE:
        return rf"\s+{_one_of(_SAME_PLACE[word])}"
    return r"\s+" + re.escape(word).replace("<s>", "s?")


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
