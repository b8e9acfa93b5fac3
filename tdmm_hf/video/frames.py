"""From a motion to pictures of a face.

>>> from tdmm_hf.video import render, write_video                             # doctest: +SKIP
>>> write_video(render(motion, rig="tdmm", size=512), "clip.mp4", motion.fps)  # doctest: +SKIP

Frames in which no face was seen hold the nearest earlier pose that was (the first that was, at the
beginning), in grey, so that nobody takes them for motion.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..motion import FaceMotion
from ..rigs import get_rig
from ..rigs.corneas import Corneas
from ..rigs.looks import Finish, finish, look_names
from ..rigs.mesh import MeshRig
from ..rigs.normals import vertex_normals
from ..rigs.openness import openness_basis
from .shape import Shape
from .studio import view

if TYPE_CHECKING:
    from .generators.scenes import Scene

logger = logging.getLogger(__name__)

MIN_SIZE, MAX_SIZE = 64, 2160
RENDERERS = ("auto", "gl", "software")
_BATCH = 16  # frames whose vertices come from one matrix product
_GREY = np.array([0.299, 0.587, 0.114])


def check_size(size: int) -> None:
    """``ValueError`` unless pictures can be this many pixels wide and high."""
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise ValueError(f"size must be in {MIN_SIZE}..{MAX_SIZE} pixels, got {size}")


def render(
    motion: FaceMotion,
    rig: str | MeshRig = "tdmm",
    size: int = 512,
    camera: str | float = "front",
    background: str = "studio",
    identity: int | np.ndarray | None = None,
    look: str | None = None,
    renderer: str = "auto",
    scene: Scene | None = None,
) -> Iterator[np.ndarray]:
    """Pictures of every frame, (size, size, 3) uint8 RGB.

    Args:
        motion: in the rig's space.
        rig: a rig's name, or a rig with a surface.
        size: pixels, 64..2160.
        camera: ``front``, ``left45``, ``right45``, ``profile``, or degrees around the head,
            positive to the subject's left.
        background: a name of studio.yaml or ``#rrggbb``.
        identity: whose head: a seed, a vector of the rig's identity directions, or the neutral one.
        look: a name of materials.yaml; by default a seed picks one, else the first.
        renderer: ``gl`` (OpenGL through EGL), ``software`` (no system library), or ``auto``: the
            first that works.
        scene: who is filmed, where and in what light, in place of camera, background, identity
            and look.

    Raises:
        ValueError: naming the rule and the value, before the first frame.
        ImportError: the extra ``render`` is not installed.
        OSError: ``gl`` was asked for and the system has none.
    """
    check_size(size)
    if renderer not in RENDERERS:
        raise ValueError(f"renderer must be one of {', '.join(RENDERERS)}, got {renderer!r}")
    if scene is not None:
        camera, identity, look = scene.degrees, scene.identity, scene.look
    head = get_rig(rig) if isinstance(rig, str) else rig
    if not isinstance(head, MeshRig):
        raise ValueError(f"rig must have a surface to be rendered, got {head.name!r}")
    head.check_space(motion)
    seeded = isinstance(identity, int | np.integer)
    person = head.random_identity(identity) if seeded else identity
    seed = identity if seeded else 0
    surface = finish(head, look or look_names()[seed % len(look_names())])
    resting = head.vertices(
        FaceMotion(np.zeros((1, len(motion.channels))), space=motion.space), person
    )[0]
    shot = view(head, resting, camera, background, size)
    if scene is not None:
        shot = scene.applied_to(shot)
    drawing = _renderer(renderer, shot, head.faces, surface)
    return _frames(motion, _Actor(head, person, resting, surface), drawing)


class _Actor:
    """A person's surface in any frame of a motion."""

    def __init__(
        self, rig: MeshRig, person: np.ndarray | None, resting: np.ndarray, surface: Finish
    ):
        self._rig, self._person = rig, person
        self._corneas = Corneas(rig, resting)
        self._openness = openness_basis(rig, surface.inside, person)

    def shape(self, motion: FaceMotion) -> Shape:
        points = self._rig.vertices(motion, self._person).astype(np.float32)
        normals = vertex_normals(points, self._rig.faces)
        self._corneas.bulge(points, normals)
        return Shape(points, normals, self._openness.at(motion.values))


def _renderer(name: str, *scene):
    """The renderer of that name; ``auto`` falls back where there is no OpenGL."""
    if name != "software":
        from .gl import GLRenderer

        try:
            return GLRenderer(*scene)
        except OSError as error:
            if name == "gl":
                raise
            logger.info("software renderer: %s", error)
    from .software import SoftwareRenderer

    return SoftwareRenderer(*scene)


def _frames(motion: FaceMotion, actor: _Actor, renderer) -> Iterator[np.ndarray]:
    held = motion.values[_held(motion.valid)]
    try:
        for start in range(0, motion.num_frames, _BATCH):
            chunk = FaceMotion(held[start : start + _BATCH], motion.fps, motion.space)
            frames = renderer.draw(actor.shape(chunk))
            for seen, frame in zip(motion.valid[start:], frames, strict=False):
                yield frame if seen else _greyed(frame)
    finally:
        renderer.close()


def _held(valid: np.ndarray) -> np.ndarray:
    """(frames,) the frame whose pose each frame shows."""
    if not valid.any():
        return np.arange(len(valid))
    shown = np.where(valid, np.arange(len(valid)), -1)
    return np.maximum(np.maximum.accumulate(shown), valid.argmax())


def _greyed(frame: np.ndarray) -> np.ndarray:
    return np.repeat((frame @ _GREY)[..., None], 3, axis=-1).astype(np.uint8)
