"""GLB files: one JSON document and one binary chunk, and typed arrays in that chunk.

>>> import numpy as np
>>> from tdmm_hf.formats.gltf_container import BinaryBuilder, Gltf, pack
>>> builder = BinaryBuilder()
>>> at = builder.add("animation", np.float32([[0, 1, 2]]))
>>> Gltf(pack({"asset": {"version": "2.0"}}, builder.binary())).array(at, width=3)
array([[0., 1., 2.]])

Nothing that a file says about itself is believed: every length is compared with the bytes that
are there before anything is read, and what is wrong is a ``ValueError`` that says so.

Source: glTF 2.0, https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_BYTES = 256 << 20
MAX_JSON_BYTES = 16 << 20
INDICES = "indices"

_HEADER, _CHUNK = struct.Struct("<4sII"), struct.Struct("<II")
_MAGIC, _VERSION = b"glTF", 2
_JSON, _BIN = 0x4E4F534A, 0x004E4942
_ARRAY_BUFFER, _ELEMENT_ARRAY_BUFFER = 34962, 34963
_FLOAT = 5126
_COMPONENTS = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", _FLOAT: "<f4"}
_COMPONENT_TYPES = {np.dtype(code): number for number, code in _COMPONENTS.items()}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_TYPES = {width: name for name, width in _WIDTHS.items()}


@dataclass(frozen=True)
class Binary:
    """Accessors, the buffer views under them, and the bytes under those."""

    accessors: tuple[dict, ...] = ()
    views: tuple[dict, ...] = ()
    data: bytes = b""


class BinaryBuilder:
    """Gathers arrays; those that go under one name lie side by side in one buffer view.

    Args:
        base: what is there already and stays in front.
    """

    def __init__(self, base: Binary | None = None):
        self._base = base or Binary()
        self._accessors = list(self._base.accessors)
        self._views: dict[str, dict] = {}
        self._parts: dict[str, list[bytes]] = {}
        self._lengths: dict[str, int] = {}
        self._without_deltas: dict[tuple[int, bool], int] = {}

    def add(self, view: str, array: np.ndarray, normalized=False, bounds=False) -> int:
        """Index of a new accessor.

        Args:
            view: a vertex attribute's name in capitals, ``indices``, or any other.
            array: (n, width), or (n,) for scalars; of a type that glTF has.
            normalized: integers stand for 0..1 or -1..1.
            bounds: state the least and the greatest element.
        """
        array = np.ascontiguousarray(array)
        width = array.shape[1] if array.ndim == 2 else 1
        if view.isupper():
            stride = {"byteStride": array.itemsize * width, "target": _ARRAY_BUFFER}
        else:
            stride = {"target": _ELEMENT_ARRAY_BUFFER} if view == INDICES else {}
        accessor = self._place(view, array, **stride) | {
            "componentType": _COMPONENT_TYPES[array.dtype],
            "count": len(array),
            "type": _TYPES[width],
        }
        if normalized:
            accessor["normalized"] = True
        if bounds:
            accessor |= _bounds(array.min(axis=0), array.max(axis=0))
        return self._accessor(accessor)

    def add_deltas(self, count: int, rows: np.ndarray, deltas: np.ndarray, bounds=False) -> int:
        """Index of a new accessor of ``count`` vectors, zero but for some rows.

        No buffer view has the zeros: Babylon.js would write the rows into it, where others read.

        Args:
            rows: (n,) rising indices of the vectors that are not zero.
            deltas: (n, 3).
            bounds: state the least and the greatest element.
        """
        if not len(rows):
            return self._still(count, bounds)
        deltas = np.asarray(deltas, np.float32)
        index = np.dtype(np.uint16 if count <= 1 << 16 else np.uint32)
        accessor = {"componentType": _FLOAT, "count": count, "type": "VEC3"}
        if bounds:
            extent = deltas if len(rows) == count else np.vstack([deltas, np.zeros(3, np.float32)])
            accessor |= _bounds(extent.min(axis=0), extent.max(axis=0))
        indices = self._place("rows", np.asarray(rows, index))
        accessor["sparse"] = {
            "count": len(rows),
            "indices": indices | {"componentType": _COMPONENT_TYPES[index]},
            "values": self._place("values", deltas),
        }
        return self._accessor(accessor)

    def _still(self, count: int, bounds: bool) -> int:
        """An accessor of ``count`` zero vectors, the same for all who ask."""
        if (count, bounds) not in self._without_deltas:
            zero = np.zeros((1, 3))
            self._without_deltas[count, bounds] = self.add_deltas(count, [0], zero, bounds)
        return self._without_deltas[count, bounds]

    def binary(self) -> Binary:
        """Everything so far."""
        views, data = list(self._base.views), [self._base.data]
        start = len(self._base.data)
        for name, view in self._views.items():
            part = b"".join(self._parts[name])
            views.append({"buffer": 0, "byteOffset": start, "byteLength": len(part)} | view)
            padded = part + bytes(-len(part) % 4)
            data.append(padded)
            start += len(padded)
        return Binary(tuple(self._accessors), tuple(views), b"".join(data))

    def _accessor(self, accessor: dict) -> int:
        self._accessors.append(accessor)
        return len(self._accessors) - 1

    def _place(self, view: str, array: np.ndarray, **properties) -> dict:
        """Where an array went."""
        if view not in self._views:
            self._views[view], self._parts[view], self._lengths[view] = properties, [], 0
        gap = -self._lengths[view] % array.itemsize
        offset = self._lengths[view] + gap
        self._parts[view] += [bytes(gap), array.tobytes()]
        self._lengths[view] = offset + array.nbytes
        number = len(self._base.views) + list(self._views).index(view)
        return {"bufferView": number, "byteOffset": offset}


def _bounds(low: np.ndarray, high: np.ndarray) -> dict:
    """In as few digits as tell one 32-bit float from the next."""
    return {
        key: [float(str(number)) for number in np.atleast_1d(edge)]
        for key, edge in (("min", low), ("max", high))
    }


def pack(document: dict, binary: Binary) -> bytes:
    """The bytes of a GLB file.

    Raises:
        ValueError: more than the container's 4 GiB.
    """
    document = document | {
        "accessors": binary.accessors,
        "bufferViews": binary.views,
        "buffers": [{"byteLength": len(binary.data)}],
    }
    text = json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    total = _HEADER.size + 2 * _CHUNK.size + len(text) + len(binary.data)
    if total >= 1 << 32:
        raise ValueError(f"a GLB file must be smaller than 4 GiB, got {total} bytes")
    return b"".join(
        [
            _HEADER.pack(_MAGIC, _VERSION, total),
            _CHUNK.pack(len(text), _JSON),
            text,
            _CHUNK.pack(len(binary.data), _BIN),
            binary.data,
        ]
    )


class Gltf:
    """A GLB file that was read.

    Args:
        contents: the whole file.

    Raises:
        ValueError: not glTF 2.0 in binary form, cut off, or its JSON is broken or too long.
    """

    def __init__(self, contents: bytes):
        if len(contents) < _HEADER.size or contents[:4] != _MAGIC:
            raise ValueError("not a GLB file: it must begin with 'glTF'")
        _, version, total = _HEADER.unpack_from(contents)
        if version != _VERSION:
            raise ValueError(f"glTF must have version {_VERSION}, got {version}")
        if total > len(contents):
            raise ValueError(f"file is cut off: {len(contents)} of {total} bytes")
        text, after = _chunk(contents, _HEADER.size, _JSON)
        self.binary = _chunk(contents, after, _BIN)[0] if after < len(contents) else b""
        self.document = _parse(text)

    def items(self, key: str) -> list:
        """A top-level list; empty where there is none."""
        return value(self.document, key, list, [])

    def item(self, key: str, index: int) -> dict:
        """One object of a top-level list."""
        items = self.items(key)
        if not 0 <= index < len(items):
            raise ValueError(f"{key} must have an item {index}, got {len(items)} items")
        if not isinstance(items[index], dict):
            raise ValueError(f"{key}[{index}] must be an object, got {_shown(items[index])}")
        return items[index]

    def array(
        self, index: int, width: int, columns: Sequence[int] | slice = slice(None)
    ) -> np.ndarray:
        """An accessor's numbers, (n, columns) float64; normalized integers as fractions.

        Args:
            index: of the accessor.
            width: how many numbers belong together, whatever the accessor's own type.
            columns: which of those to take.
        """
        accessor = self.item("accessors", index)
        numbers = self._numbers(accessor, f"accessors[{index}]")
        if numbers.size % width:
            raise ValueError(f"accessors[{index}] must have {width} numbers a key")
        chosen = numbers.reshape(-1, width)[:, columns].astype(np.float64)
        if not np.isfinite(chosen).all():
            raise ValueError(f"accessors[{index}] must be finite")
        if value(accessor, "normalized", bool, False) and numbers.dtype.kind != "f":
            return np.maximum(chosen / np.iinfo(numbers.dtype).max, -1)
        return chosen

    def _numbers(self, accessor: dict, name: str) -> np.ndarray:
        """(count, width) in the file's own bytes, which they lie within."""
        if "sparse" in accessor:
            raise ValueError(f"{name} must not be sparse to be read here")
        dtype = np.dtype(_choice(accessor, "componentType", int, _COMPONENTS))
        width = _choice(accessor, "type", str, _WIDTHS)
        count = natural(accessor, "count", least=1)
        view = self.item("bufferViews", natural(accessor, "bufferView"))
        element = dtype.itemsize * width
        stride = natural(view, "byteStride", element, least=element)
        start = natural(view, "byteOffset", 0)
        end = start + natural(view, "byteLength")
        start += natural(accessor, "byteOffset", 0)
        if natural(view, "buffer") or start + stride * (count - 1) + element > end:
            raise ValueError(f"{name} must lie within its buffer view, in buffer 0")
        if end > len(self.binary):
            raise ValueError(
                f"buffer view must end within the {len(self.binary)} bytes there are, got {end}"
            )
        strides = (stride, dtype.itemsize)
        return np.ndarray((count, width), dtype, self.binary, start, strides)


def value(owner: dict, key: str, kind: type, default: Any = None):
    """``owner[key]`` if it has the JSON type; the default, if there is one, where it is absent.

    Whole numbers are ``float`` too.

    Raises:
        ValueError: absent, or of another type.
    """
    found = owner.get(key, default)
    kinds = (int, float) if kind is float else kind
    if not isinstance(found, kinds) or (isinstance(found, bool) and kind is not bool):
        raise ValueError(f"{key} must be of type {kind.__name__}, got {_shown(found)}")
    return found


def natural(owner: dict, key: str, default: int | None = None, least: int = 0) -> int:
    """``owner[key]``, a whole number that is not less than ``least``."""
    number = value(owner, key, int, default)
    if number < least:
        raise ValueError(f"{key} must be at least {least}, got {_shown(number)}")
    return number


def _choice(owner: dict, key: str, kind: type, choices: dict):
    name = value(owner, key, kind)
    if name not in choices:
        raise ValueError(f"{key} must be one of {', '.join(map(str, choices))}, got {name!r:.40}")
    return choices[name]


def _shown(found) -> str:
    return type(found).__name__ if isinstance(found, list | dict) else f"{found!r:.40}"


def _chunk(contents: bytes, start: int, kind: int) -> tuple[bytes, int]:
    """A chunk of a kind, and where the next one starts."""
    if start + _CHUNK.size > len(contents):
        raise ValueError("file is cut off: it ends where a chunk must begin")
    length, found = _CHUNK.unpack_from(contents, start)
    start += _CHUNK.size
    if found != kind:
        raise ValueError(f"chunk must be of kind {kind:#010x}, got {found:#010x}")
    if start + length > len(contents):
        raise ValueError(f"file is cut off: a chunk of {length} bytes has {len(contents) - start}")
    return contents[start : start + length], start + length


def _parse(text: bytes) -> dict:
    if len(text) > MAX_JSON_BYTES:
        raise ValueError(f"JSON must have at most {MAX_JSON_BYTES} bytes, got {len(text)}")
    try:
        document = json.loads(text.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("JSON must not be nested so deep") from error
    except ValueError as error:
        raise ValueError(f"JSON is broken ({error})") from error
    if not isinstance(document, dict):
        raise ValueError(f"JSON must be an object, got {_shown(document)}")
    return document
