"""Train the language model in both directions in one run, with TRL's SFTTrainer.

    tdmm train-lm --config recipes/tiny.yaml --corpus runs/corpus \\
        --tokenizer runs/motion-tokenizer --out runs/tdmm-lm-tiny

Several processes: ``accelerate launch -m tdmm_hf.cli train-lm ...`` with the same flags.
"""

from __future__ import annotations

import dataclasses
import logging
import os
from pathlib import Path

import torch
from accelerate import PartialState
from datasets import Dataset, load_from_disk
from transformers.trainer_utils import get_last_checkpoint
from trl import SFTConfig, SFTTrainer

from ..hub import save_checkpoint
from ..modeling import TDMMForCausalLM
from ..settings import LanguageModelSettings, claim
from .backbone import build_model
from .codes import encode_corpus, load_corpus
from .examples import make_examples
from .optimizer import BETAS, MuonAdamW

logger = logging.getLogger(__name__)

# Linear layers of the language model's blocks, by the names that the common families use.
LORA_TARGETS = r".*language_model.*\.([qkvo]_proj|(gate|up|down)_proj|c_attn|c_proj|c_fc)"


class MotionSFTTrainer(SFTTrainer):
    """SFTTrainer with the model's own loss, which knows which part of the vocabulary can answer.

    ``word_weight`` is how many times a word counts beside a token of motion.
    """

    word_weight = 1.0

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        outputs = model(
            **inputs,
            loss_only=True,
            word_weight=self.word_weight,
            num_items_in_batch=num_items_in_batch,
        )
        loss = outputs.loss
        if self.args.average_tokens_across_devices and num_items_in_batch is not None:
            loss = loss * self.accelerator.num_processes
        return (loss, outputs) if return_outputs else loss


def train_language_model(
    corpus: str | Path,
    motion_tokenizer: str | Path,
    settings: LanguageModelSettings,
    output_dir: str | Path,
) -> Path:
    """Train, or go on with a stopped run, and save a self-contained checkpoint.

    Work files (examples, trainer checkpoints) stay in ``output_dir``/work.

    Returns:
        ``output_dir``, which AutoModelForCausalLM and AutoProcessor load.

    Raises:
        ValueError: there is no such corpus, or ``output_dir`` holds a run with other settings.
    """
    if settings.threads:
        torch.set_num_threads(settings.threads)
    output_dir = Path(output_dir)
    work = output_dir / "work"
    rows = load_corpus(corpus)  # before anything slow: it may not be there
    _claim(work, settings)
    model, processor = _initial(settings, motion_tokenizer, work)
    examples = _examples(rows, model, processor, settings, work)
    trainer = MotionSFTTrainer(
        model=model,
        args=_sft_config(settings, work),
        train_dataset=examples,
        processing_class=processor.tokenizer,
        peft_config=_lora(settings, model),
        optimizers=(_optimizer(settings, model), None),
    )
    trainer.word_weight = settings.word_weight
    trainer.train(resume_from_checkpoint=get_last_checkpoint(work) if work.exists() else None)
    if trainer.is_world_process_zero():
        trained = trainer.accelerator.unwrap_model(trainer.model)
        _save(trained.merge_and_unload() if settings.lora_rank else trained, processor, output_dir)
    return output_dir


def _claim(work: Path, settings: LanguageModelSettings) -> None:
    """Let a work folder serve one run only; how many threads it has does not matter."""
    if PartialState(cpu=_on_cpu()).is_main_process:
        work.mkdir(parents=True, exist_ok=True)
        wanted = {k: v for k, v in dataclasses.asdict(settings).items() if k != "threads"}
        claim(work / "settings.json", wanted, "a run with")


def _initial(settings: LanguageModelSettings, motion_tokenizer, work: Path):
    """The untrained model and its processor; made once, by the main process."""
    folder = work / "initial"
    state = PartialState(cpu=_on_cpu())
    if state.is_main_process and not folder.exists():
        model, processor = build_model(settings, motion_tokenizer)
        part = save_checkpoint(model, folder.with_suffix(".part"), processor)
        os.replace(part, folder)
    state.wait_for_everyone()
    model = TDMMForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return model, model.processor


def _save(model, processor, output_dir: Path) -> None:
    """Half-precision weights, which load in full precision where nothing else is asked for."""
    save_checkpoint(model.to(torch.float16), output_dir, processor, max_shard_size="18MB")
    model.config.dtype = torch.float32  # saving noted the stored precision
    model.config.save_pretrained(output_dir)


def _examples(
    rows: Dataset, model, processor, settings: LanguageModelSettings, work: Path
) -> Dataset:
    """The run's examples; drawn once, by the main process."""
    folder = work / "examples"
    state = PartialState(cpu=_on_cpu())
    if state.is_main_process and not folder.exists():
        coded = encode_corpus(
            rows, model.motion_tokenizer, settings.tracked_share, settings.seed, settings.tracker
        )
        drawn = make_examples(coded, processor, settings, workers=os.cpu_count() or 1)
        part = folder.with_suffix(".part")
        drawn.save_to_disk(part)
        os.replace(part, folder)
    state.wait_for_everyone()
    return load_from_disk(folder)


def _on_cpu() -> bool:
    """Without an accelerator, processes must be told so to find each other."""
    return not torch.accelerator.is_available()


def _sft_config(settings: LanguageModelSettings, work: Path) -> SFTConfig:
    return SFTConfig(
        output_dir=str(work),
        num_train_epochs=1,
        per_device_train_batch_size=settings.batch_size,
        gradient_accumulation_steps=settings.gradient_accumulation,
        learning_rate=settings.learning_rate,
        warmup_steps=settings.warmup,
        weight_decay=settings.weight_decay,
        lr_scheduler_type="cosine",
        adam_beta1=BETAS[0],
        adam_beta2=BETAS[1],
        max_grad_norm=1.0,
        train_sampling_strategy="group_by_length",
        bf16=settings.bf16,
        use_cpu=_on_cpu(),
        gradient_checkpointing=settings.gradient_checkpointing,
        max_length=None,
        packing=False,
        logging_steps=20,
        save_steps=settings.save_every,
        save_total_limit=1,
        seed=settings.seed,
        report_to="none",
    )


def _optimizer(settings: LanguageModelSettings, model) -> MuonAdamW | None:
    """None leaves the choice to the trainer: AdamW."""
    if not settings.muon:
        return None
    return MuonAdamW(model, lr=settings.learning_rate, weight_decay=settings.weight_decay)


def _lora(settings: LanguageModelSettings, model):
    if not settings.lora_rank:
        return None
    from peft import LoraConfig

    return LoraConfig(
        r=settings.lora_rank,
        lora_alpha=2 * settings.lora_rank,
        target_modules=LORA_TARGETS,
        modules_to_save=["embed_tokens"],
        ensure_weight_tying=True,
        task_type="CAUSAL_LM",
    )
