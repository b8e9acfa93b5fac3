"""TDMMProcessor: text and motion codes to token ids and back.

    >>> processor = TDMMProcessor.from_pretrained("tdmm_hf/assets/tdmm-lm-tiny")
    >>> request = processor(text="The woman nods twice.", duration=5.0, return_tensors="pt")
    >>> example = processor.training_example("face-motion-to-text", "She smiles.", codes)
    >>> processor.ids_to_codes(example["input_ids"]).shape == codes.shape
    True

Ids of motion are computed from the codes; the text of a motion token, `<|m0_17|>`, is for reading.
"""

import copy
import json
import math
import re
from functools import cached_property
from pathlib import Path

import numpy as np
from transformers import AddedToken, BatchFeature, ProcessorMixin

from .clock_tdmm import CLOCK_SECONDS, Clock, clock_tokens, without_marks
from .summary_tdmm import sum_up

TEXT_TO_MOTION = "text-to-face-motion"
MOTION_TO_TEXT = "face-motion-to-text"
PROMPT_START, PROMPT_END = "<|prompt|>", "<|/prompt|>"
PLAN_START, PLAN_END = "<|plan|>", "<|/plan|>"
MOTION_START, MOTION_END = "<|motion|>", "<|/motion|>"
USER, ASSISTANT, END_OF_SEQUENCE = "<|user|>", "<|assistant|>", "<eos>"
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
MARKERS = (PROMPT_START, PROMPT_END, PLAN_START, PLAN_END, MOTION_START, MOTION_END)
MAX_PLAN_TOKENS = 64
MAX_SECONDS = 60.0
IGNORED_LABEL = -100
_SENTINEL = "THE-CONTENT"


def motion_token(codebook, code):
    """How a motion token is written."""
    return f"<|m{codebook}_{code}|>"


def default_instructions():
    """The instruction templates of both directions, by task."""
    return json.loads(Path(__file__).with_name("instructions.json").read_text())


def plan_windows(total, window, context):
    """Windows of a motion, in latent steps: [(start, end), ...].

    Each but the first starts at least ``context`` steps before the end of the one before, and the
    last is as long as the others, so it may share more.
    """
    if total <= window:
        return [(0, total)]
    starts = range(0, total - window, window - context)
    return [(start, start + window) for start in starts] + [(total - window, total)]


class TDMMProcessor(ProcessorMixin):
    """Builds what the language model reads and reads what it writes.

    Args:
        tokenizer: a fast tokenizer that has the motion tokens (see `from_backbone`).
        instructions: task name to instruction templates with ``{prompt}`` and ``{span}``, or
            ``{motion}``. The first is the one used for inference.
        num_codebooks, codebook_size, fps, downsample: the code layout of the MotionTokenizer.
        clock_steps: latent steps between the clock's marks; 0 for no clock.
        tracks: keys of what may be shown at a mark of the clock, by track (see Clock): a dict, or
            pairs as they are saved, where a dict would lose its order; none for a model that is not
            told.
        window_seconds, context_seconds, max_seconds: see TDMMConfig.
        context_length: most tokens the language model can read; None for no limit.
        sentence_case: the tokenizer knows no capitals, so decoded sentences are given them.
        chat_template: Jinja template of the conversation; the tokenizer's by default.
    """

    def __init__(
        self,
        tokenizer,
        instructions,
        num_codebooks,
        codebook_size,
        fps=25.0,
        downsample=4,
        clock_steps=0,
        tracks=None,
        window_seconds=8.0,
        context_seconds=2.0,
        max_seconds=MAX_SECONDS,
        context_length=None,
        sentence_case=False,
        chat_template=None,
    ):
        tokenizer.padding_side = "left"
        tokenizer.init_kwargs["padding_side"] = "left"
        if chat_template is not None:
            tokenizer.chat_template = chat_template
        super().__init__(tokenizer, chat_template=tokenizer.chat_template)
        self.instructions = instructions
        self.num_codebooks = num_codebooks
        self.codebook_size = codebook_size
        self.fps = fps
        self.downsample = downsample
        self.clock_steps = clock_steps
        self.tracks = [[track, list(keys)] for track, keys in dict(tracks or {}).items()]
        self.window_seconds = window_seconds
        self.context_seconds = context_seconds
        self.max_seconds = max_seconds
        self.context_length = context_length
        self.sentence_case = sentence_case
        self.auto_map = {"AutoProcessor": "processing_tdmm.TDMMProcessor"}

    @classmethod
    def from_backbone(cls, tokenizer, motion_config, instructions=None, **settings):
        """A processor around a copy of any fast tokenizer, with the motion tokens added.

        Args:
            tokenizer: of the language model.
            motion_config: MotionTokenizerConfig of the codec.
            instructions: task name to templates; the package's by default.
            **settings: ``window_seconds`` and the like, see the class.
        """
        steps_per_second = motion_config.fps / motion_config.downsample
        settings.setdefault("clock_steps", max(1, round(CLOCK_SECONDS * steps_per_second)))
        clock = ()
        if settings["clock_steps"]:
            every = settings["clock_steps"] / steps_per_second
            longest = settings.get("max_seconds", MAX_SECONDS)
            clock = clock_tokens(every, longest, dict(settings.get("tracks") or {}))
        tokenizer = extend_tokenizer(
            copy.deepcopy(tokenizer),
            motion_config.num_codebooks,
            motion_config.codebook_size,
            clock=clock,
        )
        settings.setdefault("sentence_case", _is_uncased(tokenizer))
        return cls(
            tokenizer,
            instructions=instructions or default_instructions(),
            num_codebooks=motion_config.num_codebooks,
            codebook_size=motion_config.codebook_size,
            fps=motion_config.fps,
            downsample=motion_config.downsample,
            **settings,
        )

    def __call__(
        self,
        text=None,
        codes=None,
        duration=5.0,
        instruction=0,
        plan="",
        return_tensors=None,
        **kwargs,
    ):
        """Requests for a model to answer, left-padded.

        Args:
            text: prompt or prompts to animate, or
            codes: codes (steps, codebooks) or a list of them to describe.
            duration: seconds of motion asked for, one or one per prompt.
            instruction: index of an instruction template, or one of your own.
            plan: what the motion is to do in the fewest words, one or one per prompt; a model that
                was trained with plans expects one.

        Returns:
            BatchFeature with ``input_ids`` and ``attention_mask``.
        """
        if (text is None) == (codes is None):
            raise ValueError("give either text or codes")
        if text is not None:
            texts = [text] if isinstance(text, str) else list(text)
            durations = broadcast("duration", duration, len(texts))
            plans = broadcast("plan", plan, len(texts))
            ids = [
                self.motion_request(t, d, instruction=instruction) + self._plan(p)
                for t, d, p in zip(texts, durations, plans, strict=True)
            ]
        else:
            codes = codes if isinstance(codes, list) else [codes]
            ids = [self.text_request(c, instruction=instruction) for c in codes]
        return BatchFeature(
            self.tokenizer.pad({"input_ids": ids}, return_tensors=return_tensors, **kwargs)
        )

    def motion_request(self, text, duration, window=None, instruction=0):
        """Ids that ask for a motion, up to where the answer begins.

        Args:
            text: the prompt.
            duration: seconds of the whole motion.
            window: (start, end) seconds of the part asked for; all of it by default.
            instruction: index of a template, or one of your own.

        Raises:
            ValueError: for an empty prompt, or one that does not fit the context.
        """
        prompt = self._plain(text)
        if not prompt:
            raise ValueError(f"prompt must not be empty, got {text!r}")
        start, end = window or (0.0, duration)
        content = (
            self._template(TEXT_TO_MOTION, instruction)
            .replace("{span}", span_text(start, end, duration))
            .replace("{prompt}", f"{PROMPT_START}{prompt}{PROMPT_END}")
        )
        ids = self._encode(content)
        self._check_length(ids, self._answer_length(end - start))
        return ids

    def text_request(self, codes, instruction=0):
        """Ids that ask for words about codes (steps, codebooks), up to where they begin."""
        content = self._template(MOTION_TO_TEXT, instruction)
        ids = self._encode(content.replace("{motion}", MOTION_START + MOTION_END))
        place = ids.index(self.motion_start_token_id) + 1
        return ids[:place] + self.codes_to_ids(codes) + ids[place:]

    def telling_request(self, plan, instruction=0):
        """Ids that ask for words about a motion whose plan is known, up to where they begin."""
        return self.text_request(np.zeros((0, self.num_codebooks), int), instruction) + self._plan(
            plan
        )

    def read_plan(self, ids):
        """The plan that sums up what was read from a motion: marks, each with its state."""
        width = 1 + len(self.clock.tracks)
        rows = [list(ids[first : first + width]) for first in range(0, len(ids), width)]
        return sum_up(self.clock, [state for _, *state in rows])

    def training_example(
        self,
        task,
        text,
        codes,
        duration=None,
        window=None,
        instruction=0,
        plan="",
        steps=None,
    ):
        """One example with its answer; the loss is on what the model has to write.

        Args:
            task: ``"text-to-face-motion"`` or ``"face-motion-to-text"``.
            text: prompt or description; None for a motion that is only read.
            codes: (steps, codebooks) of the motion, or of its window; None puts a plan into words.
            duration: seconds of the whole motion; as long as the codes by default.
            window: (start, end) seconds that the codes stand for within a longer motion.
            instruction: index of a template, or one of your own.
            plan: what the motion does in the fewest words, written before the answer; empty for
                none. The states of a motion follow from it.
            steps: latent steps after which a motion to write breaks off; all of it, and its end, by
                default.

        Returns:
            ``{"input_ids": [...], "labels": [...]}``, labels -100 outside the answer, and at the
            states of a motion to write, which are given.
        """
        if duration is None:
            duration = 0.0 if codes is None else len(codes) * self.downsample / self.fps
        states = self.clock.lay_out(plan, duration)
        given = set(self.clock.state_ids) if task == TEXT_TO_MOTION else set()
        if task == TEXT_TO_MOTION:
            request = self.motion_request(text, duration, window, instruction)
            first = 0 if window is None else round(window[0] * self.fps / self.downsample)
            answer = [
                *self._plan(plan),
                self.motion_start_token_id,
                *self.codes_to_ids(codes[:steps], first, states),
            ]
            if steps is None or steps >= len(codes) > 0:
                answer += [self.motion_end_token_id, self.tokenizer.eos_token_id]
        elif task == MOTION_TO_TEXT and codes is None:
            request = self.telling_request(plan, instruction)
            answer = [*self._words(text), self.tokenizer.eos_token_id]
        elif task == MOTION_TO_TEXT and text is None:
            request = self.text_request(codes, instruction)
            answer = [i for step in range(len(codes)) for i in self.clock.ids(step, states)]
        elif task == MOTION_TO_TEXT:
            request = self.text_request(codes, instruction)
            answer = [*self._plan(plan), *self._words(text), self.tokenizer.eos_token_id]
        else:
            raise ValueError(f"task must be one of {sorted(self.instructions)}, got {task!r}")
        return {
            "input_ids": request + answer,
            "labels": [
                *[IGNORED_LABEL] * len(request),
                *(IGNORED_LABEL if i in given else i for i in answer),
            ],
        }

    def codes_to_ids(self, codes, first=0, states=None):
        """Codes (steps, codebooks) to a list of ids, step by step, with the clock's marks between.

        ``first`` is the step of its motion that the codes begin with; ``states`` has the ids of the
        state at each of its marks, (marks, tracks).
        """
        codes = np.asarray(codes)
        if codes.ndim != 2 or codes.shape[1] != self.num_codebooks:
            raise ValueError(f"codes must be (steps, {self.num_codebooks}), got {codes.shape}")
        offsets = self.motion_token_start + np.arange(self.num_codebooks) * self.codebook_size
        steps = enumerate((codes + offsets).tolist(), start=first)
        return [i for step, ids in steps for i in [*self.clock.ids(step, states), *ids]]

    def ids_to_codes(self, ids):
        """Codes (steps, codebooks) of the motion tokens among ids, in order."""
        ids = np.asarray(ids)
        first, size = self.motion_token_start, self.codebook_size
        tokens = ids[(ids >= first) & (ids < first + self.num_codebooks * size)] - first
        whole = len(tokens) - len(tokens) % self.num_codebooks
        codes = tokens[:whole].reshape(-1, self.num_codebooks)
        if (codes // size != np.arange(self.num_codebooks)).any():
            raise ValueError(f"motion tokens must go through the codebooks in order, got {codes}")
        return codes % size

    def decode_text(self, ids):
        """The words of an answer, without its plan and any token that is not text."""
        ids = [i for i in np.asarray(ids).tolist() if i not in self.clock.marks]
        if self.plan_start_token_id in ids:  # a plan that does not end leaves no room for words
            end = ids.index(self.plan_end_token_id) if self.plan_end_token_id in ids else len(ids)
            ids = ids[end + 1 :]
        text = self._text(ids)
        return _sentence_case(text) if self.sentence_case else text

    def decode_plan(self, ids):
        """The plan of an answer; empty where it has none."""
        ids = np.asarray(ids).tolist()
        if self.plan_end_token_id not in ids:
            return ""
        start = ids.index(self.plan_start_token_id) + 1 if self.plan_start_token_id in ids else 0
        return self._text(ids[start : ids.index(self.plan_end_token_id)])

    def check_duration(self, duration):
        """Seconds as a float; ValueError unless at least a frame and at most ``max_seconds``."""
        if isinstance(duration, bool) or not isinstance(duration, (int, float, np.number)):
            raise ValueError(f"duration must be a number of seconds, got {duration!r}")
        if not (math.isfinite(duration) and 0 < duration <= self.max_seconds):
            raise ValueError(
                f"duration must be over 0 and at most {self.max_seconds:g} s, got {duration}"
            )
        if round(duration * self.fps) < 1:
            raise ValueError(f"duration must be at least one frame, got {duration} s")
        return float(duration)

    @cached_property
    def motion_token_start(self):
        return self.tokenizer.convert_tokens_to_ids(motion_token(0, 0))

    @cached_property
    def clock(self):
        """The clock's marks and states."""
        seconds = self.clock_steps * self.downsample / self.fps
        return Clock(self.tokenizer, self.clock_steps, seconds, dict(self.tracks))

    @cached_property
    def motion_start_token_id(self):
        return self.tokenizer.convert_tokens_to_ids(MOTION_START)

    @cached_property
    def motion_end_token_id(self):
        return self.tokenizer.convert_tokens_to_ids(MOTION_END)

    @cached_property
    def prompt_start_token_id(self):
        return self.tokenizer.convert_tokens_to_ids(PROMPT_START)

    @cached_property
    def prompt_end_token_id(self):
        return self.tokenizer.convert_tokens_to_ids(PROMPT_END)

    @cached_property
    def plan_start_token_id(self):
        return self.tokenizer.get_vocab().get(PLAN_START)

    @cached_property
    def plan_end_token_id(self):
        return self.tokenizer.get_vocab().get(PLAN_END)

    @cached_property
    def no_words(self):
        """Ids of motion, states, roles and markers of prompt and motion: none that is a word."""
        motion = range(
            self.motion_token_start,
            self.motion_token_start + self.num_codebooks * self.codebook_size,
        )
        vocabulary = self.tokenizer.get_vocab()
        markers = (PROMPT_START, PROMPT_END, MOTION_START, MOTION_END, USER, ASSISTANT)
        return {
            *motion,
            *self.clock.state_ids,
            *(vocabulary[m] for m in markers if m in vocabulary),
        }

    @cached_property
    def _frame(self):
        """What the chat template puts before and after what the user says."""
        chat = self.tokenizer.apply_chat_template(
            [{"role": "user", "content": _SENTINEL}], add_generation_prompt=True, tokenize=False
        )
        return chat.split(_SENTINEL)

    @cached_property
    def _control_tokens(self):
        """Pattern of text that would read as a control token."""
        special = (re.escape(token) for token in self.tokenizer.all_special_tokens)
        return re.compile("|".join([r"<\|[^|\s]*\|>", *special]))

    def _plain(self, text):
        """Text without control tokens, so that a prompt cannot end itself."""
        if not isinstance(text, str):
            raise ValueError(f"prompt must be a string, got {type(text).__name__}")
        return " ".join(self._control_tokens.sub(" ", text).split())

    def _plan(self, plan):
        """Ids of a plan with its markers; none for an empty one."""
        if not plan:
            return []
        if self.plan_start_token_id is None:
            raise ValueError(f"plan needs a tokenizer with plan tokens, got {plan!r}")
        plan = self.clock.with_marks(self._plain(plan))
        ids = self.tokenizer(plan, add_special_tokens=False)["input_ids"]
        return [self.plan_start_token_id, *ids, self.plan_end_token_id]

    def _words(self, text):
        """Ids of plain text."""
        return self.tokenizer(self._plain(text), add_special_tokens=False)["input_ids"]

    def _text(self, ids):
        """Ids to text, without any token that is not text."""
        markers = {self.plan_start_token_id, self.plan_end_token_id}
        words = [i for i in ids if i not in self.no_words and i not in markers]
        return without_marks(self.tokenizer.decode(words, skip_special_tokens=True)).strip()

    def _template(self, task, instruction):
        if not isinstance(instruction, str):
            templates = self.instructions[task]
            return templates[instruction % len(templates)]
        needed = "{prompt} {span}" if task == TEXT_TO_MOTION else "{motion}"
        return instruction if needed.split()[0] in instruction else f"{instruction} {needed}"

    def _encode(self, content):
        before, after = self._frame
        return self.tokenizer(before + content + after, add_special_tokens=False)["input_ids"]

    def _answer_length(self, seconds):
        """Most tokens of a motion, its plan, its markers and the end of sequence."""
        steps = math.ceil(round(seconds * self.fps) / self.downsample)
        plan = 0 if self.plan_start_token_id is None else MAX_PLAN_TOKENS
        return plan + steps * self.num_codebooks + self.clock.length(steps) + 3

    def _check_length(self, ids, answer):
        if self.context_length is not None and len(ids) + answer > self.context_length:
            raise ValueError(
                f"prompt must leave room for {answer} motion tokens in a context of "
                f"{self.context_length}: at most {self.context_length - answer} tokens, "
                f"got {len(ids)}"
            )


def extend_tokenizer(tokenizer, num_codebooks, codebook_size, clock=()):
    """Add what a tokenizer lacks of roles, markers, end, padding, clock and motion, in place."""
    roles = [] if tokenizer.chat_template else [USER, ASSISTANT]
    tokenizer.add_tokens([AddedToken(t, special=True, normalized=False) for t in roles])
    if tokenizer.eos_token is None:
        tokenizer.add_special_tokens({"eos_token": END_OF_SEQUENCE})
    if tokenizer.pad_token is None:
        tokenizer.add_special_tokens({"pad_token": tokenizer.eos_token})
    if roles:
        tokenizer.chat_template = CHAT_TEMPLATE
    motion = [motion_token(q, k) for q in range(num_codebooks) for k in range(codebook_size)]
    tokenizer.add_tokens(
        [
            AddedToken(token, special=False, normalized=False)
            for token in [*MARKERS, *clock, *motion]
        ]
    )
    ids = tokenizer.convert_tokens_to_ids(motion)
    if max(tokenizer.convert_tokens_to_ids([*MARKERS, *clock])) > ids[0]:
        raise ValueError(
            f"markers must have lower ids than motion tokens, got {MARKERS} above {ids[0]}"
        )
    if ids != list(range(ids[0], ids[0] + len(motion))):
        raise ValueError(f"motion tokens must have consecutive ids, got {ids[0]}..{ids[-1]}")
    return tokenizer


def span_text(start, end, total):
    """How a request says its length: ``5.0 s``, or ``8.0-16.0 of 60.0 s`` for a window."""
    if start == 0 and end == total:
        return f"{total:.1f} s"
    return f"{start:.1f}-{end:.1f} of {total:.1f} s"


def broadcast(name, value, count):
    """One value for each of ``count`` prompts; a list must have as many."""
    if not isinstance(value, (list, tuple)):
        return [value] * count
    if len(value) != count:
        raise ValueError(f"{name} must be one value or {count}, got {len(value)}")
    return list(value)


def _is_uncased(tokenizer):
    return "A" not in tokenizer.decode(tokenizer("A", add_special_tokens=False)["input_ids"])


def _sentence_case(text):
    """Undo what an uncased WordPiece tokenizer does to a sentence."""
    text = re.sub(r"\s+([.,!?;:%)\]])", r"\1", text)
    text = re.sub(r"([(\[])\s+", r"\1", text)
    text = re.sub(r"\s*(['’-])\s*", r"\1", text)
    return re.sub(r"(^|[.!?]\s+)([a-z])", lambda m: m[1] + m[2].upper(), text)


__all__ = ["TDMMProcessor"]
