"""Hypothesis strategies for containers: what lies in them is spoiled, the container is sound.

>>> from hypothesis import find
>>> find(spoiled_json([{"fps": 25}]), lambda data: b"25" not in data)[:0]
b''

A flipped bit in an archive is found by its checksum before a reader sees it; here the checksum is
that of what was spoiled.
"""

from __future__ import annotations

import io
import json
import pickle
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from tdmm_hf.formats.gltf_container import Binary, pack

from .damage import EDGES, ODD_VALUES, spoiled_bytes, spoiled_tree

DEEP = 200_000
DTYPES = ("<f4", ">f8", "<f2", "i1", "<u8", "?", "<c16", "<U3", "S5", "<M8[s]", "V7")
SHAPES = ((), (0,), (1,), (3,), (2, 55), (0, 55), (55, 2), (1, 1, 55), (2, 0), (2, 2, 2, 2))
NAMES = (
    "",
    "values.npy",
    "values",
    "../x.obj",
    "/x.obj",
    "C:\\x.obj",
    "x\0.obj",
    "a" * 300,
    "é.obj",
)
MIB = 1 << 20


@st.composite
def spoiled_json(draw, samples: Sequence) -> bytes:
    """A spoiled tree as JSON, now and then with a key twice, or nested deep."""
    text = json.dumps(draw(spoiled_tree(samples)))
    odd = draw(st.integers(0, 60))
    if odd == 0:
        opened = draw(st.sampled_from(("[", '{"a":')))
        text = text.replace(": ", ": " + opened * DEEP, 1)
    elif odd == 1:
        text = text.replace("{", '{"fps": [], "names": 3, ', 1)
    return text.encode("utf-8", "surrogatepass")


@st.composite
def spoiled_array(draw, array: np.ndarray) -> bytes:
    """An array as ``.npy``: of another type, shape or header, or with odd numbers."""
    kind = draw(st.integers(0, 4))
    if kind == 0:
        shape = draw(st.sampled_from((*SHAPES, array.shape)))
        array = np.zeros(shape, np.dtype(draw(st.sampled_from(DTYPES))))
    elif kind == 1 and array.dtype.kind == "f" and array.size:
        array = array.copy()
        odd = draw(st.sampled_from((np.nan, np.inf, 1e38, -1e38, 1e9)))
        array.flat[draw(st.integers(0, array.size - 1))] = odd
    elif kind == 2:
        array = np.asfortranarray(array)[..., ::-1]
    data = _npy(array)
    if kind == 3:
        return draw(spoiled_bytes([data]))
    if kind == 4:
        return _claim(data, draw(st.sampled_from((10**6, 10**9, 10**13, 2**63, -1))))
    return data


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=False)
    return buffer.getvalue()


def _claim(data: bytes, count: int) -> bytes:
    """An ``.npy`` whose header says there is more than there is."""
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({count}, 55), }}".encode()
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    return data[:8] + len(head).to_bytes(2, "little") + head + data[-64:]


@st.composite
def spoiled_npz(draw, samples: Sequence[dict[str, np.ndarray]]) -> bytes:
    """An ``.npz`` with some of its arrays spoiled, renamed, doubled or left out."""
    arrays = draw(st.sampled_from(samples))
    members = {f"{name}.npy": _npy(array) for name, array in arrays.items()}
    for name in draw(st.lists(st.sampled_from(list(arrays)), min_size=1, max_size=3)):
        members[f"{name}.npy"] = draw(spoiled_array(arrays[name]))
    return draw(_zip(members))


@st.composite
def spoiled_zip(draw, samples: Sequence[dict[str, bytes]]) -> bytes:
    """A ``.zip`` with a member spoiled, renamed, doubled, left out, or its size made up."""
    members = dict(draw(st.sampled_from(samples)))
    name = draw(st.sampled_from(list(members)))
    members[name] = draw(spoiled_bytes([members[name]]))
    return draw(_zip(members))


@st.composite
def _zip(draw, members: dict[str, bytes]) -> bytes:
    buffer, names = io.BytesIO(), list(members)
    odd = draw(st.integers(0, 7))
    chosen = draw(st.sampled_from(names))
    method = draw(st.sampled_from((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(buffer, "w", method) as archive:
        for name in names:
            if odd == 0 and name == chosen:
                continue
            info = zipfile.ZipInfo(name)
            if odd == 1 and name == chosen:
                info.filename = draw(st.sampled_from(NAMES))
            if odd == 2 and name == chosen:
                info.external_attr = draw(st.sampled_from((0o120777, 0o020666, 0o040755))) << 16
            archive.writestr(info, members[name], method)
        if odd == 3:
            archive.writestr(zipfile.ZipInfo(chosen), members[names[0]], method)
    return _lie(draw, buffer.getvalue()) if odd in (4, 5) else buffer.getvalue()


def _lie(draw, data: bytes) -> bytes:
    """A number of the central directory is another: sizes, offsets, flags, methods."""
    start = data.find(b"PK\x01\x02")
    at = start + draw(st.integers(4, 46))
    number = draw(st.sampled_from(EDGES)) % (1 << 32)
    return data[:at] + number.to_bytes(4, "little") + data[at + 4 :]


@st.composite
def spoiled_tar(draw, samples: Sequence[dict[str, bytes]], compression: str = "") -> bytes:
    """A tar archive with a member of another kind, name, size or header."""
    members = draw(st.sampled_from(samples))
    chosen, odd = draw(st.sampled_from(list(members))), draw(st.integers(0, 5))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if name == chosen and odd == 0:
                info.name = draw(st.sampled_from(NAMES)).replace("\0", "_")
            if name == chosen and odd == 1:
                info.type = draw(st.sampled_from((b"1", b"2", b"3", b"5", b"6", b"x", b"L", b"S")))
            archive.addfile(info, io.BytesIO(data))
    data = buffer.getvalue()
    if odd > 3:
        data = draw(spoiled_bytes([data]))
    return _packed(data, compression)


def _packed(data: bytes, compression: str) -> bytes:
    if compression == "gz":
        packer = zlib.compressobj(wbits=31)
        return packer.compress(data) + packer.flush()
    return data


@st.composite
def spoiled_glb(draw, samples: Sequence[tuple[dict, Binary]]) -> bytes:
    """A GLB whose document, accessors, views or numbers are spoiled; its lengths are right."""
    document, binary = draw(st.sampled_from(samples))
    whole = {**document, "accessors": list(binary.accessors), "bufferViews": list(binary.views)}
    data = draw(spoiled_bytes([binary.data])) if draw(st.integers(0, 3)) == 0 else binary.data
    whole = draw(spoiled_tree([whole]))
    if not isinstance(whole, dict):
        whole = {"asset": whole}
    parts = Binary(whole.pop("accessors", ()), whole.pop("bufferViews", ()), data)
    try:
        return pack(whole, parts)
    except ValueError:  # JSON has no NaN: a file has it all the same
        return pack(json.loads(json.dumps(whole), parse_constant=str), Binary((), (), data))


@st.composite
def spoiled_pickle(draw, samples: Sequence) -> bytes:
    """A pickle, in any protocol, of something spoiled; or its opcodes are."""
    protocol = draw(st.integers(0, pickle.HIGHEST_PROTOCOL))
    if draw(st.booleans()):
        return draw(spoiled_bytes([pickle.dumps(sample, protocol) for sample in samples]))
    tree = draw(spoiled_tree(samples))
    if isinstance(tree, dict) and draw(st.booleans()):
        tree = {**tree, draw(st.sampled_from((*map(str, tree), "x"))): draw(_odd_array())}
    return pickle.dumps(tree, protocol)


def _odd_array() -> st.SearchStrategy:
    made = st.builds(
        lambda shape, kind: np.zeros(shape, kind), st.sampled_from(SHAPES), st.sampled_from(DTYPES)
    )
    return st.one_of(made, st.sampled_from(ODD_VALUES), st.just(np.array([None, {}], dtype=object)))


def zeros_npz(names: Sequence[str], sizes: Sequence[int]) -> bytes:
    """A bomb: an ``.npz`` that unpacks to megabytes of zeros (``sizes``, in MiB) from kilobytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, size in zip(names, sizes, strict=True):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                header = {"descr": "<f4", "fortran_order": False, "shape": (size * MIB // 220, 55)}
                np.lib.format.write_array_header_1_0(member, header)
                for _ in range(size):
                    member.write(bytes(MIB))
    return buffer.getvalue()


def zeros_tar(name: str, size: int) -> bytes:
    """A bomb: a tar with a file of so many MiB of zeros, gzipped."""
    info = tarfile.TarInfo(name)
    info.size = size * MIB
    packer = zlib.compressobj(level=1, wbits=31)
    parts = [packer.compress(info.tobuf(tarfile.GNU_FORMAT))]
    parts += [packer.compress(bytes(MIB)) for _ in range(size)]
    return b"".join([*parts, packer.compress(bytes(1024)), packer.flush()])
