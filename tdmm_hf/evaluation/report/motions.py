"""Motions and descriptions by the model under test, in batches that are kept as they are made.

    made = Motions(model, clips, settings, work)
    made.motions(seed=0)  # one FaceMotion for each clip
    descriptions(model, clips, settings, work)

Kept are the codes, which decode to the same motion at any time. A clip's motion comes from its own
seed, so that neither the batch nor the order of the work changes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from tqdm import tqdm

from ...motion import FaceMotion
from .clips import Clip
from .settings import ReportSettings
from .work import Work


class Motions:
    """All motions that a report generates: ``seeds`` of each clip, more of the first clips.

    The first ``prompts`` clips, in the order they were drawn in, have the motions that
    MultiModality needs; their first are those that every clip has.
    """

    def __init__(self, model, clips: Sequence[Clip], settings: ReportSettings, work: Work):
        self.model, self.clips, self.settings = model, clips, settings
        self.prompts = min(settings.prompts, len(clips))
        self.codes, self.plans = _generated(model, clips, self._jobs(), settings, work)

    def _jobs(self) -> list[tuple[int, int]]:
        """(clip, number of its motion), motions of one length side by side."""
        many, few = self.settings.motions_per_prompt, self.settings.seeds
        order = sorted(range(len(self.clips)), key=lambda i: (self.clips[i].motion.num_frames, i))
        return [(i, k) for i in order for k in range(many if i < self.prompts else few)]

    def motions(self, number: int, prompts_only: bool = False) -> list[FaceMotion]:
        """Motion ``number`` of each clip, or of those that MultiModality takes."""
        clips = self.clips[: self.prompts] if prompts_only else self.clips
        named = tqdm(range(len(clips)), f"motions {number}", unit="motion", leave=False)
        return [
            decode(self.model, self.codes[i, number], clips[i].motion, self.frames(i))
            for i in named
        ]

    def frames(self, clip: int) -> int:
        """Frames of the clip's motions, at the model's rate."""
        return _frames(self.model, self.clips[clip])


def _frames(model, clip: Clip) -> int:
    return max(1, round(clip.motion.duration * model.config.motion_config.fps))


@torch.no_grad()
def decode(model, codes: np.ndarray, like: FaceMotion, frames: int) -> FaceMotion:
    """The motion of codes (steps, codebooks), as long and at the rate of another."""
    config = model.config.motion_config
    tensor = torch.as_tensor(codes.astype(np.int64), device=model.device)[None]
    values = model.motion_tokenizer.decode(tensor)[0, :frames].float().cpu().numpy()
    return FaceMotion(values, config.fps, config.space).resample(like.fps)


def own_seed(seed: int, clip: int, number: int) -> int:
    """The seed of one motion."""
    return int(np.random.SeedSequence([seed, clip, number]).generate_state(1)[0])


def _generated(model, clips, jobs, settings, work) -> tuple[dict, dict]:
    """Codes (steps, codebooks) of each job and the plan of each clip."""
    codes, plans = {}, {}
    seconds = [_frames(model, clip) / model.config.motion_config.fps for clip in clips]

    def generate(batch: list[tuple[int, int]]) -> dict:
        made = model.generate_motion(
            [clips[i].text for i, _ in batch],
            duration=[seconds[i] for i, _ in batch],
            seed=[own_seed(settings.seed, *job) for job in batch],
        )
        lengths = [len(one) for one in made.codes]
        flat = np.concatenate(made.codes).astype(np.uint16)
        return {"codes": flat, "lengths": np.array(lengths), "plans": np.array(made.plans)}

    expected = sum(seconds[i] for i, _ in jobs)
    with tqdm(total=round(expected), desc="generate", unit="s of motion") as bar:
        for number, batch in _batches(jobs, settings.batch_size):
            kept = work.arrays(f"motions/{number:05d}", lambda batch=batch: generate(batch))
            ends = np.cumsum(kept["lengths"])[:-1]
            codes |= dict(zip(batch, np.split(kept["codes"], ends), strict=True))
            plans |= {i: str(p) for (i, _), p in zip(batch, kept["plans"], strict=True)}
            bar.update(round(sum(seconds[i] for i, _ in batch)))
    return codes, plans


def descriptions(model, clips: Sequence[Clip], settings: ReportSettings, work: Work) -> list[str]:
    """The model's description of each clip's true motion: the likeliest words."""
    order = sorted(range(len(clips)), key=lambda i: (clips[i].motion.num_frames, i))
    found = [""] * len(clips)

    def describe(batch: list[int]) -> list[str]:
        motions = [clips[i].motion for i in batch]
        said = model.describe_motion(
            [motion.values for motion in motions],
            fps=[motion.fps for motion in motions],
            valid=[np.array(motion.valid) for motion in motions],
            observed=[np.array(motion.observed) for motion in motions],
        )
        return [" ".join(text.split()) for text in said]

    with tqdm(total=len(clips), desc="describe", unit="clip") as bar:
        for number, batch in _batches(order, settings.batch_size):
            said = work.value(f"descriptions/{number:05d}", lambda batch=batch: describe(batch))
            for i, text in zip(batch, said, strict=True):
                found[i] = text
            bar.update(len(batch))
    return found


def _batches(jobs: Sequence, size: int) -> Iterator[tuple[int, Sequence]]:
    for number, first in enumerate(range(0, len(jobs), size)):
        yield number, jobs[first : first + size]
