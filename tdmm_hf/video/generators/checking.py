"""Whether a file that somebody else wrote is a video that can be taken.

    >>> from tdmm_hf.video.generators.checking import inspect_video
    >>> inspect_video("clip.mp4")  # doctest: +SKIP
    VideoFacts(frames=125, fps=25.0, width=512, height=512)

What a program or a server answers is not trusted: the file must be an MP4 (no playlist that leads
elsewhere), and its size, length and first frame are looked at before it is kept.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from ...import_utils import require_package
from .interface import MAX_FPS, MAX_SECONDS, GenerationError

MAX_BYTES = 512 * 2**20
MAX_SIDE = 4096
_MAX_PACKETS = int(MAX_FPS * MAX_SECONDS)


class VideoFacts(NamedTuple):
    """What a video is: its frames, frames per second, and pixels."""

    frames: int
    fps: float
    width: int
    height: int


def inspect_video(path: str | os.PathLike) -> VideoFacts:
    """The facts of an MP4 whose first frame can be decoded.

    Raises:
        GenerationError: it is none, or larger or longer than videos here are.
        ImportError: the extra ``render`` is not installed.
    """
    av = require_package("av", "render")
    size = Path(path).stat().st_size
    if not 0 < size <= MAX_BYTES:
        raise GenerationError(f"a video must have 1 to {MAX_BYTES} bytes, got {size}")
    try:
        with av.open(f"file:{os.fspath(path)}", format="mp4") as container:
            if not container.streams.video:
                raise GenerationError("what came is an MP4 without a video stream")
            return _facts(container)
    except av.FFmpegError as error:
        raise GenerationError(f"what came is not an MP4 video ({error.strerror})") from error


def _facts(container) -> VideoFacts:
    stream = container.streams.video[0]
    width, height = stream.codec_context.width, stream.codec_context.height
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise GenerationError(f"a video's sides must be in 1..{MAX_SIDE}, got {width}x{height}")
    frames = 0
    for packet in container.demux(stream):
        frames += packet.size > 0
        if frames > _MAX_PACKETS:
            raise GenerationError(f"a video must have at most {_MAX_PACKETS} frames")
    fps = float(stream.average_rate or 0)
    if not (frames and 0 < fps <= MAX_FPS and frames / fps <= MAX_SECONDS):
        raise GenerationError(
            f"a video must last more than 0 and at most {MAX_SECONDS:g} s at no more than "
            f"{MAX_FPS:g} fps, got {frames} frames at {fps:g} fps"
        )
    container.seek(0)
    if next(container.decode(stream), None) is None:
        raise GenerationError("not one frame of the video can be decoded")
    return VideoFacts(frames, fps, width, height)
