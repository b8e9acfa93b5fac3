"""What a motion codec costs and what it loses: rate, codebook use and distortion.

    >>> from tdmm_hf.evaluation.metrics.rate import code_rate, codebook_use
    >>> code_rate([512, 512], steps_per_second=6.25)
    CodeRate(tokens_per_second=12.5, bits_per_second=112.5)
    >>> codebook_use([[0], [0], [3], [3]], [8]).used
    (25.0,)

A step has one code of each codebook, so that its bits are the sum of log2 of their sizes: what a
code of any kind can tell, whatever share of it is used. The distortion is FVE and LVE of
``geometry``, head pose apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...motion import FaceMotion
from ...rigs import Rig
from .geometry import FaceSurface, face_errors
from .inputs import numbers


@dataclass(frozen=True)
class CodeRate:
    """tokens and bits a second."""

    tokens_per_second: float
    bits_per_second: float


@dataclass(frozen=True)
class CodebookUse:
    """For each codebook: ``used`` codes in percent of its size, ``entropy`` of a code in bits."""

    used: tuple[float, ...]
    entropy: tuple[float, ...]
    steps: int


@dataclass(frozen=True)
class RateDistortion:
    """Rate as ``CodeRate``, distortion as ``FaceErrors``, ``codebook_use`` the mean in percent."""

    tokens_per_second: float
    bits_per_second: float
    codebook_use: float
    fve: float
    lve: float
    head_pose: float
    steps: int
    frames: int


def code_rate(codebook_sizes: Sequence[int], steps_per_second: float) -> CodeRate:
    """Tokens and bits a second.

    Args:
        codebook_sizes: codes in each codebook of a step; the levels' product for FSQ.
        steps_per_second: frames a second / frames a step.

    Raises:
        ValueError: no codebook, one with fewer than two codes, or no steps.
    """
    sizes = numbers("codebook_sizes", codebook_sizes, "codebooks")
    if (sizes < 2).any() or (sizes % 1).any():
        raise ValueError(f"codebooks must have two codes or more, got {list(codebook_sizes)}")
    if not (np.isfinite(steps_per_second) and steps_per_second > 0):
        raise ValueError(f"steps_per_second must be positive, got {steps_per_second}")
    bits = float(np.log2(sizes).sum())
    return CodeRate(len(sizes) * float(steps_per_second), bits * float(steps_per_second))


def codebook_use(codes, codebook_sizes: Sequence[int]) -> CodebookUse:
    """Which codes a set of motions uses.

    Args:
        codes: (steps, codebooks) int over all motions.
        codebook_sizes: codes in each codebook.

    Raises:
        ValueError: other numbers of codebooks, or a code that its codebook does not have.
    """
    array = numbers("codes", codes, "steps, codebooks")
    sizes = np.asarray(codebook_sizes)
    if array.shape[1] != len(sizes):
        raise ValueError(f"codes must be of {len(sizes)} codebooks, got {array.shape[1]}")
    if (array < 0).any() or (array >= sizes).any() or (array % 1).any():
        raise ValueError(
            f"codes must be integers from 0 to below {sizes.tolist()}, "
            f"got {array.min():g} to {array.max():g}"
        )
    shares = [
        np.bincount(column, minlength=size) / len(array)
        for column, size in zip(array.T.astype(int), sizes, strict=True)
    ]
    used = tuple(100 * float((share > 0).mean()) for share in shares)
    return CodebookUse(used, tuple(map(_entropy, shares)), len(array))


def _entropy(shares: np.ndarray) -> float:
    used = shares[shares > 0]
    return max(0.0, float(-(used * np.log2(used)).sum()))


def rate_distortion(
    decoded: Sequence[FaceMotion],
    original: Sequence[FaceMotion],
    codes: Sequence,
    codebook_sizes: Sequence[int],
    steps_per_second: float,
    rig: FaceSurface | Rig | str = "tdmm",
) -> RateDistortion:
    """One codec's place in the plane of rate and distortion.

    Args:
        decoded: motions as the codec gives them back.
        original: the motions that it was given, each as long.
        codes: for each motion (steps, codebooks) int.
        codebook_sizes: codes in each codebook of a step.
        steps_per_second: frames a second / frames a step.
        rig: see ``face_errors``.

    Raises:
        ValueError: as ``code_rate``, ``codebook_use`` and ``face_errors`` do.
    """
    rate = code_rate(codebook_sizes, steps_per_second)
    if len(codes) != len(original):
        raise ValueError(
            f"codes must be given for each motion, got {len(codes)} for {len(original)} motions"
        )
    rows = [numbers("codes", one, "steps, codebooks") for one in codes]
    if len({row.shape[1] for row in rows}) > 1:
        raise ValueError("codes must be of as many codebooks in every motion, got several numbers")
    use = codebook_use(np.concatenate(rows) if rows else rows, codebook_sizes)
    errors = face_errors(decoded, original, rig)
    return RateDistortion(
        rate.tokens_per_second,
        rate.bits_per_second,
        float(np.mean(use.used)),
        errors.fve,
        errors.lve,
        errors.head_pose,
        use.steps,
        errors.frames,
    )


def on_frontier(rates, distortions) -> np.ndarray:
    """Which codecs no other beats: none is as low in both and lower in one. (codecs,) bool.

    >>> on_frontier([100, 200, 200], [2.0, 1.0, 1.5]).tolist()
    [True, True, False]
    """
    rate, distortion = (
        numbers("rates", rates, "codecs"),
        numbers("distortions", distortions, "codecs"),
    )
    if len(rate) != len(distortion):
        raise ValueError(
            f"rates and distortions must be as many, got {len(rate)} and {len(distortion)}"
        )
    no_worse = (rate[:, None] <= rate) & (distortion[:, None] <= distortion)
    better = (rate[:, None] < rate) | (distortion[:, None] < distortion)
    return ~(no_worse & better).any(axis=0)
