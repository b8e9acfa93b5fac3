"""Hypothesis strategies that spoil what they are given: bytes, words, tables, trees.

>>> from hypothesis import find
>>> find(spoiled_bytes([b"glTF"]), lambda data: data != b"glTF" and len(data) == 4)[:0]
b''

All of them change a sound example in one to four places, so that most of it still is what a reader
expects and the reader gets far.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence

from hypothesis import strategies as st

MOST_EDITS = 4
EDGES = (0, 1, -1, 2, 127, 128, 255, 256, 32767, 65535, 2**31 - 1, -(2**31), 2**32 - 1, 2**63 - 1)
# What stands in a text where a number was: too large, too small, no number, another alphabet's.
ODD_NUMBERS = (
    "0", "-1", "-0.0", "1e-320", "1e39", "1e309", "-1e999", "nan", "inf", "-Infinity", "9" * 400,
    "9" * 5000, "1_000", "0x10", "1,5", "٣", "²", "", " ", "1e", "+-3", "1" + "0" * 40, "true",
)  # fmt: skip
ODD_WORDS = (
    "", " ", "\0", "\n", "\r", '"', "'", ",", ":", "{", "}", "[", "]", "(", "\\", "../x", "/etc/x",
    "é" * 50, "\ud7ff", "\u202e", "%s", "a" * 3000, "null", "- ", "*a", "&a", "!!python/none",
)  # fmt: skip
ODD_VALUES = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**400, -0.0, 1e-320, 1e39, 1e308, float("nan"),
    float("inf"), "", "x", "25", "\0", "a" * 3000, [], {}, [[]], [None], {"": None}, [[0.0, 1.0]],
)  # fmt: skip
_TOKEN = re.compile(r"[-+]?\d[\d.eE+-]*|\w+|\s+|.", re.DOTALL)
_NUMBER = re.compile(r"[-+]?\d")


def _position(length: int) -> st.SearchStrategy[int]:
    return st.integers(0, max(length - 1, 0))


def _edits(draw: Callable, value, edit: Callable):
    """The value after one to a few edits."""
    for _ in range(draw(st.integers(1, MOST_EDITS))):
        value = edit(draw, value)
    return value


@st.composite
def spoiled_bytes(draw, samples: Sequence[bytes]) -> bytes:
    """One of some samples with bytes flipped, cut, doubled, spliced, or numbers put in."""
    data = draw(st.sampled_from(samples))
    return _edits(draw, data, lambda draw, data: _spoil_bytes(draw, data, samples))


def _spoil_bytes(draw, data: bytes, samples: Sequence[bytes]) -> bytes:
    at, kind = draw(_position(len(data))), draw(st.integers(0, 7))
    if kind == 0:
        flipped = bytes([data[at] ^ (1 << draw(st.integers(0, 7)))]) if data else b""
        return data[:at] + flipped + data[at + 1 :]
    if kind == 1:
        return data[:at]
    if kind == 2:
        return data[:at] + draw(st.binary(max_size=16)) + data[at:]
    end = at + draw(st.integers(0, 64))
    if kind == 3:
        return data[:at] + data[end:]
    if kind == 4:
        return data[:end] + data[at:]
    if kind == 5:
        other = draw(st.sampled_from(samples))
        return data[:at] + other[draw(_position(len(other))) :]
    size, order = draw(st.sampled_from((1, 2, 4, 8))), draw(st.sampled_from(("little", "big")))
    number = draw(st.sampled_from(EDGES)) % (1 << 8 * size)
    return data[:at] + number.to_bytes(size, order) + data[at + size :]


@st.composite
def spoiled_text(draw, samples: Sequence[str]) -> bytes:
    """One of some texts with words and lines exchanged, doubled, left out or made odd, as UTF-8."""
    text = _edits(draw, draw(st.sampled_from(samples)), _spoil_text)
    mark = draw(st.sampled_from((b"", b"", b"", b"\xef\xbb\xbf", b"\xff\xfe")))
    return mark + text.encode("utf-8", "surrogatepass")


def _spoil_text(draw, text: str) -> str:
    if draw(st.booleans()):
        return _spoil_lines(draw, text)
    tokens = _TOKEN.findall(text)
    at, kind = draw(_position(len(tokens))), draw(st.integers(0, 3))
    if not tokens or kind == 0:
        tokens.insert(at, draw(st.sampled_from(ODD_WORDS)))
    elif kind == 1:
        del tokens[at]
    elif kind == 2:
        tokens[at] = draw(st.sampled_from(tokens))
    else:
        numbers = [i for i, token in enumerate(tokens) if _NUMBER.match(token)] or [at]
        tokens[draw(st.sampled_from(numbers))] = draw(st.sampled_from(ODD_NUMBERS))
    return "".join(tokens)


def _spoil_lines(draw, text: str) -> str:
    lines = text.splitlines(keepends=True) or [""]
    at, other = draw(_position(len(lines))), draw(_position(len(lines)))
    kind = draw(st.integers(0, 3))
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(other, lines[at])
    elif kind == 2:
        lines[at], lines[other] = lines[other], lines[at]
    else:
        lines[at] = lines[at].rstrip("\r\n")
    return "".join(lines)


@st.composite
def spoiled_table(draw, samples: Sequence[list[list[str]]]) -> bytes:
    """A table as CSV with cells made odd, and rows and columns doubled, moved or left out."""
    table = copy.deepcopy(draw(st.sampled_from(samples)))
    table = _edits(draw, table, _spoil_table)
    mark, end = draw(st.sampled_from(("", "\ufeff"))), draw(st.sampled_from(("\n", "\r\n", "\r")))
    return (mark + end.join(",".join(row) for row in table)).encode("utf-8", "surrogatepass")


def _spoil_table(draw, table: list[list[str]]) -> list[list[str]]:
    row = draw(_position(len(table)))
    column = draw(_position(max(map(len, table), default=0)))
    kind = draw(st.integers(0, 6))
    if kind == 0:
        return [cells[: column + 1] + cells[column:] for cells in table]
    if kind == 1:
        return [cells[:column] + cells[column + 1 :] for cells in table]
    if kind == 2:
        return table[: row + 1] + table[row:]
    if kind == 3:
        return table[:row] + table[row + 1 :]
    if kind == 4 and table:
        other = draw(_position(len(table[row])))
        table[row].insert(other, draw(st.sampled_from(ODD_WORDS)))
    elif table and column < len(table[row]):
        odd = ODD_NUMBERS if row else ODD_WORDS
        other = draw(st.sampled_from(odd))
        table[row][column] = other
    return table


@st.composite
def spoiled_tree(draw, samples: Sequence):
    """A tree of dictionaries and lists with branches exchanged, doubled or left out."""
    tree = {"root": copy.deepcopy(draw(st.sampled_from(samples)))}
    for _ in range(draw(st.integers(1, MOST_EDITS))):
        _spoil_tree(draw, tree)
    return tree.get("root")


def _spoil_tree(draw, tree: dict) -> None:
    """Change one branch, anywhere below the root."""
    owner, key = tree, "root"
    while isinstance(owner.get(key) if isinstance(owner, dict) else owner[key], (dict, list)):
        below = owner[key]
        if not below or draw(st.integers(0, 4)) == 0:
            break
        owner = below
        key = draw(st.sampled_from(_keys(owner)))
    _replace(draw, owner, key)
    tree.setdefault("root", None)


def _keys(owner: dict | list) -> list:
    """Of long lists, the places at both ends: a frame is as good as any other."""
    if isinstance(owner, dict):
        return list(owner)
    return list(range(len(owner))) if len(owner) < 8 else [0, 1, 2, len(owner) - 1]


def _replace(draw, owner: dict | list, key) -> None:
    kind = draw(st.integers(0, 5))
    if kind == 0:
        del owner[key]
    elif kind == 1 and isinstance(owner, list):
        owner.insert(key, owner[key])
    elif kind == 1:
        owner[draw(st.sampled_from((*map(str, owner), "", "x")))] = owner[key]
    elif kind == 2:
        owner[key] = [owner[key]]
    elif kind == 3:
        owner[key] = draw(st.one_of(st.integers(), st.floats(), st.text(max_size=5)))
    else:
        owner[key] = copy.deepcopy(draw(st.sampled_from(ODD_VALUES)))
