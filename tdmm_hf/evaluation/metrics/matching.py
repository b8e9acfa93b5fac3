"""Do motions lie near their own texts? R@1, R@2, R@3 and MM-Dist in a joint embedding.

>>> import numpy as np
>>> from tdmm_hf.evaluation.metrics.matching import retrieval
>>> corners = np.eye(32)
>>> retrieval(corners, corners).r_at_1
1.0

Source: Guo et al., CVPR 2022, "Generating Diverse and Natural 3D Human Motions from Text". Ties are
broken at random there by the order of the rows; here each text's chance over all orders is counted,
so that an evaluator that maps everything to one point scores by chance and no better.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from .inputs import at_least, feature_pairs

BATCH = 32
RANKS = (1, 2, 3)


@dataclass(frozen=True)
class Retrieval:
    """r_at_1, r_at_2, r_at_3: shares of texts, 0 to 1; mm_dist in the features' unit.

    ``pairs`` of the pairs given were in one of ``batches`` full batches of ``batch_size``.
    """

    r_at_1: float
    r_at_2: float
    r_at_3: float
    mm_dist: float
    pairs: int
    batches: int
    batch_size: int
    notes: tuple[str, ...] = ()


def retrieval(text, motion, batch_size: int = BATCH, seed: int = 0) -> Retrieval:
    """How often a text's own motion is among the 1, 2, 3 nearest of its batch; and MM-Dist.

    Batches are drawn by ``seed`` without replacement; what does not fill one is left out.

    Args:
        text: (pairs, features) of the texts.
        motion: (pairs, features) of their motions, row by row.
        batch_size: 32 by the protocol; one smaller batch where there are fewer pairs, and then a
            note says so.
        seed: of the batches.

    Raises:
        ValueError: fewer than two pairs, other shapes, or numbers that are not finite.
    """
    text, motion = feature_pairs(("text", "motion"), text, motion)
    at_least("pairs of a retrieval", len(text), 2)
    size = min(at_least("batch_size", batch_size, 2), len(text))
    count = len(text) // size
    order = np.random.default_rng(seed).permutation(len(text))[: count * size]
    batches = order.reshape(count, size)
    hits = np.mean([_hits(cdist(text[rows], motion[rows])) for rows in batches], axis=0)
    notes = (f"batches of {size} instead of {batch_size}",) if size < batch_size else ()
    return Retrieval(
        *map(float, hits), matching_distance(text, motion), order.size, count, size, notes
    )


def _hits(distances: np.ndarray) -> np.ndarray:
    """Share of texts whose own motion is within each of ``RANKS``, of (texts, motions) distances.

    Of t motions as near as a text's own, each is first, second, ... as likely as any other.
    """
    own = distances.diagonal()[:, None]
    nearer = (distances < own).sum(axis=1)
    tied = (distances == own).sum(axis=1)
    within = np.clip((np.array(RANKS)[:, None] - nearer) / tied, 0, 1)  # (ranks, texts)
    return within.mean(axis=1)


def matching_distance(text, motion) -> float:
    """MM-Dist: mean distance between each motion's feature and its own text's, over all pairs.

    Args:
        text: (pairs, features).
        motion: (pairs, features).
    """
    text, motion = feature_pairs(("text", "motion"), text, motion)
    return float(np.linalg.norm(text - motion, axis=1).mean())
