"""Training examples of both directions, drawn from a coded corpus.

Every example is drawn anew: a clip, a direction, a wording, an instruction, a window; so that the
same clip is met in other words each time.
"""

from __future__ import annotations

import numpy as np
from datasets import Dataset

from ..modeling.processing_tdmm import MOTION_TO_TEXT, TEXT_TO_MOTION
from ..modeling.summary_tdmm import sum_up
from ..performer.plan import read_plan, write_plan
from ..prompts.written import load_written
from ..settings import LanguageModelSettings
from .synonyms import replace_words

FULL_STOP_LEFT_OUT = 0.2
OPENING_SECONDS = 2.4
CHANGING = " at "  # in the first part of a plan: a second emotion and its time
SITUATION_SHARE = 0.4  # of the prompts of clips that have any
CHANGING_SHARE = 0.6  # of what is put into words: two emotions are harder to tell than one
WRITTEN_SECONDS = (3.0, 7.0)  # durations asked for in written prompts, which have no motion


class ExampleMaker:
    """Draws example number ``index``; the same seed and index give the same example.

    Args:
        coded: rows as ``codes.encode_corpus`` makes them.
        processor: TDMMProcessor of the model to train.
        settings: shares and seed.
    """

    def __init__(self, coded: Dataset, processor, settings: LanguageModelSettings):
        self.coded = coded
        self.processor = processor
        self.settings = settings
        self.codebooks = processor.num_codebooks
        self.step_seconds = processor.downsample / processor.fps
        self.window_steps = round(processor.window_seconds / self.step_seconds)
        lengths = np.array([len(codes) for codes in coded.with_format("arrow")["codes"]])
        self.written = load_written() if any(coded["plan"]) else ()
        self.tracks = [list(track.values()) for track in processor.clock.tracks.values()]
        self.short = np.flatnonzero(lengths <= self.window_steps * self.codebooks)
        changing = [i for i in self.short if CHANGING in coded[int(i)]["plan"].split(",")[0]]
        self.changing = np.array(changing, dtype=int)

    def __call__(self, index: int) -> dict:
        rng = np.random.default_rng([self.settings.seed, index])
        settings, kind = self.settings, rng.random()
        if kind < settings.describe_share:
            return self._describe(rng)
        if kind < settings.describe_share + settings.read_share:
            return self._read(rng)
        if kind < settings.describe_share + settings.read_share + settings.opening_share:
            return self._animate(rng, steps=round(OPENING_SECONDS / self.step_seconds))
        return self._animate(rng)

    def _read(self, rng: np.random.Generator) -> dict:
        """A prompt with the plan of its motion: a written one, or one of the corpus."""
        if not self.written or rng.random() >= self.settings.written_share:
            return self._animate(rng, steps=0)
        plan, text = self.written[int(rng.integers(len(self.written)))]
        duration = round(float(rng.uniform(*WRITTEN_SECONDS)), 1)
        return self.processor.training_example(
            TEXT_TO_MOTION,
            self._reworded(text, rng),
            np.zeros((0, self.codebooks), np.int64),
            duration=duration,
            instruction=self._instruction(TEXT_TO_MOTION, rng),
            plan=write_plan(read_plan(plan, duration)),
            steps=0,
        )

    def _animate(self, rng: np.random.Generator, steps: int | None = None) -> dict:
        """A prompt with its motion or a window of it, or with its first steps (0: its plan)."""
        row = self.coded[int(rng.integers(len(self.coded)))]
        text = self._prompt(row, rng)
        codes = self._steps(row["codes"])
        latest = max(0, len(codes) - self.window_steps) if steps is None else 0
        start = int(rng.integers(latest + 1))
        part = codes[start : start + self.window_steps]
        span = (start * self.step_seconds, (start + len(part)) * self.step_seconds)
        example = self.processor.training_example(
            TEXT_TO_MOTION,
            self._reworded(text, rng),
            part,
            duration=self._duration(row),
            window=span if len(part) < len(codes) else None,
            instruction=self._instruction(TEXT_TO_MOTION, rng),
            plan=row["plan"],
            steps=steps if row["plan"] else None,
        )
        example["input_ids"] = self.with_noise(example["input_ids"], rng)
        return example

    def with_noise(self, ids: list[int], rng: np.random.Generator) -> list[int]:
        """Ids with some motion tokens exchanged for others of their codebook.

        After T2M-GPT (https://arxiv.org/abs/2301.06052): a held expression can be told from the
        motion so far, and a model that is never wrong about the past does not read the prompt.
        """
        ids = np.array(ids)
        first, size = self.processor.motion_token_start, self.processor.codebook_size
        place = ids - first
        wrong = (place >= 0) & (place < size * self.codebooks)
        wrong &= rng.random(len(ids)) < rng.uniform(0, self.settings.history_noise)
        others = place // size * size + rng.integers(size, size=len(ids))
        ids[wrong] = first + others[wrong]
        return ids.tolist()

    def misread(self, example: dict, rng: np.random.Generator) -> dict:
        """A reading with some states exchanged, and stretches of them.

        Each is mostly as the one before: in reading the next, what was read last must not be
        trusted.
        """
        ids = np.array(example["input_ids"])
        for keys in self.tracks:
            (places,) = np.isin(ids, keys).nonzero()
            wrong = places[rng.random(len(places)) < rng.uniform(0, self.settings.history_noise)]
            ids[wrong] = rng.choice(keys, size=len(wrong))
            begin, end = np.sort(rng.integers(len(places) + 1, size=2))
            ids[places[begin:end]] = rng.choice(keys)
        return {"input_ids": ids.tolist(), "labels": example["labels"]}

    def _describe(self, rng: np.random.Generator) -> dict:
        """A motion to read mark by mark, or what was read to put into words.

        Where nothing can be read from a plan, or there is none, words are learned from the motion.
        """
        clock, of = self.processor.clock, self.short
        telling = rng.random() < self.settings.tell_share
        if telling and len(self.changing) and rng.random() < CHANGING_SHARE:
            of = self.changing
        row = self.coded[int(rng.choice(of))]
        states = clock.lay_out(row["plan"], self._duration(row))
        plan = sum_up(clock, states) if states else ""
        told = (
            row["descriptions"] if len(row["descriptions"]) else [row["text"], *row["paraphrases"]]
        )
        text = str(rng.choice(told))
        codes = self._steps(row["tracked_codes"] if len(row["tracked_codes"]) else row["codes"])
        instruction = self._instruction(MOTION_TO_TEXT, rng)
        if not plan:
            parts = {"text": text, "codes": codes, "plan": row["plan"]}
        elif telling:
            parts = {"text": text, "codes": None, "plan": plan}
        else:
            parts = {"text": None, "codes": codes, "plan": row["plan"]}
        example = self.processor.training_example(
            MOTION_TO_TEXT, **parts, duration=self._duration(row), instruction=instruction
        )
        misreads = plan and not telling and rng.random() < self.settings.misread_share
        return self.misread(example, rng) if misreads else example

    def _prompt(self, row: dict, rng: np.random.Generator) -> str:
        """A caption of the clip, or a situation that it may stand for."""
        if len(row["situations"]) and rng.random() < SITUATION_SHARE:
            return str(rng.choice(row["situations"]))
        return str(rng.choice([row["text"], *row["paraphrases"]]))

    def _duration(self, row: dict) -> float:
        """Seconds of a whole clip."""
        return float(row["num_frames"]) / self.processor.fps

    def _steps(self, codes) -> np.ndarray:
        """Flat codes to (steps, codebooks)."""
        return np.asarray(codes).reshape(-1, self.codebooks)

    def _reworded(self, text: str, rng: np.random.Generator) -> str:
        """A prompt with synonyms, some without their full stop, as some people leave it out."""
        text = replace_words(text, rng, self.settings.synonym_rate)
        return text.removesuffix(".") if rng.random() < FULL_STOP_LEFT_OUT else text

    def _instruction(self, task: str, rng: np.random.Generator) -> int:
        """The instruction that inference uses, half of the time; else any."""
        choices = len(self.processor.instructions[task])
        return 0 if rng.random() < 0.5 else int(rng.integers(choices))


def make_examples(
    coded: Dataset, processor, settings: LanguageModelSettings, workers: int = 1
) -> Dataset:
    """All examples of a run as a Dataset of input_ids, labels and length."""
    maker = ExampleMaker(coded, processor, settings)

    def draw(row: dict) -> dict:
        example = maker(row["index"])
        return {**example, "length": len(example["input_ids"])}

    numbers = Dataset.from_dict({"index": range(settings.examples)})
    return numbers.map(
        draw, remove_columns=["index"], num_proc=workers if workers > 1 else None, desc="examples"
    )
