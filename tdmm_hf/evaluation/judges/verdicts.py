"""What judges answer, and by which rubric.

    >>> from tdmm_hf.evaluation.judges.verdicts import Judgement, JudgeInfo, Verdict
    >>> info = JudgeInfo("offline", "rules", "1")
    >>> Judgement(info, (Verdict(5, 4, 3), Verdict(3, 4, 3))).summary()["CorE"]
    {'mean': 4.0, 'ci95': 1.96}

CorE, CorM and CorI: correctness of emotion, motion and intensity, 1 to 5; ``data/rubric.yaml`` says
what each score stands for.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import resources
from typing import Protocol

import yaml

from ...prompts.attributes import Attributes

SCORES = {"emotion": "CorE", "motion": "CorM", "intensity": "CorI"}
LOWEST, HIGHEST = 1, 5


@dataclass(frozen=True)
class JudgeInfo:
    """Which judge: its name, the model behind it, the version of the rubric."""

    name: str
    model: str
    rubric: str

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True)
class Verdict:
    """Scores of one caption, 1 to 5, and why.

    Raises:
        ValueError: for a score that is not 1 to 5.
    """

    emotion: int
    motion: int
    intensity: int
    reasons: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self):
        for name in SCORES:
            score = getattr(self, name)
            if score not in range(LOWEST, HIGHEST + 1):
                raise ValueError(f"{name} must be 1 to 5, got {score!r}")


@dataclass(frozen=True)
class Judgement:
    """Verdicts of one judge in the order of the captions, None where its answer was unreadable."""

    judge: JudgeInfo
    verdicts: tuple[Verdict | None, ...]

    def summary(self) -> dict:
        """Which judge, how many captions, and of each score the mean and half a 95 % interval."""
        read = [verdict for verdict in self.verdicts if verdict is not None]
        scores = {
            label: _mean([getattr(verdict, name) for verdict in read])
            for name, label in SCORES.items()
        }
        unread = len(self.verdicts) - len(read)
        return {
            "judge": self.judge.to_dict(),
            "captions": len(read),
            "unreadable": unread,
            **scores,
        }


class Judge(Protocol):
    """Scores captions against what the motions show."""

    @property
    def info(self) -> JudgeInfo: ...

    def judge(
        self, captions: Sequence[str], truths: Sequence[Attributes], progress: bool = False
    ) -> Judgement: ...


@cache
def load_rubric() -> dict:
    """``data/rubric.yaml``."""
    file = resources.files(__package__).joinpath("data", "rubric.yaml")
    return yaml.load(file.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def check_pairs(captions: Sequence[str], truths: Sequence[Attributes]) -> None:
    """
    Raises:
        ValueError: where there are not as many captions as truths, or a truth has no emotion.
    """
    if len(captions) != len(truths):
        raise ValueError(
            f"captions and truths must be as many, got {len(captions)} and {len(truths)}"
        )
    for place, truth in enumerate(truths):
        if not truth.emotions:
            raise ValueError(f"a truth must have an emotion, got none in the one at {place}")


def _mean(scores: list[int]) -> dict[str, float | None]:
    """Mean and the half width of its 95 % interval (normal approximation)."""
    if not scores:
        return {"mean": None, "ci95": None}
    spread = statistics.stdev(scores) / len(scores) ** 0.5 if len(scores) > 1 else 0.0
    return {"mean": round(statistics.fmean(scores), 3), "ci95": round(1.96 * spread, 3)}
