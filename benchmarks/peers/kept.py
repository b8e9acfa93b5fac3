"""Designs, trained once and kept: a stopped benchmark goes on where it was.

    codec = trained("vq", clips, TokenizerSettings(steps=2000), Path("runs/tokenizer-peers"))

Each design has a folder with its settings and, once trained, its weights. One that was stopped
midway goes on from its last checkpoint.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from tdmm_hf.files import replacing
from tdmm_hf.modeling.modeling_motion_tokenizer import MotionTokenizer
from tdmm_hf.settings import TokenizerSettings
from tdmm_hf.training.motion_tokenizer import tokenizer_config, train_motion_tokenizer

from .codec import Layout, load_designs
from .training import new_codec, train

WEIGHTS, SETTINGS, CHECKPOINT = "model.safetensors", "settings.json", "checkpoint.pt"
HOW_NOT_WHAT = ("threads", "save_every")  # settings that leave the trained model as it is


@dataclass(frozen=True)
class Design:
    """A trained motion tokenizer, and what its codes are.

    Args:
        title: for tables and plots.
        family: ``ours``, ``vq``, ``rvq`` or ``fsq``.
        model: encodes motions and decodes codes.
        codebook_sizes: codes in each codebook of a step.
        fps, downsample: of the motions; frames a step.
    """

    title: str
    family: str
    model: torch.nn.Module
    codebook_sizes: list[int]
    fps: float
    downsample: int

    @property
    def steps_per_second(self) -> float:
        return self.fps / self.downsample

    @property
    def parameters(self) -> int:
        """Weights of encoder and decoder; codebooks are learned apart and do not count."""
        return sum(weight.numel() for weight in self.model.parameters())


def names() -> list[str]:
    """All designs of designs.yaml."""
    designs = load_designs()
    return [*designs["ours"], *designs["peers"]]


def trained(
    name: str, clips: Sequence[np.ndarray], settings: TokenizerSettings, work: Path
) -> Design:
    """A design trained on clips (frames, channels), or as it was trained before.

    Args:
        name: a design of designs.yaml.
        settings: those of our tokenizer; a peer takes its batches and schedule from them.
        work: gets a folder of that name.

    Raises:
        ValueError: the folder holds a design that was trained in another way.
    """
    designs, folder = load_designs(), work / name
    ours = name in designs["ours"]
    entry = designs["ours" if ours else "peers"][name]
    what = {k: v for k, v in dataclasses.asdict(settings).items() if k not in HOW_NOT_WHAT}
    wanted = {"design": entry, "settings": what, "clips": digest(clips)}
    if not ours:
        wanted["training"] = designs["training"]
    _claim(folder, wanted)
    if ours:
        return _ours(entry, clips, settings, folder)
    return _peer(entry, clips, settings, designs["training"], folder)


def digest(clips: Sequence[np.ndarray]) -> str:
    """Tells sets of clips apart."""
    found = hashlib.sha256()
    for clip in clips:
        found.update(np.ascontiguousarray(clip).tobytes())
    return found.hexdigest()[:16]


def _claim(folder: Path, wanted: dict) -> None:
    """Write down how the design is trained, or check that it is what stands there."""
    path, text = folder / SETTINGS, json.dumps(wanted, indent=1)
    if path.exists():
        if json.loads(path.read_text(encoding="utf-8")) != json.loads(text):
            raise ValueError(
                f"{folder} holds a design trained in another way: remove it or choose another"
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(path) as beside:
        beside.write_text(text + "\n", encoding="utf-8")


def _ours(entry: dict, clips, settings: TokenizerSettings, folder: Path) -> Design:
    if (folder / WEIGHTS).exists():
        model = MotionTokenizer.from_pretrained(folder).eval()
    else:
        model = train_motion_tokenizer(clips, settings, folder, **_changes(entry, settings))
    config = model.config
    sizes = [config.codebook_size] * config.num_codebooks
    return Design(entry["title"], "ours", model, sizes, config.fps, config.downsample)


def _changes(entry: dict, settings: TokenizerSettings) -> dict:
    """What of the preset's config a variant of ours changes."""
    changes = dict(entry["changes"])
    if counts := entry.get("codebooks"):
        streams = tokenizer_config(settings.preset, settings.space, settings.rig).streams
        changes["streams"] = [
            {**stream, "num_codebooks": count}
            for stream, count in zip(streams, counts, strict=True)
        ]
    return changes


def _peer(entry: dict, clips, settings, training: dict, folder: Path) -> Design:
    from safetensors.torch import load_file, save_file

    layout = Layout(**entry["layout"])
    if (folder / WEIGHTS).exists():
        codec = new_codec(clips, layout, settings).eval()
        codec.load_state_dict(load_file(folder / WEIGHTS))
    else:
        codec = train(clips, layout, settings, training, folder / CHECKPOINT)
        with replacing(folder / WEIGHTS) as beside:
            save_file(codec.state_dict(), beside)
        (folder / CHECKPOINT).unlink(missing_ok=True)
    sizes = layout.codebook_sizes
    return Design(entry["title"], layout.quantizer, codec, sizes, settings.fps, layout.downsample)
