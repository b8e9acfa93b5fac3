"""A motion in another parameter space: what the face does, said in other channels.

    >>> from tdmm_hf.fitting.retarget import retarget
    >>> face = retarget(motion, "arkit")                       # doctest: +SKIP
    >>> retarget(motion, "arkit", flame="generic_model.pkl")   # doctest: +SKIP

Between ``flame`` and ``arkit`` it is done by geometry: FLAME's surface moves as the motion says,
the places of a head's points on it are known (``correspondence``), and for every frame those
channels of the head are found, within their bounds, whose movements come nearest: least squares,
no learned table. So it needs the user's own FLAME file (``tdmm_hf.rigs.flame``). The other way is
the same.

What has a name on both sides goes straight across: the head's turn, and SMIRK's eyelids, which are
blinks. FLAME's motions have no gaze and no tongue: ``eyeLook`` channels and ``tongueOut`` come out
unobserved, and the other way they are lost. ``flame_mmhead`` is ``flame`` without eyelids; its neck
is taken for the head.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import yaml
from scipy.linalg import solve_triangular
from scipy.optimize import lsq_linear
from scipy.spatial.transform import Rotation

from ..motion import FaceMotion
from ..parameters import HEAD_CHANNELS, ParameterSpace, get_space
from ..rigs import get_rig, head_rotation
from ..rigs.flame import EXPRESSIONS, FlameRig, flame_rig
from ..rigs.mesh import MeshRig
from .correspondence import correspond

SETTINGS_FILE = Path(__file__).with_name("retarget.yaml")
SPACES = ("arkit", "flame", "flame_mmhead")
_CHUNK = 64  # frames whose surface is computed at once
_EXPRESSION = [f"expression_{i:02d}" for i in range(EXPRESSIONS)]
_JAW, _TURN, _NECK = ([f"{joint}_{i}" for i in range(3)] for joint in ("jaw", "head", "neck"))
_WAYS = {"jawLeft": "jawRight", "mouthLeft": "mouthRight"}
_BLINKS = {"eyelid_left": "eyeBlinkLeft", "eyelid_right": "eyeBlinkRight"}


def retarget(
    motion: FaceMotion,
    space: ParameterSpace | str,
    flame: str | os.PathLike | FlameRig | None = None,
    head: str | MeshRig = "tdmm",
) -> FaceMotion:
    """The motion in a space: ``arkit``, ``flame`` or ``flame_mmhead``.

    Args:
        motion: in any of these.
        space: where it goes; its own gives the motion as it is.
        flame: the user's FLAME file, or its rig; by default the file that ``TDMM_FLAME`` names.
        head: the rig whose channels ``arkit`` is taken for.

    Raises:
        ValueError: no FLAME file, one that is none, or a space that motions cannot go to.
    """
    wanted = get_space(space).name if isinstance(space, str) else space.name
    for name in (motion.space.name, wanted):
        if name not in SPACES:
            raise ValueError(f"retargeting goes between {', '.join(SPACES)}, got {name!r}")
    if motion.space.name == wanted:
        return motion
    if motion.space.name == "flame_mmhead":
        return retarget(_renamed(motion, "flame", _NECK, _TURN), wanted, flame, head)
    if wanted == "flame_mmhead":
        return _renamed(retarget(motion, "flame", flame, head), wanted, _TURN, _NECK)
    rig = flame if isinstance(flame, FlameRig) else flame_rig(flame)
    pair = _pair(rig, get_rig(head) if isinstance(head, str) else head)
    return pair.to_arkit(motion) if wanted == "arkit" else pair.to_flame(motion)


@cache
def settings() -> dict:
    """Strengths of ``retarget.yaml``."""
    return yaml.safe_load(SETTINGS_FILE.read_text(encoding="utf-8"))


def bounded_least_squares(
    gram: np.ndarray, targets: np.ndarray, lower: np.ndarray, upper: np.ndarray
) -> np.ndarray:
    """The x (frames, n) within bounds that minimise ``x gram x / 2 - target x``.

    Args:
        gram: (n, n) positive definite.
        targets: (frames, n).
        lower, upper: (n,).
    """
    factor = np.linalg.cholesky(gram)
    sides = solve_triangular(factor, targets.T, lower=True).T
    free = solve_triangular(factor.T, sides.T, lower=False).T
    within = ((free >= lower) & (free <= upper)).all(axis=1)
    for frame in np.flatnonzero(~within):
        free[frame] = lsq_linear(factor.T, sides[frame], (lower, upper), method="bvls").x
    return free


@dataclass(frozen=True, eq=False)
class Unknowns:
    """What is searched for in place of weights, so that no face comes out that none can make.

    Sideways, jaw and mouth go one way or the other, never both; the mouth closes as far as the jaw
    is open.

    Args:
        lower: (n,) -1 for what goes both ways, else 0; the upper bounds are 1.
        movements: (n, channels) what 1 of each moves, in channels.
        up, down: (channels, n) the weights that a positive and a negative one stands for.
    """

    lower: np.ndarray
    movements: np.ndarray
    up: np.ndarray
    down: np.ndarray

    def weights(self, found: np.ndarray) -> np.ndarray:
        """(frames, channels) in 0..1 of (frames, n)."""
        up, down = np.maximum(found, 0) @ self.up.T, np.maximum(-found, 0) @ self.down.T
        return np.clip(up + down, 0, 1)


def unknowns(channels: list[str]) -> Unknowns:
    """For these weights of ``arkit``."""
    single = np.eye(len(channels))
    at = {name: single[i] for i, name in enumerate(channels)}
    nothing = np.zeros(len(channels))
    rows = []
    for name in channels:
        if name in _WAYS.values():
            continue
        if name in _WAYS:
            left, right = at[name], at[_WAYS[name]]
            rows.append((-1.0, (left - right) / 2, left, right))
        else:
            both = at[name] + (at["jawOpen"] if name == "mouthClose" else nothing)
            rows.append((0.0, both, both, nothing))
    lower, movements, up, down = (np.array(part) for part in zip(*rows, strict=True))
    return Unknowns(lower, movements, up.T, down.T)


@cache
def _pair(flame: FlameRig, head: MeshRig) -> _Pair:
    return _Pair(flame, head)


class _Pair:
    """FLAME and a head, and what each says of the other's movements."""

    def __init__(self, flame: FlameRig, head: MeshRig):
        self._flame, self._head = flame, head
        self._places = correspond(flame, head)
        self._channels = [
            name
            for name, unit in zip(head.space.channels, head.space.units, strict=True)
            if unit == "weight" and not name.startswith("eyeLook") and name != "tongueOut"
        ]
        basis = head.basis[head.space.indices(self._channels)][:, self._places.points]
        self._basis = basis.reshape(len(basis), -1)  # (channels, 3 P) millimetres
        self._unknowns = unknowns(self._channels)

    def to_arkit(self, motion: FaceMotion) -> FaceMotion:
        """A ``flame`` motion in ``arkit``."""
        space, values = self._head.space, motion.values.astype(np.float64)
        lids = values[:, motion.space.indices(_BLINKS)]
        unlidded = values.copy()
        unlidded[:, motion.space.indices(_BLINKS)] = 0
        found = np.zeros((motion.num_frames, len(space.channels)))
        found[:, space.indices(self._channels)] = self._weights(self._flame_offsets(unlidded))
        found[:, space.indices(_BLINKS.values())] += lids
        turns = Rotation.from_rotvec(values[:, motion.space.indices(_TURN)])
        yaw, pitch, roll = turns.as_euler("YXZ").T
        found[:, space.indices(HEAD_CHANNELS)] = np.column_stack([pitch, yaw, roll])
        known = np.isin(space.channels, [*self._channels, *HEAD_CHANNELS])
        return FaceMotion(space.clip(found), motion.fps, space, motion.valid, known)

    def to_flame(self, motion: FaceMotion) -> FaceMotion:
        """An ``arkit`` motion in ``flame``."""
        space, values = get_space("flame"), motion.values.astype(np.float64)
        source = motion.space
        weights = values[:, source.indices(self._channels)]
        blinks = [self._channels.index(name) for name in _BLINKS.values()]
        open_eyed = weights.copy()
        open_eyed[:, blinks] = 0
        found = self._expressions(open_eyed @ self._basis)
        found[:, space.indices(_BLINKS)] = weights[:, blinks]
        turns = head_rotation(values[:, source.indices(HEAD_CHANNELS)])
        found[:, space.indices(_TURN)] = Rotation.from_matrix(turns).as_rotvec()
        return FaceMotion(space.clip(found), motion.fps, space, motion.valid)

    def _weights(self, offsets: np.ndarray) -> np.ndarray:
        """(frames, channels) of movements (frames, 3 P)."""
        strength, unknown = settings()["arkit"], self._unknowns
        columns = unknown.movements @ self._basis
        count, points = len(columns), columns.shape[1] / 3
        gram = columns @ columns.T / points + strength["small"] * np.eye(count)
        # For those that go both ways a cost that rises with the weight would be a pull to one side.
        cost = np.where(unknown.lower < 0, 0.0, strength["sparse"])
        targets = offsets @ columns.T / points - cost
        found = bounded_least_squares(gram, targets, unknown.lower, np.ones(count))
        return unknown.weights(found)

    def _expressions(self, offsets: np.ndarray) -> np.ndarray:
        """(frames, 58) expressions and jaw of movements (frames, 3 P)."""
        space, strength = get_space("flame"), settings()["flame"]
        solved = space.indices([*_EXPRESSION, *_JAW])
        columns = self._places.displacements(self._flame.basis[solved])
        columns = columns.reshape(len(solved), -1)
        points = columns.shape[1] / 3
        cost = np.repeat([strength["expression"], strength["jaw"]], [EXPRESSIONS, len(_JAW)])
        gram = columns @ columns.T / points + np.diag(cost)
        bounds = np.array(space.lower)[solved], np.array(space.upper)[solved]
        found = np.zeros((len(offsets), len(space.channels)))
        for _ in range(strength["rounds"]):  # the jaw's turn is no straight line
            missing = offsets - self._flame_offsets(found) + found[:, solved] @ columns
            targets = missing @ columns.T / points
            found[:, solved] = bounded_least_squares(gram, targets, *bounds)
        return found

    def _flame_offsets(self, values: np.ndarray) -> np.ndarray:
        """(frames, 3 P) movements of FLAME within the head, in the head's axes and size."""
        chunks = [values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK)]
        moved = [self._places.displacements(self._flame.displacements(c)) for c in chunks]
        return np.concatenate(moved).reshape(len(values), -1)


def _renamed(motion: FaceMotion, space: str, turn: list[str], new_turn: list[str]) -> FaceMotion:
    """A ``flame`` motion as ``flame_mmhead``, or back; lids that are not there stay open."""
    target = get_space(space)
    names = dict(zip([*_EXPRESSION, *_JAW, *turn], [*_EXPRESSION, *_JAW, *new_turn], strict=True))
    here, there = motion.space.indices(names), target.indices(names.values())
    values = np.zeros((motion.num_frames, len(target.channels)), np.float32)
    observed = np.zeros(len(target.channels), bool)
    values[:, there], observed[there] = motion.values[:, here], motion.observed[here]
    return FaceMotion(values, motion.fps, target, motion.valid, observed)
