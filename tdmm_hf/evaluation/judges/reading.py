"""From a caption to what it says, in the keys of the vocabulary.

    >>> from tdmm_hf.evaluation.judges.reading import read_caption
    >>> said = read_caption("He isn't sad, just really tired; he nodded twice without a word.")
    >>> said.emotions, said.denied, said.manner, said.heads
    ((Feeling(category='tired', intensity=4),), ('sad',), 'silent', (Motion(key='nod', count=2, speed='normal'),))

It reads everyday wordings beside those of the prompt tables, and what negations, comparisons and
words of order do to them. Intensity is what stands beside an emotion word; unmarked it is 3.
"""  # noqa: E501

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from ...prompts.vocabulary import load_vocabulary
from .denial import denied_marks
from .marks import Mark, Marks, find_marks
from .ordering import order_of
from .wordings import WORD, compile_phrases, load_tables

UNMARKED = 3
MAX_FILLERS = 4  # words between a grade and the emotion that it grades
_AFTER_GAP = re.compile(r"[^.;!?]{0,30}")


@dataclass(frozen=True)
class Feeling:
    """An emotion category and how strong it is said to be, 1 to 5."""

    category: str
    intensity: int = UNMARKED

    @property
    def family(self) -> str:
        return load_vocabulary().emotions[self.category].family


@dataclass(frozen=True)
class Motion:
    """A head motion or a micro-action; ``count`` is None where no number is said."""

    key: str
    count: int | None = None
    speed: str = "normal"

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the vocabulary: more than one where the caption leaves the side open."""
        return sides(self.key)


@dataclass(frozen=True)
class Reading:
    """What a caption says; None or empty where it says nothing of it.

    Args:
        emotions: in order of time, the lasting one first where another only flashes.
        order: ``hold``, ``then``, ``fade``, ``flash`` or ``together``; None without emotions.
        denied: categories that are said not to be there.
        manner: key of the manner table.
        heads, actions: head motions and micro-actions in text order.
        gaze: key of the gaze table.
        guessed: whether no emotion is named and one was inferred from the mouth or the scene.
    """

    emotions: tuple[Feeling, ...] = ()
    order: str | None = None
    denied: tuple[str, ...] = ()
    manner: str | None = None
    heads: tuple[Motion, ...] = ()
    actions: tuple[Motion, ...] = ()
    gaze: str | None = None
    guessed: bool = False

    @property
    def families(self) -> tuple[str, ...]:
        return tuple(feeling.family for feeling in self.emotions)

    @property
    def manner_class(self) -> str | None:
        return load_vocabulary().manners[self.manner].manner_class if self.manner else None


def sides(key: str) -> tuple[str, ...]:
    """The vocabulary's keys for a key that may leave the side open."""
    return tuple(load_tables()["unsided"].get(key, (key,)))


def read_caption(caption: str) -> Reading:
    """What a caption says of emotions, mouth, head, micro-actions and gaze."""
    marks = find_marks(caption)
    denied = denied_marks(marks)
    asserted = Marks(marks.text, tuple(mark for mark in marks.all if mark not in denied))
    runs = {run[0]: run for run in _runs(_telling(asserted))}
    order, emotions = order_of(asserted, list(runs))
    manner = _manner(asserted, denied)
    feelings = tuple(Feeling(str(mark.key), _intensity(asserted, runs[mark])) for mark in emotions)
    lost = [str(mark.key) for mark in denied if mark.kind == "emotion"]
    implied = _implied(manner) if not feelings and not lost else ()
    return Reading(
        emotions=feelings or implied,
        order=order if feelings else "hold" if implied else None,
        denied=tuple(dict.fromkeys(lost)),
        manner=manner,
        heads=_motions(asserted, "head", leave_out="natural"),
        actions=_motions(asserted, "action"),
        gaze=next((str(mark.key) for mark in asserted.of("gaze")), None),
        guessed=bool(implied),
    )


def _telling(marks: Marks) -> list[Mark]:
    """Emotions, without smiles and tears where the same sentence names what they stand for."""
    emotions = [mark for mark in marks.of("emotion") if not _only_grades(marks, mark)]
    strong = [mark for mark in emotions if not _weak().fullmatch(marks.said(mark))]
    return [mark for mark in emotions if mark in strong or not _beside(marks, mark, strong)]


def _only_grades(marks: Marks, mark: Mark) -> bool:
    """Whether an adverb of feeling says no more than how much: "painfully shy"."""
    if not marks.said(mark).endswith("ly"):
        return False
    return any(
        other.start > mark.start and marks.between(mark, other) == " "
        for other in marks.of("emotion")
    )


def _beside(marks: Marks, mark: Mark, others: list[Mark]) -> bool:
    pairs = [sorted((mark, other), key=lambda m: m.start) for other in others]
    return any(_same_breath(marks, *pair) for pair in pairs)


def _same_breath(marks: Marks, first: Mark, second: Mark) -> bool:
    """Neither a sentence nor a word of order lies between two emotions."""
    ordered = (m for m in marks.of("order") if m.key in ("then", "fade", "flash"))
    apart = any(first.end <= m.start and m.end <= second.start for m in ordered)
    return not apart and not re.search(r"[.;!?]\s", marks.between(first, second))


@cache
def _weak() -> re.Pattern:
    return compile_phrases([f"{word}~" for word in load_tables()["weak"]])


def _runs(emotions: list[Mark]) -> list[list[Mark]]:
    """Emotions of one family that follow each other are one feeling, said several times."""
    family = {key: emotion.family for key, emotion in load_vocabulary().emotions.items()}
    return [list(run) for _, run in groupby(emotions, key=lambda mark: family[mark.key])]


def _intensity(marks: Marks, run: list[Mark]) -> int:
    """The last grade that stands beside one of the words for a feeling, else unmarked."""
    grades = [grade for mark in run if (grade := _grade(marks, mark)) is not None]
    return grades[-1] if grades else UNMARKED


def _grade(marks: Marks, emotion: Mark) -> int | None:
    """The grade before an emotion word, else within its wording, else after it."""
    before = [
        grade
        for grade in marks.of("grade")
        if grade.end <= emotion.start and _only_fillers(marks.between(grade, emotion))
    ]
    if before:
        return int(before[-1].key)
    within = [grade for grade, words in _degrees() if words.search(marks.said(emotion))]
    if within:
        return within[0]
    limit = min((m.start for m in marks.of("emotion") if m.start >= emotion.end), default=None)
    after = [
        grade
        for grade in marks.of("grade_after")
        if emotion.end <= grade.start
        and (limit is None or grade.end <= limit)
        and _AFTER_GAP.fullmatch(marks.between(emotion, grade))
        and not _grades_next(marks, grade)
    ]
    return int(after[0].key) if after else None


def _grades_next(marks: Marks, after: Mark) -> bool:
    """Whether a grade belongs to the word that follows it, as in "calm, then very sad"."""
    return any(
        mark.start >= after.end and _only_fillers(marks.between(after, mark))
        for mark in marks.of("emotion")
    )


@cache
def _degrees() -> tuple[tuple[int, re.Pattern], ...]:
    return tuple((g, compile_phrases(words)) for g, words in load_tables()["within"].items())


def _only_fillers(gap: str) -> bool:
    words = WORD.findall(gap)
    if len(words) > MAX_FILLERS or re.search(r"[,.;:!?]|->", gap):
        return False
    return set(words) <= set(load_tables()["between"])


def _manner(marks: Marks, denied: list[Mark]) -> str | None:
    """What the mouth does: the first manner said, a telling one before a plain one of its class."""
    manners = load_vocabulary().manners
    said = [str(mark.key) for mark in marks.of("manner")]
    voiced = [key for key in said if key != "silent"]
    if not voiced:
        mute = any(m.kind == "manner" and _speaks(m) for m in denied)
        return "silent" if said or mute else None
    alike = [k for k in voiced if manners[k].manner_class == manners[voiced[0]].manner_class]
    plain = load_tables()["plain_manners"]
    return next((key for key in alike if key not in plain), voiced[0])


def _speaks(mark: Mark) -> bool:
    return load_vocabulary().manners[mark.key].manner_class == "speaking"


def _motions(marks: Marks, kind: str, leave_out: str | None = None) -> tuple[Motion, ...]:
    """Motions in order, each once; the one with a count stands for those without."""
    found: dict[str, Motion] = {}
    for mark in marks.of(kind):
        motion = Motion(str(mark.key), mark.count, mark.speed)
        known = found.get(motion.key)
        if motion.key != leave_out and (known is None or known.count is None):
            found[motion.key] = motion
    return tuple(found.values())


def _implied(manner: str | None) -> tuple[Feeling, ...]:
    """The emotion that laughing or crying alone tells of."""
    kind = load_vocabulary().manners[manner].manner_class if manner else None
    category = load_tables()["implied"].get(kind)
    return (Feeling(category),) if category else ()
