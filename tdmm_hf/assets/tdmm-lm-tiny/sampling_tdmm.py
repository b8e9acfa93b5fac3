"""Seeded sampling of tokens: the same picks for a prompt alone and in a batch.

>>> sampling = Sampling(temperature=0.8, top_p=0.95)
>>> draws = uniforms([7, 8], count=3)  # one row of draws for each seed
>>> pick(torch.randn(2, 1024), draws[:, 0], sampling).shape
torch.Size([2])

A token is picked by inverting the cumulative distribution at a number drawn from the row's own
generator, so that what another row draws does not matter.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
import torch
from transformers import LogitsProcessor

CHANGE_COST = 2.0  # nats that a change of what is read must gain


@dataclass(frozen=True)
class Sampling:
    """How tokens are picked: ``temperature`` 0 takes the likeliest; ``top_p`` 1.0 and ``top_k`` 0
    leave all tokens in."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0

    def __post_init__(self):
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise ValueError(f"temperature must be finite and at least 0, got {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p must be over 0 and at most 1, got {self.top_p}")
        if self.top_k < 0:
            raise ValueError(f"top_k must be at least 0, got {self.top_k}")


def check_seed(seed):
    """The seed, or a fresh one for None."""
    if seed is None:
        return int(np.random.SeedSequence().generate_state(1, np.uint32)[0])
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"seed must be an integer of at least 0, got {seed!r}")
    return int(seed)


def uniforms(seeds, count):
    """Draws in [0, 1), (seeds, count) float64; a seed is a number or a tuple of numbers."""
    draws = [np.random.default_rng(seed).random(count) for seed in seeds]
    return torch.from_numpy(np.stack(draws))


def pick(logits, draws, sampling):
    """One index for each row of logits (rows, choices) at its draw (rows,): (rows,) int64."""
    if sampling.temperature == 0:
        return logits.argmax(dim=-1)
    probabilities = torch.softmax(logits.double() / sampling.temperature, dim=-1)
    if 0 < sampling.top_k < logits.shape[-1]:
        least = probabilities.topk(sampling.top_k).values[:, -1:]
        probabilities = probabilities.where(probabilities >= least, 0.0)
    if sampling.top_p < 1:
        ordered = probabilities.sort(dim=-1, descending=True).values
        before = ordered.cumsum(dim=-1) - ordered
        inside = before < sampling.top_p * ordered.sum(dim=-1, keepdim=True)
        least = ordered.where(inside, torch.inf).amin(dim=-1, keepdim=True)
        probabilities = probabilities.where(probabilities >= least, 0.0)
    cumulative = probabilities.cumsum(dim=-1)
    target = draws.to(cumulative)[:, None] * cumulative[:, -1:]
    index = torch.searchsorted(cumulative, target, right=True)
    return index.clamp(max=logits.shape[-1] - 1).squeeze(-1)


def likeliest_path(log_probabilities, cost=CHANGE_COST):
    """The choice at each time (times,) int64 of the best path through log-probabilities (times,
    choices), where every change costs ``cost`` nats (the Viterbi algorithm)."""
    score, came = log_probabilities[0], []
    stay = torch.arange(len(score), device=score.device)
    for row in log_probabilities[1:]:
        best = score.argmax()
        changed = score[best] - cost
        came.append(torch.where(score >= changed, stay, best))
        score = torch.maximum(score, changed) + row
    path = [score.argmax()]
    for before in reversed(came):
        path.append(before[path[-1]])
    return torch.stack(path[::-1])


def _only(scores, ids):
    """Scores that leave one id in each row."""
    return torch.full_like(scores, -torch.inf).scatter(1, ids[:, None], 0.0)


class MotionLogitsProcessor(LogitsProcessor):
    """Makes `generate(do_sample=False)` write one well-formed motion and stop.

    Args:
        processor: TDMMProcessor.
        steps: latent steps of the motion.
        seeds: one for each row.
        sampling: how codes are picked.
        plans: of each row; none by default.
    """

    def __init__(self, processor, steps, seeds, sampling, plans=None):
        seconds = steps * processor.downsample / processor.fps
        codes = self._codes(processor)
        rows = []
        for plan in plans or [""] * len(seeds):
            states = processor.clock.lay_out(plan, seconds)
            motion = ([*processor.clock.ids(step, states), *codes] for step in range(steps))
            ids = itertools.chain.from_iterable(motion)
            rows.append([processor.motion_start_token_id, *ids, processor.motion_end_token_id])
        self.places = iter(zip(*rows, strict=True))
        self.draws = iter(
            uniforms([(seed, 0) for seed in seeds], steps * processor.num_codebooks).T
        )
        self.sampling = sampling
        self.end = (processor.tokenizer.eos_token_id,) * len(seeds)

    @staticmethod
    def _codes(processor):
        """Slices of ids, one a codebook."""
        size = processor.codebook_size
        firsts = (processor.motion_token_start + q * size for q in range(processor.num_codebooks))
        return [slice(first, first + size) for first in firsts]

    def __call__(self, input_ids, scores):
        """scores (rows, vocabulary) with everything but the next id at minus infinity."""
        place = next(self.places, self.end)
        if not isinstance(place[0], slice):
            return _only(scores, torch.tensor(place, device=scores.device))
        picked = pick(scores[:, place[0]].float(), next(self.draws), self.sampling)
        return _only(scores, place[0].start + picked)


class ReadingLogitsProcessor(LogitsProcessor):
    """Makes `generate(do_sample=False)` read marks and states, the likeliest of each.

    Args:
        readings: for each row slices of ids to choose from, in order (see Clock.reading). A row
            that is read to its end repeats the last.
    """

    def __init__(self, readings):
        longest = max(map(len, readings))
        self.places = iter(zip(*(r + r[-1:] * (longest - len(r)) for r in readings), strict=True))

    def __call__(self, input_ids, scores):
        """scores (rows, vocabulary) with everything but the next id at minus infinity."""
        place = enumerate(next(self.places))
        chosen = [scores[row, ids].argmax() + ids.start for row, ids in place]
        return _only(scores, torch.stack(chosen))


class TextLogitsProcessor(LogitsProcessor):
    """Makes `generate(do_sample=False)` write words only, picked by each row's own seed.

    Args:
        banned: ids (any number,) that are no words.
        seeds: a number, or a tuple of numbers, for each row; None takes the likeliest word.
        count: most tokens that will be written.
        sampling: how words are picked.
    """

    def __init__(self, banned, seeds=None, count=0, sampling=None):
        self.banned = torch.as_tensor(banned)
        self.draws = None if seeds is None else uniforms(seeds, count)
        self.sampling = sampling
        self.written = -1

    def __call__(self, input_ids, scores):
        self.written += 1
        words = scores.index_fill(1, self.banned.to(scores.device), -torch.inf)
        if self.draws is None:
            return words
        return _only(scores, pick(words.float(), self.draws[:, self.written], self.sampling))


__all__ = ["MotionLogitsProcessor", "ReadingLogitsProcessor", "Sampling", "TextLogitsProcessor"]
