"""Train the inverse of a tracker's response on people filmed with known weights.

    tdmm train-fit --model face_landmarker.task --people runs/people --out inverse.safetensors

Clips are put together from a person's frames, some of many expressions and some that hold one. So
that the solver does not know the people it was trained on by heart, nor their rig, every clip's
person is given another resting face and another reach: seeing an expression must not hang on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tqdm import trange

from ..files import replacing
from ..fitting.inverse import NUM_WEIGHTS, TURNS, InverseResponse, trusted, turn_features
from ..fitting.upright import head_angles, upright
from .filming import Filmed
from .inverse_settings import InverseSettings

RIDGE = 5.0
SMALLEST_SHAPE = 2e-3  # below it a shape component is noise, in distances between the eyes
HELD, STILL = 0.4, 0.1  # shares of clips that hold an expression, and of those without motion
ROUND_WEIGHTS = (1, 2, 3)
SCORE_NOISE = 0.12


class Frames:
    """All people as observations: ``seen`` (n, observed), ``angles`` (n, 3), ``truth`` (n, 52), and
    ``rows`` of each view, the resting face first."""

    def __init__(self, people: Sequence[Filmed], basis: np.ndarray):
        shapes = np.concatenate([_shapes(p) for p in people])
        scores = np.concatenate([trusted(p.scores) for p in people])
        self.seen = np.concatenate([shapes @ basis, scores], axis=1).astype(np.float32)
        self.angles = np.concatenate([head_angles(p.matrices) for p in people]).astype(np.float32)
        self.truth = np.concatenate([p.truth[:, :NUM_WEIGHTS] for p in people]).astype(np.float32)
        ends = np.cumsum([len(p.truth) for p in people])
        self.rows = [
            np.arange(end - len(p.truth), end) for p, end in zip(people, ends, strict=True)
        ]
        self.first = np.concatenate([np.full(len(rows), rows[0]) for rows in self.rows])

    def clips(self, rng: np.random.Generator, count: int, frames: int) -> tuple[torch.Tensor, ...]:
        """Observations, angles and truth (count, frames, ...), and resting faces (count, ...)."""
        parts = [self._clip(rng, frames) for _ in range(count)]
        return tuple(torch.from_numpy(np.stack(part)) for part in zip(*parts, strict=True))

    def _clip(self, rng: np.random.Generator, frames: int):
        rows = self.rows[rng.integers(len(self.rows))]
        kind = rng.random()
        mixed = _held(rng, frames) if kind < HELD + STILL else _varied(rng, frames)
        if kind < STILL:
            mixed[:] = mixed[:1]
        picked = rng.choice(rows, mixed.shape[1])
        blend = [
            (part[rows[0]] + mixed @ (part[picked] - part[rows[0]])).astype(np.float32)
            for part in (self.seen, self.angles, self.truth)
        ]
        return *blend, self.seen[rows[0]]


def _varied(rng: np.random.Generator, frames: int) -> np.ndarray:
    """(frames, frames) shares of as many poses: one a frame, a quarter of them at rest or none."""
    reach = np.sqrt(rng.random(frames))
    if rng.random() < 0.5:
        reach[: frames // 4] = 0
    return np.diag(reach)


def _held(rng: np.random.Generator, frames: int) -> np.ndarray:
    """(frames, 3) shares of a pose that is held and of two that come and go."""
    shares = np.stack(
        [
            rng.uniform(0.6, 1, frames),
            rng.random(frames) * (rng.random(frames) < 0.4),
            rng.random(frames) * (rng.random(frames) < 0.3),
        ],
        axis=1,
    )
    return shares / np.maximum(shares.sum(axis=1, keepdims=True), 1)


def train_inverse(
    people: Sequence[Filmed], settings: InverseSettings, out: Path, progress: bool = True
) -> InverseResponse:
    """Train and save to ``out``, one safetensors file.

    Returns:
        The trained solver, in evaluation mode.
    """
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    basis = shape_basis(people, settings.components)
    frames = Frames(people, basis)
    model = InverseResponse(components=basis.shape[1], hidden=settings.hidden)
    spread = _initialise(model, frames, basis)
    optimizer = torch.optim.AdamW(model.parameters(), settings.learning_rate, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.learning_rate, total_steps=settings.steps, pct_start=0.05
    )
    steps = trange(settings.steps, desc="train fit", disable=not progress)
    for step in steps:
        clips = frames.clips(rng, settings.clips, settings.frames)
        loss = _loss(model, *_other_people(model, spread, settings, *clips), settings)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            steps.set_postfix(loss=f"{loss.item():.4f}")
    with replacing(out) as part:
        model.save(part)
    return InverseResponse.load(out)


def shape_basis(people: Sequence[Filmed], components: int) -> np.ndarray:
    """(3 x 478, components) that whitens how landmarks move with expressions."""
    moved = np.concatenate([s - s[:1] for s in map(_shapes, people)])[::3]
    _, values, directions = np.linalg.svd(moved, full_matrices=False)
    spread = np.sqrt(values[:components] ** 2 / len(moved) + SMALLEST_SHAPE**2)
    return (directions[:components] / spread[:, None]).T.astype(np.float32)


def _shapes(person: Filmed) -> np.ndarray:
    return upright(person.landmarks, person.matrices).reshape(len(person.landmarks), -1)


def _initialise(model: InverseResponse, frames: Frames, basis: np.ndarray) -> torch.Tensor:
    """Set what can be computed; returns by how much resting faces differ, (observed,)."""
    resting = frames.seen[[rows[0] for rows in frames.rows]]
    mean = resting.mean(axis=0)
    _, values, directions = np.linalg.svd(resting - mean, full_matrices=False)
    moved = frames.seen - frames.seen[frames.first]
    answers = _answers(frames, moved)
    rank = model.people.shape[1]
    loadings = directions[:rank].T * values[:rank] / np.sqrt(len(resting))
    found = {
        "basis": basis,
        "mean_person": mean,
        "scale": moved.std(axis=0) + 1e-3,
        "answers": answers[:NUM_WEIGHTS],
        "turned": answers[NUM_WEIGHTS:],
    }
    with torch.no_grad():
        for name, value in found.items():
            getattr(model, name).copy_(torch.from_numpy(value))
        model.people[:, : loadings.shape[1]] = torch.from_numpy(loadings)
        model.direct.weight.zero_()
    return torch.from_numpy(resting.std(axis=0))


def _answers(frames: Frames, moved: np.ndarray) -> np.ndarray:
    """(52 + TURNS, observed) ridge regression of observations on weights and turns."""
    turn = turn_features(torch.from_numpy(frames.angles)).numpy()
    causes = np.concatenate([frames.truth, turn - turn[frames.first]], axis=1)
    normal = causes.T @ causes + RIDGE * np.eye(NUM_WEIGHTS + TURNS)
    return np.linalg.solve(normal, causes.T @ moved).astype(np.float32)


def _other_people(model, spread, settings, seen, angles, truth, resting):
    """The same expressions on faces that nobody was filmed with."""
    clips, frames, observed = seen.shape
    face = 2 * torch.rand(clips, 1) * torch.randn(clips, observed) * spread
    face += torch.rand(clips, 1) * torch.randn(clips, observed) * model.scale / 2
    face[:, :-NUM_WEIGHTS] *= settings.moved_shapes
    face[:, -NUM_WEIGHTS:] *= settings.moved_scores
    reach = 1 + settings.reach * (torch.randn(clips, 1, 1) + torch.randn(clips, 1, observed))
    stretch = settings.reach * torch.randn(clips, 1, NUM_WEIGHTS)
    noise = settings.noise * torch.rand(clips, 1, 1) * torch.randn(clips, frames, observed)
    noise[..., -NUM_WEIGHTS:] *= SCORE_NOISE
    moved = (seen - resting[:, None]) * reach + (truth * stretch) @ model.answers.detach()
    return resting[:, None] + face[:, None] + moved + noise * model.scale, angles, truth


def _loss(model: InverseResponse, seen, angles, truth, settings: InverseSettings) -> torch.Tensor:
    found, _ = model.train()(seen, angles)
    errors = [
        share * torch.nn.functional.smooth_l1_loss(weights, truth, beta=0.1, reduction="none")
        for share, weights in zip(ROUND_WEIGHTS, found, strict=True)
    ]
    return (sum(errors) / sum(ROUND_WEIGHTS) * (1 + settings.active * truth)).mean()
