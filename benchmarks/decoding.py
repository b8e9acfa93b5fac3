"""Ways to decode as many tokens as `generate_motion` does, for `generation.py` to time.

    work = record(model, prompts, seconds=5.0)
    tokens = StaticLoop(model, work)()  # (rows, plan and codes)

`generate_motion` reads a prompt, writes a plan, begins again with both, and writes codes; before
some codes it reads a mark of the clock with its state in the same pass. `Work` says how much that
was for some prompts. The contestants do as much:

- `SameSequence`: `generate` of our model, the very same tokens. `generate` reads nothing but what
  it has written, one token a pass, so each mark and each part of a state costs a pass of its own.
- `SamePasses`: `generate` of the language model inside, as many passes as ours made for the longest
  plan and its motion; marks and states are left out.
- `StaticLoop`: a loop around the language model's own layers over transformers' StaticCache. The
  prompt is read once, marks and states where ours reads them; the likeliest token is taken.
- `WrittenOutLoop`: the same with a Llama's layers written out over tensors of fixed size: the
  ceiling.

Neither loop samples, ends, checks, or makes motion of its codes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch.nn import functional as F
from transformers import LogitsProcessor, LogitsProcessorList, StaticCache

from tdmm_hf.modeling import MotionLogitsProcessor, Sampling
from tdmm_hf.modeling.cache_tdmm import cache_argument
from tdmm_hf.modeling.processing_tdmm import MAX_PLAN_TOKENS

SEED = 0


@dataclass(frozen=True)
class Work:
    """What `generate_motion` did for some prompts, all of one duration within a window.

    Args:
        prompts: (rows,) texts.
        seconds: of each motion.
        plans: (rows,) as `generate_motion` gives them.
        codes: (rows,) arrays (steps, codebooks).
        runs: rows and passes of each of its decoding loops, first plans' and then motions'.
        plan_passes: of the longest plan.
    """

    prompts: list[str]
    seconds: float
    plans: list[str]
    codes: list
    runs: list[tuple[int, int]]
    plan_passes: int

    @property
    def num_codes(self) -> int:
        """Codes of one motion."""
        return self.codes[0].size

    @property
    def passes(self) -> int:
        return sum(passes for _, passes in self.runs)


def record(model, prompts: Sequence[str], seconds: float) -> Work:
    """Generate motions of prompts, seed 0, and note the passes.

    Raises:
        ValueError: the motion is too short to be told from a plan by its passes, or longer than a
            window.
    """
    codebooks = model.config.motion_config.num_codebooks
    steps = math.ceil(round(seconds * model.config.motion_config.fps)
                      / model.config.motion_config.downsample)  # fmt: skip
    if steps * codebooks <= MAX_PLAN_TOKENS or steps > model.config.window_steps:
        raise ValueError(f"a motion must have over {MAX_PLAN_TOKENS} codes and fit a window of "
                         f"{model.config.window_seconds:g} s, got {seconds:g} s")  # fmt: skip
    runs: list[tuple[int, int]] = []
    with watching(model, "_continue", lambda tokens: runs.append(tuple(tokens.shape))):
        output = model.generate_motion(list(prompts), duration=seconds, seed=SEED)
    return Work(
        prompts=list(prompts),
        seconds=seconds,
        plans=output.plans,
        codes=output.codes,
        runs=runs,
        plan_passes=max((passes for _, passes in runs if passes != steps * codebooks), default=0),
    )


@contextmanager
def watching(model, method: str, note: Callable) -> Iterator[None]:
    """Meanwhile, note what each call of a method of the model gives."""
    original = getattr(model, method)

    def noted(*args, **kwargs):
        result = original(*args, **kwargs)
        note(result)
        return result

    setattr(model, method, noted)
    try:
        yield
    finally:
        delattr(model, method)


class SliceLogitsProcessor(LogitsProcessor):
    """Leaves `generate` a part of the vocabulary at each token.

    Args:
        slices: (first, end) ids for each token.
    """

    def __init__(self, slices: Sequence[tuple[int, int]]):
        self.slices = iter(slices)

    def __call__(self, input_ids, scores):
        """scores (rows, vocabulary) with everything outside the slice at minus infinity."""
        first, end = next(self.slices)
        left = torch.full_like(scores, -torch.inf)
        left[:, first:end] = scores[:, first:end]
        return left


def token_slices(config, plan_tokens: int, codes: int) -> list[tuple[int, int]]:
    """(first, end) ids that each token is chosen from: words of the plan, then codes."""
    words = [(0, config.motion_token_start)] * plan_tokens
    return words + list(itertools.islice(itertools.cycle(config.motion_slices), codes))


def padded(rows: Sequence[Sequence[int]], pad: int, device) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask (rows, longest), padded on the left."""
    length = max(map(len, rows))
    ids = [[pad] * (length - len(row)) + list(row) for row in rows]
    mask = [[0] * (length - len(row)) + [1] * len(row) for row in rows]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


class _Contestant:
    """What all need: requests, what to choose from, and how codes become motion."""

    def __init__(self, model, work: Work):
        self.model, self.work = model, work
        self.language_model = model.model.language_model
        self.processor = model.processor
        self.pad = model.generation_config.pad_token_id or 0
        self.slices = token_slices(model.config, work.plan_passes, work.num_codes)
        self.requests = [self.processor.motion_request(p, work.seconds) for p in work.prompts]
        self.ids, self.mask = padded(self.requests, self.pad, model.device)

    @property
    def passes(self) -> int:
        return len(self.slices)

    def states(self) -> list:
        clock = self.processor.clock
        return [clock.lay_out(plan, self.work.seconds) for plan in self.work.plans]

    def decode(self, ids: torch.Tensor) -> torch.Tensor:
        """Motions (rows, frames, channels) on the CPU, of codes' ids (rows, codes)."""
        firsts = torch.tensor([s[0] for s in self.model.config.motion_slices], device=ids.device)
        codes = ids.unflatten(1, (-1, len(firsts))) - firsts
        return self.model.motion_tokenizer.decode(codes).cpu()


class SamePasses(_Contestant):
    """The language model's own `generate`, sampled at our temperature from the same slices."""

    @torch.no_grad()
    def __call__(self) -> torch.Tensor:
        torch.manual_seed(SEED)
        ids = self.language_model.generate(
            input_ids=self.ids,
            attention_mask=self.mask,
            do_sample=True,
            temperature=self.model.config.motion_sampling["temperature"],
            top_k=0,
            max_new_tokens=len(self.slices),
            pad_token_id=self.pad,
            logits_processor=LogitsProcessorList([SliceLogitsProcessor(self.slices)]),
        )
        return self.decode(ids[:, -self.work.num_codes :])


class SameSequence(_Contestant):
    """Our model's own `generate`, held to what `generate_motion` writes; gives codes' ids."""

    def __init__(self, model, work: Work):
        super().__init__(model, work)
        clock, pairs = self.processor.clock, zip(self.requests, work.plans, strict=True)
        self.with_plans = [[*request, *self._plan_ids(plan)] for request, plan in pairs]
        self.sampling = Sampling(**model.config.motion_sampling)
        marks = sum(len(clock.ids(step, self.states()[0])) for step in range(self.steps))
        self.answer = work.num_codes + marks + 2  # with both ends of the motion

    def _plan_ids(self, plan: str) -> list[int]:
        """A plan as it stands between request and motion; nothing for none."""
        if not plan:
            return []
        tokenizer, config = self.processor.tokenizer, self.model.config
        words = self.processor.clock.with_marks(plan)
        ids = tokenizer(words, add_special_tokens=False)["input_ids"]
        return [config.plan_start_token_id, *ids, config.plan_end_token_id]

    @property
    def steps(self) -> int:
        return len(self.work.codes[0])

    @property
    def passes(self) -> int:
        return self.work.plan_passes + self.answer

    def __call__(self) -> torch.Tensor:
        if self.work.plan_passes:
            plan = SliceLogitsProcessor(self.slices)
            self._generate(self.ids, self.mask, plan, self.work.plan_passes)
        seeds = [SEED] * len(self.requests)
        motion = MotionLogitsProcessor(
            self.processor, self.steps, seeds, self.sampling, self.work.plans
        )
        ids, mask = padded(self.with_plans, self.pad, self.model.device)
        written = self._generate(ids, mask, motion, self.answer)
        first, end = self.model.config.motion_slices[0][0], self.model.config.motion_slices[-1][1]
        codes = written[(written >= first) & (written < end)].view(len(seeds), -1)
        self.decode(codes)
        return codes

    @torch.no_grad()
    def _generate(self, ids, mask, processor, count):
        """Ids (rows, count) of what `generate` writes."""
        return self.model.generate(
            input_ids=ids,
            attention_mask=mask,
            do_sample=False,
            max_new_tokens=count,
            logits_processor=LogitsProcessorList([processor]),
        )[:, ids.shape[1] :]


class _Loop(_Contestant):
    """A bare loop; a subclass says how one pass goes.

    After the prompt it reads and writes as ours does, but without reading the prompt again.
    """

    def __init__(self, model, work: Work):
        super().__init__(model, work)
        self.read = dict(self._moments())
        extra = sum(ids.shape[1] for ids in self.read.values())
        self.length = self.ids.shape[1] + len(self.slices) + extra
        seen = F.pad(self.mask, (0, self.length - self.mask.shape[1]), value=1)
        self.positions = (seen.cumsum(dim=1) - 1).clamp(min=0)  # (rows, length)
        causal = torch.ones(self.length, self.length, dtype=torch.bool, device=seen.device).tril()
        self.seen = causal & seen[:, None, None, :].bool()  # (rows, 1, length, length)
        self.alone = bool(self.mask.all())  # nothing is padded
        self.weight = model.get_output_embeddings().weight

    def _moments(self) -> Iterator[tuple[int, torch.Tensor]]:
        """Ids (rows, some) that are read before a token, by its number."""
        clock, states = self.processor.clock, self.states()
        codebooks = self.model.config.motion_config.num_codebooks
        for step in range(len(self.work.codes[0])):
            rows = [clock.ids(step, row) for row in states]
            if step == 0:
                rows = [[self.processor.motion_start_token_id, *row] for row in rows]
            if rows[0]:
                number = self.work.plan_passes + step * codebooks
                yield number, torch.tensor(rows, device=self.model.device)

    def prepare(self):
        """A cache to begin with; not timed."""

    def step(self, ids: torch.Tensor, start: int) -> torch.Tensor:
        """Last hidden states (rows, width) after ids (rows, some) at positions from ``start``."""
        raise NotImplementedError

    @torch.inference_mode()
    def __call__(self) -> torch.Tensor:
        ids, start, tokens = self.ids, 0, []
        for number, (first, end) in enumerate(self.slices):
            if number in self.read:
                ids = torch.cat([ids, self.read[number]], dim=1)
            hidden = self.step(ids, start)
            start += ids.shape[1]
            chosen = first + F.linear(hidden, self.weight[first:end]).argmax(dim=-1)
            tokens.append(chosen)
            ids = chosen[:, None]
        return torch.stack(tokens, dim=1).cpu()


class StaticLoop(_Loop):
    """transformers' layers over its StaticCache."""

    def prepare(self):
        self.layers = self.language_model.base_model
        cache = StaticCache(config=self.model.config.text_config, max_cache_len=self.length)
        self.named = cache_argument(self.layers, cache)

    def step(self, ids, start):
        end = start + ids.shape[1]
        return self.layers(
            input_ids=ids,
            attention_mask=self.seen[:, :, start:end],
            position_ids=self.positions[:, start:end],
            use_cache=True,
            **self.named,
        ).last_hidden_state[:, -1]


class WrittenOutLoop(_Loop):
    """A Llama without biases, as functions of tensors.

    Raises:
        ValueError: the language model is no Llama.
    """

    def __init__(self, model, work: Work):
        super().__init__(model, work)
        config = model.config.text_config
        if config.model_type != "llama" or config.attention_bias or config.mlp_bias:
            raise ValueError(f"only a Llama without biases is written out, got {config.model_type}")
        base = self.language_model.base_model
        self.heads, self.groups = config.num_attention_heads, config.num_key_value_heads
        self.embeddings, self.norm = base.embed_tokens.weight, base.norm.weight
        self.epsilon, self.size = config.rms_norm_eps, config.head_dim
        self.layers = [_layer_weights(layer) for layer in base.layers]
        with torch.no_grad():
            cos, sin = base.rotary_emb(self.embeddings, position_ids=self.positions)
        self.cos, self.sin = cos[:, None], sin[:, None]  # (rows, 1, length, size)
        weight = self.embeddings
        self.bias = torch.zeros_like(self.seen, dtype=weight.dtype)
        self.bias.masked_fill_(~self.seen, -torch.inf)
        # A row that is padded sees something at every place, or its softmax would be nothing.
        self.bias[:, :, torch.arange(self.length), torch.arange(self.length)] = 0

    def prepare(self):
        rows = len(self.ids)
        shape = (len(self.layers), 2, rows, self.groups, self.length, self.size)
        self.cache = self.embeddings.new_zeros(shape)

    def step(self, ids, start):
        end = start + ids.shape[1]
        rows, width = ids.shape
        cos, sin = self.cos[:, :, start:end], self.sin[:, :, start:end]
        bias = None if self.alone and width == 1 else self.bias[:, :, start:end, :end]
        hidden = F.embedding(ids, self.embeddings)
        for weights, cache in zip(self.layers, self.cache, strict=True):
            before, qkv, out, after, gate_up, down = weights
            normed = F.rms_norm(hidden, before.shape, before, self.epsilon)
            states = F.linear(normed, qkv).view(rows, width, -1, self.size).transpose(1, 2)
            query, key, value = states.split([self.heads, self.groups, self.groups], dim=1)
            cache[0, :, :, start:end] = _rotated(key, cos, sin)
            cache[1, :, :, start:end] = value
            mixed = F.scaled_dot_product_attention(
                _rotated(query, cos, sin),
                cache[0, :, :, :end],
                cache[1, :, :, :end],
                attn_mask=bias,
                enable_gqa=self.heads != self.groups,
            )
            hidden = hidden + F.linear(mixed.transpose(1, 2).flatten(2), out)
            normed = F.rms_norm(hidden, after.shape, after, self.epsilon)
            gate, up = F.linear(normed, gate_up).chunk(2, dim=-1)
            hidden = hidden + F.linear(F.silu(gate) * up, down)
        return F.rms_norm(hidden[:, -1], self.norm.shape, self.norm, self.epsilon)


def _rotated(states, cos, sin):
    """Rotary embedding of states (rows, heads, some, size)."""
    one, other = states.chunk(2, dim=-1)
    return states * cos + torch.cat([-other, one], dim=-1) * sin


@torch.no_grad()
def _layer_weights(layer) -> tuple[torch.Tensor, ...]:
    """A Llama layer's weights, those that read the same put together."""
    attention, feed = layer.self_attn, layer.mlp
    reads = (attention.q_proj, attention.k_proj, attention.v_proj)
    return (
        layer.input_layernorm.weight,
        torch.cat([part.weight for part in reads]),
        attention.o_proj.weight,
        layer.post_attention_layernorm.weight,
        torch.cat([feed.gate_proj.weight, feed.up_proj.weight]),
        feed.down_proj.weight,
    )
