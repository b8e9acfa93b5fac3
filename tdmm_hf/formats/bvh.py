"""BVH: the bones of a head and its eyes, as motion capture tools and Blender read them.

    >>> from tdmm_hf.formats import bvh
    >>> bvh.write(motion, "nod.bvh", rig="tdmm")                 # doctest: +SKIP
    >>> bvh.read("nod.bvh").channel("headPitch")                 # doctest: +SKIP

Bones: ``Neck``, which stands still, ``Head``, ``LeftEye`` and ``RightEye`` with the places that a
rig gives them, in centimetres; +y up, +z out of the face, +x to the subject's left. Channels are
``Yrotation Xrotation Zrotation`` in degrees: BVH multiplies in the order it lists, so this is the
package's R = Ry(yaw) Rx(pitch) Rz(roll). Files in other orders are read by what they list.

What the format cannot hold: everything but the head's turn and the gaze (1.0 of an eyeLook weight
is 30 degrees sideways, 25 up or down; of opposite weights only the difference stays), and both
masks. What is not there is read as not observed.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from ..files import one_line, replacing
from ..motion import FaceMotion
from ..parameters import HEAD_CHANNELS, get_space
from ..rigs.mesh import MeshRig
from .gaze import SIDES, gaze_angles, gaze_weights
from .loss import count, lost_masks
from .scene import EYES, HEAD, NECK, Joint, mesh_rig, skeleton

CENTIMETRES = 0.1  # per millimetre
ROTATIONS = ("Yrotation", "Xrotation", "Zrotation")
POSITIONS = ("Xposition", "Yposition", "Zposition")
# Where a bone without children ends, in millimetres from its joint.
_ENDS = {HEAD: (0.0, 180.0, 0.0), "LeftEye": (0.0, 0.0, 12.0), "RightEye": (0.0, 0.0, 12.0)}
KEPT = tuple(
    [f"eyeLook{way}{side}" for side in SIDES for way in ("In", "Out", "Up", "Down")]
    + list(HEAD_CHANNELS)
)


def write(
    motion: FaceMotion,
    path: str | os.PathLike,
    rig: str | MeshRig = "tdmm",
    identity: int | np.ndarray | None = None,
) -> None:
    """Write the head's and the eyes' turns.

    Args:
        motion: in space ``arkit``.
        path: the file.
        rig: whose bones: a rig with a surface, or the name of one.
        identity: of which person: a seed, a vector of the rig's, or the neutral head.

    Raises:
        ValueError: the motion is in another space, the rig has no surface.
    """
    joints = skeleton(mesh_rig(rig, motion), identity)
    lines = ["HIERARCHY", *_hierarchy(joints, 0), "MOTION"]
    lines += [f"Frames: {motion.num_frames}", f"Frame Time: {1 / motion.fps!r}"]
    with replacing(path) as beside, beside.open("w", encoding="ascii", newline="\n") as file:
        file.write("\n".join(lines) + "\n")
        np.savetxt(file, _table(motion, joints), fmt="%.7f")


def losses(motion: FaceMotion) -> list[str]:
    """What bones do not hold: other channels, both of two opposite looks, masks."""
    kept = np.isin(motion.channels, KEPT)
    moving = kept < motion.values.any(axis=0)
    lost = []
    if moving.any():
        lost.append(f"all but head and gaze: {count(int(moving.sum()), 'moving channel')}")
    for side in SIDES:
        for ways in (("In", "Out"), ("Up", "Down")):
            first, second = (motion.channel(f"eyeLook{way}{side}") for way in ways)
            if (np.minimum(first, second) > 0).any():
                lost.append(f"of eyeLook{'/'.join(ways)}{side} only the difference is kept")
    return lost + lost_masks(motion, kept)


def _hierarchy(joints: tuple[Joint, ...], at: int, indent: str = "") -> Iterator[str]:
    """The lines of a joint, its children's within it."""
    joint = joints[at]
    root = joint.parent < 0
    # The root is where its position says: some programs add its offset to that, others do not.
    origin = joint.position if root else joints[joint.parent].position
    channels = (*POSITIONS, *ROTATIONS) if root else ROTATIONS
    yield f"{indent}{'ROOT' if root else 'JOINT'} {joint.name}"
    yield f"{indent}{{"
    yield f"{indent}  OFFSET {_offset(joint.position - origin)}"
    yield f"{indent}  CHANNELS {len(channels)} {' '.join(channels)}"
    children = [i for i, other in enumerate(joints) if other.parent == at]
    for child in children:
        yield from _hierarchy(joints, child, indent + "  ")
    if not children:
        yield f"{indent}  End Site"
        yield f"{indent}  {{"
        yield f"{indent}    OFFSET {_offset(np.array(_ENDS[joint.name]))}"
        yield f"{indent}  }}"
    yield f"{indent}}}"


def _offset(millimetres: np.ndarray) -> str:
    return " ".join(f"{value:.6f}" for value in millimetres * CENTIMETRES)


def _table(motion: FaceMotion, joints: tuple[Joint, ...]) -> np.ndarray:
    """(frames, numbers a row) in the order of the hierarchy: positions, then degrees."""
    pitch, yaw, roll = (motion.channel(name).astype(np.float64) for name in HEAD_CHANNELS)
    still = np.zeros((motion.num_frames, 3))
    turns = {NECK: still, HEAD: np.column_stack([yaw, pitch, roll])}
    for side in SIDES:
        turns[EYES[side]] = np.column_stack([gaze_angles(motion.values, side), still[:, 0]])
    place = np.tile(joints[0].position * CENTIMETRES, (motion.num_frames, 1))
    return np.concatenate([place, *(np.degrees(turns[joint.name]) for joint in joints)], axis=1)


def read(path: str | os.PathLike, fps: float | None = None) -> FaceMotion:
    """Read the head's turn, within the neck's, and the gaze where the file has eyes.

    Args:
        path: the file, with a joint ``Head`` in any hierarchy; names in any case.
        fps: frames per second, taken in place of what the file says.

    Raises:
        ValueError: not a BVH file, or one without a head; names the file and the rule.
        OSError: the file cannot be opened.
    """
    name = Path(path).name
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        skeleton_text, _, motion_text = text.partition("MOTION")
        channels = _channels(skeleton_text.split())
        rate, table = _frames(motion_text, sum(len(names) for names in channels.values()))
        return _motion(_turns(channels, table), rate if fps is None else fps)
    except (ValueError, IndexError) as error:
        raise ValueError(f"{name}: {one_line(error)}") from error


def _channels(words: list[str]) -> dict[str, list[str]]:
    """Lower-case joint name to the names of its channels, in the order of a row's numbers."""
    if not words or words[0].upper() != "HIERARCHY":
        raise ValueError("a BVH file must begin with HIERARCHY")
    found: dict[str, list[str]] = {}
    joint = None
    for at, word in enumerate(words):
        if word.upper() in ("ROOT", "JOINT"):
            joint = words[at + 1].lower()
            if joint in found:
                raise ValueError(f"joint {words[at + 1]!r} is doubled")
            found[joint] = []
        elif word.upper() == "CHANNELS" and joint is not None:
            found[joint] = [name.lower() for name in words[at + 2 : at + 2 + int(words[at + 1])]]
    if HEAD.lower() not in found:
        raise ValueError(f"needs a joint 'Head', got {', '.join(found) or 'none'}")
    return found


class _Frames(NamedTuple):
    fps: float
    table: np.ndarray


def _frames(text: str, width: int) -> _Frames:
    """Frames a second, and (frames, width) numbers."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    if len(lines) < 3 or lines[0][0] != "Frames:" or lines[1][:2] != ["Frame", "Time:"]:
        raise ValueError("MOTION must have 'Frames:', 'Frame Time:' and at least one frame")
    frames, fps = int(lines[0][1]), _rate(lines[1][2])
    rows = lines[2:]
    if len(rows) != frames:
        raise ValueError(f"MOTION must have {frames} frames as it says, got {len(rows)}")
    uneven = next((i for i, row in enumerate(rows, start=1) if len(row) != width), None)
    if uneven:
        raise ValueError(f"frame {uneven} must have {width} numbers, got {len(rows[uneven - 1])}")
    table = np.array(rows, dtype=np.float64)
    if not np.isfinite(table).all():
        raise ValueError("all numbers must be finite")
    return _Frames(fps, table)


def _rate(text: str) -> float:
    """Frames a second of a frame time; a whole number where the time was rounded from one."""
    seconds = float(text)
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"Frame Time must be positive seconds, got {text}")
    rate = 1 / seconds
    rounding = 10.0 ** Decimal(text).as_tuple().exponent * rate * rate
    return float(round(rate)) if abs(rate - round(rate)) <= rounding else round(rate, 9)


def _turns(channels: dict[str, list[str]], table: np.ndarray) -> dict[str, Rotation]:
    """Lower-case joint name to its rotation in each frame, for joints that turn."""
    turns, start = {}, 0
    for joint, names in channels.items():
        columns = [i for i, name in enumerate(names, start) if name.endswith("rotation")]
        order = "".join(name[0].upper() for name in names if name.endswith("rotation"))
        if columns:
            turns[joint] = Rotation.from_euler(order, table[:, columns], degrees=True)
        start += len(names)
    return turns


def _motion(turns: dict[str, Rotation], fps: float) -> FaceMotion:
    space = get_space("arkit")
    if HEAD.lower() not in turns:
        raise ValueError("joint 'Head' must have rotation channels")
    head = turns[HEAD.lower()]
    if NECK.lower() in turns:
        head = turns[NECK.lower()] * head
    yaw, pitch, roll = head.as_euler("YXZ").T
    curves = dict(zip(HEAD_CHANNELS, (pitch, yaw, roll), strict=True))
    for side in SIDES:
        eye = turns.get(EYES[side].lower())
        if eye is not None:
            curves |= gaze_weights(eye.as_euler("YXZ")[:, :2], side)
    values = np.zeros((len(yaw), len(space.channels)))
    observed = np.zeros(len(space.channels), dtype=bool)
    for name, curve in curves.items():
        values[:, space.index(name)] = curve
        observed[space.index(name)] = True
    return FaceMotion(values, fps, space, observed=observed)
