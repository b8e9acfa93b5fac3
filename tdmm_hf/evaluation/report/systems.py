"""What stands beside the model's motions: the truth, the tokenizer's limit, and plain guesses.

    systems = {name: measured for name, measured in ...}
    measure_motions([draws], clips, evaluator, surface, work, "nearest")

A system gives each clip a motion, in one draw or several. Points in the evaluator's space are of
the motion as it is; errors of channels and vertices are of it at the true motion's length,
resampled linearly where it has another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import torch
from tqdm import tqdm

from ...motion import FaceMotion
from ..metrics import FaceSurface, face_errors, parameter_distance
from ..metrics.parameters import resample
from .clips import Clip, Data
from .work import Work

ERRORS = ("l2", "lve", "fve", "fdd", "fdd_absolute", "head_pose")


@dataclass(frozen=True, eq=False)
class Measured:
    """One system's motions, measured.

    Args:
        points: (draws, clips, features) in the evaluator's space.
        errors: for each of ``ERRORS`` (draws, clips).
        resampled: motions of another length than the true one.
    """

    points: np.ndarray
    errors: dict[str, np.ndarray]
    resampled: int


def measure_motions(
    name: str,
    draws: int,
    motions: Callable[[int], list[FaceMotion]],
    clips: Sequence[Clip],
    evaluator,
    surface: FaceSurface,
    work: Work,
) -> Measured:
    """Points and errors of a system; kept under its name.

    Args:
        name: of the system.
        draws: how many motions each clip has.
        motions: from the number of a draw to a motion for each clip.
        clips: with the true motions.
        evaluator, surface: to measure with.
        work: where they are kept.
    """

    def make(number: int) -> dict:
        made = motions(number)
        return {"points": embed(evaluator, made), **errors(made, clips, surface, name)}

    found = [
        work.arrays(f"measured/{name.replace(' ', '-')}-{n}", lambda n=n: make(n))
        for n in range(draws)
    ]
    return Measured(
        points=np.stack([one["points"] for one in found]),
        errors={key: np.stack([one[key] for one in found]) for key in ERRORS},
        resampled=int(sum(one["resampled"] for one in found)),
    )


def embed(evaluator, motions: Sequence[FaceMotion]) -> np.ndarray:
    """(motions, features) float32."""
    rates = [motion.fps for motion in motions]
    return evaluator.embed_motions([np.array(m.values) for m in motions], fps=rates).numpy()


def errors(
    made: Sequence[FaceMotion], clips: Sequence[Clip], surface: FaceSurface, name: str
) -> dict:
    """Each of ``ERRORS`` (clips,), and how many motions were resampled."""
    fitted = [_as_long(one, clip.motion) for one, clip in zip(made, clips, strict=True)]

    def one(pair: tuple[FaceMotion, Clip]) -> list[float]:
        motion, clip = pair
        if motion is clip.motion:
            return [0.0] * len(ERRORS)
        distance = parameter_distance([motion], [clip.motion])
        found = face_errors([motion], [clip.motion], surface)
        return [distance.l2, *(getattr(found, key) for key in ERRORS[1:])]

    pairs = list(zip(fitted, clips, strict=True))
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        rows = tqdm(pool.map(one, pairs), name, total=len(pairs), unit="motion", leave=False)
        table = np.array(list(rows))
    longer = sum(
        m.num_frames != clip.motion.num_frames for m, clip in zip(made, clips, strict=True)
    )
    return {**dict(zip(ERRORS, table.T, strict=True)), "resampled": np.array(longer)}


def _as_long(motion: FaceMotion, like: FaceMotion) -> FaceMotion:
    """A motion with as many frames as another, at its rate."""
    if motion.num_frames == like.num_frames:
        return motion
    values = resample(motion.values, like.num_frames)
    return replace(motion, values=values, fps=like.fps, valid=np.ones(len(values), dtype=bool))


@dataclass(frozen=True, eq=False)
class Guesses:
    """Motions that need no model: those of the training split, and its mean face.

    Args:
        nearest: for each clip the training motion whose prompt is nearest to the clip's.
        random: lists of one training motion for each clip, a list a draw.
        mean_face: (channels,), the mean of the random motions' frames.
        searched: training prompts that the nearest was looked for among.
    """

    nearest: list[FaceMotion]
    random: list[list[FaceMotion]]
    mean_face: np.ndarray
    searched: int

    def still(self, clips: Sequence[Clip]) -> list[FaceMotion]:
        """The mean face, held as long as each clip."""
        return [
            FaceMotion(
                np.tile(self.mean_face, (clip.motion.num_frames, 1)),
                clip.motion.fps,
                clip.motion.space,
            )
            for clip in clips
        ]


def guess(
    data: Data, evaluator, texts: np.ndarray, draws: int, seed: int, bounds, work: Work
) -> Guesses:
    """Guesses for the clips of a dataset that has a training split.

    Args:
        data: with its training split.
        evaluator: of texts.
        texts: (clips, features), points of the clips' prompts.
        draws: of random motions.
        seed: of the draws.
        bounds: shortest and longest motion, seconds, that the evaluator takes.
        work: where points of the training prompts are kept.
    """
    training = data.training
    points = work.arrays(
        "training-texts", lambda: {"points": embed_texts(evaluator, training.texts)}
    )
    places = _nearest(texts, points["points"])
    rng = np.random.default_rng([seed, 2])
    chosen = rng.integers(len(training), size=(draws, len(texts)))
    wanted = np.unique([*places, *chosen.ravel()])
    named = tqdm(wanted, "training motions", unit="motion", leave=False)
    motions = {int(i): _within(training.motion(int(i)), *bounds) for i in named}
    random = [[motions[int(i)] for i in row] for row in chosen]
    frames = np.concatenate([motions[int(i)].values for i in np.unique(chosen)])
    return Guesses([motions[int(i)] for i in places], random, frames.mean(axis=0), len(training))


def embed_texts(evaluator, texts: Sequence[str], batch: int = 64) -> np.ndarray:
    """(texts, features), with a progress bar."""
    if len(texts) <= batch:
        return evaluator.embed_texts(list(texts)).numpy()
    starts = tqdm(
        range(0, len(texts), batch), "prompts", unit_scale=batch, unit="text", leave=False
    )
    return np.concatenate(
        [evaluator.embed_texts(list(texts[first : first + batch])).numpy() for first in starts]
    )


def _nearest(query: np.ndarray, among: np.ndarray) -> np.ndarray:
    """(queries,) the place of the nearest point, by Euclidean distance."""
    squared = (among**2).sum(axis=1) - 2 * query @ among.T
    return squared.argmin(axis=1)


def _within(motion: FaceMotion, shortest: float, longest: float) -> FaceMotion:
    """A motion that can be embedded: a longer one's beginning, a shorter one held at its end."""
    if motion.duration > longest:
        return motion.crop(0.0, longest)
    least = int(np.ceil(shortest * motion.fps))
    at = np.minimum(np.arange(max(least, motion.num_frames)), motion.num_frames - 1)
    return replace(motion, values=motion.values[at], valid=motion.valid[at])
