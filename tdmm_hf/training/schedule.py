"""How the learning rate goes over a run, as shares of its peak.

>>> [round(warm_then_cosine(step, 10, warmup=0.2), 2) for step in (0, 1, 2, 6)]
[0.5, 1.0, 1.0, 0.5]
"""

from __future__ import annotations

import math


def warm_then_cosine(step: int, steps: int, warmup: float) -> float:
    """Up to 1 in a share of the steps, one at least, then down to 0 as a cosine."""
    warm = max(1, round(warmup * steps))
    return (step + 1) / warm if step < warm else cosine(step - warm, steps - warm)


def cosine(step: int, steps: int) -> float:
    """From 1 at the first step down to 0 after the last."""
    return 0.5 * (1 + math.cos(math.pi * step / max(1, steps)))
