"""BEAT: blendshape weights of people who give speeches and converse.

    tdmm corpus import beat beat_english_v0.2.1 --out corpus

Layout: ``.json`` files in any tree of folders, ``{"names": [...], "frames": [{"weights": [...],
"time": s, "rotation": [...]}, ...]}``, 51 or 52 names in any order, about 60 frames a second. Times
tell the rate; ``fps`` overrides them. Names are of the kind ``1_wayne_0_73_73``, which says the
emotion that the speaker was asked for: that sentence is the caption where no other is given. The
split is the one of the folder (``train``, ``val``, ``test``), else the one that the makers list.

Kept: weights by name; channels that a file does not name are not observed. Lost: ``rotation`` (its
axes are written nowhere), so the head is not observed; body, audio and words.

Source: https://github.com/PantoMatrix/PantoMatrix (``scripts/BEAT_2022/readme_beat.md``,
``dataloaders/beat.py``), arXiv 2203.05297.
"""

from __future__ import annotations

from ...formats import json_file
from ...motion import FaceMotion
from .beat_names import emotion_caption, named_split
from .captions import NO_CAPTIONS, Captions
from .common import SPLIT_NAMES, Clip, Source, checked, read_json


class Beat(Source):
    """``.json`` files of weights by name."""

    suffixes = (".json",)
    layout = "recordings of face weights (.json)"
    title = "BEAT"
    page = "https://pantomatrix.github.io/BEAT/"

    def read(self, clip: Clip) -> FaceMotion:
        try:
            motion = json_file.read(checked(clip.path), self.options.fps)
        except ValueError:
            _check(read_json(clip.path))
            raise
        if motion.space.name != self.space:
            raise ValueError(f"must hold weights by name, got a motion in {motion.space.name}")
        return motion

    def own_captions(self, clip: Clip) -> Captions:
        text = emotion_caption(clip.stem)
        return Captions((text,)) if text else NO_CAPTIONS

    def split(self, clip: Clip) -> str | None:
        folders = (part.lower() for part in clip.path.relative_to(self.folder).parts[:-1])
        own = next((SPLIT_NAMES[name] for name in folders if name in SPLIT_NAMES), None)
        return own or named_split(clip.stem)


def _check(document) -> None:
    """``ValueError`` that names the frame, for what a reader of whole tables cannot place."""
    if not isinstance(document, dict) or not isinstance(document.get("frames"), list):
        raise ValueError("must hold names and a list of frames")
    names = document.get("names")
    if not isinstance(names, list):
        raise ValueError("names must be a list of channels")
    for index, frame in enumerate(document["frames"]):
        weights = frame.get("weights") if isinstance(frame, dict) else None
        if not isinstance(weights, list) or len(weights) != len(names):
            got = len(weights) if isinstance(weights, list) else "none"
            raise ValueError(f"weights must be {len(names)} numbers, got {got} in frame {index}")
        for name, value in zip(names, weights, strict=True):
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ValueError(f"{name} must be a number, got {value!r} in frame {index}")
        time = frame.get("time")
        if isinstance(time, bool) or not isinstance(time, (int, float)):
            raise ValueError(f"time must be seconds, got {time!r} in frame {index}")
