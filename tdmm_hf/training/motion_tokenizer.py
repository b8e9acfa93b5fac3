"""Trains the MotionTokenizer on a set of motions.

    model = train_from_corpus("corpus", TokenizerSettings(steps=8000), "tokenizer")

A stopped run goes on from its last checkpoint when it is started again with the same settings, and
ends with the weights it would have had: every step draws from its own seed.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import yaml
from tqdm.auto import tqdm

from ..hub import save_checkpoint
from ..modeling.configuration_motion_tokenizer import MotionTokenizerConfig
from ..modeling.modeling_motion_tokenizer import MotionTokenizer
from ..parameters import get_space
from ..performer.tracking import augment
from ..rigs import Rig
from ..rigs.points import get_points
from ..settings import TokenizerSettings
from .codes import load_corpus
from .schedule import cosine, warm_then_cosine

logger = logging.getLogger(__name__)

PRESETS = Path(__file__).parent / "motion_tokenizer_presets.yaml"
CHECKPOINT = "checkpoint"
# Statistics settle long before all clips are seen; points of all of them would not fit in memory.
STATISTICS_CLIPS = 2000
# Channels that hardly ever move would otherwise be scaled up to the size of the busy ones.
SMALLEST_STD = 0.05


def tokenizer_config(
    preset: str = "default", space: str = "arkit", rig: str = "tdmm", **changes
) -> MotionTokenizerConfig:
    """The config of a preset for a space and rig; ``changes`` override the preset's arguments.

    Raises:
        ValueError: an unknown preset, space or rig.
    """
    presets = yaml.safe_load(PRESETS.read_text(encoding="utf-8"))
    if preset not in presets:
        raise ValueError(f"unknown tokenizer preset {preset!r}: choose from {', '.join(presets)}")
    channels = get_space(space)
    group_of = {i: group for group, members in channels.groups.items() for i in members}
    described = {
        "space": space,
        "channels": channels.channels,
        "channel_groups": [group_of.get(i, "expression") for i in range(len(channels.channels))],
        "lower": channels.lower,
        "upper": channels.upper,
        "rig": rig,
        "num_points": len(get_points(rig).neutral),
    }
    return MotionTokenizerConfig(**{**described, **presets[preset], **changes})


def train_motion_tokenizer(
    clips: Sequence[np.ndarray],
    settings: TokenizerSettings,
    output_dir: str | Path,
    progress: bool = True,
    **config_changes,
) -> MotionTokenizer:
    """Train on motions (frames, channels) and save the model to ``output_dir``.

    Args:
        clips: motions in the settings' space and frame rate.
        settings: how to train.
        output_dir: gets the model, and below ``checkpoint`` the state to resume from.
        progress: show a bar.
        config_changes: MotionTokenizerConfig arguments that override the preset's.

    Returns:
        The trained model, in evaluation mode.
    """
    if settings.threads:
        torch.set_num_threads(settings.threads)
    output_dir = Path(output_dir)
    clean = [np.asarray(clip, dtype=np.float32) for clip in clips]
    clips = _tracked(clean, settings)
    model = _new_model(clips, settings, config_changes).to(_device())
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    first = _resume(model, optimizer, settings, output_dir / CHECKPOINT)
    last = settings.steps + settings.finish_steps
    steps = tqdm(range(first, last), "motion tokenizer", last, initial=first, disable=not progress)
    for step in steps:
        if step == max(first, settings.steps):
            clips = clean  # what is decoded is what a language model has made
            _weigh_for_finish(model, clips, settings)
        losses = _train_step(model, optimizer, clips, settings, step)
        if step % 50 == 0:
            steps.set_postfix({name: f"{value:.3f}" for name, value in losses.items()})
        if (step + 1) % settings.save_every == 0 or step + 1 == last:
            logger.info("step %d: %s", step + 1, losses)
            _save(model, optimizer, settings, step + 1, output_dir / CHECKPOINT)
    save_checkpoint(model.cpu().eval(), output_dir)
    return model


def _device() -> torch.device:
    return torch.accelerator.current_accelerator() or torch.device("cpu")


def train_from_corpus(
    corpus: str | Path, settings: TokenizerSettings, output_dir: str | Path
) -> MotionTokenizer:
    """Train on the training split of a corpus folder or Hub dataset."""
    return train_motion_tokenizer(load_corpus(corpus)["motion"], settings, output_dir)


def point_weights(
    rig: Rig, clips: Sequence[np.ndarray], region_weights: dict[str, float] | None = None
) -> np.ndarray:
    """Weights (points,) that make the L1 error of each face region relative to how it moves.

    With them the vertex loss is the weighted mean over regions of sum |error| / sum |displacement|.

    Raises:
        ValueError: a weight for a region that the rig does not have.
    """
    region_weights = region_weights or {}
    if unknown := sorted(set(region_weights) - set(rig.regions)):
        raise ValueError(f"region_weights must name regions of the rig, got {', '.join(unknown)}")
    values = np.concatenate([*clips])
    moved = np.abs(np.tensordot(values, rig.linear_geometry, axes=1)).sum(axis=-1).mean(axis=0)
    regions = np.array(rig.regions)
    names = sorted(set(rig.regions))
    total = {region: moved[regions == region].sum() for region in names}
    weight = {r: region_weights.get(r, 1.0) for r in names}
    scale = {r: weight[r] / (max(total[r], 1e-3) * sum(weight.values())) for r in names}
    return np.array([scale[r] for r in rig.regions])


def _new_model(
    clips: list[np.ndarray], settings: TokenizerSettings, changes: dict
) -> MotionTokenizer:
    rig = get_points(settings.rig)
    config = tokenizer_config(
        settings.preset, settings.space, settings.rig, fps=settings.fps, **changes
    )
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        model = MotionTokenizer(config)
    some = _some(clips)
    values = np.concatenate(some)
    std = np.maximum(values.std(axis=0), SMALLEST_STD)
    weights = point_weights(rig, some, config.region_weights)
    model.set_statistics(values.mean(axis=0), std, rig.linear_geometry, weights)
    return model


def _weigh_for_finish(model: MotionTokenizer, clips, settings: TokenizerSettings) -> None:
    if settings.finish_weights:
        chosen = {**(model.config.region_weights or {}), **settings.finish_weights}
        weights = point_weights(get_points(settings.rig), _some(clips), chosen)
        model.point_weights.copy_(torch.as_tensor(weights))


def _some(clips: list[np.ndarray]) -> list[np.ndarray]:
    return clips[:: -(-len(clips) // STATISTICS_CLIPS)]


def _tracked(clips: list[np.ndarray], settings: TokenizerSettings) -> list[np.ndarray]:
    """The clips, a share of them as a tracker would have seen them."""
    rng = np.random.default_rng(settings.seed)
    return [augment(c, rng) if rng.random() < settings.tracked_share else c for c in clips]


def _train_step(model, optimizer, clips, settings, step: int) -> dict[str, float]:
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed * settings.steps + step)
        batch = _batch(clips, settings, np.random.default_rng([settings.seed, step]))
        output = _reconstruct(model, *(x.to(model.device) for x in batch), step >= settings.steps)
    for group in optimizer.param_groups:
        group["lr"] = _learning_rate(step, settings)
    optimizer.zero_grad()
    output.loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), settings.gradient_norm)
    optimizer.step()
    return {
        name.removesuffix("_loss"): getattr(output, name).item()
        for name in ("vertex_loss", "velocity_loss", "coefficient_loss", "commitment_loss")
    }


def _reconstruct(model: MotionTokenizer, motion, mask, finishing: bool):
    """The losses of a batch; the encoders and codebooks stay as they are when finishing."""
    if finishing:
        return model.eval()(motion, mask, codes=model.encode(motion, mask).codes)
    return model.train()(motion, mask)


def _learning_rate(step: int, settings: TokenizerSettings) -> float:
    if step >= settings.steps:
        return settings.finish_rate * cosine(step - settings.steps, settings.finish_steps)
    return settings.learning_rate * warm_then_cosine(step, settings.steps, settings.warmup)


def _batch(clips, settings, rng) -> tuple[torch.Tensor, torch.Tensor]:
    """Random crops (batch, crop frames, channels) and their mask (batch, crop frames)."""
    frames = settings.crop_frames
    motion = torch.zeros(settings.batch_size, frames, clips[0].shape[1])
    mask = torch.zeros(settings.batch_size, frames, dtype=torch.bool)
    for row, pick in enumerate(rng.integers(len(clips), size=settings.batch_size)):
        clip = clips[pick]
        start = rng.integers(max(1, len(clip) - frames + 1))
        part = torch.from_numpy(clip[start : start + frames])
        motion[row, : len(part)] = part
        mask[row, : len(part)] = True
    return motion, mask


def _save(model, optimizer, settings, step: int, folder: Path) -> None:
    """Write the state beside, then put it in place."""
    beside = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    model.save_pretrained(beside)
    torch.save(optimizer.state_dict(), beside / "optimizer.pt")
    state = {"step": step, "settings": dataclasses.asdict(settings)}
    (beside / "state.json").write_text(json.dumps(state, indent=2))
    shutil.rmtree(folder, ignore_errors=True)
    beside.rename(folder)


def _resume(model, optimizer, settings, folder: Path) -> int:
    """Load the last checkpoint, if there is one; the step to go on from.

    Raises:
        ValueError: the checkpoint belongs to other settings.
    """
    if not (folder / "state.json").exists():
        return 0
    state = json.loads((folder / "state.json").read_text())
    if state["settings"] != dataclasses.asdict(settings):
        raise ValueError(f"{folder} holds a run with other settings: remove it or choose another")
    model.load_state_dict(MotionTokenizer.from_pretrained(folder).state_dict())
    state_dict = torch.load(folder / "optimizer.pt", weights_only=True, map_location="cpu")
    optimizer.load_state_dict(state_dict)
    return state["step"]
