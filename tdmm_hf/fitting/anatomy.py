"""The head behind the landmarks: one person's shape, a perspective camera, the head's place.

    >>> from tdmm_hf.fitting.anatomy import fit_head
    >>> head = fit_head(landmarks, weights, matrices, valid, image_size)  # doctest: +SKIP
    >>> head.identity.shape, float(head.reprojection.mean())              # doctest: +SKIP
    ((34,), 3.1)

The package's own head, moved by weights that are known already, is laid over the landmarks: the
identity is shared by all frames and kept near to the mean person, turn and place are each frame's
own, the lens is the clip's. Gauss-Newton steps over all frames at once, with Huber's weights: a few
landmarks that a tracker guesses must not turn the head.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from ..rigs import get_rig
from .inverse import NUM_WEIGHTS
from .upright import OUTER_EYE_CORNERS, head_angles, rotations

PLACES_FILE = Path(__file__).with_name("landmark_places.json")
LENSES = (20.0, 30.0, 45.0, 63.0)  # degrees from top to bottom of the picture
SHARED_FRAMES = 16  # that the identity is found from
LENS_EVERY = 3  # of them, for the lens
ROUNDS, TURNS = 3, 3  # of identity and pose in turn; Gauss-Newton steps of each frame's pose
HUBER = 0.02  # distances between the eyes: beyond, a landmark counts less
LANDMARK_NOISE = 0.015  # of the same, for all landmarks of a frame together: they err together


class Head(NamedTuple):
    """What was laid over the landmarks.

    Attributes:
        identity: (I,) of the package's own head, in standard deviations.
        angles: (frames, 3) pitch, yaw, roll in radians, relative to the camera.
        translation: (frames, 3) millimetres of the head's origin in the camera's space.
        lens: degrees from top to bottom of the picture.
        reprojection: (frames,) mean landmark error in percent of the distance between the eyes.
        points: (frames, 478, 2) where the head's points lie in the picture, in pixels.
    """

    identity: np.ndarray
    angles: np.ndarray
    translation: np.ndarray
    lens: float
    reprojection: np.ndarray
    points: np.ndarray


class _Points(NamedTuple):
    """The head's 478 points: resting (478, 3), identity (I, 478, 3), expression (52, 478, 3)."""

    resting: np.ndarray
    identity: np.ndarray
    expression: np.ndarray


@cache
def head_points() -> _Points:
    """The points of the package's own head that landmarks mark, measured by
    ``benchmarks/landmark_places.py``."""
    rig = get_rig("tdmm")
    at = json.loads(PLACES_FILE.read_text(encoding="utf-8"))["vertices"]
    return _Points(
        rig.neutral[at],
        rig.identity_basis[:, at],
        rig.linear_geometry[:NUM_WEIGHTS, at],
    )


def fit_head(
    landmarks: np.ndarray,
    weights: np.ndarray,
    matrices: np.ndarray,
    valid: np.ndarray,
    image_size: tuple[int, int],
) -> Head:
    """Lay the head over a clip's landmarks.

    Args:
        landmarks: (frames, 478, 3) in pixels.
        weights: (frames, 52) of the ARKit channels.
        matrices: (frames, 4, 4), whose rotations are where each frame's turn starts from.
        valid: (frames,) that show a face; the identity is found from these.
        image_size: width and height in pixels.
    """
    width, height = image_size
    seen = (landmarks[..., :2] - [width / 2, height / 2]) * [1, -1] / height
    eyes = np.linalg.norm(np.diff(seen[:, OUTER_EYE_CORNERS], axis=1)[:, 0], axis=1)
    chosen = np.flatnonzero(valid)
    chosen = chosen[np.linspace(0, len(chosen) - 1, min(SHARED_FRAMES, len(chosen))).astype(int)]
    few, some = (
        _Clip(seen[of], np.median(eyes), weights[of], rotations(matrices[of]))
        for of in (chosen[::LENS_EVERY], chosen)
    )
    lens = min(LENSES, key=lambda degrees: few.laid_over(degrees)[0].mean())
    identity = some.laid_over(lens)[1]
    every = _Clip(seen, np.median(eyes[chosen]), weights, rotations(matrices))
    pose = every.posed(every.shapes(identity), every.start(lens), lens)
    points = _project(every.shapes(identity), *pose, lens)
    error = np.linalg.norm(points - seen, axis=-1).mean(axis=1) / np.median(eyes[chosen])
    turn, translation = pose
    matrix = np.zeros((len(turn), 4, 4))
    matrix[:, :3, :3] = turn
    return Head(
        identity,
        head_angles(matrix),
        translation,
        lens,
        100 * error,
        points * height * [1, -1] + [width / 2, height / 2],
    )


class _Clip:
    """Landmarks (frames, 478, 2) in picture heights from the middle, y up, and what is known."""

    def __init__(self, seen, eyes: float, weights, turns):
        self.seen, self.eyes, self.turns = seen, eyes, turns
        self.head = head_points()
        self.moved = np.tensordot(weights, self.head.expression, axes=1)

    def shapes(self, identity: np.ndarray) -> np.ndarray:
        """(frames, 478, 3) millimetres, head at rest."""
        return self.head.resting + np.tensordot(identity, self.head.identity, axes=1) + self.moved

    def start(self, lens: float) -> tuple[np.ndarray, np.ndarray]:
        """Turns and places that the tracker's matrices and the size of the faces give."""
        points = self.head.resting @ self.turns.transpose(0, 2, 1)
        spread = points[..., :2].std(axis=1).mean(axis=1)
        away = _focal(lens) * spread / self.seen.std(axis=1).mean(axis=1)
        middle = self.seen.mean(axis=1) * (away / _focal(lens))[:, None]
        place = np.concatenate([middle, -away[:, None]], axis=1)
        return self.turns.astype(float), place - points.mean(axis=1) * [1, 1, 0]

    def laid_over(self, lens: float) -> tuple[np.ndarray, np.ndarray]:
        """Errors (frames, 478) in distances between the eyes, and the identity (I,)."""
        identity, pose = np.zeros(len(self.head.identity)), self.start(lens)
        for _ in range(ROUNDS):
            pose = self.posed(self.shapes(identity), pose, lens)
            identity = self._person(identity, pose, lens)
        pose = self.posed(self.shapes(identity), pose, lens)
        return self._errors(_project(self.shapes(identity), *pose, lens)), identity

    def posed(self, shapes, pose, lens: float):
        """Each frame's turn and place by Gauss-Newton."""
        turn, place = pose
        for _ in range(TURNS):
            turned = shapes @ turn.transpose(0, 2, 1)
            slopes = _slopes(turned + place[:, None], lens)
            about = np.cross(np.eye(3), turned[:, :, None])  # of a small turn about each axis
            to = np.concatenate([about, np.broadcast_to(np.eye(3), about.shape)], axis=2)
            rows = slopes @ to.swapaxes(-1, -2)
            off = self.seen - _project(shapes, turn, place, lens)
            trust = _huber(np.linalg.norm(off, axis=-1) / self.eyes)
            normal, right = _normal(rows, trust, off)
            step = np.linalg.solve(normal + 1e-12 * np.eye(6), right[..., None])[..., 0]
            turn = Rotation.from_rotvec(step[:, :3]).as_matrix() @ turn
            place = place + step[:, 3:]
        return turn, place

    def _person(self, identity, pose, lens: float) -> np.ndarray:
        """The identity that explains what is left in all frames, near to the mean person."""
        turn, place = pose
        shapes = self.shapes(identity)
        off = (self.seen - _project(shapes, turn, place, lens)) / self.eyes
        slopes = _slopes(shapes @ turn.transpose(0, 2, 1) + place[:, None], lens) / self.eyes
        turned = np.tensordot(turn, self.head.identity, axes=(2, 2)).transpose(0, 3, 1, 2)
        rows = slopes @ turned  # (frames, points, 2, I)
        trust = _huber(np.linalg.norm(off, axis=-1)) / (len(off) * LANDMARK_NOISE**2)
        normal, right = _normal(rows, trust, off)
        normal, right = normal.sum(axis=0), right.sum(axis=0)
        prior = np.eye(len(identity))
        return identity + np.linalg.solve(normal + prior, right - identity)

    def _errors(self, points: np.ndarray) -> np.ndarray:
        return np.linalg.norm(points - self.seen, axis=-1) / self.eyes


def _normal(rows, trust, off) -> tuple[np.ndarray, np.ndarray]:
    """Normal equations (frames, n, n) and (frames, n) of rows (frames, points, 2, n)."""
    frames, points, _, unknowns = rows.shape
    flat = rows.reshape(frames, 2 * points, unknowns)
    weighted = (rows * trust[..., None, None]).reshape(flat.shape).swapaxes(1, 2)
    return weighted @ flat, (weighted @ off.reshape(frames, -1, 1))[..., 0]


def _focal(lens: float) -> float:
    """Focal length in picture heights."""
    return 0.5 / np.tan(np.radians(lens) / 2)


def _project(shapes, turn, place, lens: float) -> np.ndarray:
    """(frames, points, 2) of points (frames, points, 3); the camera looks along -z."""
    points = shapes @ turn.transpose(0, 2, 1) + place[:, None]
    return _focal(lens) * points[..., :2] / -points[..., 2:]


def _slopes(points, lens: float) -> np.ndarray:
    """(frames, points, 2, 3) derivative of the projection by points in the camera's space."""
    x, y, depth = points[..., 0], points[..., 1], -points[..., 2]
    zero, one = np.zeros_like(x), np.ones_like(x)
    rows = np.stack(
        [np.stack([one, zero, x / depth], -1), np.stack([zero, one, y / depth], -1)], -2
    )
    return rows * (_focal(lens) / depth)[..., None, None]


def _huber(errors: np.ndarray) -> np.ndarray:
    return np.minimum(1, HUBER / np.maximum(errors, 1e-9))
