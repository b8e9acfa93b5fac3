"""The training loss over the part of the vocabulary that an answer can come from.

A motion token is drawn from its codebook alone and a word from the text alone, in training as in
constrained decoding: a softmax over a tenth of the vocabulary, at a fraction of the cost. Every
``FULL_EVERY``-th answer token is scored over the whole vocabulary, so that the model also learns
which kind of token comes next and `generate` needs no constraint to stay well-formed.
"""

import torch
from torch.nn import functional as F

from .processing_tdmm import IGNORED_LABEL

FULL_EVERY = 6


def sliced_loss(hidden, labels, weight, slices, word_weight=1.0, num_items_in_batch=None):
    """Cross entropy of the answer tokens, a mean but for the weight of words.

    Args:
        hidden: (batch, length, width) last hidden states.
        labels: (batch, length), -100 where there is nothing to learn.
        weight: (vocabulary, width) of the language model's head.
        slices: (first, end) ids of each codebook, in order; text is what lies before the first.
        word_weight: how many times any token but a code counts, which counts once.
        num_items_in_batch: what to divide the sum by; the number of labels by default.
    """
    answers = labels[:, 1:] != IGNORED_LABEL
    hidden, labels = hidden[:, :-1][answers], labels[:, 1:][answers]
    words = slices[0][0]
    counts = torch.where(labels < words, word_weight, 1.0)
    full = torch.arange(len(labels), device=labels.device) % FULL_EVERY == 0
    total = _part(hidden, labels, counts, weight, full, 0, weight.shape[0])
    for first, end in [(0, words), *slices]:
        chosen = ~full & (labels >= first) & (labels < end)
        total = total + _part(hidden, labels, counts, weight, chosen, first, end)
    return total / (len(labels) if num_items_in_batch is None else num_items_in_batch)


def _part(hidden, labels, counts, weight, chosen, first, end):
    logits = F.linear(hidden[chosen], weight[first:end])
    losses = F.cross_entropy(logits.float(), labels[chosen] - first, reduction="none")
    return (losses * counts[chosen]).sum()
