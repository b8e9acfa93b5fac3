"""Trains a published motion tokenizer on the batches and the schedule that ours gets.

    codec = train(clips, layout, TokenizerSettings(steps=2000), load_designs()["training"])

The loss is theirs: smooth L1 of the normalised channels and of their change from frame to frame,
and the commitment of the latents to their codes. Every step draws from its own seed, so that a
stopped run goes on from its last checkpoint and ends where it would have ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F
from tqdm import tqdm

from tdmm_hf.files import replacing
from tdmm_hf.parameters import get_space
from tdmm_hf.settings import TokenizerSettings
from tdmm_hf.training.schedule import warm_then_cosine

from .codec import Layout, MotionVQVAE, statistics


def new_codec(clips: Sequence[np.ndarray], layout: Layout, settings: TokenizerSettings):
    """An untrained peer with the clips' statistics."""
    space = get_space(settings.space)
    latents = settings.batch_size * settings.crop_frames // layout.downsample
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        codec = MotionVQVAE(layout, latents, space.lower, space.upper)
    codec.mean, codec.scale = statistics(clips)
    return codec


def train(
    clips: Sequence[np.ndarray],
    layout: Layout,
    settings: TokenizerSettings,
    training: dict,
    checkpoint: Path | None = None,
) -> MotionVQVAE:
    """Train a peer on clips (frames, channels), none shorter than a crop, with a progress bar.

    Args:
        layout: the peer.
        settings: steps, batches, crops, seed and threads, as for ours.
        training: ``learning_rate``, ``betas``, ``velocity_weight`` and ``commitment_weight``.
        checkpoint: file to go on from where it exists, written every ``settings.save_every`` steps.
    """
    if settings.threads:
        torch.set_num_threads(settings.threads)
    codec = new_codec(clips, layout, settings).train()
    optimizer = torch.optim.AdamW(
        codec.parameters(), betas=tuple(training["betas"]), weight_decay=0.0
    )
    first = _resume(codec, optimizer, checkpoint)
    bar = tqdm(range(first, settings.steps), layout.quantizer, settings.steps, initial=first)
    with torch.random.fork_rng():
        for step in bar:
            torch.manual_seed(settings.seed * settings.steps + step)
            for group in optimizer.param_groups:
                group["lr"] = training["learning_rate"] * warm_then_cosine(
                    step, settings.steps, settings.warmup
                )
            motion = batch_of(clips, settings, step)
            terms = _step(codec, optimizer, motion, settings.gradient_norm, training)
            if step % 50 == 0:
                bar.set_postfix({name: f"{value.item():.3f}" for name, value in terms.items()})
            if checkpoint and (step + 1) % settings.save_every == 0:
                _save(codec, optimizer, step + 1, checkpoint)
    return codec.eval()


def _save(codec: MotionVQVAE, optimizer, step: int, checkpoint: Path) -> None:
    state = {"step": step, "codec": codec.state_dict(), "optimizer": optimizer.state_dict()}
    with replacing(checkpoint) as beside:
        torch.save(state, beside)


def _resume(codec: MotionVQVAE, optimizer, checkpoint: Path | None) -> int:
    """Load the last checkpoint, if there is one; the step to go on from."""
    if checkpoint is None or not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    codec.load_state_dict(state["codec"])
    optimizer.load_state_dict(state["optimizer"])
    return state["step"]


def batch_of(clips: Sequence[np.ndarray], settings: TokenizerSettings, step: int) -> torch.Tensor:
    """The crops (batch, crop frames, channels) that ours is trained on at this step, by its draws.

    A test holds the two together.
    """
    rng, frames = np.random.default_rng([settings.seed, step]), settings.crop_frames
    crops = []
    for pick in rng.integers(len(clips), size=settings.batch_size):
        start = rng.integers(len(clips[pick]) - frames + 1)
        crops.append(clips[pick][start : start + frames])
    return torch.from_numpy(np.stack(crops))


def _step(codec, optimizer, motion, gradient_norm: float, training: dict) -> dict:
    terms = losses(codec, motion, training)
    optimizer.zero_grad()
    terms["all"].backward()
    torch.nn.utils.clip_grad_norm_(codec.parameters(), gradient_norm)
    optimizer.step()
    return terms


def losses(codec: MotionVQVAE, motion: torch.Tensor, training: dict) -> dict[str, torch.Tensor]:
    """The terms of the loss of motion (batch, frames, channels), and ``all`` of them weighted."""
    wanted = codec.normalise(motion)
    found = codec(wanted)
    terms = {
        "motion": F.smooth_l1_loss(found.motion, wanted),
        "velocity": F.smooth_l1_loss(found.motion.diff(dim=1), wanted.diff(dim=1)),
        "commitment": found.commitment,
    }
    weights = {"velocity": "velocity_weight", "commitment": "commitment_weight"}
    weighted = [terms["motion"], *(training[w] * terms[name] for name, w in weights.items())]
    return {"all": sum(weighted), **terms}
