"""Arrays out of a pickle that nobody has checked: none of the pickle's own code is run.

>>> import pickle, tempfile
>>> from pathlib import Path
>>> import numpy as np
>>> path = Path(tempfile.mkdtemp()) / "model.pkl"
>>> _ = path.write_bytes(pickle.dumps({"weights": np.eye(2), "kind": "lrotmin"}))
>>> read_arrays(path, ["weights"])["weights"].tolist()
[[1.0, 0.0], [0.0, 1.0]]

A pickle names functions to call. Here the names that arrays of NumPy, objects of chumpy and
matrices of SciPy are saved by lead to stubs, which keep what was saved: no code of those packages
sees it, not even NumPy's own unpickling, which trusts what a pickle says of memory. Arrays are then
made from plain bytes. Plain containers are admitted, all else is refused by name.

``read_arrays`` takes arrays by name from a dictionary, ``read_plain`` all that a pickle holds.
"""

from __future__ import annotations

import os
import pickle
import re
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import sparse

from ..arrays import read_npz
from ..files import one_line

MAX_BYTES = 2**30
MAX_DENSE = 10_000_000
_NUMBERS_AND_TEXT = re.compile(r"[<>|=]?[fiubcSUO]\d*")
_SPARSE = {"csc_matrix": sparse.csc_matrix, "csr_matrix": sparse.csr_matrix}


def read_arrays(path: str | os.PathLike, names: Sequence[str] | None = None) -> dict:
    """Arrays by name from a pickled dictionary, or from a ``.npz``.

    Args:
        path: the file.
        names: those wanted; entries that it lacks are left out. All by default.

    Raises:
        ValueError: no such file, it names what is not admitted, or a wanted entry is no array.
    """
    path = _checked(path)
    entries = _npz(path) if path.suffix == ".npz" else _dictionary(path)
    wanted = [name for name in entries if names is None or name in names]
    return {name: _as_array(entries[name], name) for name in wanted}


def read_plain(path: str | os.PathLike):
    """What a pickle holds: dictionaries, lists, numbers, text, and arrays of numbers in them.

    Args:
        path: the file.

    Raises:
        ValueError: no such file, it names what is not admitted, or it holds an object of another
            package, an array of objects, or a container within itself.
    """
    path = _checked(path)
    try:
        return _plain(_pickled(path), {}, path.stem)
    except RecursionError:
        raise ValueError(f"{path.name} must not nest containers so deeply") from None


def _checked(path: str | os.PathLike) -> Path:
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"arrays must come from a file, none at {path}")
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path.name} must have at most {MAX_BYTES} bytes")
    return path


def _plain(value, seen: dict, name: str):
    """The same with arrays for what was saved of them; shared parts stay shared.

    ``seen`` holds what became of each container by its id: a pickle can refer to one so often that
    copies of it would fill the memory.
    """
    if isinstance(value, (bool, int, float, str, bytes, np.generic, type(None))):
        return value
    if id(value) in seen:
        if seen[id(value)] is seen:
            raise ValueError("a pickled container must not hold itself")
        return seen[id(value)]
    seen[id(value)] = seen
    if isinstance(value, dict):
        made = {key: _plain(entry, seen, str(key)) for key, entry in value.items()}
    elif isinstance(value, (list, tuple)):
        made = [_plain(entry, seen, name) for entry in value]
    else:
        made = _as_array(value, name)
    seen[id(value)] = made
    return made


def _npz(path: Path) -> dict:
    try:
        return read_npz(path, most_bytes=MAX_BYTES)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path.name}: {error}") from error


def _dictionary(path: Path) -> dict:
    found = _pickled(path)
    if not isinstance(found, dict):
        raise ValueError(f"{path.name} must hold a dictionary, got {type(found).__name__}")
    return found


def _pickled(path: Path):
    try:
        with path.open("rb") as file:
            return _Unpickler(file, encoding="latin1").load()
    except _RefusedError:
        raise
    except Exception as error:  # a damaged pickle raises whatever its bytes happen to ask for
        raise ValueError(f"{path.name} is no readable pickle ({one_line(error)})") from error


class _RefusedError(ValueError):
    pass


class _Saved:
    """What was saved of an object of another package, and nothing of that package."""

    kind = ""

    def __new__(cls, *args, **kwargs):
        self = super().__new__(cls)
        self.state = {}
        return self

    def __init__(self, *args, **kwargs):
        pass

    def __setstate__(self, state):
        self.state = state if isinstance(state, dict) else {}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str):
        if (module, name) in _ADMITTED:
            return _ADMITTED[module, name]
        package = module.partition(".")[0]
        if package == "chumpy" or (module.startswith("scipy.sparse") and name in _SPARSE):
            return type("_Saved", (_Saved,), {"kind": f"{package}.{name}"})
        asked = " ".join(f"{module}.{name}".split())[:100]  # whatever the bytes say
        raise _RefusedError(
            f"pickle asks for {asked}: only NumPy arrays, SciPy sparse matrices, chumpy "
            "arrays and plain containers are admitted"
        )


def _as_array(value, name: str) -> np.ndarray:
    """A dense numeric array of what was saved."""
    if isinstance(value, _Saved):
        sparse_kind = value.kind.removeprefix("scipy.")
        value = _dense(value, name) if sparse_kind in _SPARSE else value.state.get("x")
    if isinstance(value, _SavedArray):
        value = value.array
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiub":
        kind = value.dtype if isinstance(value, np.ndarray) else type(value).__name__
        raise ValueError(f"entry {name!r} must be an array of numbers, got {kind}")
    return value


def _dense(saved: _Saved, name: str) -> np.ndarray:
    state = saved.state
    shape = state.get("_shape", state.get("shape"))
    if not isinstance(shape, tuple) or len(shape) != 2 or not 0 < np.prod(shape) <= MAX_DENSE:
        raise ValueError(f"entry {name!r} must be a sparse matrix of moderate size, got {shape}")
    try:
        parts = tuple(_as_array(state[part], part) for part in ("data", "indices", "indptr"))
        matrix = _SPARSE[saved.kind.removeprefix("scipy.")](parts, shape=shape)
        matrix.check_format(full_check=True)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ValueError(f"entry {name!r} must be a sound sparse matrix ({error})") from error
    return matrix.toarray()


def _reconstructed(kind, base, state) -> _Saved:
    """``copyreg._reconstructor`` for stubs alone."""
    if not (isinstance(kind, type) and issubclass(kind, _Saved)):
        raise _RefusedError(f"pickle rebuilds a {kind}: only arrays and containers are admitted")
    return kind()


class _SavedType:
    """A dtype of numbers or text; of its state the byte order alone is taken."""

    def __init__(self, code, *options):
        if not isinstance(code, str) or not _NUMBERS_AND_TEXT.fullmatch(code):
            raise _RefusedError(
                f"pickle asks for dtype {code!r}: only numbers and text are admitted"
            )
        self.dtype = np.dtype(code)

    def __setstate__(self, state):
        self.dtype = self.dtype.newbyteorder(state[1])


class _SavedArray:
    """An array made from the bytes that were saved; none where it held objects."""

    array = None

    def __setstate__(self, state):
        _, shape, kind, fortran, data = state
        if not isinstance(data, list):
            self.array = _from_bytes(data, kind).reshape(shape, order="F" if fortran else "C")


def _from_bytes(data, kind: _SavedType) -> np.ndarray:
    raw = _encoded(data) if isinstance(data, str) else bytes(data)
    return np.frombuffer(raw, dtype=kind.dtype).copy()


def _empty_array(kind, shape, code) -> _SavedArray:
    """An array for its state to fill; the size comes with the data."""
    return _SavedArray()


def _scalar(kind: _SavedType, data):
    return _from_bytes(data, kind)[0]


def _from_buffer(data, kind: _SavedType, shape: tuple, order: str) -> _SavedArray:
    found = _SavedArray()
    found.array = _from_bytes(data, kind).reshape(shape, order=order)
    return found


def _encoded(text: str, encoding: str = "latin1") -> bytes:
    """``_codecs.encode``, which pickles of bytes from Python 3 in old protocols call."""
    if encoding not in ("latin1", "latin-1"):
        raise _RefusedError(f"pickle encodes text as {encoding!r}: only latin1 is admitted")
    return text.encode("latin1")


_NUMPY_INTERNALS = {
    ("multiarray", "_reconstruct"): _empty_array,
    ("multiarray", "scalar"): _scalar,
    ("numeric", "_frombuffer"): _from_buffer,
}
_PLAIN = {"object": object, "set": set, "frozenset": frozenset, "dict": dict, "list": list}
_ADMITTED = {
    ("numpy", "ndarray"): _SavedArray,
    ("numpy", "dtype"): _SavedType,
    ("_codecs", "encode"): _encoded,
    ("collections", "OrderedDict"): OrderedDict,
    ("copy_reg", "_reconstructor"): _reconstructed,
    ("copyreg", "_reconstructor"): _reconstructed,
    **{
        (f"numpy.{core}.{module}", name): value
        for core in ("core", "_core")
        for (module, name), value in _NUMPY_INTERNALS.items()
    },
    **{(builtins, n): v for builtins in ("builtins", "__builtin__") for n, v in _PLAIN.items()},
}
