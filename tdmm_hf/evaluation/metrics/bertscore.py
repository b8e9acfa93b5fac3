"""BERTScore with an encoder at hand: words matched by meaning instead of spelling.

    >>> import numpy as np
    >>> from tdmm_hf.evaluation.metrics.bertscore import bert_score
    >>> letters = lambda texts: [np.eye(26)[[ord(c) - 97 for c in text]] for text in texts]
    >>> round(bert_score(["ab"], [["abcd"]], letters), 3)
    66.667

Every token of a caption is matched with the likest of a reference by cosine, and the other way
round; the score is the F1 of both means, for the reference where it is highest. Tokens weigh alike,
nothing is rescaled, and marks such as [CLS] take no part. The figure depends on the encoder:
reports name it.

Source: Zhang et al. 2020, https://arxiv.org/abs/1904.09675.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from .inputs import paired

# texts to (tokens, features) for each
Encoder = Callable[[Sequence[str]], list[np.ndarray]]


def bert_score(
    predictions: Sequence[str], references: Sequence[Sequence[str]], encoder: Encoder
) -> float:
    """Mean over captions of the best F1 against a reference, percent.

    Args:
        predictions: captions; one without tokens scores 0.
        references: for each caption at least one.
        encoder: texts to (tokens, features) arrays.

    Raises:
        ValueError: other numbers of captions and references.
    """
    pairs = paired(predictions, references)
    texts = list(dict.fromkeys(text for one, refs in pairs for text in (one, *refs)))
    tokens = dict(zip(texts, map(_directions, encoder(texts)), strict=True))
    best = [max(_f1(tokens[one], tokens[ref]) for ref in refs) for one, refs in pairs]
    return 100 * float(np.mean(best))


def _directions(rows: np.ndarray) -> np.ndarray:
    """(tokens, features) of length 1."""
    rows = np.asarray(rows, dtype=np.float64)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def _f1(caption: np.ndarray, reference: np.ndarray) -> float:
    if not len(caption) or not len(reference):
        return 0.0
    likeness = caption @ reference.T
    precision, recall = likeness.max(axis=1).mean(), likeness.max(axis=0).mean()
    total = precision + recall
    return float(2 * precision * recall / total) if total > 0 else 0.0


def transformer_encoder(folder: str | Path, batch_size: int = 64) -> Encoder:
    """The last hidden states of a text encoder that is on this machine; nothing is downloaded.

    Args:
        folder: a Hugging Face model with its tokenizer.
        batch_size: texts encoded at once.
    """
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModel.from_pretrained(folder, local_files_only=True).eval()

    @torch.no_grad()
    def encode(texts: Sequence[str]) -> list[np.ndarray]:
        found = []
        for start in range(0, len(texts), batch_size):
            batch = tokenizer(
                list(texts[start : start + batch_size]),
                padding=True,
                truncation=True,
                return_tensors="pt",
                return_special_tokens_mask=True,
            )
            words = ~batch.pop("special_tokens_mask").bool()
            states = model(**batch).last_hidden_state
            found += [state[kept].numpy() for state, kept in zip(states, words, strict=True)]
        return found

    return encode
