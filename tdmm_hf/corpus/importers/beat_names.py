"""What the names of recordings of BEAT and BEAT2 say: an emotion, and a split.

>>> from tdmm_hf.corpus.importers.beat_names import emotion_caption, named_split
>>> emotion_caption("1_wayne_0_73_73"), named_split("1_wayne_0_73_73")
('A person speaks angrily.', 'test')
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

TABLE = Path(__file__).with_name("beat.yaml")
HALVES = {"a": "test", "b": "validation"}
_NAME = re.compile(r"(\d+)_([^_]+)_(\d)_(\d+)_(\d+|a|b)")


class Recording(NamedTuple):
    """``speaker``, whether it is a ``speech`` or a conversation, its number, which half of it."""

    speaker: int
    speech: bool
    number: int
    half: str | None


@cache
def _table() -> dict:
    return yaml.safe_load(TABLE.read_text())


def recording(stem: str) -> Recording | None:
    """What a file name says; None for other names."""
    found = _NAME.fullmatch(stem)
    if not found:
        return None
    half = found[5] if found[5] in HALVES else None
    return Recording(int(found[1]), int(found[3]) % 2 == 0, int(found[4]), half)


def emotion_caption(stem: str) -> str | None:
    """The emotion that a recording was made with, as a sentence."""
    named = recording(stem)
    if named is None:
        return None
    if not named.speech:
        return _table()["conversation"]
    speeches = _table()["speeches"]
    return next((text for first, last, text in speeches if first <= named.number <= last), None)


def named_split(stem: str) -> str | None:
    """The split that its makers put a recording in; None for other names."""
    named = recording(stem)
    if named is None:
        return None
    if named.half:
        return HALVES[named.half]
    four_hours = named.speaker in _table()["four_hours"]["speakers"]
    lists = _table()["four_hours" if four_hours else "one_hour"]
    held_out = lists["speech" if named.speech else "conversation"]
    return next((split for split, numbers in held_out.items() if named.number in numbers), "train")
