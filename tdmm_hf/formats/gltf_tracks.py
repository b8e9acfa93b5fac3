"""Animated weights and head turns of any glTF, put on an even grid of frames.

    >>> from tdmm_hf.formats.gltf_tracks import read_tracks
    >>> tracks = read_tracks(gltf)                               # doctest: +SKIP
    >>> tracks.frame_rate(), tracks.values(25.0).shape           # doctest: +SKIP
    (30.0, (125, 55))

Weights are those of morph targets that a mesh's ``extras.targetNames`` calls by an ARKit name: any
case, with or without a prefix (``head.jawOpen``), sides as Left and Right or as ``_L`` and ``_R``.
The head is the node called ``head`` (again with any prefix); it turns from how it stands at rest.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from ..parameters import ARKIT_BLENDSHAPES, HEAD_CHANNELS, get_space
from .gltf_container import Gltf, natural, value

MAX_FRAMES = 500_000
MAX_DEPTH = 256
# Rates that tools write; an inferred rate this near to one, relatively, is that rate.
FAMILIAR_RATES = (24000 / 1001, 24, 25, 30000 / 1001, 30, 48, 50, 60000 / 1001, 60, 100, 120)
NEAR = 3e-4
# Frames that stand this near to the grid, in frames, are taken as they are.
ON_GRID = 0.05
# Seconds: a key this little after a frame is that frame's.
SAME_TIME = 1e-4

_CHANNELS = {channel.casefold(): channel for channel in ARKIT_BLENDSHAPES}


@dataclass(frozen=True, eq=False)
class Track:
    """One animated property.

    Args:
        times: (keys,) rising seconds.
        values: (keys, width): weights, or unit quaternions x, y, z, w.
        steps: values hold until the next key, in place of going there in a straight line.
    """

    times: np.ndarray
    values: np.ndarray
    steps: bool

    def at(self, times: np.ndarray) -> np.ndarray:
        """Values at some times, held before the first key and after the last."""
        if self.steps:
            return self._held(times)
        return np.column_stack([np.interp(times, self.times, column) for column in self.values.T])

    def turned(self, times: np.ndarray) -> Rotation:
        """Rotations at some times, the shortest way from key to key."""
        if self.steps or len(self.times) == 1:
            return Rotation.from_quat(self._held(times))
        return Slerp(self.times, Rotation.from_quat(self.values))(
            np.clip(times, self.times[0], self.times[-1])
        )

    def _held(self, times: np.ndarray) -> np.ndarray:
        last = np.searchsorted(self.times, times + SAME_TIME, side="right") - 1
        return self.values[np.maximum(last, 0)]


@dataclass(frozen=True, eq=False)
class FaceTracks:
    """What a file says about a face.

    Args:
        weights: tracks, each with the channels of its columns.
        head: how the head turns, None if it does not.
        rest: how the head's node is turned against its parent at rest.
        frame: how its parent is turned in the world at rest.
    """

    weights: tuple[tuple[Track, tuple[str, ...]], ...]
    head: Track | None = None
    rest: Rotation = field(default_factory=Rotation.identity)
    frame: Rotation = field(default_factory=Rotation.identity)

    @cached_property
    def _times(self) -> np.ndarray:
        """(keys,) every time that any track has, once."""
        tracks = [track for track, _ in self.weights] + ([self.head] if self.head else [])
        return np.unique(np.concatenate([track.times for track in tracks]))

    def frame_rate(self) -> float:
        """Frames per second by the commonest distance of keys.

        Raises:
            ValueError: a single key.
        """
        if len(self._times) < 2:
            raise ValueError("one key says no frame rate: give fps")
        steps = np.diff(self._times)
        usual = np.median(steps)
        rate = float(1 / steps[abs(steps - usual) <= usual / 10].mean())
        near = min(FAMILIAR_RATES, key=lambda familiar: abs(familiar - rate))
        return float(near) if abs(near - rate) <= NEAR * near else rate

    def observed(self) -> np.ndarray:
        """(55,) bool, the channels that the file has."""
        named = {channel for _, channels in self.weights for channel in channels}
        named |= set(HEAD_CHANNELS) if self.head else set()
        return np.isin(get_space("arkit").channels, list(named))

    def values(self, fps: float) -> np.ndarray:
        """(frames, 55) of space ``arkit``, from the first key to the last.

        Keys that stand where the frames are keep their values exactly.

        Raises:
            ValueError: more frames than ``MAX_FRAMES``, or no positive rate.
        """
        if not (math.isfinite(fps) and fps > 0):
            raise ValueError(f"fps must be positive and finite, got {fps}")
        start, span = self._times[0], self._times[-1] - self._times[0]
        if span * fps >= MAX_FRAMES:
            raise ValueError(f"motion must have at most {MAX_FRAMES} frames, got {span * fps:.0f}")
        grid = start + np.arange(round(span * fps) + 1) / fps
        if len(grid) == len(self._times) and abs(grid - self._times).max() < ON_GRID / fps:
            grid = self._times
        space = get_space("arkit")
        values = np.zeros((len(grid), len(space.channels)))
        for track, channels in self.weights:
            values[:, space.indices(channels)] = track.at(grid)
        if self.head is not None:
            turns = self.frame * self.head.turned(grid) * self.rest.inv() * self.frame.inv()
            values[:, space.indices(HEAD_CHANNELS)] = _head_angles(turns.as_matrix())
        return values


def _head_angles(matrices: np.ndarray) -> np.ndarray:
    """(frames, 3) pitch, yaw, roll of (frames, 3, 3) Ry(yaw) Rx(pitch) Rz(roll)."""
    right, forward = matrices[:, :, 0], matrices[:, :, 2]
    pitch = np.arctan2(-forward[:, 1], np.hypot(forward[:, 0], forward[:, 2]))
    yaw = np.arctan2(forward[:, 0], forward[:, 2])
    roll = np.arctan2(right[:, 1], matrices[:, 1, 1])
    return np.column_stack([pitch, yaw, roll])


def read_tracks(gltf: Gltf) -> FaceTracks:
    """The first animation of a face.

    Raises:
        ValueError: nothing is animated whose morph targets have ARKit names.
    """
    for number in range(len(gltf.items("animations"))):
        animation = _Animation(gltf, gltf.item("animations", number))
        if weights := animation.weights():
            return animation.with_head(weights)
    raise ValueError(
        "glTF must animate the weights of a mesh with ARKit names in extras.targetNames"
    )


class _Animation:
    """One animation of a file."""

    def __init__(self, gltf: Gltf, animation: dict):
        self._gltf = gltf
        self._samplers = _objects(animation, "samplers")
        self._outputs: dict[str, list[tuple[int, int]]] = {}
        for channel in _objects(animation, "channels"):
            target = value(channel, "target", dict)
            if "node" in target:  # extensions animate other things
                output = natural(target, "node"), natural(channel, "sampler")
                self._outputs.setdefault(value(target, "path", str), []).append(output)

    def weights(self) -> list[tuple[Track, tuple[str, ...]]]:
        """Tracks with the channels of their columns: of two that have a channel, the first."""
        found, meshes, taken = [], set(), set()
        for node, sampler in self._outputs.get("weights", []):
            mesh = natural(self._gltf.item("nodes", node), "mesh")
            if mesh in meshes:
                continue
            meshes.add(mesh)
            names = _target_names(self._gltf.item("meshes", mesh))
            columns = {}
            for column, name in enumerate(names):
                channel = channel_of(name)
                if channel and channel not in taken:
                    columns.setdefault(channel, column)
            if columns:
                taken |= set(columns)
                track = self._track(sampler, len(names), list(columns.values()))
                found.append((track, tuple(columns)))
        return found

    def with_head(self, weights: list[tuple[Track, tuple[str, ...]]]) -> FaceTracks:
        """The weights' tracks and the head's, if it is turned."""
        for node, sampler in self._outputs.get("rotation", []):
            if _is_head(self._gltf.item("nodes", node)):
                rest = _turn(self._gltf.item("nodes", node))
                head = self._track(sampler, 4, slice(None))
                return FaceTracks(tuple(weights), head, rest, _world(self._gltf, node))
        return FaceTracks(tuple(weights))

    def _track(self, number: int, width: int, columns: list[int] | slice) -> Track:
        if number >= len(self._samplers):
            raise ValueError(f"samplers must have an item {number}, got {len(self._samplers)}")
        sampler = self._samplers[number]
        way = value(sampler, "interpolation", str, "LINEAR")
        if way not in ("LINEAR", "STEP"):
            raise ValueError(f"interpolation must be LINEAR or STEP to be read, got {way!r:.40}")
        times = self._gltf.array(natural(sampler, "input"), 1)[:, 0]
        values = self._gltf.array(natural(sampler, "output"), width, columns)
        if len(values) != len(times):
            raise ValueError(
                f"an animation of {len(times)} keys must have {width} numbers for each, "
                f"got {len(values)} times as many"
            )
        if len(times) > MAX_FRAMES or (np.diff(times) <= 0).any():
            raise ValueError(f"an animation must have rising times, at most {MAX_FRAMES}")
        return Track(times, values, way == "STEP")


def _objects(owner: dict, key: str) -> list[dict]:
    items = value(owner, key, list)
    if not all(isinstance(item, dict) for item in items):
        raise ValueError(f"{key} must hold objects only")
    return items


def _target_names(mesh: dict) -> list[str]:
    names = value(value(mesh, "extras", dict, {}), "targetNames", list, [])
    return [name if isinstance(name, str) else "" for name in names]


def channel_of(name: str) -> str | None:
    """The ARKit channel that a morph target's name means."""
    plain = re.split(r"[.:]", name)[-1].casefold()
    for short, side in (("_l", "left"), ("_r", "right")):
        if plain.endswith(short):
            plain = plain.removesuffix(short) + side
    return _CHANNELS.get(plain)


def _is_head(node: dict) -> bool:
    return re.split(r"[.:_]", value(node, "name", str, ""))[-1].casefold() == "head"


def _turn(node: dict) -> Rotation:
    """How a node is turned against its parent."""
    if "matrix" in node:
        matrix = np.array(_numbers(node["matrix"], 16)).reshape(4, 4).T[:3, :3]
        return Rotation.from_matrix(matrix)
    return Rotation.from_quat(_numbers(node.get("rotation", [0, 0, 0, 1]), 4))


def _numbers(values, count: int) -> list[float]:
    if not isinstance(values, list) or len(values) != count:
        raise ValueError(f"a node's rotation or matrix must be {count} numbers")
    if not all(isinstance(number, int | float) and abs(number) < 1e6 for number in values):
        raise ValueError("a node's rotation or matrix must be numbers below 1e6")
    return values


def _world(gltf: Gltf, node: int) -> Rotation:
    """How a node's parent is turned in the world."""
    parents = {}
    for number in range(len(gltf.items("nodes"))):
        for child in value(gltf.item("nodes", number), "children", list, []):
            if isinstance(child, int):
                parents[child] = number
    turn = Rotation.identity()
    for _ in range(MAX_DEPTH):
        if node not in parents:
            return turn
        node = parents[node]
        turn = _turn(gltf.item("nodes", node)) * turn
    raise ValueError(f"nodes must not hang deeper than {MAX_DEPTH} below each other")
