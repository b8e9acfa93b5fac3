"""Tok: how often a language model's likeliest next token is the right one, teacher forced.

>>> from tdmm_hf.evaluation.metrics.tokens import next_token_accuracy
>>> next_token_accuracy([[7, 8, 5, 0]], [[-100, 7, 8, 9]]).accuracy
0.6666666666666666

Labels are those of Hugging Face's causal language models
(https://huggingface.co/docs/transformers/tasks/language_modeling): not shifted, -100 for no loss.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from .inputs import paired

IGNORED = -100  # label of tokens without loss, as in transformers


@dataclass(frozen=True)
class TokenAccuracy:
    """accuracy: 0 to 1, over ``tokens`` tokens."""

    accuracy: float
    tokens: int


def next_token_accuracy(
    predictions: Sequence, labels: Sequence, motion_tokens: Collection[int] | None = None
) -> TokenAccuracy:
    """Share of motion tokens that the model, given all tokens before them, takes for likeliest.

    Args:
        predictions: sequences of (length,) int, ``logits.argmax(-1)``: at each place what the
            model expects at the next.
        labels: sequences of as many tokens, not shifted, ``IGNORED`` where none is to be counted.
        motion_tokens: ids that are counted, such as a range; all that have a label by default.

    Raises:
        ValueError: sequences of other lengths, ids that are no integers, or nothing to count.
    """
    hits, tokens = 0, 0
    wanted = None if motion_tokens is None else np.fromiter(motion_tokens, dtype=np.int64)
    for expected, label in paired(predictions, labels):
        expected, label = _ids("predictions", expected), _ids("labels", label)
        if expected.shape != label.shape:
            raise ValueError(
                f"predictions and labels must be as long, got {len(expected)} and {len(label)}"
            )
        counted = label[1:] != IGNORED
        if wanted is not None:
            counted &= np.isin(label[1:], wanted)
        hits += int((expected[:-1] == label[1:])[counted].sum())
        tokens += int(counted.sum())
    if not tokens:
        raise ValueError("labels must hold at least one token to predict, got none")
    return TokenAccuracy(hits / tokens, tokens)


def _ids(name: str, sequence) -> np.ndarray:
    ids = np.asarray(sequence)
    if ids.ndim != 1 or not (ids.size == 0 or np.issubdtype(ids.dtype, np.integer)):
        raise ValueError(f"{name} must be sequences of integers, got {ids.dtype} of {ids.shape}")
    return ids
