"""A fit shown over its video: what was tracked, and beside the picture what came of it.

    >>> from tdmm_hf.fitting import fit_video
    >>> from tdmm_hf.video.preview import write_preview
    >>> write_preview("clip.mp4", fit_video("clip.mp4"), "clip_preview.mp4")  # doctest: +SKIP

Every frame of the video is shown, upright, when the video shows it. Over the picture: contours of
the followed face, axes of the head at the tip of the nose (red to the subject's left, green up,
blue out of the face), where the eyes look. Beside it: a head that moves as the fit says, the
channels that are strongest in the clip, angles of the head, and which frames show a face. Frames
without one have a red frame, the cause where it is known, and nothing drawn over them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..fitting import FitResult
from ..fitting.video import open_video
from ..import_utils import require_package
from ..rigs.mesh import MeshRig
from .files import check_file, write_timed_video
from .frames import render
from .overlay import draw_face, draw_no_face, style
from .panel import Panel

SUFFIX = ".mp4"
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Layout:
    """Where things stand on the canvas, in pixels.

    Args:
        unit: pixels for one of the style's.
        picture: width and height of the video's picture.
        panel: width and height of the column beside it, which is as high as the canvas.
    """

    unit: float
    picture: tuple[int, int]
    panel: tuple[int, int]

    @property
    def canvas(self) -> tuple[int, int]:
        return self.picture[0] + self.panel[0], self.panel[1]

    @property
    def above(self) -> int:
        """Of the picture, where it is lower than the canvas."""
        return (self.panel[1] - self.picture[1]) // 2


def layout(image_size: tuple[int, int], height: int | None = None) -> Layout:
    """The layout for pictures of this width and height, on a canvas of this height or the usual."""
    sizes = style()["canvas"]
    width, image_height = image_size
    usual = sizes["portrait" if image_height > width else "landscape"]
    height = _even(height or usual)
    unit = height / usual
    scale = min(height / image_height, unit * sizes["widest"] / width)
    picture = _even(scale * width), min(height, _even(scale * image_height))
    return Layout(unit, picture, (_even(unit * style()["panel"]["width"]), height))


def check_preview(path: str | os.PathLike, video: str | os.PathLike) -> None:
    """Whether a preview of a video can be written under this name; for use before long work.

    Raises:
        ValueError: not ``.mp4``, or the video itself.
        ImportError: the extra ``render`` is not installed.
    """
    path = Path(path)
    if path.suffix.lower() != SUFFIX:
        raise ValueError(f"a preview must be {SUFFIX}, got {path.name!r}")
    if path.exists() and Path(video).exists() and path.samefile(video):
        raise ValueError(f"a preview must not replace the video that it shows, got {path.name!r}")
    check_file(path, size=2)
    require_package("PIL", "render")


def write_preview(
    video: str | os.PathLike,
    fit: FitResult,
    path: str | os.PathLike,
    rig: str | MeshRig | None = "tdmm",
    height: int | None = None,
    progress: Progress | None = None,
) -> None:
    """Write the preview as H.264 in MP4: the whole file, or none.

    Args:
        video: what was fitted.
        fit: what ``fit_video`` made of it.
        path: the file.
        rig: the head beside the picture; None for none.
        height: pixels of the preview's height; 720, or 960 for an upright picture, by default.
        progress: called after each frame with (frames done, frames expected).

    Raises:
        ValueError: another video, or a name that no preview can have.
        ImportError: the extra ``render`` is not installed.
        OSError: a file cannot be read or written.
    """
    check_preview(path, video)
    frames = preview_frames(video, fit, rig, height)
    write_timed_video(_counted(frames, fit.motion.num_frames, progress), path, fit.motion.fps)


def preview_frames(
    video: str | os.PathLike,
    fit: FitResult,
    rig: str | MeshRig | None = "tdmm",
    height: int | None = None,
) -> Iterator[tuple[float, np.ndarray]]:
    """Seconds since the first frame, and the picture (height, width, 3) uint8 RGB, of each frame.

    Args and errors as in ``write_preview``.
    """
    image = require_package("PIL.Image", "render")
    place = layout(fit.image_size, height)
    motion = fit.motion
    panel = Panel(motion, place.panel, head=rig is not None, unit=place.unit)
    heads = _Heads(fit, rig, place.panel[0])
    with open_video(video) as opened:
        start = None
        for frame in opened.frames():
            start = frame.time if start is None else start
            at = min((frame.time - start) * motion.fps, motion.num_frames - 1.0)
            index = round(at)
            canvas = image.new("RGB", place.canvas, style()["colors"]["background"])
            canvas.paste(_picture(frame.image, fit, at, place), (0, place.above))
            canvas.paste(panel.draw(index, heads.at(index)), (place.picture[0], 0))
            yield frame.time - start, np.asarray(canvas)


def _picture(pixels: np.ndarray, fit: FitResult, at: float, place: Layout):
    """The video's picture with what was tracked in it, a Pillow picture."""
    image = require_package("PIL.Image", "render")
    height, width = pixels.shape[:2]
    if (width, height) != tuple(fit.image_size):
        wide, high = fit.image_size
        raise ValueError(f"the video must be what was fitted: {wide}x{high}, got {width}x{height}")
    picture = image.fromarray(pixels).resize(place.picture, image.Resampling.BICUBIC)
    if fit.motion.valid[round(at)]:
        scale = np.array([place.picture[0] / width, place.picture[1] / height, 1])
        scale[2] = scale[0]
        landmarks = _between(fit.landmarks, at) * scale
        draw_face(picture, landmarks, fit.motion.values[round(at)], place.unit)
    else:
        draw_no_face(picture, _cause(fit, at / fit.motion.fps), place.unit)
    return picture


def _between(frames: np.ndarray, at: float) -> np.ndarray:
    """One of (frames, ...), or a mean of two that are neighbours."""
    low = int(at)
    share = at - low
    return frames[low] + share * (frames[min(low + 1, len(frames) - 1)] - frames[low])


def _cause(fit: FitResult, seconds: float) -> str:
    """Why there is no face at this time, as far as the fit knows."""
    half = 0.5 / fit.motion.fps
    gaps = fit.quality.gaps if fit.quality else ()
    here = (gap.cause for gap in gaps if gap.start - half <= seconds <= gap.end + half)
    return next(here, "")


class _Heads:
    """Pictures of a head that moves as the fit says, taken in rising order."""

    def __init__(self, fit: FitResult, rig: str | MeshRig | None, size: int):
        self._frames = render(fit.motion, rig, size) if rig is not None else None
        self._next, self._last = 0, None

    def at(self, index: int) -> np.ndarray | None:
        """(size, size, 3) uint8 of a frame, not before that of the last call."""
        while self._frames is not None and self._next <= index:
            self._last = next(self._frames)
            self._next += 1
        return self._last


def _counted(frames: Iterator, total: int, progress: Progress | None) -> Iterator:
    for done, frame in enumerate(frames, start=1):
        yield frame
        if progress:
            progress(done, max(done, total))


def _even(length: float) -> int:
    return max(2, 2 * round(length / 2))
