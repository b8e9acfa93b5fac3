"""Text to motion and motion to text with a TDMMForCausalLM.

>>> output = model.generate_motion(["She nods.", "He laughs."], duration=[5.0, 12.0], seed=1)
>>> [motion.shape for motion in output.motions]
[(125, 55), (300, 55)]
>>> model.describe_motion(output.motions)
['She nods.', '0-6 s: He laughs.\\n6-12 s: He laughs.']

A prompt with its own seed gives the same motion alone and in a batch, bit for bit: requests are
padded to lengths that depend on nothing but themselves, and decoded in groups of sizes whose matrix
products round alike (on CPUs any power of two from 4 on; one row by itself rounds differently, and
would turn a sample over once in a while).
"""

import inspect
import itertools
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F
from transformers import LogitsProcessorList

from .cache_tdmm import cache_argument, growing_cache
from .decoding_tdmm import written_out
from .processing_tdmm import MAX_PLAN_TOKENS, broadcast, plan_windows
from .sampling_tdmm import (
    ReadingLogitsProcessor,
    Sampling,
    TextLogitsProcessor,
    check_seed,
    likeliest_path,
    pick,
    uniforms,
)

GROUP_ROWS = {"cpu": (4, 8, 16, 32)}  # how many rows may be decoded together
ACCELERATOR_GROUP_ROWS = (16,)
PROMPT_BUCKET = 32  # requests are padded to a multiple of this


@dataclass
class MotionGeneration:
    """What `generate_motion` made, a prompt's sequences next to each other.

    Args:
        motions: arrays (frames, channels) float32 in the channels' units.
        plans: what the model took each prompt to ask for, in its own few words; empty strings from
            a model that was trained without.
        codes: arrays (steps, codebooks) int64.
        seeds: the seed of each prompt.
        fps: frames per second.
        channels: channel names.
    """

    motions: list
    plans: list
    codes: list
    seeds: list
    fps: float
    channels: list


class MotionGenerationMixin:
    """`generate_motion` and `describe_motion` for TDMMForCausalLM."""

    @torch.no_grad()
    def generate_motion(
        self,
        texts,
        duration=5.0,
        seed=None,
        temperature=None,
        top_p=None,
        top_k=None,
        num_return_sequences=1,
        instruction=0,
        processor=None,
    ):
        """Face motions of exactly round(duration x fps) frames.

        Args:
            texts: a prompt or a list of them.
            duration: seconds, one or one for each prompt, over 0 and at most ``max_seconds``.
            seed: one for all prompts or one for each; a fresh one by default. A prompt with the
                same seed gives the same motion, alone and in a batch.
            temperature, top_p, top_k: of the codes; the config's by default. Temperature 0 takes
                the likeliest.
            num_return_sequences: motions for each prompt.
            instruction: index of an instruction template, or one of your own.
            processor: the one saved beside the weights by default.

        Returns:
            MotionGeneration with len(texts) x num_return_sequences motions.

        Raises:
            ValueError: naming the rule and the value, for a prompt that is empty or over the
                context and for a duration or setting out of range.
        """
        processor = processor or self.processor
        texts = [texts] if isinstance(texts, str) else list(texts)
        durations = [
            processor.check_duration(d) for d in broadcast("duration", duration, len(texts))
        ]
        seeds = [check_seed(s) for s in broadcast("seed", seed, len(texts))]
        if not isinstance(num_return_sequences, int) or num_return_sequences < 1:
            raise ValueError(
                f"num_return_sequences must be at least 1, got {num_return_sequences!r}"
            )
        sampling = self._sampling(temperature, top_p, top_k)
        rows = [
            _Row(self.config, processor, text, seconds, (seed, k), instruction)
            for text, seconds, seed in zip(texts, durations, seeds, strict=True)
            for k in range(num_return_sequences)
        ]
        self._write_plans(rows)
        while waiting := [row for row in rows if not row.done]:
            self._write_window(waiting, sampling)
        return MotionGeneration(
            motions=[self._decode(row) for row in rows],
            plans=[processor.decode_plan(row.plan) for row in rows],
            codes=[row.codes for row in rows],
            seeds=seeds,
            fps=self.config.motion_config.fps,
            channels=list(self.config.motion_config.channels),
        )

    @torch.no_grad()
    def describe_motion(
        self,
        motions,
        fps=None,
        valid=None,
        observed=None,
        instruction=0,
        seed=None,
        temperature=1.0,
        top_p=1.0,
        max_new_tokens=96,
        processor=None,
    ):
        """What faces do, in words.

        Args:
            motions: an array (frames, channels) or a list of them, in the channels' units.
            fps: frames per second, one or one for each motion; the config's by default.
            valid: (frames,) bool, False where no face was seen, for each motion.
            observed: (channels,) bool, False for channels the source cannot know, for each motion.
            instruction: index of an instruction template, or one of your own.
            seed: sample the words with one seed, or one for each motion; the likeliest words
                without.
            temperature, top_p: of the words, with a seed.
            max_new_tokens: most tokens of a description.
            processor: the one saved beside the weights by default.

        Returns:
            A list of str. A motion longer than ``window_seconds`` is described part by part, a
            line for each: ``0-8 s: ...``.
        """
        processor = processor or self.processor
        parts = self._parts(motions, fps, valid, observed)
        requests = [processor.text_request(part.codes, instruction) for part in parts]
        if processor.clock.tracks:
            readings = [processor.clock.reading(len(part.codes)) for part in parts]
            plans = self._read_plans(processor, requests, readings)
            requests = [
                processor.telling_request(plan, instruction) if plan else request
                for plan, request in zip(plans, requests, strict=True)
            ]
        seeds = None
        if seed is not None:
            each = broadcast("seed", seed, parts[-1].motion + 1)
            seeds = [(check_seed(each[part.motion]), part.number) for part in parts]
        words = self._write_words(
            processor, requests, seeds, Sampling(temperature, top_p), max_new_tokens
        )
        descriptions = [[] for _ in range(parts[-1].motion + 1)]
        for part, text in zip(parts, words, strict=True):
            descriptions[part.motion].append(part.caption + text)
        return ["\n".join(lines) for lines in descriptions]

    def _sampling(self, temperature, top_p, top_k):
        given = {"temperature": temperature, "top_p": top_p, "top_k": top_k}
        given = {name: value for name, value in given.items() if value is not None}
        return Sampling(**{**self.config.motion_sampling, **given})

    def _write_plans(self, rows):
        """What each row is to show, in words: the likeliest, once for all of its windows."""
        if self.config.plan_start_token_id is None:
            return
        alike = {}
        for row in rows:
            alike.setdefault(tuple(row.request()), []).append(row)
        planned = [(same[0], list(ids)) for ids, same in alike.items()]
        for members, size, length in self._groups(planned):
            ids, mask = self._padded([ids for _, ids in members], size, length)
            writer = _PlanWriter(self, members[0][0].processor)
            written = self._continue(ids, mask, MAX_PLAN_TOKENS, writer.choose, writer.all_ended)
            for (_, ids), plan in zip(members, written.cpu().tolist(), strict=False):
                for row in alike[tuple(ids)]:
                    row.set_plan(plan)

    def _write_window(self, rows, sampling):
        """Write the next window of each row."""
        for members, size, length in self._groups([(row, row.request()) for row in rows]):
            count = max(row.wanted for row, _ in members)
            filled = members + members[:1] * (size - len(members))
            draws = torch.stack([row.draws_for(count) for row, _ in filled]).to(self.device)
            ids, mask = self._padded([ids for _, ids in members], size, length)
            moments = self._moments([row for row, _ in filled], count)
            tokens = self._sample_motion(ids, mask, draws, moments, sampling).cpu().numpy()
            for (row, _), written in zip(members, tokens, strict=False):
                row.append(written)

    def _groups(self, rows):
        """Rows with their requests, (row, ids), in groups of one shape: (members, rows to decode,
        length)."""
        buckets = {}
        for row, ids in rows:
            length = math.ceil(len(ids) / PROMPT_BUCKET) * PROMPT_BUCKET
            buckets.setdefault(length, []).append((row, ids))
        sizes = GROUP_ROWS.get(self.device.type, ACCELERATOR_GROUP_ROWS)
        for length, members in buckets.items():
            # Rows that need as many tokens stop together.
            members.sort(key=lambda member: member[0].wanted)
            for first in range(0, len(members), sizes[-1]):
                group = members[first : first + sizes[-1]]
                yield group, next(size for size in sizes if size >= len(group)), length

    def _padded(self, requests, size, length):
        """Ids and mask (size, length) of requests, padded on the left and filled up with copies."""
        pad = self.generation_config.pad_token_id or 0
        filled = requests + requests[:1] * (size - len(requests))
        ids = [[pad] * (length - len(i)) + i for i in filled]
        mask = [[0] * (length - len(i)) + [1] * len(i) for i in filled]
        return (torch.tensor(x, device=self.device) for x in (ids, mask))

    def _moments(self, rows, count):
        """What the rows read before some of their next codes, marks and states: ids (rows, tokens)
        by the number of the code. What comes before the first is in their requests."""
        first = len(rows[0].codes)  # the same for all: they go window by window together
        codebooks = self.config.motion_config.num_codebooks
        moments = {}
        for step in range(1, count // codebooks):
            ids = [row.moment(first + step) for row in rows]
            if ids[0]:
                moments[step * codebooks] = torch.tensor(ids, device=self.device)
        return moments

    def _sample_motion(self, input_ids, mask, draws, moments, sampling):
        """Codes' ids after left-padded ids (rows, length), by draws; both (rows, codes)."""
        slices = self.config.motion_slices

        def choose(hidden, i):
            first, end = slices[i % len(slices)]
            return first + pick(self._logits(hidden, first, end), draws[:, i], sampling)

        return self._continue(input_ids, mask, draws.shape[1], choose, moments=moments)

    def _continue(self, input_ids, mask, count, choose, until=None, moments=None):
        """Tokens (rows, at most count) after left-padded ids (rows, length).

        ``choose`` takes the last hidden states (rows, width) and the number of the token, and gives
        tokens (rows,); ``until`` says after each whether to stop; ``moments`` has ids (rows, some)
        that are read before some of the tokens, by their number.
        """
        positions = self._positions(mask)
        layers = self.model.language_model.base_model
        cache = growing_cache(self.config.text_config)
        named = cache_argument(layers, cache)
        tokens, steps = [], None
        for i in range(count):
            if steps is not None:
                hidden = steps(input_ids)
            else:
                hidden = self.model(
                    input_ids=input_ids,
                    attention_mask=mask,
                    use_cache=True,
                    **named,
                    **positions,
                ).last_hidden_state[:, -1]
            chosen = choose(hidden, i)
            tokens.append(chosen)
            if until is not None and until():
                break
            if i == 0:
                room = count + sum(ids.shape[1] for ids in (moments or {}).values())
                steps = written_out(layers, cache, mask, room)
            input_ids = chosen[:, None]
            if moments and i + 1 in moments:
                input_ids = torch.cat([input_ids, moments[i + 1]], dim=1)
            if steps is None:
                mask = F.pad(mask, (0, input_ids.shape[1]), value=1)
                positions = self._positions(mask, input_ids.shape[1])
        return torch.stack(tokens, dim=1)

    def _positions(self, mask, count=None):
        """The argument that tells the language model the places of the last tokens of left-padded
        rows (rows, length), for those that have one."""
        if "position_ids" not in inspect.signature(self.model.language_model.forward).parameters:
            return {}
        return {"position_ids": (mask.cumsum(dim=1) - 1).clamp(min=0)[:, -(count or 0) :]}

    def _logits(self, hidden, first, end):
        """Logits (rows, end - first) of a part of the vocabulary: what alone may follow."""
        head = self.get_output_embeddings()
        bias = None if head.bias is None else head.bias[first:end]
        logits = F.linear(hidden.to(head.weight.dtype), head.weight[first:end], bias).float()
        return _scaled(logits, self.config.text_config)

    def _decode(self, row):
        """Motion (frames, channels) of a finished row, within the channels' bounds."""
        codes = torch.as_tensor(row.codes, device=self.device)[None]
        motion = self.motion_tokenizer.decode(codes)[0, : row.frames]
        return motion.float().cpu().numpy()

    def _parts(self, motions, fps, valid, observed):
        """Every motion's parts no longer than a window, encoded: a list of _Part."""
        single = not isinstance(motions, (list, tuple))
        motions = [motions] if single else motions
        if not len(motions):
            raise ValueError("motions must not be an empty list")
        fps = self.config.motion_config.fps if fps is None else fps
        fps = broadcast("fps", fps, len(motions))
        valid, observed = ([m] if single else _each(m, len(motions)) for m in (valid, observed))
        each = zip(motions, fps, valid, observed, strict=True)
        return [part for i, motion in enumerate(each) for part in self._encode_parts(i, *motion)]

    def _encode_parts(self, index, motion, fps, valid, observed):
        """The parts of one motion, of equal length."""
        config = self.config.motion_config
        values, valid, observed = checked_motion(motion, fps, valid, observed, config)
        values, valid = resample(values, valid, fps, config.fps)
        count = math.ceil(len(values) / round(self.config.window_seconds * config.fps))
        edges = [round(i * len(values) / count) for i in range(count + 1)]
        for number, (start, end) in enumerate(itertools.pairwise(edges)):
            part = (values[start:end], valid[start:end], observed)
            tensors = (torch.as_tensor(x, device=self.device)[None] for x in part)
            codes = self.motion_tokenizer.encode(*tensors).codes[0].cpu().numpy()
            caption = f"{_seconds(start / config.fps)}-{_seconds(end / config.fps)} s: "
            yield _Part(index, number, codes, caption if count > 1 else "")

    def _read_plans(self, processor, requests, readings):
        """What motions show, as plans: states read by the model, mark by mark, and summed up.

        ``requests`` are lists of ids that end with the motion, ``readings`` what to choose from.
        """
        readings = self._with_emotions(requests, readings, 1 + len(processor.clock.tracks))
        reader = ReadingLogitsProcessor(readings)
        written = self._answers(processor, requests, reader, max(map(len, readings)))
        pairs = zip(written.tolist(), readings, strict=True)
        return [processor.read_plan(ids[: len(reading)]) for ids, reading in pairs]

    def _with_emotions(self, requests, readings, width):
        """Readings with one choice left for the first track, which is the emotion, at each mark.

        It is read as if nothing had been read before: read after the marks before it, an emotion is
        mostly theirs again, and a second one is missed. Of two that are much alike, one is kept
        throughout. Marks stand ``width`` places apart.
        """
        unread = [[ids.start for ids in reading] for reading in readings]  # all tracks at nothing
        rows = [request + history for request, history in zip(requests, unread, strict=True)]
        longest = max(map(len, rows))
        ids, mask = self._padded(rows, len(rows), longest)
        output = self.model(
            input_ids=ids, attention_mask=mask, use_cache=False, **self._positions(mask)
        )
        told = []
        for hidden, reading in zip(output.last_hidden_state, readings, strict=True):
            emotions = reading[1]
            # a place is read off what stands before it
            before = hidden[longest - len(reading) - 1 :][1 : len(reading) : width]
            logits = self._logits(before, emotions.start, emotions.stop)
            read = iter((likeliest_path(logits.log_softmax(dim=-1)) + emotions.start).tolist())
            told.append(
                [_one(next(read)) if i % width == 1 else ids for i, ids in enumerate(reading)]
            )
        return told

    def _write_words(self, processor, requests, seeds, sampling, max_new_tokens):
        """The words that answer requests (lists of ids)."""
        words = TextLogitsProcessor(sorted(processor.no_words), seeds, max_new_tokens, sampling)
        written = self._answers(processor, requests, words, max_new_tokens)
        return [processor.decode_text(ids) for ids in written]

    def _answers(self, processor, requests, chooser, count):
        """Ids (rows, at most count) after requests (lists of ids), by a logits processor."""
        inputs = processor.tokenizer.pad({"input_ids": requests}, return_tensors="pt")
        output = self.generate(
            **inputs.to(self.device),
            do_sample=False,
            max_new_tokens=count,
            logits_processor=LogitsProcessorList([chooser]),
        )
        return output[:, inputs["input_ids"].shape[1] :]


@dataclass
class _Part:
    """A part of a motion to describe: which motion's, which part, its codes, and its caption."""

    motion: int
    number: int
    codes: np.ndarray
    caption: str


class _PlanWriter:
    """Chooses the likeliest words of each row until all rows have ended their plan.

    A row whose model would rather begin with the motion has an empty plan.
    """

    def __init__(self, model, processor):
        self.model, self.config = model, model.config
        none = processor.no_words | set(processor.tokenizer.all_special_ids)
        words = self.words
        none = [i for i in none | {self.config.plan_start_token_id} if i < words]
        self.no_words = torch.tensor(sorted(none), device=model.device)
        self.ended = False

    @property
    def words(self):
        """What lies before this id is text."""
        return self.config.motion_token_start

    def choose(self, hidden, i):
        """The next token (rows,) of each row after its last hidden state (rows, width)."""
        logits = self.model._logits(hidden, 0, self.words)
        start, end = self.config.plan_start_token_id, self.config.plan_end_token_id
        if i == 0:
            tokens = torch.where(logits.argmax(dim=-1) == start, start, end)
        else:
            tokens = logits.index_fill(1, self.no_words, -torch.inf).argmax(dim=-1)
        self.ended = self.ended | (tokens == end)
        return tokens

    def all_ended(self):
        return bool(self.ended.all())


class _Row:
    """One motion on its way: what has been written and what comes next."""

    def __init__(self, config, processor, text, seconds, seed, instruction):
        motion = config.motion_config
        self.config, self.processor = config, processor
        self.text, self.seconds, self.instruction = text, seconds, instruction
        self.frames = round(seconds * motion.fps)
        self.plan = None if config.plan_start_token_id is not None else []
        self.codes = np.zeros((0, motion.num_codebooks), dtype=np.int64)
        steps = math.ceil(self.frames / motion.downsample)
        self.states = processor.clock.lay_out("", seconds)
        self.windows = plan_windows(steps, config.window_steps, config.context_steps)
        self.draws = uniforms([seed], steps * motion.num_codebooks)[0]
        self.request()  # a prompt that cannot be asked fails before anything is written

    @property
    def done(self):
        return not self.windows

    @property
    def wanted(self):
        """Tokens still to write in this window."""
        return (self.windows[0][1] - len(self.codes)) * self.config.motion_config.num_codebooks

    def request(self):
        """Ids of the next window's request, with what has been written of its answer."""
        start, end = self.windows[0]
        second = 1 / self.config.steps_per_second
        window = (start * second, min(end * second, self.seconds))
        ids = self.processor.motion_request(self.text, self.seconds, window, self.instruction)
        if self.plan is None:
            return ids
        written = self.processor.codes_to_ids(self.codes[start:], start, self.states)
        begin = self.processor.motion_start_token_id
        return [*ids, *self.plan, begin, *written, *self.moment(len(self.codes))]

    def moment(self, step):
        """What stands before a latent step: a mark of the clock with its state, or nothing."""
        return self.processor.clock.ids(step, self.states)

    def set_plan(self, written):
        """Take written tokens up to the end of the plan; one that never ends is none."""
        end = self.processor.plan_end_token_id
        length = written.index(end) + 1 if end in written else 0
        self.plan = written[:length] if length > 1 else []
        self.states = self.processor.clock.lay_out(
            self.processor.decode_plan(self.plan), self.seconds
        )

    def draws_for(self, count):
        """The next draws, (count,); what a row does not want is filled up."""
        used = self.codes.size
        draws = self.draws[used : used + min(count, self.wanted)]
        return F.pad(draws, (0, count - len(draws)))

    def append(self, written):
        """Take ids of codes (codes,) as far as wanted and go on to the next window."""
        codes = self.processor.ids_to_codes(written[: self.wanted])
        self.codes = np.concatenate([self.codes, codes])
        self.windows = self.windows[1:]


def checked_motion(motion, fps, valid, observed, config):
    """Values (frames, channels), valid (frames,) and observed (channels,) as arrays.

    Raises:
        ValueError: unless the codec of this config can take them.
    """
    values = np.array(motion, dtype=np.float32)  # a copy: torch wants to be able to write
    if not (math.isfinite(fps) and fps > 0):
        raise ValueError(f"fps must be positive and finite, got {fps}")
    if values.ndim != 2 or values.shape[1] != config.num_channels or not len(values):
        raise ValueError(
            f"motion must be (frames, {config.num_channels}) with a frame at least, "
            f"got shape {values.shape}"
        )
    if not np.isfinite(values).all():
        raise ValueError(f"motion must be finite, got {values[~np.isfinite(values)][0]}")
    masks = []
    for name, mask, length in zip(
        ("valid", "observed"), (valid, observed), values.shape, strict=True
    ):
        mask = np.ones(length, dtype=bool) if mask is None else np.asarray(mask, dtype=bool)
        if mask.shape != (length,):
            raise ValueError(f"{name} must have shape ({length},), got {mask.shape}")
        masks.append(mask)
    if not masks[0].any():
        raise ValueError(f"motion must have a valid frame, got none in {len(values)}")
    return values, *masks


def resample(values, valid, fps, wanted):
    """Values (frames, channels), linear, and validity (frames,), nearest, at another rate.

    A frame stands for the middle of its interval.
    """
    if fps == wanted:
        return values, valid
    frames = max(1, round(len(values) / fps * wanted))
    at = np.clip((np.arange(frames) + 0.5) * fps / wanted - 0.5, 0, len(values) - 1)
    low = np.floor(at).astype(int)
    share = (at - low)[:, None].astype(np.float32)
    above = values[np.minimum(low + 1, len(values) - 1)]
    return values[low] * (1 - share) + above * share, valid[np.rint(at).astype(int)]


def _scaled(logits, config):
    """Logits as the language model's own head would scale them (Cohere, Granite, Gemma 2)."""
    logits = logits * (getattr(config, "logit_scale", None) or 1.0)
    logits = logits / (getattr(config, "logits_scaling", None) or 1.0)
    cap = getattr(config, "final_logit_softcapping", None)
    return logits if cap is None else cap * torch.tanh(logits / cap)


def _one(i):
    return slice(i, i + 1)


def _each(masks, count):
    return [None] * count if masks is None else list(masks)


def _seconds(value):
    return f"{round(value, 1):g}"


__all__ = ["MotionGeneration", "MotionGenerationMixin"]
