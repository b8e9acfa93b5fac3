"""How a set of motions is spread: Frechet distance, diversity, multimodality.

>>> import numpy as np
>>> from tdmm_hf.evaluation.metrics.distribution import diversity, frechet_distance
>>> features = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
>>> round(frechet_distance(features + 3, features).fid, 6)
18.0
>>> diversity([[0.0], [1.0]]).diversity
1.0

Features are an evaluator's, one vector a motion. What a figure was measured on, where that is less
than the protocol asks for, stands in its ``notes``.

Sources: Heusel et al. 2017, https://arxiv.org/abs/1706.08500 (Frechet distance); Guo et al., CVPR
2022, "Generating Diverse and Natural 3D Human Motions from Text" (the protocol for motion).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .inputs import at_least, feature_rows, numbers

DIVERSITY_PAIRS = 300
PROMPTS, MOTIONS_PER_PROMPT, PAIRS_PER_PROMPT = 100, 30, 10


@dataclass(frozen=True)
class FrechetDistance:
    """fid: squared distance in the features' unit; generated, reference: motions in each set."""

    fid: float
    generated: int
    reference: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Diversity:
    """diversity: mean distance over ``pairs`` pairs of motions."""

    diversity: float
    pairs: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Multimodality:
    """multimodality: mean distance between motions of one prompt."""

    multimodality: float
    prompts: int
    motions_per_prompt: int
    pairs_per_prompt: int
    notes: tuple[str, ...] = ()


def frechet_distance(generated, reference) -> FrechetDistance:
    """Squared Frechet distance between the Gaussians fitted to two sets, as FID is defined.

    |m1 - m2|^2 + tr(C1 + C2 - 2 sqrt(C1 C2)). With C = A'A for each set, the trace of the root is
    the sum of the singular values of A1 A2': no root of a matrix that may be singular is taken, and
    a set is at no distance from itself.

    Args:
        generated: (motions, features); at least two motions.
        reference: (motions, features), as many features.

    Raises:
        ValueError: fewer motions, other widths, or numbers that are not finite.
    """
    one, other = feature_rows("generated", generated), feature_rows("reference", reference)
    if one.shape[1] != other.shape[1]:
        raise ValueError(
            "generated and reference must have as many features, "
            f"got {one.shape[1]} and {other.shape[1]}"
        )
    notes = tuple(
        note
        for name, rows in (("generated", one), ("reference", other))
        if (note := _rank_note(name, rows))
    )
    apart = one.mean(axis=0) - other.mean(axis=0)
    first, second = _covariance_factor(one), _covariance_factor(other)
    common = np.linalg.svd(first @ second.T, compute_uv=False).sum()
    spread = (first**2).sum() + (second**2).sum() - 2 * common
    return FrechetDistance(float(apart @ apart + max(spread, 0.0)), len(one), len(other), notes)


def _covariance_factor(rows: np.ndarray) -> np.ndarray:
    """A of the covariance A'A of (motions, features): (at most features, features)."""
    at_least("motions of a Frechet distance", len(rows), 2)
    return np.linalg.qr(rows - rows.mean(axis=0), mode="r") / np.sqrt(len(rows) - 1)


def _rank_note(name: str, rows: np.ndarray) -> str | None:
    """Few motions cannot fill a covariance, and the distance grows with what is missing."""
    count, width = rows.shape
    if count > width:
        return None
    return f"{count} {name} motions for {width} features: covariance singular, distance biased up"


def diversity(features, pairs: int = DIVERSITY_PAIRS, seed: int = 0) -> Diversity:
    """Mean distance between the features of random pairs of different motions.

    Args:
        features: (motions, features); at least two motions.
        pairs: how many; no more than there are motions, and then a note says so.
        seed: of the choice.

    Raises:
        ValueError: fewer than two motions, or numbers that are not finite.
    """
    rows = feature_rows("features", features)
    count = at_least("motions of a diversity", len(rows), 2)
    used = min(at_least("pairs", pairs, 1), count)
    rng = np.random.default_rng(seed)
    first = rng.permutation(count)[:used]
    second = (first + rng.integers(1, count, size=used)) % count
    distances = np.linalg.norm(rows[first] - rows[second], axis=1)
    notes = (f"{used} pairs instead of {pairs}: {count} motions",) if used < pairs else ()
    return Diversity(float(distances.mean()), used, notes)


def multimodality(
    features, pairs: int = PAIRS_PER_PROMPT, motions: int = MOTIONS_PER_PROMPT, seed: int = 0
) -> Multimodality:
    """Mean distance between the features of random pairs of motions made from one prompt.

    Args:
        features: (prompts, motions, features); the protocol's are 100 prompts, 30 motions each.
        pairs: different pairs drawn for each prompt; all that there are where they are fewer.
        motions: how many motions a prompt should have; a note says where it has others.
        seed: of the choice.

    Raises:
        ValueError: fewer than two motions a prompt, or numbers that are not finite.
    """
    rows = numbers("features", features, "prompts, motions, features")
    prompts, count, _ = rows.shape
    at_least("motions of a prompt", count, 2)
    every = np.stack(np.triu_indices(count, k=1))  # (2, pairs that there are)
    used = min(at_least("pairs", pairs, 1), every.shape[1])
    draws = np.random.default_rng(seed).random((prompts, every.shape[1]))
    first, second = every[:, draws.argsort(axis=1)[:, :used]]  # each (prompts, used)
    which = np.arange(prompts)[:, None]
    distances = np.linalg.norm(rows[which, first] - rows[which, second], axis=-1)
    found = ((prompts, PROMPTS, "prompts"), (count, motions, "motions a prompt"))
    notes = [f"{have} {what} instead of {asked}" for have, asked, what in found if have != asked]
    if used < pairs:
        notes.append(f"{used} pairs a prompt instead of {pairs}")
    return Multimodality(float(distances.mean()), prompts, count, used, tuple(notes))
