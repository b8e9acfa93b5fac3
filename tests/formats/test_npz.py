"""The npz format: exact round trip, safe, one line for every unfit file."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tdmm_hf.formats import npz
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import get_space


@pytest.fixture
def motion():
    rng = np.random.default_rng(0)
    return FaceMotion(
        rng.standard_normal((20, 55)),
        fps=29.97,
        valid=rng.random(20) > 0.3,
        observed=rng.random(55) > 0.3,
    )


@pytest.fixture
def arrays(motion, tmp_path):
    """Reads what was written, to be changed and written again."""
    npz.write(motion, tmp_path / "good.npz")
    with np.load(tmp_path / "good.npz") as archive:
        return dict(archive)


@settings(max_examples=25, deadline=None)
@given(data=st.data(), fps=st.floats(0.1, 1000), space=st.sampled_from(["arkit", "flame"]))
def test_round_trip_is_exact(tmp_path_factory, data, fps, space):
    width = len(get_space(space).channels)
    floats = st.floats(-10, 10, width=32)
    frames = data.draw(st.integers(1, 5))
    values = data.draw(hnp.arrays(np.float32, (frames, width), elements=floats, fill=floats))
    motion = FaceMotion(
        values, fps, space, valid=data.draw(hnp.arrays(bool, frames)), observed=values[0] > 0
    )
    path = tmp_path_factory.getbasetemp() / "motion.npz"
    npz.write(motion, path)
    assert npz.read(path) == motion


def test_same_motion_same_bytes(motion, tmp_path):
    for name in ("a.npz", "b.npz"):
        npz.write(motion, tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"values": np.zeros((20, 54))}, r"\(frames, 55\).*got shape \(20, 54\)"),
        ({"values": np.full((20, 55), np.nan)}, "finite, got nan"),
        ({"values": np.zeros((0, 55))}, "at least one frame"),
        ({"values": np.full((20, 55), "x")}, "could not convert"),
        ({"fps": np.float64(0)}, "fps must be positive"),
        ({"space": np.str_("other")}, "unknown parameter space 'other'"),
        ({"space_version": np.int64(9)}, "version 1, got version 9"),
        ({"channels": np.array(["a"])}, "channels must be those"),
        ({"valid": np.ones(3, bool)}, "valid must have shape"),
        ({"observed": np.array([{}], dtype=object)}, "no readable npz of plain arrays"),
    ],
)
def test_unfit_contents_name_file_and_rule(arrays, tmp_path, change, message):
    np.savez(tmp_path / "bad.npz", **{**arrays, **change})
    with pytest.raises(ValueError, match=message) as caught:
        npz.read(tmp_path / "bad.npz")
    assert str(caught.value).startswith("bad.npz: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", npz.KEYS)
def test_missing_array_is_named(arrays, tmp_path, key):
    del arrays[key]
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(ValueError, match=f"needs the arrays {key}$"):
        npz.read(tmp_path / "bad.npz")


def test_damaged_and_foreign_files(motion, tmp_path):
    path = tmp_path / "bad.npz"
    npz.write(motion, path)
    whole = path.read_bytes()
    np.save(tmp_path / "array.npy", np.zeros(3))
    foreign = (tmp_path / "array.npy").read_bytes()
    for contents in (b"", b"not a zip", whole[: len(whole) // 2], whole[:-30], foreign):
        path.write_bytes(contents)
        with pytest.raises(ValueError, match=r"^bad\.npz: ") as caught:
            npz.read(path)
        assert "\n" not in str(caught.value)
    middle = bytearray(whole)
    middle[len(whole) // 4] ^= 0xFF
    path.write_bytes(bytes(middle))
    with pytest.raises(ValueError, match=r"^bad\.npz: "):
        npz.read(path)
