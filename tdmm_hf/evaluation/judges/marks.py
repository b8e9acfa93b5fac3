"""What stands where in a caption: emotions, motions, grades, negations, by kind and place.

    >>> from tdmm_hf.evaluation.judges.marks import find_marks
    >>> [(mark.kind, mark.key) for mark in find_marks("not angry, she nodded").all]
    [('negation', None), ('emotion', 'angry'), ('head', 'nod')]

Three readings are laid over each other: the prompt tables, everyday wordings
(``data/wordings.yaml``), and the tables again on a text whose forms are put back to theirs. Of
marks that overlap the longest stays, then the earlier reading's.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from ...prompts.parsing import Found, find_wordings
from ...prompts.vocabulary import load_vocabulary
from .forms import in_table_words
from .wordings import WORD, compile_phrases, load_tables, patterns

_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "—": " - ", "–": "-"})
_TABLE_KINDS = {"adverb": "grade", "adjective": "grade", "clause": "grade_after"}
_COUNTED = ("head", "action")
_NEIGHBOURS = (*_COUNTED, "emotion", "manner", "gaze")
_CLAUSE_END = re.compile(r"[.,;:!?]")
_SAME_CLAUSE = re.compile(r"[^.,;:!?]*(?:, *[\w ]{0,12}(?=[.;!?]|$))?")


@dataclass(frozen=True)
class Mark:
    """A wording: characters ``start`` to ``end``, its kind, and the key that it stands for."""

    start: int
    end: int
    kind: str
    key: object
    count: int | None = None
    speed: str = "normal"


@dataclass(frozen=True)
class Marks:
    """All marks of a text in order; ``text`` is in lower case with single spaces."""

    text: str
    all: tuple[Mark, ...]

    def of(self, *kinds: str) -> list[Mark]:
        return [mark for mark in self.all if mark.kind in kinds]

    def between(self, before: Mark, after: Mark) -> str:
        return self.text[before.end : after.start]

    def said(self, mark: Mark) -> str:
        return self.text[mark.start : mark.end]


def find_marks(caption: str) -> Marks:
    """Marks that do not overlap, but for those that say two things with the same words."""
    text = " ".join(caption.lower().translate(_QUOTES).replace("→", "->").split())
    readings = [_tables(text, text), _everyday(text), _tables(text, in_table_words(text))]
    ranked = [(mark, rank) for rank, marks in enumerate(readings) for mark in marks]
    ranked.sort(key=lambda pair: (pair[0].start - pair[0].end, pair[1], pair[0].start))
    kept: list[Mark] = []
    for mark, _ in ranked:
        clash = [k for k in kept if k.start < mark.end and mark.start < k.end and _rivals(k, mark)]
        same = {(k.start, k.end) for k in clash} == {(mark.start, mark.end)}
        if not clash or (same and mark.kind not in {k.kind for k in clash}):
            kept.append(mark)
    kept.sort(key=lambda mark: (mark.start, mark.end))
    return Marks(text, tuple(_with_numbers(mark, kept, text) for mark in kept))


def _rivals(one: Mark, other: Mark) -> bool:
    """Words of order ("from ... to") lie around what they order, and stand apart."""
    return (one.kind == "order") == (other.kind == "order")


def _everyday(text: str) -> Iterable[Mark]:
    for kind, key, pattern in patterns():
        for match in pattern.finditer(text):
            yield Mark(match.start(), match.end(), kind, key)


def _tables(text: str, read: str) -> Iterable[Mark]:
    """Marks of the tables in ``read``, placed in ``text``, which has the same words in number."""
    found = find_wordings(read)
    theirs = [(word.start(), word.end()) for word in WORD.finditer(read)]
    ours = [(word.start(), word.end()) for word in WORD.finditer(text)]
    starts, ends = [start for start, _ in theirs], [end for _, end in theirs]
    for match in (match for kind in found.values() for match in kind):
        first, last = bisect_right(starts, match.start) - 1, bisect_left(ends, match.end)
        yield _mark(match, ours[first][0], ours[last][1])


def _mark(match: Found, start: int, end: int) -> Mark:
    kind = _TABLE_KINDS.get(match.kind, match.kind)
    return Mark(start, end, kind, match.key, match.count, match.speed)


def _with_numbers(mark: Mark, marks: list[Mark], text: str) -> Mark:
    """A head motion or an action with the count and the speed that stand beside it."""
    if mark.kind not in _COUNTED:
        return mark
    others = [other for other in marks if other.kind in _NEIGHBOURS]
    left = max((other.end for other in others if other.end <= mark.start), default=0)
    right = min((other.start for other in others if other.start >= mark.end), default=len(text))
    before = _CLAUSE_END.split(text[left : mark.start])[-1]
    after = _SAME_CLAUSE.match(text[mark.end : right])[0].split(" and ")[0]
    count, speed = mark.count, mark.speed
    for words, number in _numbers():
        if count is None and (words[0].search(after) or words[1].search(before)):
            count = number
    near = " ".join([*before.split()[-2:], text[mark.start : mark.end], *after.split()[:2]])
    for name, words in _speeds().items():
        if speed == "normal" and words.search(near):
            speed = name
    mark = replace(mark, key=_with_side(mark, before, text[mark.start : mark.end], after))
    if mark.kind == "head" and not _counted(mark.key):
        count = None
    if mark.kind != "head" or not _has_speeds(mark.key):
        speed = "normal"
    return replace(mark, count=count, speed=speed)


def _with_side(mark: Mark, before: str, within: str, after: str) -> object:
    """The key of a side for one that leaves it open, where a side is said near by."""
    options = load_tables()["unsided"].get(mark.key, ())
    for near in (within, " ".join(after.split()[:5]), " ".join(before.split()[-2:])):
        side = re.search(r"\b(left|right)(?:ward|wards)?\b", near)
        for option in options if side else ():
            if option.endswith(side[1]):
                return option
    return mark.key


def _counted(key: object) -> bool:
    """Whether a head motion is done so many times; others are held or go on."""
    heads = load_vocabulary().head_motions
    return key in heads and bool(heads[key].counted.all)


def _has_speeds(key: object) -> bool:
    heads = load_vocabulary().head_motions
    return str(key).startswith("turn") or (key in heads and heads[key].speeds)


@cache
def _numbers() -> tuple[tuple[tuple[re.Pattern, re.Pattern], int], ...]:
    """(said after, said before) and the number that they say, two and more first."""
    own, small = load_tables(), load_vocabulary().small
    return tuple(
        (
            (
                compile_phrases([*small["times"][n], *own["times"].get(n, ())]),
                re.compile(
                    compile_phrases([*small["numbers"][n], *own["numbers"].get(n, ())]).pattern
                    + r"(?: [\w-]+)?\s*$"
                ),
            ),
            n,
        )
        for n in sorted(small["times"], reverse=True)
    )


@cache
def _speeds() -> dict[str, re.Pattern]:
    own, small = load_tables()["speeds"], load_vocabulary().small["speeds"]
    return {
        name: compile_phrases([*words, *small[name]["adverbs"], *small[name]["adjectives"]])
        for name, words in own.items()
    }
