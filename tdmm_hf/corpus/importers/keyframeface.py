"""KeyframeFace: faces at keyframes a second apart, with a sentence for each.

    tdmm corpus import keyframeface keyframes --out corpus

Layouts, one or more in a folder:

- ``.csv``: Live Link Face's columns, one row a second (its ``jsonl2csv.py`` writes it); timecodes
  tell the rate.
- ``.json``: ``{"Keyframe_one": {"EyeBlinkLeft": 0.0, ...}, "Keyframe_two": ...}`` with all 61
  names, and texts under ``description``, ``emotion``, ``background`` or ``text``.
- ``.jsonl``: one chat a line; the answer (``response``, or the assistant's last message) is such an
  object with one keyframe. Lines that tell of one sequence of keyframes are one clip; its captions
  are taken from the user's message.

The nine angles lie in -1..1, which is checked. Nothing says of what: they are read as the app's
radians, since its example turns the eyes by 0.2 where eyeLookDown is 0.2 (11 degrees; as a share of
180 it would be 36). ``convention`` names other ways: ``unreal`` is degrees / 180, mirrored.
Between keyframes the motion is linear, each standing for the middle of its second.

Kept: weights, head rotation, texts. Lost: eye rotations, which only repeat the eyeLook weights, and
what happened between keyframes.

Source: https://github.com/wjc12345123/KeyframeFace (``example.jsonl``, ``example_result.jsonl``,
``jsonl2csv.py``), arXiv 2512.11321.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...formats import livelink
from ...formats.livelink import VALUE_COLUMNS, WEIGHT_COLUMNS
from ...motion import FaceMotion
from .captions import NO_CAPTIONS, Captions, once
from .common import Clip, Source, checked, columns_of, live_link_motion, parse_json, read_json

FPS = 1.0
NUMBERS = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    "twenty",
)  # fmt: skip
TEXT_KEYS = ("text", "caption", "description", "descriptions", "emotion", "background", "script")
_KEYFRAME = re.compile(r"keyframe[ _]?(\w+)", re.IGNORECASE)
_SENTENCE = re.compile(r"^\s*[-*]?\s*keyframe\s+\w+\s*:\s*(.+)$", re.IGNORECASE)
_FIELD = re.compile(r"^\s*(background|emotion)\s*:\s*(.+)$", re.IGNORECASE)
_ONE_OF_THEM = re.compile(r"^\s*task instruction\s*:.*$", re.IGNORECASE | re.MULTILINE)


class Line(NamedTuple):
    """A line of chats: what was asked (but for which keyframe), the answer, its numbers."""

    asked: str
    keyframes: dict
    numbers: frozenset[int]


class KeyframeFace(Source):
    """Keyframes as ``.csv``, ``.json`` or ``.jsonl``."""

    suffixes = (".csv", ".json", ".jsonl")
    layout = "keyframes (.csv, .json or .jsonl)"
    title = "KeyframeFace"
    page = "https://github.com/wjc12345123/KeyframeFace"
    takes = ("fps", "captions", "convention")

    def clips(self) -> list[Clip]:
        return list(chain.from_iterable(self._clips_of(path) for path in self.paths()))

    def _clips_of(self, path: Path) -> list[Clip]:
        key = self.key(path)
        if path.suffix.lower() != ".jsonl":
            return [Clip(key, path)]
        try:
            count = len(_chats(path))
        except (ValueError, OSError):
            return [Clip(key, path)]  # reading it will say what is wrong
        if count == 1:
            return [Clip(key, path)]
        return [Clip(f"{key}-{part + 1:04d}", path, part) for part in range(count)]

    def read(self, clip: Clip) -> FaceMotion:
        convention = self.options.convention or livelink.DEFAULT_CONVENTION
        fps = self.options.fps
        if clip.path.suffix.lower() == ".csv":
            motion = livelink.read(checked(clip.path), fps, convention)
            _check_angles(motion, convention)
            return motion
        keyframes = self._keyframes(clip)
        table = _table(keyframes)
        angles = table[:, len(WEIGHT_COLUMNS) :]
        if np.abs(angles).max() > 1:
            row, column = np.argwhere(np.abs(angles) > 1)[0]
            name = VALUE_COLUMNS[len(WEIGHT_COLUMNS) + column]
            raise ValueError(
                f"{name} must lie in -1..1, got {angles[row, column]:g} in keyframe {row + 1}"
            )
        return live_link_motion(table, fps or FPS, convention)

    def _keyframes(self, clip: Clip) -> dict:
        if clip.path.suffix.lower() == ".jsonl":
            lines = _chats(clip.path)[clip.part]
            return {name: value for line in lines for name, value in line.keyframes.items()}
        found = read_json(clip.path)
        if not isinstance(found, dict):
            raise ValueError(f"must hold an object of keyframes, got {type(found).__name__}")
        return {name: value for name, value in found.items() if name.lower() not in TEXT_KEYS}

    def own_captions(self, clip: Clip) -> Captions:
        if clip.path.suffix.lower() == ".jsonl":
            return _asked_captions(_chats(clip.path)[clip.part][0].asked)
        if clip.path.suffix.lower() == ".json":
            return _own_texts(read_json(clip.path))
        return NO_CAPTIONS


def _check_angles(motion: FaceMotion, convention: str) -> None:
    scale = np.abs(livelink.get_convention(convention).scale).max()
    head = np.abs(motion.values[:, -3:]).max(axis=1) / scale
    if head.max() > 1 + 1e-6:
        raise ValueError(
            f"angles must lie in -1..1, got {head.max():g} in row {int(head.argmax()) + 2}"
        )


def _table(keyframes: dict) -> np.ndarray:
    """(keyframes, 61) in the order of VALUE_COLUMNS."""
    numbers = {name: _number(name) for name in keyframes}
    if not numbers or sorted(numbers.values()) != list(range(1, len(numbers) + 1)):
        raise ValueError(f"keyframes must count up from one, got {', '.join(numbers) or 'none'}")
    rows = [_row(keyframes[name], name) for name in sorted(numbers, key=numbers.get)]
    return np.array(rows, dtype=np.float64)


def _number(name: str) -> int:
    found = _KEYFRAME.fullmatch(name.strip())
    word = found[1].lower() if found else ""
    if word in NUMBERS:
        return NUMBERS.index(word) + 1
    if word.isdecimal() and len(word) < 5:
        return int(word)
    raise ValueError(f"keyframes must be named Keyframe_one and so on, got {name!r}")


def _row(values, name: str) -> list[float]:
    if not isinstance(values, dict):
        raise ValueError(f"{name} must be an object of channels, got {type(values).__name__}")
    try:
        order = columns_of(list(values), unit="channel")
    except ValueError as error:
        raise ValueError(f"{error} in {name}") from error
    row = list(values.values())
    for channel, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"{channel} must be a number, got {value!r} in {name}")
    return [float(row[at]) for at in order]


@lru_cache(maxsize=2)
def _chats(path: Path) -> list[list[Line]]:
    """The clips of a file of chats: lines that tell of one sequence of keyframes."""
    try:
        text = checked(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"not a UTF-8 text file ({error.reason})") from error
    clips: list[list[Line]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found = _line(parse_json(line))
        except ValueError as error:
            raise ValueError(f"{error} in line {number}") from error
        if not clips or not _goes_on(clips[-1], found):
            clips.append([])
        clips[-1].append(found)
    if not clips:
        raise ValueError("must hold at least one line")
    return clips


def _goes_on(clip: list[Line], line: Line) -> bool:
    taken = frozenset().union(*(old.numbers for old in clip))
    return line.asked == clip[0].asked and not taken & line.numbers


def _line(record) -> Line:
    if not isinstance(record, dict):
        raise ValueError(f"a line must be an object, got {type(record).__name__}")
    answer = str(record.get("response") or _content(record, "assistant"))
    start, end = answer.find("{"), answer.rfind("}")
    keyframes = parse_json(answer[start : end + 1]) if 0 <= start < end else None
    if not isinstance(keyframes, dict) or not keyframes:
        raise ValueError("a line must answer with an object of a keyframe")
    asked = _ONE_OF_THEM.sub("", _content(record, "user")).strip()
    return Line(asked, keyframes, frozenset(_number(name) for name in keyframes))


def _content(record: dict, role: str) -> str:
    """The last message of a role in a chat."""
    messages = record.get("messages")
    if not isinstance(messages, list) or not all(isinstance(m, dict) for m in messages):
        return ""
    texts = [str(m.get("content") or "") for m in messages if m.get("role") == role]
    return texts[-1] if texts else ""


def _asked_captions(asked: str) -> Captions:
    """What the user's message says: a sentence for each keyframe, the emotion, the background."""
    sentences = [found[1] for line in asked.splitlines() if (found := _SENTENCE.match(line))]
    fields = [found[2] for line in asked.splitlines() if (found := _FIELD.match(line))]
    whole = once([" ".join(sentences)])
    return Captions(once([*whole, *fields[::-1]]), whole)


def _own_texts(found) -> Captions:
    entries = {name.lower(): value for name, value in found.items()}
    texts: list[str] = []
    for name in TEXT_KEYS:
        value = entries.get(name, [])
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(text, str) for text in values):
            raise ValueError(f"{name} must be a text or a list of texts")
        texts.extend(values)
    return Captions(once(texts))
