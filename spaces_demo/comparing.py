"""What is compared: one prompt with several seeds, or its performance at several intensities.

>>> from tdmm_hf.spaces_demo.comparing import grades
>>> grades(3)
[1, 3, 5]
"""

from __future__ import annotations

import html
from dataclasses import dataclass, replace

import numpy as np

from ..performer.plan import read_plan
from ..prompts import wording
from . import engine

SEEDS, INTENSITIES = "seeds", "intensities"
WAYS = (SEEDS, INTENSITIES)
GRADE_NAMES = ("barely", "slightly", "clearly", "very", "extremely")


@dataclass(frozen=True)
class Lineup:
    """What stands side by side.

    Args:
        labels: what tells them apart, short.
        takes: the motions, one for each label.
        descriptions: what the model says of each.
    """

    labels: list[str]
    takes: list[engine.Take]
    descriptions: list[str]

    def rows(self) -> list[dict[str, str]]:
        """What was asked for, read and shown, one row for each motion."""
        return [
            {"label": label, "asked": take.prompt, "read_as": take.plan, "says": words}
            for label, take, words in zip(self.labels, self.takes, self.descriptions, strict=True)
        ]


def cards(rows: list[dict[str, str]]) -> str:
    """The rows of a lineup as HTML; what visitors and models write is escaped.

    >>> cards([{"label": "seed 1", "asked": "<b>", "read_as": "calm 3", "says": "He nods."}])[:46]
    '<div class="lineup"><div class="card"><h4>seed'
    """
    captions = {"asked": "Asked for", "read_as": "Read as", "says": "The model says of it"}
    written = []
    for row in rows:
        facts = "".join(
            f"<dt>{caption}</dt><dd>{html.escape(row[key])}</dd>"
            for key, caption in captions.items()
        )
        written.append(
            f'<div class="card"><h4>{html.escape(row["label"])}</h4><dl>{facts}</dl></div>'
        )
    return f'<div class="lineup">{"".join(written)}</div>'


def grades(count: int) -> list[int]:
    """Intensities from 1 to 5, as far apart as can be."""
    return [int(grade) for grade in np.rint(np.linspace(1, 5, count))]


def line_up(model: str, prompt: str, way: str, count: int, duration: float, seed: int) -> Lineup:
    """Several motions of one prompt.

    Args:
        model: a name from ``engine.load``.
        prompt: what the face does.
        way: ``seeds``: the seed and those after it; ``intensities``: what the model took the prompt
            to ask for, said anew at several intensities, all with the same seed.
        count: how many.
        duration: seconds.
        seed: the first, or the only one.

    Raises:
        ValueError: an unknown way, or a prompt in which the model read no performance.
    """
    if way == SEEDS:
        seeds = [seed + i for i in range(count)]
        labels, prompts = [f"seed {one}" for one in seeds], [prompt] * count
    elif way == INTENSITIES:
        seeds, chosen = [seed] * count, grades(count)
        labels = [GRADE_NAMES[grade - 1] for grade in chosen]
        prompts = graded_prompts(_plan(model, prompt, duration, seed), duration, chosen)
    else:
        raise ValueError(f"what is compared must be one of {', '.join(WAYS)}, got {way!r}")
    takes = engine.animate(model, prompts, duration, seeds)
    descriptions = engine.describe_all(model, [take.motion for take in takes])
    return Lineup(labels, takes, descriptions)


def _plan(model: str, prompt: str, duration: float, seed: int) -> str:
    (take,) = engine.animate(model, [prompt], duration, [seed])
    return take.plan


def graded_prompts(plan: str, duration: float, chosen: list[int]) -> list[str]:
    """A plan in words, once for each intensity of its emotions, otherwise worded alike.

    Raises:
        ValueError: there is no plan to grade.
    """
    if not plan:
        raise ValueError("intensities need a prompt that the model can read, got one it cannot")
    performance = read_plan(plan, duration)
    return [_graded(performance, grade) for grade in chosen]


def _graded(performance, grade: int) -> str:
    emotions = tuple(replace(span, intensity=grade) for span in performance.emotions)
    same_words = np.random.default_rng(0)
    return wording.describe(replace(performance, emotions=emotions), same_words)
