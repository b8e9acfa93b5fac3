"""Training examples of both directions, drawn from a coded corpus.

Every example is drawn anew: a clip, a direction, a wording, an instruction, a window; so that the
same clip is met in other words each time.
"""

from __future__ import annotations

import numpy as np
from datasets import Dataset

from ..settings import LanguageModelSettings
from .synonyms import replace_words

ANIMATE, DESCRIBE = "text-to-face-motion", "face-motion-to-text"


class ExampleMaker:
    """Draws example number ``index``; the same seed and index give the same example.

    Args:
        coded: rows as ``codes.encode_corpus`` makes them.
        processor: TDMMProcessor of the model to train.
        settings: shares and seed.
        window_seconds: longest motion that fits one sequence.
    """

    def __init__(self, coded: Dataset, processor, settings: LanguageModelSettings):
        self.coded = coded
        self.processor = processor
        self.settings = settings
        self.window_steps = processor.window_steps
        self.step_size = processor.num_codebooks
        lengths = np.array([len(codes) for codes in coded.with_format("arrow")["codes"]])
        self.short = np.flatnonzero(lengths <= self.window_steps * self.step_size)

    def __call__(self, index: int) -> dict:
        rng = np.random.default_rng([self.settings.seed, index])
        if rng.random() < self.settings.describe_share:
            return self._describe(rng)
        return self._animate(rng)

    def _animate(self, rng: np.random.Generator) -> dict:
        row = self.coded[int(rng.integers(len(self.coded)))]
        text = str(rng.choice([row["text"], *row["paraphrases"]]))
        text = replace_words(text, rng, self.settings.synonym_rate)
        codes = np.asarray(row["codes"])
        steps = len(codes) // self.step_size
        start = int(rng.integers(max(1, steps - self.window_steps + 1)))
        window = codes[start * self.step_size : (start + self.window_steps) * self.step_size]
        return self.processor.training_example(
            ANIMATE,
            text=text,
            codes=window,
            num_frames=int(row["num_frames"]),
            start_step=start,
            instruction=self._instruction(ANIMATE, rng),
        )

    def _describe(self, rng: np.random.Generator) -> dict:
        row = self.coded[int(rng.choice(self.short))]
        tracked = np.asarray(row["tracked_codes"])
        return self.processor.training_example(
            DESCRIBE,
            text=str(rng.choice(row["descriptions"])),
            codes=tracked if len(tracked) else np.asarray(row["codes"]),
            instruction=self._instruction(DESCRIBE, rng),
        )

    def _instruction(self, task: str, rng: np.random.Generator) -> str:
        choices = self.processor.instructions[task]
        return choices[0] if rng.random() < 0.5 else str(rng.choice(choices))


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
