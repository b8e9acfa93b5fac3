"""Frames to a file: a video (H.264), an animated picture (GIF), or a strip of some frames (PNG).

>>> import tempfile
>>> import numpy as np
>>> from tdmm_hf.video.files import write_strip
>>> frames = [np.full((64, 64, 3), shade, dtype=np.uint8) for shade in (0, 128, 255)]
>>> write_strip(frames, tempfile.mkdtemp() + "/three.png")

All of them write the whole file, or none.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import numpy as np

from ..files import replacing
from ..import_utils import require_package

Frame = TypeVar("Frame")
SUFFIXES = (".mp4", ".gif", ".png")
_H264 = {"crf": "18", "preset": "veryfast"}
_BT709 = 1  # the number of ITU-R BT.709 in H.264's lists of colour spaces
_STUDIO_RANGE = 1
_TICK = Fraction(1, 90000)  # seconds, in which times of frames are counted
_RATES = (0.01, 1000)  # frames a second that timestamps can keep
_GIF_TICK = 100  # a GIF counts time in hundredths of a second,
_GIF_SHORTEST = 2  # and players slow down frames that are shorter than two
_GIF_PALETTE_FRAMES = 8


def check_file(path: str | os.PathLike, size: int) -> None:
    """Whether pictures of this size can be written under this name; for use before long work.

    Raises:
        ValueError: unknown suffix, or an odd size for a video (its colours come in pairs).
        ImportError: the extra ``render`` is not installed.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(
            f"unknown picture suffix {suffix!r} of {Path(path).name!r}: "
            f"choose from {', '.join(SUFFIXES)}"
        )
    if suffix == ".mp4" and size % 2:
        raise ValueError(f"size must be even for .mp4, got {size}")
    require_package("av" if suffix == ".mp4" else "PIL", "render")


def write_video(frames: Iterable[np.ndarray], path: str | os.PathLike, fps: float) -> None:
    """H.264 in MP4, yuv420p, ready to stream: what every player plays.

    Args:
        frames: (height, width, 3) uint8 RGB, even height and width.
        path: the file.
        fps: frames per second.

    Raises:
        ValueError: no frames, odd sides, or an fps that a video cannot have.
        ImportError: the extra ``render`` is not installed.
        OSError: the file cannot be written.
    """
    timed = ((None, frame) for frame in frames)
    _write_h264(timed, path, fps)


def write_timed_video(
    frames: Iterable[tuple[float, np.ndarray]], path: str | os.PathLike, fps: float
) -> None:
    """The same, each frame from its own time on.

    Args:
        frames: rising seconds from 0, and (height, width, 3) uint8 RGB, even height and width.
        path: the file.
        fps: frames per second, about: what players are told.

    Raises:
        ValueError, ImportError, OSError: as ``write_video``.
    """
    _write_h264(frames, path, fps)


def _write_h264(
    frames: Iterable[tuple[float | None, np.ndarray]], path: str | os.PathLike, fps: float
) -> None:
    """Frames with their seconds, or with None for one after the other."""
    av = require_package("av", "render")
    slowest, fastest = _RATES
    if not slowest <= fps <= fastest:
        raise ValueError(f"fps of a video must be in {slowest}..{fastest}, got {fps}")
    (time, first), frames = _peek(frames)
    height, width = first.shape[:2]
    if height % 2 or width % 2:
        raise ValueError(f"a video's sides must be even, got {width}x{height}")
    with (
        replacing(path) as beside,
        av.open(str(beside), "w", "mp4", options={"movflags": "+faststart"}) as container,
    ):
        stream = container.add_stream("libx264", Fraction(fps).limit_denominator(1001))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = _H264
        codec = stream.codec_context
        codec.colorspace = codec.color_primaries = codec.color_trc = _BT709
        codec.color_range = _STUDIO_RANGE
        if time is not None:
            codec.time_base = _TICK
        for time, frame in frames:
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture = picture.reformat(format="yuv420p", dst_colorspace="ITU709")
            if time is not None:
                picture.pts, picture.time_base = round(time / _TICK), _TICK
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def write_gif(frames: Iterable[np.ndarray], path: str | os.PathLike, fps: float) -> None:
    """An animated GIF that repeats for ever; one palette for all frames.

    A GIF shows at most 50 frames a second: of a faster motion some frames are left out.

    Args:
        frames: (height, width, 3) uint8 RGB.
        path: the file.
        fps: frames per second.

    Raises:
        ValueError: no frames, or an fps that is not positive.
        ImportError: the extra ``render`` is not installed.
        OSError: the file cannot be written.
    """
    image = require_package("PIL.Image", "render")
    if not fps > 0:
        raise ValueError(f"fps must be positive, got {fps}")
    first, frames = _peek(frames)
    ticks = []
    with tempfile.TemporaryFile() as store:  # the palette is known only when all are seen
        for frame, count in _gif_times(frames, fps):
            store.write(frame.tobytes())
            ticks.append(count)
        store.flush()
        kept = np.memmap(store, np.uint8, "r", shape=(len(ticks), *first.shape))
        sample = kept[:: max(1, len(kept) // _GIF_PALETTE_FRAMES)]
        palette = image.fromarray(np.vstack(sample)).quantize(256)
        pictures = (image.fromarray(frame).quantize(palette=palette) for frame in kept)
        with replacing(path) as beside:
            next(pictures).save(
                beside,
                format="GIF",
                save_all=True,
                append_images=pictures,
                duration=[1000 // _GIF_TICK * count for count in ticks],
                loop=0,
            )


def _gif_times(frames: Iterable[np.ndarray], fps: float) -> Iterator[tuple[np.ndarray, int]]:
    """Frames that a GIF can show, and for how many of its ticks; no drift from rounding."""
    waiting, start = None, 0
    for at, frame in enumerate(frames):
        end = round((at + 1) * _GIF_TICK / fps)
        waiting = frame if waiting is None else waiting
        if end - start >= _GIF_SHORTEST:
            yield waiting, end - start
            waiting, start = None, end
    if waiting is not None:
        yield waiting, _GIF_SHORTEST


def write_strip(frames: Iterable[np.ndarray], path: str | os.PathLike) -> None:
    """Frames side by side in one PNG.

    Args:
        frames: (height, width, 3) uint8 RGB.
        path: the file.

    Raises:
        ValueError: no frames.
        ImportError: the extra ``render`` is not installed.
        OSError: the file cannot be written.
    """
    image = require_package("PIL.Image", "render")
    _, frames = _peek(frames)
    strip = image.fromarray(np.hstack(list(frames)))
    with replacing(path) as beside:
        strip.save(beside, format="PNG", optimize=True)


def _peek(frames: Iterable[Frame]) -> tuple[Frame, Iterator[Frame]]:
    """The first frame, and all of them."""
    frames = iter(frames)
    first = next(frames, None)
    if first is None:
        raise ValueError("there must be at least one frame to write, got 0")
    return first, itertools.chain([first], frames)
