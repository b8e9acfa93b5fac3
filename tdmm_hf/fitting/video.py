"""Frames of a video file with their timestamps.

    >>> from tdmm_hf.fitting.video import open_video
    >>> with open_video("clip.mp4") as video:  # doctest: +SKIP
    ...     times = [frame.time for frame in video.frames()]

Needs PyAV: ``pip install 'tdmm-hf[video]'``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..import_utils import require_package

logger = logging.getLogger(__name__)


class VideoFrame(NamedTuple):
    """``time`` in seconds, rising from frame to frame; ``image`` (height, width, 3) uint8 RGB."""

    time: float
    image: np.ndarray


class Video:
    """An open video.

    Attributes:
        name: file name, for messages.
        rate: mean frames per second that the container gives.
        expected_frames: frames that the container announces; 0 where it does not.
        damaged_after: seconds of the last readable frame, where the file breaks off; else None.
        damaged_frames: frames before that which are missing or smeared by damage in the file.
        left_out: frames left out since their timestamp does not rise.
    """

    def __init__(self, container, stream, name: str):
        self._container = container
        self._stream = stream
        self._stream.thread_type = "AUTO"
        self.name = name
        self.rate = float(self._stream.average_rate or self._stream.guessed_rate or 25)
        self.expected_frames = self._stream.frames
        self.damaged_after: float | None = None
        self.damaged_frames = 0
        self.left_out = 0
        self._error: Exception | None = None

    def frames(self) -> Iterator[VideoFrame]:
        """Upright frames in order; those whose timestamp does not rise are left out.

        Raises:
            ValueError: not one frame can be decoded.
        """
        time = None
        for index, frame in enumerate(self._decoded()):
            at = index / self.rate if frame.time is None else float(frame.time)
            if time is None or at > time:
                time = at
                yield VideoFrame(time, _upright(frame))
            else:
                self.left_out += 1
        if time is None:
            damage = self._error or f"{self.damaged_frames} frames are damaged"
            if self._error or self.damaged_frames:
                raise ValueError(f"{self.name}: the video cannot be decoded ({damage})")
            raise ValueError(f"{self.name}: the video has no frames")
        if self._error:
            self.damaged_after = time

    def _decoded(self) -> Iterator:
        """Frames as they come, over packets that cannot be decoded; up to where reading fails."""
        av = require_package("av", extra="video")
        try:
            for packet in self._container.demux(self._stream):
                try:
                    for frame in packet.decode():
                        self.damaged_frames += frame.is_corrupt
                        yield frame
                except av.error.InvalidDataError:
                    self.damaged_frames += 1
        except av.FFmpegError as error:
            self._error = error


@contextmanager
def open_video(path: str | os.PathLike) -> Iterator[Video]:
    """Open a video file.

    Raises:
        ValueError: not a media file, or one without a video stream.
        OSError: the file cannot be opened.
    """
    av = require_package("av", extra="video")
    name = Path(path).name
    with open(path, "rb"):
        pass  # a file that cannot be opened is an OSError, as everywhere
    try:
        container = av.open(f"file:{os.fspath(path)}", metadata_errors="replace")
    except av.FFmpegError as error:
        raise ValueError(f"{name}: not a video that can be read ({error.strerror})") from error
    with container:
        if not len(container.streams):
            raise ValueError(f"{name}: not a video that can be read (nothing but a header in it)")
        cover = av.stream.Disposition.attached_pic
        streams = [one for one in container.streams.video if not one.disposition & cover]
        if not streams:
            raise ValueError(f"{name}: the file has no video stream")
        yield Video(container, streams[0], name)


def _upright(frame) -> np.ndarray:
    """(height, width, 3) RGB, turned as the container says it is to be shown."""
    image = frame.to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90)))
