"""Settings of the evaluator's training; light, so that ``tdmm --help`` imports no torch.

>>> EvaluatorSettings(steps=10).batch_size
128
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EvaluatorSettings:
    """How the evaluator is trained.

    Args:
        steps: optimiser steps.
        batch_size: pairs a step; each is a negative of all others.
        group_size: pairs of a batch that have one thing in common (the manner, the head motion or
            the emotion), so that only the rest tells them apart.
        learning_rate: peak, after a linear warm-up and before a cosine down to zero.
        warmup: share of the steps that warm up.
        weight_decay: of matrices.
        reading_weight: of the loss of reading a performance's attributes off both points.
        outline_weight: of the loss of reconstructing a motion's outline from both points.
        alike: texts without attributes mean nearly the same from this cosine of their words' mean
            meaning on.
        synonym_rate: share of known words exchanged for synonyms in every second text.
        word_noise: of the word meanings while training, in their standard deviations.
        max_seconds: longer motions are cropped to a window of this length.
        vocabulary: word pieces of the text tokenizer.
        word_size: width of the table of word meanings.
        hidden_size, text_layers, conv_layers, motion_layers, embedding_size: of the model.
        bf16: compute in bfloat16.
        save_every: steps between checkpoints that a stopped run resumes from.
        seed: of weights and batches.
        threads: CPU threads; 0 leaves torch's choice.
    """

    steps: int = 2000
    batch_size: int = 128
    group_size: int = 8
    learning_rate: float = 2e-3
    warmup: float = 0.03
    weight_decay: float = 0.05
    reading_weight: float = 0.3
    outline_weight: float = 0.1
    alike: float = 0.95
    synonym_rate: float = 0.3
    word_noise: float = 0.3
    max_seconds: float = 12.0
    vocabulary: int = 12_000
    word_size: int = 256
    hidden_size: int = 256
    text_layers: int = 2
    conv_layers: int = 4
    motion_layers: int = 2
    embedding_size: int = 128
    bf16: bool = True
    save_every: int = 250
    seed: int = 0
    threads: int = 0

    def __post_init__(self):
        for name in ("steps", "batch_size", "group_size", "learning_rate", "save_every"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        for name in ("reading_weight", "outline_weight", "word_noise"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")
        for name in ("warmup", "synonym_rate"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in 0..1, got {getattr(self, name)}")
        if self.batch_size < 2 or self.batch_size % self.group_size:
            raise ValueError(
                "batch_size must be 2 at least and a multiple of group_size, "
                f"got {self.batch_size} and {self.group_size}"
            )
        if not 1 <= self.max_seconds <= 60:
            raise ValueError(f"max_seconds must lie in 1..60, got {self.max_seconds}")
