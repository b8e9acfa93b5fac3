"""MMHead: FLAME parameters of talking and acting heads, with five kinds of text.

    tdmm corpus import mmhead MMHead --out corpus

Layout, with ``facial_motion.zip`` unpacked: ``facial_motion/NAME.pkl``, 50 expression, 3 neck and 3
jaw at 25 frames a second, as an array (frames, 56) or a dictionary of ``expcodes`` (frames, 50) and
``posecodes`` (frames, 6); ``text_annotations/KIND/NAME.txt``; and the lists ``talking_subset.json``
and ``t2m_subset.json``, which put clips into splits. A clip that both have in different splits goes
to the one held out more; one that none has goes by its name.

Kept: all 56 channels as they are, in the space ``flame_mmhead``, and every text. The main text is
what the head does and feels (``action`` and ``emotion``); each kind stands among the paraphrases,
and ``detail_expression`` with ``detail_head_pose`` is the description. Lost: audio; the other
entries of dictionaries, which the report names.

No code of a pickle is run (``tdmm_hf.rigs.pickled_arrays``).

Source: https://github.com/wsj-sjtu/MMHead (README, "Data Structure"), arXiv 2410.07757; of the
dictionaries https://github.com/xinxuefanxuan/fastavatar_mmhead (``build_motion_dataset.py``).
"""

from __future__ import annotations

import logging
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np

from ...motion import FaceMotion
from ...rigs.pickled_arrays import read_plain
from .captions import Captions, lines_of, once
from .common import SPLIT_NAMES, SPLITS, Clip, Source, checked, frames_of, read_json

logger = logging.getLogger(__name__)

FPS = 25.0
WIDTH = 56
CODES = {"expcodes": 50, "posecodes": 6}
KINDS = ("action", "emotion", "detail_expression", "detail_head_pose", "emotion_scenario")
MAIN = ("action", "emotion")
DETAILS = ("detail_expression", "detail_head_pose")
LISTS = ("talking_subset.json", "t2m_subset.json")
NAME_KEYS = ("name", "id", "file", "file_name", "clip")


class MMHead(Source):
    """Pickles of (frames, 56) and folders of texts."""

    space = "flame_mmhead"
    suffixes = (".pkl",)
    lists = ("*_subset.json",)
    layout = "motions (facial_motion/*.pkl; unpack facial_motion.zip)"
    title = "MMHead"
    page = "https://github.com/wsj-sjtu/MMHead"

    def paths(self) -> list[Path]:
        motions = self.folder / "facial_motion"
        if not motions.is_dir():
            return []
        return sorted(p for p in motions.rglob("*.pkl") if self._is_clip(p))

    def key(self, path: Path) -> str:
        return super().key(path).removeprefix("facial_motion/")

    def read(self, clip: Clip) -> FaceMotion:
        found = read_plain(checked(clip.path))
        values = (
            _of_codes(found) if isinstance(found, dict) else frames_of(found, WIDTH, "a motion")
        )
        return FaceMotion(values, self.options.fps or FPS, self.space)

    def own_captions(self, clip: Clip) -> Captions:
        texts = {kind: self._texts(kind, clip) for kind in KINDS}
        main, details = (
            once([" ".join(text for kind in kinds for text in texts[kind][:1])])
            for kinds in (MAIN, DETAILS)
        )
        each = (text for kind in KINDS for text in texts[kind])
        return Captions(once([*main, *each]), details)

    def _texts(self, kind: str, clip: Clip) -> tuple[str, ...]:
        path = self.folder / "text_annotations" / kind / f"{clip.key}.txt"
        return lines_of(path) if path.is_file() else ()

    def split(self, clip: Clip) -> str | None:
        return self._splits.get(clip.stem)

    @cached_property
    def _splits(self) -> dict[str, str]:
        splits: dict[str, str] = {}
        for path in (self.folder / name for name in LISTS):
            for name, split in _listed(path) if path.is_file() else ():
                held_out_more = max(split, splits.get(name, split), key=SPLITS.index)
                splits[name] = held_out_more
        return splits


def _of_codes(entries: dict) -> np.ndarray:
    """(frames, 56) of the entries of a dictionary."""
    if missing := [name for name in CODES if name not in entries]:
        raise ValueError(f"entries are missing: {', '.join(missing)}")
    if others := sorted(str(name) for name in entries if name not in CODES):
        logger.warning("entries are left out: %s", ", ".join(others))
    expression, pose = (frames_of(_flat(entries[name]), CODES[name], name) for name in CODES)
    if len(expression) != len(pose):
        raise ValueError(
            f"{' and '.join(CODES)} must have the same number of frames, "
            f"got {len(expression)} and {len(pose)}"
        )
    return np.concatenate([expression, pose], axis=1)


def _flat(value):
    """(frames, 1, width) as (frames, width): a network's batches of one."""
    if isinstance(value, np.ndarray) and value.ndim == 3 and value.shape[1] == 1:
        return value[:, 0]
    return value


def _listed(path: Path) -> list[tuple[str, str]]:
    """(clip, split) of a list: an object of splits to clips, or of clips to splits."""
    try:
        found = read_json(path)
        if not isinstance(found, dict):
            raise ValueError(f"must hold an object of splits, got {type(found).__name__}")
        if all(isinstance(value, str) for value in found.values()):
            return [(_stem(name), _split(split)) for name, split in found.items()]
        return [(_stem(name), _split(split)) for split, names in found.items() for name in names]
    except TypeError as error:
        raise ValueError(f"{path.name}: a split must be a list of clips ({error})") from error
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error


def _split(name: str) -> str:
    if name.strip().lower() not in SPLIT_NAMES:
        raise ValueError(f"splits must be named train, val and test, got {name!r}")
    return SPLIT_NAMES[name.strip().lower()]


def _stem(name) -> str:
    if isinstance(name, dict):
        name = next((name[key] for key in NAME_KEYS if key in name), None)
    if not isinstance(name, str):
        raise ValueError(f"a list must name its clips, got {name!r}")
    path = PurePosixPath(name)
    return path.stem if path.suffix in (".pkl", ".wav", ".txt", ".mp4", ".npy") else path.name
