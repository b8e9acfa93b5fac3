"""Drawing without a graphics library: a z-buffer with four samples a pixel, compiled by Numba.

>>> from tdmm_hf.video.software import SoftwareRenderer          # doctest: +SKIP
>>> frames = list(SoftwareRenderer(view, faces, finish).draw(shape))  # doctest: +SKIP

The picture is the OpenGL renderer's: the same samples, and the same light (head.frag). Several
frames are drawn at a time, one in each thread; compiled code holds no lock.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..rigs.looks import Finish
from .shape import Shape
from .studio import View


class SoftwareRenderer:
    """Draws heads of one topology and finish from one view.

    Raises:
        ImportError: no numba.
    """

    def __init__(self, view: View, faces: np.ndarray, finish: Finish):
        from ..import_utils import require_package

        require_package("numba", "render")
        from . import rasterizer

        self._rasterizer = rasterizer
        self._view = view
        self._faces = np.ascontiguousarray(faces, dtype=np.int32)
        self._two_sided = finish.two_sided
        self._surface = np.hstack([finish.color, finish.gloss]).astype(np.float32)
        self._lights = np.concatenate(
            [view.light_directions, view.light_colors, [view.sky, view.ground, view.eye]]
        ).astype(np.float32)
        self._pool = ThreadPoolExecutor(os.cpu_count())

    def draw(self, shape: Shape) -> Iterator[np.ndarray]:
        """(size, size, 3) uint8 for every frame of a shape."""
        yield from self._pool.map(self._frame, shape.points, shape.normals, shape.openness)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)

    def _frame(self, points: np.ndarray, normals: np.ndarray, openness: np.ndarray) -> np.ndarray:
        screen = self._screen(points)
        moving = np.hstack([points, normals, openness[:, None]]).astype(np.float32)
        owners = self._rasterizer.cover(screen, self._faces, self._two_sided, self._view.size)
        return self._rasterizer.shade(
            owners, screen, self._faces, moving, self._surface, self._lights, self._view.backdrop
        )

    def _screen(self, points: np.ndarray) -> np.ndarray:
        """(V, 3) pixels right and down, and depth that is linear on the screen."""
        projection = self._view.projection
        clip = points @ projection[:, :3].T + projection[:, 3]
        across = clip[:, :3] / clip[:, 3:]
        half = self._view.size / 2
        return (across * [half, -half, 1] + [half, half, 0]).astype(np.float32)
