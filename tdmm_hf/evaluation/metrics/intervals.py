"""Means with 95 % confidence intervals over repetitions.

>>> from tdmm_hf.evaluation.metrics.intervals import confidence_interval
>>> interval = confidence_interval([1.0, 2.0, 3.0])
>>> interval.mean, round(interval.half_width, 3)
(2.0, 2.484)

By Student's t, since twenty repetitions do not know their own deviation: at twenty a tenth wider
than the 1.96 s / sqrt(n) of Guo et al. (CVPR 2022). Repetitions that draw other batches and pairs
from the same motions say how much that draw matters, not how much other prompts or seeds would.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from .inputs import at_least, numbers

REPETITIONS = 20
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """The mean lies within ``half_width`` of ``mean``; ``repetitions`` values were seen."""

    mean: float
    half_width: float
    repetitions: int

    def __str__(self) -> str:
        return f"{self.mean:.4g} ± {self.half_width:.2g}"


def confidence_interval(values: Sequence[float], level: float = LEVEL) -> Interval:
    """Mean and Student-t confidence interval of (repetitions,) values.

    Raises:
        ValueError: fewer than two values, one that is not finite, or a level outside 0..1.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level}")
    array = numbers("values", values, "repetitions")
    count = at_least("repetitions", len(array), 2)
    deviation = float(array.std(ddof=1)) if np.ptp(array) else 0.0
    half_width = stats.t.ppf((1 + level) / 2, count - 1) * deviation / np.sqrt(count)
    return Interval(float(array.mean()), float(half_width), count)


def repeat(
    measure: Callable[[int], object], repetitions: int = REPETITIONS, seed: int = 0
) -> dict[str, Interval]:
    """Measure again and again, each time from a seed of its own, and sum up each figure.

    Args:
        measure: from a seed to a metric's result, a dataclass; its floats are the figures.
        repetitions: how often; 20 by the protocol.
        seed: of the seeds.

    Returns:
        Field name to interval.
    """
    at_least("repetitions", repetitions, 2)
    seeds = np.random.SeedSequence(seed).generate_state(repetitions)
    results = [dataclasses.asdict(measure(int(each))) for each in seeds]
    figures = [name for name, value in results[0].items() if isinstance(value, float)]
    return {name: confidence_interval([result[name] for result in results]) for name in figures}


def repeated(
    measure: Callable[[int], object], repetitions: int = REPETITIONS, seed: int = 0
) -> dict:
    """A metric's result as plain data, its figures the means over repetitions.

    Each figure has a second key, ``<figure>_interval``: the half width of its 95 % interval. One
    repetition is the metric itself with ``seed``, and no interval.
    """
    at_least("repetitions", repetitions, 1)
    found = dataclasses.asdict(measure(seed))
    if repetitions == 1:
        return found
    for name, interval in repeat(measure, repetitions, seed).items():
        found |= {name: interval.mean, f"{name}_interval": interval.half_width}
    return found | {"repetitions": repetitions}
