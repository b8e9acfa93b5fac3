"""Figures of motions over repetitions: each draws a seed for every clip, and batches anew.

    scores = score_motions(measured, truth_points, text_points, frames, settings)
    scores["r_at_1"]  # {"mean": 0.41, "half_width": 0.004, "deviation": 0.009}

A repetition takes one of each clip's motions at random. FD and Diversity are then of all clips (a
clip that came twice would push a Frechet distance up); R@k, MM-Dist, Tok and errors are of as many
batches of 32 different clips as the clips fill, each drawn by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ..metrics import diversity, frechet_distance, multimodality, repeat, retrieval
from ..metrics.intervals import LEVEL, Interval
from ..metrics.matching import BATCH
from .settings import ReportSettings
from .systems import Measured

ROUNDING = 1e-9


@dataclass(frozen=True)
class MotionFigures:
    """What one repetition finds; units are those of ``docs/metrics.md``."""

    fid: float
    r_at_1: float
    r_at_2: float
    r_at_3: float
    mm_dist: float
    diversity: float
    l2: float
    lve: float
    fve: float
    fdd: float
    fdd_absolute: float
    head_pose: float


def score_motions(
    system: Measured,
    truth: np.ndarray,
    texts: np.ndarray,
    frames: np.ndarray,
    settings: ReportSettings,
) -> dict[str, dict]:
    """Every figure of a system.

    Args:
        system: its motions, measured.
        truth, texts: (clips, features), points of the true motions and of the prompts.
        frames: (clips,), in which a face is seen: means of errors are over frames.
        settings: repetitions and seed.
    """
    draws, clips, _ = system.points.shape

    def measure(seed: int) -> MotionFigures:
        rng = np.random.default_rng(seed)
        drawn = rng.integers(draws, size=clips)
        points = system.points[drawn, np.arange(clips)]
        batches = draw_batches(rng, clips)
        found = [retrieval(texts[rows], points[rows]) for rows in batches]
        rows = batches.ravel()
        own = {name: table[drawn, np.arange(clips)][rows] for name, table in system.errors.items()}
        weights = {name: None if name.startswith("fdd") else frames[rows] for name in own}
        return MotionFigures(
            fid=frechet_distance(points, truth).fid,
            **{
                name: float(np.mean([getattr(one, name) for one in found]))
                for name in ("r_at_1", "r_at_2", "r_at_3", "mm_dist")
            },
            diversity=diversity(points, seed=seed).diversity,
            **{name: float(np.average(own[name], weights=weights[name])) for name in own},
        )

    return summed_up(repeat(measure, settings.repetitions, settings.seed))


def draw_batches(rng: np.random.Generator, clips: int) -> np.ndarray:
    """As many batches (batches, 32) of different clips as the clips fill."""
    count = clips // BATCH
    return np.stack([rng.permutation(clips)[:BATCH] for _ in range(count)])


def score_multimodality(points: np.ndarray, settings: ReportSettings) -> dict:
    """MultiModality of points (prompts, motions, features), with what it was measured on."""
    found = multimodality(points)
    figures = summed_up(
        repeat(lambda seed: multimodality(points, seed=seed), settings.repetitions, settings.seed)
    )
    return {**figures["multimodality"], "prompts": found.prompts,
            "motions_per_prompt": found.motions_per_prompt, "notes": list(found.notes)}  # fmt: skip


def one_for_another(points: np.ndarray, prompts: int, settings: ReportSettings) -> np.ndarray:
    """(prompts, motions, features): for each prompt different motions of (draws, clips, features).

    What MultiModality would be of motions that have nothing to do with their prompt.
    """
    flat = points.reshape(-1, points.shape[-1])
    rng = np.random.default_rng([settings.seed, 4])
    each = min(settings.motions_per_prompt, len(flat))
    return np.stack([flat[rng.permutation(len(flat))[:each]] for _ in range(prompts)])


def score_tokens(hits: np.ndarray, tokens: np.ndarray, settings: ReportSettings) -> dict:
    """Tok of (clips,) hits among (clips,) tokens."""

    @dataclass(frozen=True)
    class Tok:
        token_accuracy: float

    def measure(seed: int) -> Tok:
        rows = draw_batches(np.random.default_rng(seed), len(hits)).ravel()
        return Tok(float(hits[rows].sum() / tokens[rows].sum()))

    figures = summed_up(repeat(measure, settings.repetitions, settings.seed))
    return {**figures["token_accuracy"], "tokens": int(tokens.sum())}


def summed_up(intervals: dict[str, Interval]) -> dict[str, dict]:
    """Each figure's mean, half of its 95 % interval, and deviation between repetitions.

    What differs by rounding alone, as sums in another order do, does not differ.
    """
    return {
        name: {"mean": found.mean, "half_width": 0.0, "deviation": 0.0}
        if found.half_width <= ROUNDING * max(1.0, abs(found.mean))
        else {
            "mean": found.mean,
            "half_width": found.half_width,
            "deviation": _deviation(found),
        }
        for name, found in intervals.items()
    }


def _deviation(found: Interval) -> float:
    wide = stats.t.ppf((1 + LEVEL) / 2, found.repetitions - 1)
    return float(found.half_width * np.sqrt(found.repetitions) / wide)
