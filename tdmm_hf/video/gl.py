"""Drawing with OpenGL, off screen, through EGL: Mesa's software GL or a graphics card.

>>> from tdmm_hf.video.gl import GLRenderer        # doctest: +SKIP
>>> frames = list(GLRenderer(view, faces, finish).draw(shape))  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..import_utils import require_package
from ..rigs.looks import Finish
from .shape import Shape
from .studio import View

SAMPLES = 4
SYSTEM_PACKAGES = "libegl1 libgl1 libgl1-mesa-dri"


class GLRenderer:
    """Draws heads of one topology and finish from one view.

    Raises:
        ImportError: no moderngl.
        OSError: no EGL or GL library, or one that makes no context.
    """

    def __init__(self, view: View, faces: np.ndarray, finish: Finish):
        self._view = view
        self._context = open_context()
        with self._context:
            self._set_view()
            self._set_backdrop()
            self._set_surface(faces, finish)
            size, samples = (view.size, view.size), min(SAMPLES, self._context.max_samples)
            self._drawn = self._context.framebuffer(
                self._context.renderbuffer(size, 3, samples=samples),
                self._context.depth_renderbuffer(size, samples=samples),
            )
            self._shown = self._context.framebuffer(self._context.renderbuffer(size, 3))

    def draw(self, shape: Shape) -> Iterator[np.ndarray]:
        """(size, size, 3) uint8 for every frame of a shape."""
        packed = np.concatenate(
            [shape.points, shape.normals, shape.openness[..., None]], axis=-1, dtype=np.float32
        )
        for vertices in packed:
            with self._context:  # another renderer may have drawn since
                frame = self._frame(vertices)
            yield frame

    def close(self) -> None:
        """Free the context; without this they pile up until the process ends."""
        self._context.release()

    def _frame(self, vertices: np.ndarray) -> np.ndarray:
        context, one_sided = self._context, self._one_sided
        self._moving.write(vertices.tobytes())
        self._drawn.use()
        context.clear()
        context.disable(context.DEPTH_TEST | context.CULL_FACE)
        self._behind.render(vertices=3)
        context.enable(context.DEPTH_TEST | context.CULL_FACE)
        self._surface.render(vertices=one_sided)
        context.disable(context.CULL_FACE)
        self._surface.render(vertices=self._indices - one_sided, first=one_sided)
        context.copy_framebuffer(self._shown, self._drawn)
        frame = np.empty(self._view.backdrop.shape, dtype=np.uint8)
        self._shown.read_into(frame, components=3, alignment=1)
        return frame

    def _set_view(self) -> None:
        view = self._view
        self._head = _program(self._context, "head")
        upside_down = np.diag([1, -1, 1, 1])  # GL's first row of pixels is the lowest
        self._head["projection"].write((upside_down @ view.projection).T.astype("f4").tobytes())
        for name in ("eye", "light_directions", "light_colors", "sky", "ground"):
            self._head[name].write(getattr(view, name).astype("f4").tobytes())
        self._context.front_face = "cw"  # since upside down

    def _set_backdrop(self) -> None:
        context, view = self._context, self._view
        picture = context.texture((view.size, view.size), 3, view.backdrop.tobytes(), alignment=1)
        picture.filter = (context.NEAREST, context.NEAREST)
        picture.use(0)
        self._behind = context.vertex_array(_program(context, "backdrop"), [])

    def _set_surface(self, faces: np.ndarray, finish: Finish) -> None:
        context = self._context
        ordered = np.concatenate([faces[~finish.two_sided], faces[finish.two_sided]])
        self._indices, self._one_sided = ordered.size, 3 * int((~finish.two_sided).sum())
        self._moving = context.buffer(reserve=len(finish.color) * 7 * 4, dynamic=True)
        fixed = context.buffer(np.hstack([finish.color, finish.gloss]).astype("f4").tobytes())
        self._surface = context.vertex_array(
            self._head,
            [
                (self._moving, "3f 3f 1f", "in_position", "in_normal", "in_openness"),
                (fixed, "3f 3f", "in_color", "in_finish"),
            ],
            context.buffer(ordered.astype("i4").tobytes()),
        )


def open_context():
    moderngl = require_package("moderngl", "render")
    try:
        return moderngl.create_context(standalone=True, backend="egl", require=330)
    except Exception as error:  # moderngl and glcontext raise bare Exception
        raise OSError(
            f"no OpenGL off screen ({error}): apt-get install {SYSTEM_PACKAGES}, "
            "or choose the renderer 'software'"
        ) from error


def _program(context, name: str):
    here = Path(__file__).parent
    vertex, fragment = (
        (here / f"{name}.{stage}").read_text(encoding="utf-8") for stage in ("vert", "frag")
    )
    return context.program(vertex_shader=vertex, fragment_shader=fragment)
