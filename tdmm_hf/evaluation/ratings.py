"""People's ratings: pairs of films to show, answers in a SQLite file, and what they add up to.

>>> import tempfile
>>> from tdmm_hf.evaluation.ratings import Answer, Answers, report
>>> answers = Answers(tempfile.mkdtemp() + "/answers.sqlite")
>>> for visit in ("a1", "b2", "c3"):
...     _ = answers.add(Answer("0000", "ours", "theirs", "left", "equal", 5, 3, visit))
>>> (found,) = report(answers.all()).comparisons
>>> found.fits.wins, round(found.fits.rate, 2), [round(edge, 2) for edge in found.fits.interval]
(3, 1.0, [0.44, 1.0])

Two motions of one prompt stand side by side. A rater says which fits the prompt better, which is
more natural, and gives each a score of 1 to 5, as the USER scores of the paper. Nothing personal is
kept: no name, no address, no time; a random word tells one visit from another.

Win rates are of the answers that prefer one, with Wilson's interval; scores are means over pairs,
with a bootstrap interval over pairs, since answers to one pair go together.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path, PurePosixPath

import numpy as np

from ..files import one_line, replacing

STUDY_FILE, FILMS, ANSWERS_FILE = "study.json", "films", "answers.sqlite"
VERSION = 1
LEFT, RIGHT, EQUAL = CHOICES = ("left", "right", "equal")
SCORES = (1, 2, 3, 4, 5)
CONFIDENCE = 0.95
RESAMPLES = 2000
_TABLE = """CREATE TABLE IF NOT EXISTS answers (
    pair TEXT NOT NULL, left_model TEXT NOT NULL, right_model TEXT NOT NULL,
    fits TEXT NOT NULL CHECK (fits IN ('left', 'right', 'equal')),
    natural TEXT NOT NULL CHECK (natural IN ('left', 'right', 'equal')),
    left_score INTEGER NOT NULL CHECK (left_score BETWEEN 1 AND 5),
    right_score INTEGER NOT NULL CHECK (right_score BETWEEN 1 AND 5),
    visit TEXT NOT NULL, UNIQUE (visit, pair))"""


@dataclass(frozen=True)
class Clip:
    """``model``: whose motion it is; ``film``: its video's name within ``films/``, which tells no
    model."""

    model: str
    film: str


@dataclass(frozen=True)
class Pair:
    """Two motions of one prompt.

    Args:
        id: unique in its study.
        prompt: what both were asked for.
        clips: the two, in any order: which is left is drawn for each visit.
    """

    id: str
    prompt: str
    clips: tuple[Clip, Clip]


@dataclass(frozen=True)
class Study:
    """``pairs`` to be rated, and the ``folder`` where their films are."""

    folder: Path
    pairs: tuple[Pair, ...]

    def film(self, clip: Clip) -> Path:
        return self.folder / FILMS / clip.film

    def write(self) -> None:
        """Write ``study.json`` into the folder, whole or not at all."""
        pairs = [asdict(pair) for pair in self.pairs]
        with replacing(self.folder / STUDY_FILE) as beside:
            text = json.dumps({"version": VERSION, "pairs": pairs}, indent=1, ensure_ascii=False)
            beside.write_text(text + "\n", encoding="utf-8")


def load_study(folder: str | os.PathLike) -> Study:
    """The study that ``tdmm ratings prepare`` left in a folder.

    Raises:
        ValueError: it is none, or a film is missing; names the rule.
        OSError: it cannot be read.
    """
    folder = Path(folder)
    path = folder / STUDY_FILE
    if not path.is_file():
        raise ValueError(f"a study must have a {STUDY_FILE}, none in {folder}")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["version"] != VERSION:
            raise ValueError(f"version must be {VERSION}, got {found['version']!r:.40}")
        study = Study(folder, tuple(_pair(entry) for entry in found["pairs"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{path} holds no study ({one_line(error)})") from error
    if len({pair.id for pair in study.pairs}) < max(len(study.pairs), 1):
        raise ValueError(f"{path} must hold pairs with ids of their own, got {len(study.pairs)}")
    for clip in (clip for pair in study.pairs for clip in pair.clips):
        if not study.film(clip).is_file():
            raise ValueError(f"{path} names a film that is not there: {clip.film}")
    return study


def _pair(entry: dict) -> Pair:
    first, second = (Clip(**clip) for clip in entry["clips"])
    pair = Pair(entry["id"], entry["prompt"], (first, second))
    texts = (pair.id, pair.prompt, first.model, first.film, second.model, second.film)
    if not all(isinstance(text, str) and text for text in texts):
        raise ValueError(f"a pair must be told in texts, got {entry!r:.80}")
    if any(PurePosixPath(clip.film).name != clip.film for clip in pair.clips):
        raise ValueError(f"films must lie in {FILMS}, got {first.film!r:.40}, {second.film!r:.40}")
    return pair


@dataclass(frozen=True)
class Answer:
    """What a rater said of a pair.

    Args:
        pair: its id.
        left_model, right_model: which model's motion was shown where.
        fits, natural: ``left``, ``right`` or ``equal``.
        left_score, right_score: 1 to 5.
        visit: a random word, the same for the answers of one visit.

    Raises:
        ValueError: an answer is missing or out of range.
    """

    pair: str
    left_model: str
    right_model: str
    fits: str
    natural: str
    left_score: int
    right_score: int
    visit: str

    def __post_init__(self):
        for name in ("fits", "natural"):
            if getattr(self, name) not in CHOICES:
                raise ValueError(
                    f"{name} must be one of {', '.join(CHOICES)}, got {getattr(self, name)!r:.40}"
                )
        for name in ("left_score", "right_score"):
            if getattr(self, name) not in SCORES:
                raise ValueError(f"{name} must be 1 to 5, got {getattr(self, name)!r:.40}")

    def preferred(self, question: str) -> str | None:
        """The model preferred in ``fits`` or ``natural``; None where both are equal."""
        choice = getattr(self, question)
        return {LEFT: self.left_model, RIGHT: self.right_model}.get(choice)


class Answers:
    """A SQLite file of answers; each call opens it anew, so that any thread may.

    Args:
        path: the file; made where there is none.

    Raises:
        ValueError: the file is no database of answers.
        OSError: its folder is not there.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        if not self.path.parent.is_dir():
            raise FileNotFoundError(f"answers must go into a folder, none at {self.path.parent}")
        with self._open() as database:
            database.execute(_TABLE)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=10)) as database, database:
                yield database
        except sqlite3.Error as error:
            raise ValueError(f"{self.path.name} is no file of answers ({error})") from error

    def add(self, answer: Answer) -> bool:
        """Keep an answer; False where that visit has answered the pair already."""
        places = ", ".join("?" for _ in fields(Answer))
        with self._open() as database:
            added = database.execute(
                f"INSERT OR IGNORE INTO answers VALUES ({places})", astuple(answer)
            )
            return added.rowcount == 1

    def all(self) -> list[Answer]:
        """Every answer, in the order they came.

        Raises:
            ValueError: a row is no answer.
        """
        names = ", ".join(field.name for field in fields(Answer))
        with self._open() as database:
            rows = database.execute(f"SELECT {names} FROM answers ORDER BY rowid").fetchall()
        return [Answer(*row) for row in rows]


@dataclass(frozen=True)
class Share:
    """A share of answers.

    Args:
        wins, losses, equal: how many; ``equal`` is outside the rate.
        rate: wins among wins and losses; None of none.
        interval: Wilson's, 95 %.
        p: of as uneven a split, were both as good (exact binomial test, two-sided).
    """

    wins: int
    losses: int
    equal: int
    rate: float | None
    interval: tuple[float, float] | None
    p: float | None


@dataclass(frozen=True)
class Score:
    """Scores of 1 to 5: how many, their ``mean`` over pairs, and its 95 % interval."""

    model: str
    answers: int
    mean: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Comparison:
    """How often the first model was preferred to the second, by question."""

    model: str
    other: str
    answers: int
    pairs: int
    fits: Share
    natural: Share


@dataclass(frozen=True)
class Report:
    """What answers add up to.

    Args:
        answers, visits: how many.
        comparisons: for each two models.
        scores: for each model.
        left: how often the left was preferred, whatever the model: near a half if sides tell
            raters nothing.
    """

    answers: int
    visits: int
    comparisons: tuple[Comparison, ...]
    scores: tuple[Score, ...]
    left: Share


def report(answers: Sequence[Answer]) -> Report:
    """Win rates and scores.

    Raises:
        ValueError: there are no answers.
    """
    if not answers:
        raise ValueError("a report needs one answer at least, got none")
    sets = sorted({tuple(sorted((one.left_model, one.right_model))) for one in answers})
    models = sorted({model for both in sets for model in both})
    sides = [getattr(one, name) for one in answers for name in ("fits", "natural")]
    return Report(
        answers=len(answers),
        visits=len({one.visit for one in answers}),
        comparisons=tuple(_comparison(*both, answers) for both in sets),
        scores=tuple(_score(model, answers) for model in models),
        left=_share(sides.count(LEFT), sides.count(RIGHT), sides.count(EQUAL)),
    )


def _comparison(model: str, other: str, answers: Sequence[Answer]) -> Comparison:
    both = [a for a in answers if {a.left_model, a.right_model} == {model, other}]
    shares = {}
    for question in ("fits", "natural"):
        preferred = [answer.preferred(question) for answer in both]
        shares[question] = _share(*(preferred.count(one) for one in (model, other, None)))
    return Comparison(model, other, len(both), len({one.pair for one in both}), **shares)


def _share(wins: int, losses: int, equal: int) -> Share:
    from scipy.stats import binomtest

    if not wins + losses:
        return Share(wins, losses, equal, None, None, None)
    test = binomtest(wins, wins + losses, 0.5)
    low, high = test.proportion_ci(CONFIDENCE, method="wilson")
    return Share(wins, losses, equal, test.statistic, (float(low), float(high)), float(test.pvalue))


def _score(model: str, answers: Sequence[Answer]) -> Score:
    by_pair = defaultdict(list)
    for one in answers:
        for side in (LEFT, RIGHT):
            if getattr(one, f"{side}_model") == model:
                by_pair[one.pair].append(getattr(one, f"{side}_score"))
    means = np.array([np.mean(scores) for scores in by_pair.values()])
    return Score(model, sum(map(len, by_pair.values())), float(means.mean()), _bootstrap(means))


def _bootstrap(means: np.ndarray) -> tuple[float, float] | None:
    """An interval of the mean, by pairs drawn anew; None of fewer than two pairs."""
    from scipy.stats import bootstrap

    if len(means) < 2:
        return None
    found = bootstrap(
        (means,), np.mean, n_resamples=RESAMPLES, confidence_level=CONFIDENCE,
        method="percentile", rng=np.random.default_rng(0),
    ).confidence_interval  # fmt: skip
    return float(found.low), float(found.high)
