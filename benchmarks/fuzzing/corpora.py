"""Sound files in the layouts of other people's corpora, and tables of captions.

>>> caption_lines()[0].count(b"\n")
2
"""

from __future__ import annotations

import io
import json
from functools import cache

import numpy as np
from hypothesis import strategies as st

from tdmm_hf.formats.livelink import VALUE_COLUMNS

from .containers import spoiled_array
from .damage import spoiled_bytes
from .samples import FRAMES, motion_json, npz_of, pickled


@cache
def take_array() -> np.ndarray:
    return np.random.default_rng(2).random((FRAMES, 61)).astype(np.float32).round(2)


@cache
def takes_npy() -> list[bytes]:
    buffer = io.BytesIO()
    np.save(buffer, take_array())
    return [buffer.getvalue()]


def spoiled_takes_npy(sound: list[bytes]) -> st.SearchStrategy[bytes]:
    return st.one_of(spoiled_array(take_array()), spoiled_bytes(sound))


def _keyframe(seed: int) -> dict:
    numbers = np.random.default_rng(seed).random(61).round(2).tolist()
    return dict(zip(VALUE_COLUMNS, numbers, strict=True))


@cache
def keyframes() -> list[bytes]:
    found = {"Keyframe_two": _keyframe(2), "Keyframe_one": _keyframe(1)}
    return [json.dumps({"description": ["He smiles."], "emotion": "joy", **found}).encode()]


@cache
def chats() -> list[bytes]:
    def chat(name, seed):
        asked = f"- Keyframe One: He nods.\nEmotion: joy\nTask Instruction: Keyframe {name}."
        answer = json.dumps({f"Keyframe_{name}": _keyframe(seed)})
        return json.dumps({"messages": [{"role": "user", "content": asked}], "response": answer})

    return [f"{chat('one', 1)}\n{chat('two', 2)}\n".encode()]


@cache
def smirk_entries() -> dict:
    rng = np.random.default_rng(3)
    widths = {"expression": 50, "pose": 3, "eyelid": 2, "jaw": 3, "identity": 4, "camera_pose": 3}
    return {
        name: [rng.random(width).astype(np.float32) for _ in range(3)]
        for name, width in widths.items()
    }


@cache
def smirk() -> list[bytes]:
    return pickled([smirk_entries()])


@cache
def mmhead_values() -> list:
    rng = np.random.default_rng(4)
    codes = {"expcodes": rng.random((3, 50)), "posecodes": rng.random((3, 6)), "other": 1}
    return [rng.random((3, 56)).astype(np.float32), codes]


@cache
def mmhead() -> list[bytes]:
    return pickled(mmhead_values())


@cache
def mmhead_lists() -> list[bytes]:
    return [
        json.dumps({"train": ["a.pkl", {"name": "b"}], "val": ["c"], "test": []}).encode(),
        json.dumps({"a": "train", "b": "val"}).encode(),
    ]


@cache
def beat() -> list[bytes]:
    return [motion_json()[1]]


@cache
def beat2_arrays() -> dict:
    rng = np.random.default_rng(5)
    return {
        "poses": rng.random((3, 165)).astype(np.float32),
        "expressions": rng.random((3, 100)).astype(np.float32),
        "mocap_frame_rate": np.float64(30),
    }


@cache
def beat2_npz() -> list[bytes]:
    return [npz_of(beat2_arrays())]


def caption_csv() -> list[bytes]:
    return [b"file,caption,description\na.mp4,She nods.,A nod\nday/b,He smiles.,\n"]


def caption_json() -> list[bytes]:
    records = [{"file": "a.mp4", "text": "She nods."}, {"video": "b", "captions": ["x", "y"]}]
    entries = {"a": "She nods.", "b": {"prompt": ["x"], "description": "y"}}
    return [json.dumps(found).encode() for found in (records, entries, {"text": "alone"})]


def caption_lines() -> list[bytes]:
    return [b'{"file": "a", "text": "She nods."}\n{"id": 3, "prompts": ["x", "y"]}\n']
