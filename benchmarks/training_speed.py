"""Tokens a second of language model training, beside a bare torch loop, and the memory of both.

    python benchmarks/training_speed.py [MODEL] [--recipe recipes/tiny.yaml] [--corpus DIR]
        [--steps 8] [--rounds 2] [--device cpu] [--out result.json]

`tdmm train-lm` trains with `MotionSFTTrainer`, which is TRL's on transformers' Trainer. Beside it
stands what a training loop cannot do without: pad a batch, loss, backward, clip, step. Both start
from the same weights (the embedded checkpoint's) and see the same batches in the same order, with
the recipe's loss, optimizer, schedule and precision. Each runs in a process of its own, in turn and
with the order turned each round. The first steps of each do not count.

- tokens per second: of the sequences, padding left out; all rounds together.
- ratio: the trainer's to the bare loop's, over all rounds and of each; at least 0.85.
- peak memory: the most that was resident (CPU, the whole process) or allocated (CUDA).
- loss difference: the most that the losses of a step differ, as a share: 0 if both do the same.

Without a corpus a small one is built. It takes about two minutes on two free cores.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from common import HERE, parser, print_table, write_json, write_result

from tdmm_hf.settings import CorpusSettings, LanguageModelSettings, from_yaml

WARM_UP = 2  # steps
CLIPS = 300  # of the corpus, to draw examples from
BUILT_CLIPS = 96  # of a corpus built for this
AT_LEAST = 0.85
KINDS = ("trainer", "bare")


@dataclasses.dataclass(frozen=True)
class Run:
    """What one process measured.

    Args:
        seconds: of all steps but the warm-up.
        tokens: of these steps, without padding.
        losses: (steps,) of all steps.
        peak_mib: the most memory.
    """

    seconds: float
    tokens: int
    losses: list[float]
    peak_mib: float

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds


class Stopwatch:
    """Time between two steps, and the peak of memory by then; waits for the device at both."""

    def __init__(self, device: str, warm_up: int, steps: int):
        self.device, self.warm_up, self.last = device, warm_up, warm_up + steps
        self.start = self.seconds = self.peak_mib = 0.0

    def done(self, steps: int) -> None:
        """Call when so many steps are done."""
        if steps not in (self.warm_up, self.last):
            return
        if self.device != "cpu":
            import torch

            torch.cuda.synchronize()
        if steps == self.warm_up:
            self.start = time.perf_counter()
        else:
            self.seconds = time.perf_counter() - self.start
            self.peak_mib = peak_memory(self.device)


def peak_memory(device: str) -> float:
    """The most memory so far, MiB: allocated on a GPU, resident on a CPU."""
    if device != "cpu":
        import torch

        return torch.cuda.max_memory_allocated() / 2**20
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)


def batches_of(lengths: list[int], size: int, seed: int) -> list[list[int]]:
    """Numbers of examples in batches of like lengths, the batches in random order."""
    order = np.argsort(lengths, kind="stable")[: len(lengths) // size * size].reshape(-1, size)
    return np.random.default_rng(seed).permutation(order).tolist()


def collate(rows: list[dict], pad: int) -> dict:
    """Ids, mask and labels (batch, longest) as tensors, padded on the right."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    from tdmm_hf.modeling.processing_tdmm import IGNORED_LABEL

    def together(values, filler):
        return pad_sequence([torch.tensor(v) for v in values], True, filler)

    return {
        "input_ids": together([row["input_ids"] for row in rows], pad),
        "attention_mask": together([[1] * len(row["input_ids"]) for row in rows], 0),
        "labels": together([row["labels"] for row in rows], IGNORED_LABEL),
    }


def run_bare(model, rows: list[dict], batches, settings: LanguageModelSettings, watch) -> list:
    """Train with nothing but torch; gives the loss of each step."""
    import torch
    from transformers import get_cosine_schedule_with_warmup

    from tdmm_hf.modeling.processing_tdmm import IGNORED_LABEL
    from tdmm_hf.training.optimizer import MuonAdamW

    optimizer = MuonAdamW(model, settings.learning_rate, settings.weight_decay)
    warm = int(np.ceil(settings.warmup * len(batches)))
    schedules = [
        get_cosine_schedule_with_warmup(part, warm, len(batches)) for part in optimizer.parts
    ]
    pad, device, losses = model.generation_config.pad_token_id or 0, model.device.type, []
    model.train()
    for number, batch in enumerate(batches, start=1):
        inputs = collate([rows[i] for i in batch], pad)
        inputs = {name: tensor.to(device) for name, tensor in inputs.items()}
        count = (inputs["labels"] != IGNORED_LABEL).sum()
        with torch.autocast(device, torch.bfloat16, enabled=settings.bf16):
            loss = model(
                **inputs, loss_only=True, word_weight=settings.word_weight, num_items_in_batch=count
            ).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        for schedule in schedules:
            schedule.step()
        optimizer.zero_grad()
        losses.append(loss.detach())
        watch.done(number)
    return [float(loss) for loss in losses]


def run_trainer(model, rows, batches, settings: LanguageModelSettings, watch, work: Path) -> list:
    """Train as `tdmm train-lm` does, with these batches; gives the loss of each step."""
    from datasets import Dataset
    from transformers import TrainerCallback

    from tdmm_hf.training import language_model as recipe

    losses = []

    class Planned(recipe.MotionSFTTrainer):
        def _get_train_sampler(self, *args):
            return [i for batch in batches for i in batch]

        def compute_loss(self, *args, **kwargs):
            loss = super().compute_loss(*args, **kwargs)
            losses.append(loss.detach())
            return loss

    class Watching(TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs):
            watch.done(state.global_step)

    trainer = Planned(
        model=model,
        args=recipe._sft_config(settings, work),
        train_dataset=Dataset.from_list(rows),
        processing_class=model.processor.tokenizer,
        optimizers=(recipe._optimizer(settings, model), None),
        callbacks=[Watching()],
    )
    trainer.word_weight = settings.word_weight
    trainer.train()
    return [float(loss) for loss in losses]


def run_kind(kind: str, model_path: str, folder: Path, device: str) -> Run:
    """One contestant on the examples in a folder, in this process."""
    import torch

    import tdmm_hf.modeling  # noqa: F401  registers the model
    from tdmm_hf.modeling import TDMMForCausalLM

    settings = LanguageModelSettings(**json.loads((folder / "settings.json").read_text()))
    rows = json.loads((folder / "examples.json").read_text())
    batches = batches_of([row["length"] for row in rows], settings.batch_size, settings.seed)
    model = TDMMForCausalLM.from_pretrained(model_path, dtype=torch.float32).to(device)
    torch.manual_seed(settings.seed)
    watch = Stopwatch(device, WARM_UP, len(batches) - WARM_UP)
    if kind == "bare":
        losses = run_bare(model, rows, batches, settings, watch)
    else:
        losses = run_trainer(model, rows, batches, settings, watch, folder / "work")
    tokens = sum(rows[i]["length"] for batch in batches[WARM_UP:] for i in batch)
    return Run(watch.seconds, tokens, losses, watch.peak_mib)


def in_process(kind: str, model: str, folder: Path, device: str) -> Run:
    """One contestant in a process of its own."""
    out = folder / "run.json"
    environment = dict(os.environ)
    if device == "cpu":
        environment["CUDA_VISIBLE_DEVICES"] = ""  # the trainer would take what there is
    command = [sys.executable, __file__, model, "--run", kind, "--folder", str(folder)]
    command += ["--device", device, "--out", str(out)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{kind}: {done.stderr.strip().splitlines()[-1]}")
    return Run(**json.loads(out.read_text()))


def draw_examples(folder: Path, corpus: Path | None, model_path: str, settings) -> None:
    """Write the settings and as many examples as they say, drawn as `tdmm train-lm` draws them."""
    from tdmm_hf.corpus.build import build
    from tdmm_hf.modeling import TDMMForCausalLM
    from tdmm_hf.training.codes import encode_corpus, load_corpus
    from tdmm_hf.training.examples import make_examples

    if corpus is None:
        corpus = build(CorpusSettings(clips=BUILT_CLIPS, held_out=1), folder / "corpus")
    rows = load_corpus(corpus)
    rows = rows.select(range(min(CLIPS, len(rows))))
    model = TDMMForCausalLM.from_pretrained(model_path)
    coded = encode_corpus(rows, model.motion_tokenizer, settings.tracked_share, settings.seed)
    examples = make_examples(coded, model.processor, settings)
    write_json(folder / "settings.json", dataclasses.asdict(settings))
    write_json(folder / "examples.json", list(examples))


def summary(runs: dict[str, list[Run]]) -> dict:
    """Figures of both contestants' runs, round by round."""
    seconds = {kind: sum(run.seconds for run in runs[kind]) for kind in KINDS}
    tokens = {kind: sum(run.tokens for run in runs[kind]) for kind in KINDS}
    rate = {kind: tokens[kind] / seconds[kind] for kind in KINDS}
    losses = [np.array([run.losses for run in runs[kind]]) for kind in KINDS]
    found = {
        kind: {
            "tokens_per_second": rate[kind],
            "rounds": [run.tokens_per_second for run in runs[kind]],
            "peak_mib": max(run.peak_mib for run in runs[kind]),
        }
        for kind in KINDS
    }
    ratio = rate["trainer"] / rate["bare"]
    pairs = zip(found["trainer"]["rounds"], found["bare"]["rounds"], strict=True)
    return {
        **found,
        "ratio": ratio,
        "ratio_of_rounds": [one / other for one, other in pairs],
        "memory_ratio": found["trainer"]["peak_mib"] / found["bare"]["peak_mib"],
        "loss_difference": float(np.max(np.abs(losses[0] - losses[1]) / losses[1])),
        "at_least": AT_LEAST,
        "met": ratio >= AT_LEAST,
    }


def arguments() -> argparse.Namespace:
    found = parser(__doc__, "training_speed")
    found.add_argument("--corpus", type=Path, help="corpus folder; a small one is built without")
    found.add_argument("--recipe", type=Path, default=HERE.parent / "recipes" / "tiny.yaml")
    found.add_argument("--steps", type=int, default=8, help="that count, of each round")
    found.add_argument("--rounds", type=int, default=2)
    found.add_argument("--run", choices=KINDS, help=argparse.SUPPRESS)
    found.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    chosen = found.parse_args()
    if chosen.steps < 1 or chosen.rounds < 1:
        found.error(f"steps and rounds must be at least 1, got {chosen.steps} and {chosen.rounds}")
    return chosen


def main() -> None:
    from tdmm_hf.pipelines import EMBEDDED_CHECKPOINT

    chosen = arguments()
    model = chosen.model or str(EMBEDDED_CHECKPOINT)
    if chosen.run:
        run = run_kind(chosen.run, model, chosen.folder, chosen.device)
        write_json(chosen.out, dataclasses.asdict(run))
        return
    settings = from_yaml(LanguageModelSettings, chosen.recipe)
    drawn = settings.batch_size * (WARM_UP + chosen.steps)
    settings = dataclasses.replace(settings, examples=drawn)
    runs: dict[str, list[Run]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        draw_examples(folder, chosen.corpus, model, settings)
        for number in range(chosen.rounds):
            for kind in KINDS if number % 2 == 0 else KINDS[::-1]:
                runs[kind].append(in_process(kind, model, folder, chosen.device))
    found = summary(runs)
    print_table(
        ("loop", "tokens/s", "peak MiB"),
        [(kind, found[kind]["tokens_per_second"], found[kind]["peak_mib"]) for kind in KINDS],
    )
    print(f"trainer to bare loop: {found['ratio']:.3f} (at least {AT_LEAST}); losses differ by up "
          f"to {found['loss_difference']:.1e}\n")  # fmt: skip
    about = {
        "model": chosen.model or "embedded",
        "device": chosen.device,
        "recipe": chosen.recipe.name,
        "batch_size": settings.batch_size,
        "bf16": settings.bf16,
        "steps": chosen.steps,
        "tokens_a_step": runs["bare"][0].tokens / chosen.steps,
    }
    write_result(chosen.out, {**about, **found})


if __name__ == "__main__":
    main()
