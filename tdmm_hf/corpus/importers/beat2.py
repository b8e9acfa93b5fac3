"""BEAT2: SMPL-X bodies with FLAME's expressions, of people who give speeches and converse.

    tdmm corpus import beat2 beat_english_v2.0.0 --out corpus

Layout: ``smplxflame_30/NAME.npz`` (or any tree of ``.npz``) with ``poses`` (frames, 165), the
axis-angles of 55 joints, ``expressions`` (frames, 100) and ``mocap_frame_rate``, 25 or 30; and
``train_test_split.csv`` with ``id`` and ``type``: ``train``, ``val``, ``test``, or ``additional``,
which is train. ``fps`` overrides the rate of a file. Captions as for ``beat``.

Into the space ``flame``: BEAT2's 100 expression coefficients are FLAME's, the strongest first.

========================  ========================================================
``expression_00..49``     ``expressions[:, :50]``, as they are
``jaw_0..2``              the jaw joint, ``poses[:, 66:69]``, as it is
``head_0..2``             the head joint, ``poses[:, 45:48]``, as it is
``eyelid_left, _right``   not observed (zero): lids close by expression alone
========================  ========================================================

Lost: expressions 50 to 99; neck, spine and root, so the head turns by what the joint above the neck
adds alone; eyes (``poses[:, 69:75]``), hands, shape, translation, audio and words.

Source: https://github.com/PantoMatrix/PantoMatrix (``emage_utils/motion_io.py``,
``datasets/beat2.py``), arXiv 2401.00374; the order of joints: https://github.com/vchoutas/smplx.
"""

from __future__ import annotations

import csv
from functools import cached_property
from pathlib import Path

import numpy as np

from ...motion import FaceMotion
from ...parameters import get_space
from .beat_names import emotion_caption, named_split
from .captions import NO_CAPTIONS, Captions
from .common import SPLIT_NAMES, Clip, Source, checked, read_npz

HEAD, JAW = slice(45, 48), slice(66, 69)
POSES, EXPRESSIONS, KEPT = 165, 100, 50
RATE = "mocap_frame_rate"
SPLIT_FILE = "train_test_split.csv"


class Beat2(Source):
    """``.npz`` files of SMPL-X poses and expressions."""

    space = "flame"
    suffixes = (".npz",)
    lists = (SPLIT_FILE,)
    layout = "SMPL-X recordings (.npz)"
    title = "BEAT2"
    page = "https://pantomatrix.github.io/EMAGE/"

    def key(self, path: Path) -> str:
        return super().key(path).removeprefix("smplxflame_30/")

    def read(self, clip: Clip) -> FaceMotion:
        arrays = read_npz(clip.path, ("poses", "expressions"), optional=(RATE,))
        poses = _frames(arrays["poses"], POSES, "poses")
        expressions = _frames(arrays["expressions"], EXPRESSIONS, "expressions")
        if len(poses) != len(expressions):
            raise ValueError(
                "poses and expressions must have the same number of frames, "
                f"got {len(poses)} and {len(expressions)}"
            )
        return _motion(poses, expressions, self._fps(arrays))

    def _fps(self, arrays: dict) -> float:
        if self.options.fps is not None:
            return self.options.fps
        if RATE not in arrays or arrays[RATE].size != 1:
            raise ValueError(f"{RATE} must say the frames a second: give fps")
        return float(arrays[RATE].reshape(()))

    def own_captions(self, clip: Clip) -> Captions:
        text = emotion_caption(clip.stem)
        return Captions((text,)) if text else NO_CAPTIONS

    def split(self, clip: Clip) -> str | None:
        return self._splits.get(clip.stem) if self._splits else named_split(clip.stem)

    @cached_property
    def _splits(self) -> dict[str, str]:
        path = self.folder / SPLIT_FILE
        if not path.is_file():
            return {}
        try:
            with checked(path).open(newline="", encoding="utf-8-sig") as file:
                rows = list(csv.DictReader(file))
            return {row["id"]: SPLIT_NAMES[row["type"].strip().lower()] for row in rows}
        except (KeyError, AttributeError, UnicodeDecodeError, csv.Error) as error:
            raise ValueError(
                f"{path.name} must have the columns id and type (train, val, test or additional), "
                f"got {error}"
            ) from error


def _frames(array: np.ndarray, width: int, name: str) -> np.ndarray:
    if array.ndim != 2 or array.shape[1] != width or not len(array):
        raise ValueError(f"{name} must be (frames, {width}), got shape {array.shape}")
    return array


def _motion(poses: np.ndarray, expressions: np.ndarray, fps: float) -> FaceMotion:
    space = get_space("flame")
    eyelids = np.zeros((len(poses), 2))
    values = np.concatenate([expressions[:, :KEPT], poses[:, JAW], eyelids, poses[:, HEAD]], axis=1)
    observed = np.array([not name.startswith("eyelid") for name in space.channels])
    return FaceMotion(values, fps, space, observed=observed)
