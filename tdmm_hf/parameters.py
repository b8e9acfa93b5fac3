"""Parameter spaces: what each number of a face motion means.

    >>> from tdmm_hf.parameters import get_space
    >>> arkit = get_space("arkit")
    >>> len(arkit.channels), arkit.index("jawOpen"), arkit.channels[-3:]
    (55, 24, ('headPitch', 'headYaw', 'headRoll'))

The axes are glTF's: +y up, +z out of the face, +x to the subject's left. The head turns by
R = Ry(yaw) Rx(pitch) Rz(roll): positive yaw turns to the subject's left, positive pitch nods
down, positive roll drops the subject's right ear. Left and right are the subject's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

GROUPS = ("brows", "eyes", "gaze", "nose", "cheeks", "jaw", "mouth", "tongue", "head")

# Apple's ARFaceAnchor.BlendShapeLocation, in alphabetical order.
ARKIT_BLENDSHAPES = (
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight",
    "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight",
    "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight",
    "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft", "eyeSquintRight",
    "eyeWideLeft", "eyeWideRight",
    "jawForward", "jawLeft", "jawOpen", "jawRight",
    "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight",
    "mouthFunnel", "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthPressLeft", "mouthPressRight", "mouthPucker", "mouthRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
HEAD_CHANNELS = ("headPitch", "headYaw", "headRoll")

_GROUP_BY_PREFIX = {
    "brow": "brows",
    "cheek": "cheeks",
    "eyeLook": "gaze",
    "eyeBlink": "eyes",
    "eyeSquint": "eyes",
    "eyeWide": "eyes",
    "jaw": "jaw",
    "mouth": "mouth",
    "nose": "nose",
    "tongue": "tongue",
    "head": "head",
    "neck": "head",
    "eyelid": "eyes",
}


@dataclass(frozen=True)
class ParameterSpace:
    """A named, versioned list of channels.

    Args:
        name: the space's name, as files and datasets carry it.
        version: raised when the meaning of a channel changes.
        channels: ordered channel names.
        units: per channel, ``"weight"``, ``"radian"`` or ``"coefficient"``.
        lower, upper: per channel bounds in the channel's unit.
        groups: face group name to channel indices; ``expression`` coefficients have none.
        mirror_index, mirror_sign: ``values[:, mirror_index] * mirror_sign`` is the motion seen in
            a mirror; ``None`` where the space has no known mirror (FLAME's expression basis).
    """

    name: str
    version: int
    channels: tuple[str, ...]
    units: tuple[str, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    groups: dict[str, tuple[int, ...]]
    mirror_index: tuple[int, ...] | None = None
    mirror_sign: tuple[float, ...] | None = None

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.channels)}

    def index(self, channel: str) -> int:
        """Column of a channel; ``ValueError`` names an unknown one."""
        if channel not in self._index:
            raise ValueError(f"unknown channel {channel!r}: space {self.name!r} does not have it")
        return self._index[channel]

    def indices(self, channels) -> np.ndarray:
        """Columns of several channels, (len(channels),) int."""
        return np.array([self.index(c) for c in channels], dtype=int)

    def clip(self, values: np.ndarray) -> np.ndarray:
        """Values held within the bounds, (..., channels) float32."""
        return np.clip(values, np.float32(self.lower), np.float32(self.upper)).astype(np.float32)


def _group_of(channel: str) -> str | None:
    matches = [prefix for prefix in _GROUP_BY_PREFIX if channel.startswith(prefix)]
    return _GROUP_BY_PREFIX[max(matches, key=len)] if matches else None


def _groups(channels: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    found = {
        group: tuple(i for i, c in enumerate(channels) if _group_of(c) == group) for group in GROUPS
    }
    return {group: members for group, members in found.items() if members}


def _swap_side(channel: str) -> str:
    if channel.endswith("Left"):
        return channel[: -len("Left")] + "Right"
    if channel.endswith("Right"):
        return channel[: -len("Right")] + "Left"
    return channel


def _build(name: str, rows: list[tuple[str, str, float, float]], mirrored: bool) -> ParameterSpace:
    channels = tuple(row[0] for row in rows)
    index = {c: i for i, c in enumerate(channels)}
    return ParameterSpace(
        name=name,
        version=1,
        channels=channels,
        units=tuple(row[1] for row in rows),
        lower=tuple(row[2] for row in rows),
        upper=tuple(row[3] for row in rows),
        groups=_groups(channels),
        mirror_index=tuple(index[_swap_side(c)] for c in channels) if mirrored else None,
        mirror_sign=(
            tuple(-1.0 if c in ("headYaw", "headRoll") else 1.0 for c in channels)
            if mirrored
            else None
        ),
    )


_HALF_TURN = math.pi / 2
_EXPRESSION = [(f"expression_{i:02d}", "coefficient", -10.0, 10.0) for i in range(50)]
_JAW = [(f"jaw_{i}", "radian", -_HALF_TURN, _HALF_TURN) for i in range(3)]
_EYELIDS = [(f"eyelid_{side}", "weight", 0.0, 1.0) for side in ("left", "right")]
_HEAD = [(f"head_{i}", "radian", -math.pi, math.pi) for i in range(3)]
_NECK = [(f"neck_{i}", "radian", -math.pi, math.pi) for i in range(3)]

_SPACES = {
    "arkit": _build(
        "arkit",
        [(c, "weight", 0.0, 1.0) for c in ARKIT_BLENDSHAPES]
        + [(c, "radian", -_HALF_TURN, _HALF_TURN) for c in HEAD_CHANNELS],
        mirrored=True,
    ),
    "flame": _build("flame", _EXPRESSION + _JAW + _EYELIDS + _HEAD, mirrored=False),
    "flame_mmhead": _build("flame_mmhead", _EXPRESSION + _NECK + _JAW, mirrored=False),
}


def get_space(name: str) -> ParameterSpace:
    """The space of that name: ``arkit`` (55 channels), ``flame`` (58), ``flame_mmhead`` (56)."""
    if name not in _SPACES:
        raise ValueError(f"unknown parameter space {name!r}: choose from {', '.join(_SPACES)}")
    return _SPACES[name]
