"""AITS: average inference time per sentence, one prompt at a time.

    >>> from tdmm_hf.evaluation.metrics.timing import average_inference_time
    >>> time = average_inference_time(str.upper, ["he nods", "she smiles"])
    >>> time.sentences, time.aits < 1
    (2, True)

Model and data are loaded before. What is measured depends on the machine and on what else runs on
it: reports name it.

Source: MLD, Chen et al. 2023, https://arxiv.org/abs/2212.04048.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .inputs import at_least
from .intervals import confidence_interval

WARM_UP = 1


@dataclass(frozen=True)
class InferenceTime:
    """aits: mean seconds a sentence; ``interval`` the half width of its 95 % interval."""

    aits: float
    interval: float | None
    median: float
    sentences: int
    notes: tuple[str, ...] = ()


def average_inference_time(
    generate: Callable[[str], object],
    prompts: Sequence[str],
    warm_up: int = WARM_UP,
    synchronize: Callable[[], object] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> InferenceTime:
    """Mean seconds from a prompt to its motion, batch 1.

    Args:
        generate: one prompt to one motion.
        prompts: sentences, each timed once.
        warm_up: first sentences that are generated once more before, untimed.
        synchronize: waits for an accelerator, such as ``torch.cuda.synchronize``.
        clock: seconds.

    Raises:
        ValueError: no prompt.
    """
    at_least("prompts of an inference time", len(prompts), 1)
    wait = synchronize or (lambda: None)
    for prompt in prompts[:warm_up]:
        generate(prompt)
    seconds = []
    for prompt in prompts:
        wait()
        start = clock()
        generate(prompt)
        wait()
        seconds.append(clock() - start)
    several = len(seconds) > 1
    return InferenceTime(
        aits=float(np.mean(seconds)),
        interval=confidence_interval(seconds).half_width if several else None,
        median=float(np.median(seconds)),
        sentences=len(seconds),
        notes=() if several else ("one sentence: no interval",),
    )
