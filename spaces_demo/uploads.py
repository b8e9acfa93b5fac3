"""What visitors bring: a motion file or a video becomes a motion, and the file is deleted.

>>> from tdmm_hf.spaces_demo.uploads import accepted
>>> ".csv" in accepted(), ".mp4" in accepted(), ".exe" in accepted()
(True, True, False)
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..formats import load
from ..motion import FaceMotion
from .limits import MAX_MOTION_SECONDS, MAX_VIDEO_FRAMES

MOTIONS = (".csv", ".npz", ".json", ".glb")  # not USD, whose files may name others to be opened
VIDEOS = (".mp4", ".mov", ".webm", ".mkv", ".avi", ".m4v")
REMEMBERED = 32  # uploads


@dataclass(frozen=True)
class Upload:
    """A motion that was brought.

    Args:
        motion: the motion.
        summary: the file's name, how long it is and what else there is to know, in one line.
    """

    motion: FaceMotion
    summary: str


def accepted() -> list[str]:
    """Suffixes of the files that can be read."""
    return [*MOTIONS, *VIDEOS]


@dataclass(frozen=True)
class Inbox:
    """Reads files that visitors send, and deletes them.

    Equal files of two visitors lie in one place, so the first to be read is gone for the second:
    what was read last is remembered by its place, which is made from the contents.
    """

    _read_last: OrderedDict[Path, Upload] = field(default_factory=OrderedDict)

    def take_in(
        self, path: str | os.PathLike, progress: Callable[[int, int], None] | None = None
    ) -> Upload:
        """Read a file, and delete it, read or not.

        Args:
            path: the uploaded file.
            progress: called while a video is tracked, with (frames done, frames expected or 0).

        Raises:
            ValueError: the file is of no known kind, too long, or broken; names file and rule.
            OSError, ImportError: videos cannot be tracked here; says what is missing.
        """
        path = Path(path)
        if not path.exists() and path in self._read_last:
            return self._read_last[path]
        try:
            upload = _upload(path, progress)
        finally:
            path.unlink(missing_ok=True)
        self._read_last[path] = upload
        while len(self._read_last) > REMEMBERED:
            self._read_last.popitem(last=False)
        return upload


def _upload(path: Path, progress: Callable | None) -> Upload:
    motion, notes = _read(path, progress)
    if motion.duration > MAX_MOTION_SECONDS:
        raise ValueError(
            f"{path.name}: a motion must last at most {MAX_MOTION_SECONDS:g} s, "
            f"got {motion.duration:.1f} s"
        )
    size = f"{motion.duration:.1f} s, {motion.num_frames} frames at {motion.fps:.4g} a second"
    return Upload(motion, "; ".join([f"{path.name}: {size}", *notes]))


def _read(path: Path, progress: Callable | None) -> tuple[FaceMotion, tuple[str, ...]]:
    suffix = path.suffix.lower()
    if suffix in MOTIONS:
        return load(path), ()
    if suffix in VIDEOS:
        return _track(path, progress)
    raise ValueError(
        f"{path.name}: a file must be a motion ({', '.join(MOTIONS)}) "
        f"or a video ({', '.join(VIDEOS)}), got {suffix!r}"
    )


def _track(path: Path, progress: Callable | None) -> tuple[FaceMotion, tuple[str, ...]]:
    from ..fitting import fit_video

    def watch(done: int, expected: int) -> None:
        if max(done, expected) > MAX_VIDEO_FRAMES:
            raise ValueError(
                f"{path.name}: a video must have at most {MAX_VIDEO_FRAMES} frames, "
                f"got {max(done, expected)}"
            )
        if progress:
            progress(done, expected)

    result = fit_video(path, progress=watch)
    return result.tracked, result.notes  # what the describer has learned to read
