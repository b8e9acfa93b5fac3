"""Pickles that nobody has checked: arrays come out, nothing of theirs runs."""

import io
import os
import pickle
import sys
import types

import numpy as np
import pytest
from scipy import sparse

from tdmm_hf.rigs.pickled_arrays import read_arrays, read_plain


class Calls:
    """Pickles as a call of any function."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.fixture
def write(tmp_path):
    def write(entries, protocol=2):
        path = tmp_path / "model.pkl"
        path.write_bytes(entries if isinstance(entries, bytes) else pickle.dumps(entries, protocol))
        return path

    return write


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_come_as_they_were(write, protocol):
    arrays = {
        "floats": np.linspace(0, 1, 12).reshape(3, 4),
        "fortran": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
        "big_endian": np.arange(5, dtype=">i4"),
        "bytes": np.arange(5, dtype=np.uint8),
        "truth": np.array([True, False]),
    }
    csc = sparse.random(4, 5, 0.5, format="csc", rng=np.random.default_rng(0))
    plain = {"style": "lbs", "count": np.float64(3), "more": [1, (2, {3}), None], "text": "ü"}
    path = write({**arrays, "sparse": csc, "row": csc.tocsr(), **plain}, protocol)
    found = read_arrays(path, [*arrays, "sparse", "row", "absent"])
    for name, array in arrays.items():
        np.testing.assert_array_equal(found.pop(name), array)
    np.testing.assert_array_equal(found.pop("sparse"), csc.toarray())
    np.testing.assert_array_equal(found.pop("row"), csc.toarray())
    assert not found


@pytest.mark.parametrize("protocol", [0, 1, 2, 4])
def test_chumpy_arrays_come_without_chumpy(write, protocol, monkeypatch):
    module = types.ModuleType("chumpy.ch")
    chumpy = type("Ch", (), {"__module__": "chumpy.ch", "__qualname__": "Ch"})
    module.Ch = chumpy
    monkeypatch.setitem(sys.modules, "chumpy", types.ModuleType("chumpy"))
    monkeypatch.setitem(sys.modules, "chumpy.ch", module)
    wrapped, expression = chumpy(), chumpy()
    wrapped.x, wrapped._dirty_vars = np.eye(3), {"x"}
    expression.a = wrapped
    path = write({"weights": wrapped, "sum": expression}, protocol)
    monkeypatch.undo()
    assert "chumpy" not in sys.modules
    np.testing.assert_array_equal(read_arrays(path, ["weights"])["weights"], np.eye(3))
    with pytest.raises(ValueError, match="entry 'sum' must be an array of numbers"):
        read_arrays(path)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (Calls(os.system, "touch {marker}"), "posix.system"),
        (Calls(eval, "open('{marker}', 'w')"), r"builtins?(__)?\.eval"),
        (Calls(exec, "open('{marker}', 'w')"), r"builtins?(__)?\.exec"),
        (Calls(getattr, "text", "upper"), "getattr"),
        (Calls(np.load, "{marker}"), r"numpy\.load"),
        (Calls(np.fromfile, "{marker}"), "numpy"),
        (Calls(io.open, "{marker}", "w"), r"_?io\.open"),
        (Calls(__import__, "antigravity"), "__import__"),
        (Calls(pickle.loads, b"N."), "_?pickle.loads"),
        (Calls(sparse.load_npz, "{marker}"), r"scipy\.sparse.*load_npz"),
    ],
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_calls_are_refused_by_name_and_not_made(write, tmp_path, call, name, protocol):
    marker = tmp_path / "marker"
    function, arguments = call.call
    arguments = [a.format(marker=marker) if isinstance(a, str) else a for a in arguments]
    path = write({"weights": np.eye(2), "x": Calls(function, *arguments)}, protocol)
    with pytest.raises(ValueError, match=rf"pickle asks for .*{name}"):
        read_arrays(path, ["weights"])
    assert not marker.exists()


def _global(module: str, name: str) -> bytes:
    return b"c" + f"{module}\n{name}\n".encode()


@pytest.mark.parametrize(
    "opcodes",
    [
        # copyreg._reconstructor(int, object, None): no stub
        _global("copyreg", "_reconstructor") + b"(" + _global("builtins", "object") * 2 + b"NtR.",
        _global("chumpy.ch", "Ch") + b")\x81.",
        _global("numpy", "dtype") + b"(X\x02\x00\x00\x00V8tR.",
        _global("numpy", "ndarray.tofile") + b".",
        _global("_codecs", "encode") + b"(X\x01\x00\x00\x00aX\x03\x00\x00\x00hextR.",
        b"Pabc\n.",
        b"\x80\x04K\x01.",
        b"(.",
        b"",
        b"garbage",
    ],
)
def test_odd_pickles_are_value_errors(write, opcodes):
    with pytest.raises(ValueError, match=r"pickle|dictionary"):
        read_arrays(write(b"\x80\x02" + opcodes if opcodes else b""))


def test_a_huge_array_is_not_made_before_its_data(write):
    shape = b"(J\xff\xff\xff\x7fJ\xff\xff\xff\x7ft"
    opcodes = (
        b"\x80\x02" + _global("numpy.core.multiarray", "_reconstruct")
        + b"(" + _global("numpy", "ndarray") + shape + b"X\x01\x00\x00\x00btR."
    )  # fmt: skip
    with pytest.raises(ValueError, match="must hold a dictionary"):
        read_arrays(write(opcodes))


def test_what_a_pickle_says_of_memory_is_not_believed(write):
    """A dtype of numbers whose state calls them references to objects stays one of numbers."""
    dtype = _global("numpy", "dtype") + b"(X\x02\x00\x00\x00i8tR"
    flags = b"(K\x03X\x01\x00\x00\x00<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb"
    array = (
        _global("numpy.core.multiarray", "_reconstruct")
        + b"(" + _global("numpy", "ndarray") + b"(K\x00tX\x01\x00\x00\x00btR"
    )  # fmt: skip
    state = b"(K\x01(K\x02t" + dtype + flags + b"\x89X\x10\x00\x00\x00" + b"A" * 16 + b"tb"
    opcodes = b"\x80\x02}X\x01\x00\x00\x00a" + array + state + b"s."
    found = read_arrays(write(opcodes))["a"]
    assert found.dtype == np.dtype("<i8")
    assert found.tolist() == [int.from_bytes(b"A" * 8, "little")] * 2


@pytest.mark.parametrize("damage", ["indices", "indptr", "shape"])
def test_an_unsound_sparse_matrix_is_refused(write, damage):
    matrix = sparse.csc_matrix(np.eye(3))
    if damage == "shape":
        matrix._shape = (10**6, 10**6)
    else:
        getattr(matrix, damage)[:] = 9_999
    with pytest.raises(ValueError, match=r"entry 'a' must be a (sound )?sparse matrix"):
        read_arrays(write({"a": matrix}))


def test_only_numbers_are_arrays(write):
    for value in (np.array([object()], dtype=object), np.array(["text"]), "text", [1.0]):
        entries = {"a": value if not isinstance(value, np.ndarray) else value.astype("U9")}
        with pytest.raises(ValueError, match="entry 'a' must be an array of numbers"):
            read_arrays(write(entries))


def test_npz_is_read_without_pickles(tmp_path):
    np.savez(tmp_path / "good.npz", a=np.eye(2))
    np.testing.assert_array_equal(read_arrays(tmp_path / "good.npz")["a"], np.eye(2))
    np.savez(tmp_path / "bad.npz", a=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match=r"bad\.npz: no readable npz of plain arrays"):
        read_arrays(tmp_path / "bad.npz")


def test_no_file_and_a_file_too_large(tmp_path, monkeypatch, write):
    with pytest.raises(ValueError, match="none at"):
        read_arrays(tmp_path / "none.pkl")
    monkeypatch.setattr("tdmm_hf.rigs.pickled_arrays.MAX_BYTES", 5)
    with pytest.raises(ValueError, match="at most 5 bytes"):
        read_arrays(write({"a": np.eye(2)}))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_containers_come_whole(write, protocol):
    shared = np.arange(3.0)
    held = {"frames": [shared, shared], "more": (1, "two", None, np.float32(3)), "flag": True}
    found = read_plain(write(held, protocol))
    assert found["frames"][0] is found["frames"][1]
    np.testing.assert_array_equal(found["frames"][0], shared)
    assert found["more"] == [1, "two", None, 3]
    assert found["flag"] is True
    np.testing.assert_array_equal(read_plain(write(np.eye(2), protocol)), np.eye(2))


def test_containers_that_hold_themselves_or_objects_are_refused(write):
    loop = []
    loop.append({"again": loop})
    with pytest.raises(ValueError, match="must not hold itself"):
        read_plain(write(loop))
    with pytest.raises(ValueError, match="'kind' must be an array of numbers, got set"):
        read_plain(write({"kind": {1, 2}}))
    with pytest.raises(ValueError, match="'kind' must be an array of numbers"):
        read_plain(write({"kind": [np.array([None])]}))
    with pytest.raises(ValueError, match="so deeply"):
        read_plain(write(b"]" * 100_000 + b"a" * 99_999 + b"."))
    with pytest.raises(ValueError, match=r"posix\.system"):
        read_plain(write([Calls(os.system, "true")]))


def test_a_container_that_many_hold_is_made_once(write):
    value = [0.0]
    for _ in range(200):
        value = [value, value]
    assert len(read_plain(write(value))) == 2
