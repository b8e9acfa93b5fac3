"""SMIRK's parameters of faces in videos, in pickles as TDMM-LM's data tools write them.

    tdmm corpus import smirk coeff --out corpus --captions prompts.json

Layout: ``.pkl`` files in any tree of folders, each a dictionary of lists with an array a frame:
``expression`` 50, ``pose`` 3 (axis-angle of the head), ``eyelid`` 2 in 0..1 (left, right), ``jaw``
3 (axis-angle), ``identity`` 300, ``camera_pose`` 3. They say no rate: it is that of the video with
the same name in the folder, where PyAV is installed, else 25; ``fps`` overrides both. Captions
stand in a ``.txt`` beside, or in a table that names pickles or their videos.

Kept: all that moves, as it is, in the space ``flame``. Lost: identity, camera.

No code of a pickle is run (``tdmm_hf.rigs.pickled_arrays``).

Source: https://github.com/Songluchuan/TDMM-LM_data (``tools/smirk_inverse/datawheel_sample.py``;
the eyelids' order: ``src/FLAME/FLAME.py``), https://github.com/georgeretsi/smirk.
"""

from __future__ import annotations

import logging
from functools import cached_property
from pathlib import Path

import numpy as np

from ...motion import FaceMotion
from ...rigs.pickled_arrays import read_plain
from .captions import closest
from .common import Clip, Source, checked, frames_of

logger = logging.getLogger(__name__)

FPS = 25.0
KEPT = {"expression": 50, "jaw": 3, "eyelid": 2, "pose": 3}  # in the order of the space
LOST = {"identity", "camera_pose"}
VIDEO_SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v")


class Smirk(Source):
    """SMIRK pickles."""

    space = "flame"
    suffixes = (".pkl", ".pickle")
    layout = "SMIRK parameters (.pkl)"
    title = "SMIRK parameters of videos"

    def read(self, clip: Clip) -> FaceMotion:
        entries = read_plain(checked(clip.path))
        _check_names(entries)
        parts = {name: frames_of(entries[name], width, name) for name, width in KEPT.items()}
        counts = {name: len(part) for name, part in parts.items()}
        if len(set(counts.values())) > 1:
            told = ", ".join(f"{name} {count}" for name, count in counts.items())
            raise ValueError(f"all entries must have the same number of frames, got {told}")
        return FaceMotion(np.concatenate([*parts.values()], axis=1), self._fps(clip), self.space)

    def _fps(self, clip: Clip) -> float:
        if self.options.fps is not None:
            return self.options.fps
        video = self._video(clip)
        return FPS if video is None else _rate(video)

    def _video(self, clip: Clip) -> Path | None:
        """The video of the same name, and folder where several clips have that name."""
        videos = {self.key(path): path for path in self._videos.get(clip.stem, [])}
        return videos.get(closest(clip.key, videos, self.parts_needed(clip)))

    @cached_property
    def _videos(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        for path in sorted(self.folder.rglob("*")):
            if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file():
                found.setdefault(path.stem, []).append(path)
        return found


def _check_names(entries) -> None:
    if not isinstance(entries, dict):
        raise ValueError(f"must hold a dictionary, got {type(entries).__name__}")
    if missing := [name for name in KEPT if name not in entries]:
        raise ValueError(f"entries are missing: {', '.join(missing)}")
    if unknown := [str(name) for name in entries if name not in {*KEPT, *LOST}]:
        raise ValueError(f"entries are unknown: {', '.join(unknown)}")


def _rate(video: Path) -> float:
    """The video's rate; where it cannot be read, the corpus' own."""
    from ...fitting.video import open_video

    try:
        with open_video(video) as opened:
            return opened.rate
    except (ImportError, ValueError, OSError) as error:
        logger.warning("%s says no rate, %g is taken: %s", video.name, FPS, error)
        return FPS
