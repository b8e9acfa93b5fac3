"""Settings of the long commands, one dataclass each, from flags or a YAML file.

    >>> from tdmm_hf.settings import CorpusSettings, from_yaml
    >>> CorpusSettings(clips=10).held_out
    200

This module imports neither torch nor datasets, so that ``tdmm --help`` answers at once.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import yaml

from .files import one_line, replacing

Settings = TypeVar("Settings")
_PLAIN = {
    "int": (int,), "float": (int, float), "str": (str,), "bool": (bool,), "None": (type(None),),
}  # fmt: skip


def from_yaml(kind: type[Settings], path: str | Path) -> Settings:
    """Settings read from a YAML mapping of field names.

    Raises:
        ValueError: not YAML, not a mapping, or a field that does not exist or is of another type.
    """
    try:
        fields = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path} must be readable YAML ({one_line(error)})") from error
    if not isinstance(fields, dict):
        raise ValueError(f"{path} must hold a mapping of settings, got {type(fields).__name__}")
    known = {field.name for field in dataclasses.fields(kind)}
    if unknown := sorted(f"{name!s:.60}" for name in set(fields) - known):
        raise ValueError(f"{path} has unknown settings: {', '.join(unknown)}")
    for field in dataclasses.fields(kind):
        if field.name in fields and not _is_of(fields[field.name], field.type):
            raise ValueError(
                f"{path}: {field.name} must be of type {field.type}, got {fields[field.name]!r:.60}"
            )
    return kind(**fields)


def _is_of(value, annotation: str) -> bool:
    """Whether a value of YAML is of a plain type as written; whole numbers are floats too."""
    written = str(annotation).split(" | ")
    if not set(written) <= set(_PLAIN):
        return True
    kinds = [kind for name in written for kind in _PLAIN[name]]
    return type(value) in kinds


def claim(path: Path, wanted: dict, what: str) -> None:
    """Note in a file what its folder is made with, for ``what`` ("a corpus of").

    Raises:
        ValueError: the folder was made with something else; names what differs.
    """
    if not path.exists():
        with replacing(path) as beside:
            beside.write_text(json.dumps(wanted, indent=1))
        return
    found = json.loads(path.read_text())
    if changed := sorted(k for k in {*wanted, *found} if found.get(k) != wanted.get(k)):
        raise ValueError(f"{path.parent} holds {what} other settings: {', '.join(changed)}")


def _require_positive(settings, *names: str) -> None:
    for name in names:
        value = getattr(settings, name)
        if not value > 0:
            raise ValueError(f"{name} must be positive, got {value}")


def _require_share(settings, *names: str) -> None:
    for name in names:
        value = getattr(settings, name)
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must lie in 0..1, got {value}")


@dataclass(frozen=True)
class CorpusSettings:
    """What a corpus holds.

    Args:
        clips: training clips; 2000 where no hours are asked for.
        hours: of training motion, in place of clips.
        held_out: clips in each of the splits validation, test and test_wording.
        seed: the corpus' seed; every clip's own seed derives from it.
        captions: wordings of each clip's prompt.
        descriptions: wordings of what the motion alone shows.
        long_share: share of clips that last longer than usual.
        long_min, long_max: shortest and longest of the long clips, seconds.
        shard_clips: clips in a shard.
        polish: a language model that words training captions anew, "URL MODEL" or the name of a
            causal LM; empty for none.
    """

    clips: int | None = None
    hours: float | None = None
    held_out: int = 200
    seed: int = 0
    captions: int = 6
    descriptions: int = 2
    long_share: float = 0.08
    long_min: float = 10.0
    long_max: float = 60.0
    shard_clips: int = 250
    polish: str = ""

    def __post_init__(self):
        if self.clips is not None and self.hours is not None:
            raise ValueError(f"give clips or hours, got {self.clips} clips and {self.hours} hours")
        if self.clips is None and self.hours is None:
            object.__setattr__(self, "clips", 2000)
        amount = "clips" if self.hours is None else "hours"
        _require_positive(self, amount, "held_out", "captions", "descriptions", "shard_clips")
        _require_share(self, "long_share")
        if not 2 <= self.long_min <= self.long_max <= 60:
            raise ValueError(
                "long clips must satisfy 2 <= long_min <= long_max <= 60 s, "
                f"got {self.long_min}..{self.long_max}"
            )

    def with_changes(self, **changes) -> CorpusSettings:
        """Other settings; clips take the place of hours, and hours of clips."""
        if ("clips" in changes) != ("hours" in changes):
            changes = {"clips": None, "hours": None, **changes}
        return dataclasses.replace(self, **changes)


@dataclass(frozen=True)
class TokenizerSettings:
    """How a MotionTokenizer is trained.

    Args:
        preset: code layout, a key of ``motion_tokenizer_presets.yaml``.
        space, rig, fps: what the motions are, and the rig whose points the loss measures.
        steps: optimiser steps.
        finish_steps: steps after them in which the decoders alone learn, from the codes that
            `encode` finds, which are searched for and not the nearest ones of training.
        finish_weights: of face regions in the finishing steps, where they are not the preset's.
        batch_size: motions a step.
        crop_frames: frames of each motion; shorter ones are padded.
        learning_rate: peak, after a linear warm-up and before a cosine down to zero.
        finish_rate: the same in the finishing steps, which have no warm-up.
        warmup: share of the steps that warm up.
        weight_decay: AdamW's.
        gradient_norm: gradients are clipped to it.
        tracked_share: share of motions seen as a tracker would have seen them.
        save_every: steps between checkpoints that a stopped run resumes from.
        seed: of weights, batches and augmentation.
        threads: CPU threads; 0 leaves torch's choice.
    """

    preset: str = "default"
    space: str = "arkit"
    rig: str = "tdmm"
    fps: float = 25.0
    steps: int = 10_000
    finish_steps: int = 0
    finish_weights: dict[str, float] | None = None
    batch_size: int = 32
    crop_frames: int = 100
    learning_rate: float = 1e-3
    finish_rate: float = 5e-4
    warmup: float = 0.03
    weight_decay: float = 0.01
    gradient_norm: float = 1.0
    tracked_share: float = 0.25
    save_every: int = 1000
    seed: int = 0
    threads: int = 0

    def __post_init__(self):
        _require_positive(
            self, "fps", "steps", "batch_size", "crop_frames", "learning_rate", "save_every"
        )
        _require_share(self, "warmup", "tracked_share")


@dataclass(frozen=True)
class LanguageModelSettings:
    """How the language model is trained, in both directions at once.

    Args:
        backbone: ``tiny`` for the embedded model's own, a trained checkpoint of this package to go
            on from, else any Hugging Face causal LM.
        examples: training examples in all, drawn anew with fresh wordings.
        batch_size: examples a step and process.
        gradient_accumulation: batches a step.
        learning_rate: peak of a cosine schedule.
        warmup: share of the steps that warm up.
        weight_decay: of the optimizer.
        muon: train the matrices of the blocks with Muon, the rest with AdamW; else all with AdamW.
        describe_share: share of examples that describe a motion.
        read_share: share that only read a prompt, up to the plan of its motion; the rest animate
            it. They are short, and the words of a prompt are learned from them.
        written_share: share of these that are prompts written one by one, not of the corpus.
        opening_share: share that animate a prompt's first seconds only, which come from its plan
            more than what follows does.
        word_weight: how many times words, marks and states count in the loss; a code counts once.
        history_noise: largest share of a motion's earlier tokens that are exchanged for random ones
            while it is learned, so that it listens to the prompt and not to itself alone.
        tell_share: share of descriptions that put what was read into words; the rest teach reading
            the states of a motion.
        misread_share: share of these that teach it in spite of wrong ones before.
        synonym_rate: share of content words replaced by synonyms while training.
        tracked_share: share of described motions seen as a tracker would see them.
        tracker: which one: ``scores`` (MediaPipe's) or ``fit`` (the package's own).
        prompt_encoder: whether the tiny backbone reads prompts through the frozen table of word
            meanings.
        text_embeddings: whether the tiny backbone's word embeddings start from word vectors.
        text_vocabulary: word pieces the tiny backbone keeps.
        hidden_size, layers, feed_forward, heads: the tiny backbone's size.
        temperature: of motion sampling, the default that the checkpoint carries.
        lora_rank: 0 trains all weights, else the rank of LoRA adapters.
        bf16: compute in bfloat16.
        gradient_checkpointing: trade time for memory.
        save_every: steps between checkpoints that a stopped run resumes from.
        seed: of examples and weights.
        threads: CPU threads; 0 leaves torch's choice.
    """

    backbone: str = "tiny"
    examples: int = 80_000
    batch_size: int = 32
    gradient_accumulation: int = 1
    learning_rate: float = 2e-3
    warmup: float = 0.03
    weight_decay: float = 0.05
    muon: bool = False
    describe_share: float = 0.25
    read_share: float = 0.25
    written_share: float = 0.5
    opening_share: float = 0.25
    word_weight: float = 4.0
    history_noise: float = 0.5
    tell_share: float = 0.4
    misread_share: float = 0.6
    synonym_rate: float = 0.15
    tracked_share: float = 0.4
    tracker: str = "scores"
    prompt_encoder: bool = True
    text_embeddings: bool = True
    text_vocabulary: int = 14_000
    hidden_size: int = 320
    layers: int = 4
    feed_forward: int = 960
    heads: int = 5
    temperature: float = 0.85
    lora_rank: int = 0
    bf16: bool = True
    gradient_checkpointing: bool = False
    save_every: int = 250
    seed: int = 0
    threads: int = 0

    def __post_init__(self):
        _require_positive(
            self, "examples", "batch_size", "gradient_accumulation", "learning_rate", "save_every",
            "temperature", "word_weight",
        )  # fmt: skip
        _require_share(
            self, "warmup", "describe_share", "read_share", "written_share", "opening_share",
            "history_noise", "tell_share", "misread_share", "synonym_rate", "tracked_share",
        )  # fmt: skip
        if self.muon and self.lora_rank:
            raise ValueError(f"muon must be off where lora_rank is set, got rank {self.lora_rank}")
        shares = (self.describe_share, self.read_share, self.opening_share)
        if sum(shares) > 1:
            raise ValueError(
                "describe_share, read_share and opening_share must be at most 1 together, "
                f"got {' + '.join(map(str, shares))}"
            )


@dataclass(frozen=True)
class VideoSettings:
    """Which videos are made of which prompts.

    Args:
        generator: a name that ``tdmm_hf.video.generators`` knows.
        count: training clips of the prompt suite; more may be asked for later.
        held_out: clips of held-out combinations, for validation and for test each.
        seed: of the prompts; every clip's own seed derives from it.
        duration: whole seconds of every clip, 2 to 60; 0 draws them from 2 to 12, mostly 4 to 6.
        captions: wordings of each clip's prompt for the corpus.
        descriptions: wordings of what the motion alone shows.
    """

    generator: str = "embedded"
    count: int = 100
    held_out: int = 0
    seed: int = 0
    duration: int = 0
    captions: int = 6
    descriptions: int = 2

    def __post_init__(self):
        _require_positive(self, "count", "captions", "descriptions")
        if self.held_out < 0 or self.seed < 0:
            raise ValueError(
                f"held_out and seed must not be negative, got {self.held_out} and {self.seed}"
            )
        if self.duration and not 2 <= self.duration <= 60:
            raise ValueError(f"duration must be 0, or 2 to 60 s, got {self.duration}")


@dataclass(frozen=True)
class VideoFitSettings:
    """Which fitted videos make a corpus.

    Args:
        min_score: least score of the fit's quality, 0..1, besides the rules of ``quality.yaml``.
        min_face: least share of frames with a face.
        length_tolerance: by which share of it a clip may be shorter or longer than its prompt's
            performance, whose times its attributes tell.
        shard_clips: clips in a file of the corpus.
    """

    min_score: float = 0.0
    min_face: float = 0.8
    length_tolerance: float = 0.2
    shard_clips: int = 250

    def __post_init__(self):
        _require_share(self, "min_score", "min_face")
        _require_positive(self, "shard_clips")
        if not self.length_tolerance >= 0:
            raise ValueError(f"length_tolerance must not be negative, got {self.length_tolerance}")
