"""The tracker's response, inverted: from what it says of a face to what the face does.

    >>> from tdmm_hf.fitting.inverse import load_inverse
    >>> weights = load_inverse().weights(landmarks, scores, matrices, valid)  # doctest: +SKIP
    >>> weights.shape                                                        # doctest: +SKIP
    (125, 52)

MediaPipe's landmarks hold what its scores lose, but what they show is a person's resting face and
what it does, added up. A clip has one resting face, so it is solved for, in turns with the weights
of every frame:

- weights from a small network that is shown how far a frame is from the resting face;
- the resting face from what the weights leave unexplained in the mean over the clip, by how each
  weight answers in the landmarks. The posterior mean under two Gaussians: how people differ, and
  how far the mean of a clip's expressions can be mistaken for somebody's face. Where the two
  cannot be told apart, in a clip that holds one expression, the face keeps to the mean person's.

All parts are learned together from people filmed with known weights, see
``tdmm_hf.training.inverse``. A face and its mirror image are read alike.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from ..parameters import ARKIT_BLENDSHAPES, get_space
from .upright import head_angles, mirrored, upright

INVERSE_FILE = Path(__file__).with_name("inverse.safetensors")
NUM_WEIGHTS = len(ARKIT_BLENDSHAPES)
TURNS = 8  # features of the head's turn


class InverseResponse(nn.Module):
    """Weights of every frame and one resting face, from a clip's observations.

    Args:
        observed: numbers that a frame is described by: shape components, then scores.
        components: of them, shape components.
        points: coordinates of the landmarks, 3 x 478.
        people: directions in which resting faces differ.
        hidden: units of the network.
        rounds: of weights and resting face in turn.
    """

    def __init__(
        self,
        components: int = 160,
        points: int = 3 * 478,
        people: int = 40,
        hidden: int = 384,
        rounds: int = 3,
    ):
        super().__init__()
        observed = components + NUM_WEIGHTS
        sizes = {"components": components, "points": points, "people": people}
        self.sizes = {**sizes, "hidden": hidden, "rounds": rounds}
        self.rounds = rounds
        self.register_buffer("basis", torch.zeros(points, components))
        self.register_buffer("mean_person", torch.zeros(observed))
        self.register_buffer("scale", torch.ones(observed))
        self.answers = nn.Parameter(torch.zeros(NUM_WEIGHTS, observed))
        self.turned = nn.Parameter(torch.zeros(TURNS, observed))
        self.people = nn.Parameter(torch.zeros(observed, people))
        self.log_person = nn.Parameter(torch.full((observed,), -0.5))
        self.log_error = nn.Parameter(torch.full((observed,), -1.5))
        self.log_expression = nn.Parameter(torch.full((NUM_WEIGHTS,), -1.5))
        self.enter = nn.Linear(2 * observed + TURNS, hidden)
        self.inner = nn.Linear(hidden, hidden)
        self.leave = nn.Linear(hidden, NUM_WEIGHTS)
        self.direct = nn.Linear(observed + TURNS, NUM_WEIGHTS)
        self.drop = nn.Dropout(0.05)

    def forward(self, seen, angles, mask=None):
        """Weights (B, T, 52) of each round, not yet clipped, and resting faces (B, observed).

        Args:
            seen: (B, T, observed) from ``observe``.
            angles: (B, T, 3) pitch, yaw, roll in radians.
            mask: (B, T) frames that show a face; all by default.
        """
        share = torch.ones(seen.shape[:2]) if mask is None else mask.to(seen)
        share = (share / share.sum(dim=1, keepdim=True))[..., None]
        gain, turn = self._gain(), turn_features(angles)
        apart = seen - self.mean_person - turn @ self.turned
        resting = self._person((apart * share).sum(dim=1), gain)
        found = []
        for _ in range(self.rounds):
            found.append(self._read(apart, resting, turn))
            unexplained = apart - found[-1].clamp(0, 1) @ self.answers
            resting = self._person((unexplained * share).sum(dim=1), gain)
        return found, self.mean_person + resting

    def _read(self, apart, resting, turn):
        """One frame's weights from how far it is from the resting face."""
        moved = (apart - resting[:, None]) / self.scale
        person = (resting / self.scale)[:, None].expand_as(moved)
        hidden = nn.functional.gelu(self.enter(self.drop(torch.cat([moved, person, turn], -1))))
        hidden = hidden + nn.functional.gelu(self.inner(hidden))
        return self.leave(hidden) + self.direct(torch.cat([moved, turn], -1))

    def _gain(self):
        """What share of a clip's unexplained mean is the person: the posterior mean's matrix."""
        people = self.people / self.scale[:, None]
        answers = self.answers / self.scale
        person = people @ people.T + torch.diag(torch.exp(2 * self.log_person))
        error = answers.T @ (torch.exp(2 * self.log_expression)[:, None] * answers)
        error = error + torch.diag(torch.exp(2 * self.log_error))
        return torch.linalg.solve(person + error, person)

    def _person(self, unexplained, gain):
        return (unexplained / self.scale) @ gain * self.scale

    def observe(self, landmarks: np.ndarray, scores: np.ndarray, matrices: np.ndarray):
        """Observations (frames, observed) and head angles (frames, 3), float32 tensors."""
        shapes = upright(landmarks, matrices).reshape(len(landmarks), -1)
        seen = np.concatenate([shapes @ self.basis.numpy(), trusted(scores)], axis=1)
        angles = head_angles(matrices).astype(np.float32)
        return torch.from_numpy(seen.astype(np.float32)), torch.from_numpy(angles)

    @torch.no_grad()
    def weights(
        self,
        landmarks: np.ndarray,
        scores: np.ndarray,
        matrices: np.ndarray,
        valid: np.ndarray | None = None,
    ) -> np.ndarray:
        """(frames, 52) in 0..1: the mean of a clip's reading and of its mirror image's.

        Args:
            landmarks: (frames, 478, 3) in pixels.
            scores: (frames, 52) of MediaPipe.
            matrices: (frames, 4, 4) the head in the camera's space.
            valid: (frames,) that show a face; all by default.
        """
        views = (landmarks, scores, matrices), mirrored(landmarks, scores, matrices)
        straight, other = (self._clip(*view, valid) for view in views)
        mirror = list(get_space("arkit").mirror_index[:NUM_WEIGHTS])
        return (straight + other[:, mirror]) / 2

    def _clip(self, landmarks, scores, matrices, valid) -> np.ndarray:
        seen, angles = self.observe(landmarks, scores, matrices)
        mask = None if valid is None else torch.from_numpy(np.asarray(valid))[None]
        found, _ = self(seen[None], angles[None], mask)
        return found[-1][0].clamp(0, 1).numpy()

    def save(self, path: Path) -> None:
        """One safetensors file, half precision, that ``load`` reads."""
        tensors = {key: value.half().contiguous() for key, value in self.state_dict().items()}
        save_file(tensors, path, metadata={"sizes": json.dumps(self.sizes)})

    @classmethod
    def load(cls, path: Path) -> InverseResponse:
        with safe_open(path, "pt") as file:
            sizes = json.loads(file.metadata()["sizes"])
        model = cls(**sizes)
        model.load_state_dict({key: value.float() for key, value in load_file(path).items()})
        return model.eval()


def trusted(scores: np.ndarray) -> np.ndarray:
    """Scores (frames, 52) without those of gaze.

    At rest they say that a rendered head looks down, and a person straight ahead; the irises'
    landmarks know better.
    """
    return np.where([name.startswith("eyeLook") for name in ARKIT_BLENDSHAPES], 0, scores)


def turn_features(angles: torch.Tensor) -> torch.Tensor:
    """(..., 8) of angles (..., 3): how landmarks answer a turn is no straight line."""
    pitch, yaw, roll = angles.unbind(-1)
    far = (yaw.abs() - 0.4).clamp(min=0)
    return torch.stack(
        [yaw, pitch, roll, yaw * yaw, pitch * pitch, yaw * pitch, far, roll * yaw], dim=-1
    )


@cache
def load_inverse(path: Path = INVERSE_FILE) -> InverseResponse:
    """The package's own, or another that ``tdmm train-fit`` has made."""
    return InverseResponse.load(path)
