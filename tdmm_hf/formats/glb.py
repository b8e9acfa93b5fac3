"""glTF binary (``.glb``): a head that moves, for Blender, Unreal, Unity, Godot and the web.

    >>> import numpy as np
    >>> from tdmm_hf.formats import glb
    >>> from tdmm_hf.motion import FaceMotion
    >>> glb.write(FaceMotion(np.zeros((50, 55))), "still.glb", look="sand")   # doctest: +SKIP
    >>> glb.read("still.glb").num_frames                                      # doctest: +SKIP
    50

Written are the head of a rig with a surface (neck, head and eyes as nodes; ``Face``, its mesh,
skinned to neck and head; hair and eyes as meshes of their own), 52 morph targets with ARKit names
in ``extras.targetNames``, and one animation: their weights, the head's rotation about the rig's
neck, and the eyes' rotations that the eyeLook weights mean. Metres, +y up, the face looks along
+z. Frame i is at i / fps seconds; between frames everything goes the straight way.

Only core glTF 2.0 is used, no extension. Morph targets are sparse, in 32-bit floats, and leave out
of a vertex less than a twentieth of a millimetre. Khronos' validator finds no errors and no
warnings; Blender, three.js and Babylon.js show the rig's own movement.

What goes back in: weights exactly, head angles to 1e-5 (the pitch within -90..90 degrees), fps and
both masks, which stand in ``asset.extras``. Frames without a face have the values they have.

Other programs' files can be read too, such as ours exported from Blender, see ``gltf_tracks``:
channels that they lack are not observed, eyes are read from the eyeLook weights alone.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..files import one_line, replacing
from ..motion import FaceMotion
from ..parameters import HEAD_CHANNELS, get_space
from .gltf_container import MAX_BYTES, BinaryBuilder, Gltf, natural, pack, value
from .gltf_tracks import read_tracks

if TYPE_CHECKING:
    from ..rigs.mesh import MeshRig
    from .gltf_head import GltfHead

GENERATOR = "tdmm-hf"
EXTRAS = "tdmm_hf"
SPACE = "arkit"
ANIMATION = "motion"


def write(
    motion: FaceMotion,
    path: str | os.PathLike,
    rig: str | MeshRig = "tdmm",
    identity: int | np.ndarray | None = None,
    look: str | None = None,
) -> None:
    """Write a motion as an animated head; the same motion gives the same bytes.

    Args:
        motion: in space ``arkit``.
        path: the file.
        rig: a rig's name, or a rig with a surface.
        identity: whose head: a seed, a vector of the rig's identity directions, or the neutral one.
        look: a name of materials.yaml; by default a seed picks one, else the first.

    Raises:
        ValueError: another space, a rig without surface, an unknown look, an unfit identity.
        OSError: the file cannot be written.
    """
    from .gltf_head import gltf_head
    from .scene import mesh_rig

    if motion.space.name != SPACE:
        raise ValueError(f"glb holds space {SPACE!r}, got {motion.space.name!r}")
    figure = mesh_rig(rig, motion)
    contents = _animated(gltf_head(figure, identity, look), motion, figure)
    with replacing(path) as beside:
        beside.write_bytes(contents)


def _animated(head: GltfHead, motion: FaceMotion, rig: MeshRig) -> bytes:
    from .scene import NECK, joint_rotations

    builder = BinaryBuilder(head.binary)
    times = np.float32(np.arange(motion.num_frames) / motion.fps)
    clock = builder.add("animation", times, bounds=True)
    weights = motion.values[:, : -len(HEAD_CHANNELS)]
    outputs = [(node, "weights", 0) for node in head.morphing]
    samplers = [builder.add("animation", weights.ravel())]
    for joint, turns in joint_rotations(motion, rig).items():
        if joint != NECK:
            outputs.append((head.nodes[joint], "rotation", len(samplers)))
            samplers.append(builder.add("animation", turns.astype(np.float32)))
    animation = {
        "name": ANIMATION,
        "channels": [
            {"sampler": sampler, "target": {"node": node, "path": path}}
            for node, path, sampler in outputs
        ],
        "samplers": [{"input": clock, "output": output} for output in samplers],
    }
    asset = {"version": "2.0", "generator": GENERATOR, "extras": {EXTRAS: _facts(motion, rig)}}
    return pack({"asset": asset, **head.document, "animations": [animation]}, builder.binary())


def _facts(motion: FaceMotion, rig: MeshRig) -> dict:
    """What a motion is besides its values."""
    edges = np.flatnonzero(np.diff(np.r_[False, ~motion.valid, False])).reshape(-1, 2)
    unobserved = [
        channel
        for channel, known in zip(motion.channels, motion.observed, strict=True)
        if not known
    ]
    return {
        "space": motion.space.name,
        "space_version": motion.space.version,
        "fps": motion.fps,
        "frames": motion.num_frames,
        "invalid": edges.tolist(),
        "unobserved": unobserved,
        "rig": rig.name,
    }


def read(path: str | os.PathLike, fps: float | None = None) -> FaceMotion:
    """Read the motion of a face.

    Args:
        path: the file.
        fps: for a file of ours, taken in place of its rate; for others, the rate to sample at
            (by default the one its keys have).

    Raises:
        ValueError: not a sound GLB file, or no face is animated in it; names the file and the rule.
        OSError: the file cannot be opened.
    """
    name = Path(path).name
    with open(path, "rb") as file:
        contents = file.read(MAX_BYTES + 1)
    if len(contents) > MAX_BYTES:
        raise ValueError(f"{name}: a motion's GLB must have at most {MAX_BYTES >> 20} MiB")
    try:
        return _motion(Gltf(contents), fps)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{name}: {one_line(error)}") from error


def _motion(gltf: Gltf, fps: float | None) -> FaceMotion:
    tracks = read_tracks(gltf)
    facts = _known_facts(gltf)
    if facts is None:
        rate = tracks.frame_rate() if fps is None else fps
        return FaceMotion(tracks.values(rate), rate, SPACE, observed=tracks.observed())
    space = get_space(value(facts, "space", str))
    if natural(facts, "space_version") != space.version:
        raise ValueError(
            f"space {space.name!r} must have version {space.version}, "
            f"got version {facts['space_version']}"
        )
    own = float(value(facts, "fps", float))
    values = tracks.values(own)
    if len(values) != natural(facts, "frames"):
        raise ValueError(f"file must have {facts['frames']} frames, got {len(values)}")
    return FaceMotion(
        values,
        own if fps is None else fps,
        space,
        valid=_valid(facts, len(values)),
        observed=[channel not in value(facts, "unobserved", list) for channel in space.channels],
    )


def _known_facts(gltf: Gltf) -> dict | None:
    """What ``write`` noted; None in other programs' files."""
    extras = value(gltf.document, "asset", dict, {}).get("extras")
    return value(extras, EXTRAS, dict) if isinstance(extras, dict) and EXTRAS in extras else None


def _valid(facts: dict, frames: int) -> np.ndarray:
    """(frames,) bool of the stretches ``[start, end]`` of invalid frames."""
    valid = np.ones(frames, bool)
    for stretch in value(facts, "invalid", list):
        if not (isinstance(stretch, list) and [type(edge) for edge in stretch] == [int, int]):
            raise ValueError("invalid frames must be pairs of whole numbers")
        valid[slice(*stretch)] = False
    return valid
