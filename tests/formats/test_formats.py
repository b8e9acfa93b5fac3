"""``load`` and ``save`` choose by suffix and leave no half-written file."""

import subprocess
import sys

import numpy as np
import pytest

from tdmm_hf.files import replacing
from tdmm_hf.formats import FORMATS, check_suffix, is_motion_file, load, losses, save
from tdmm_hf.formats.timing import fill_invalid, spread_evenly
from tdmm_hf.motion import FaceMotion


def test_formats_are_imported_when_used():
    code = (
        "import sys, tdmm_hf.formats; "
        "print(any(m.split('.')[0] == 'pxr' or 'rigs' in m for m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".json", ".CSV", ".NPZ", ".Json"])
def test_suffix_chooses_the_format(tmp_path, suffix):
    motion = FaceMotion(np.full((30, 55), 0.25), fps=25)
    path = tmp_path / f"motion{suffix}"
    save(motion, path)
    assert load(path) == motion
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("name", ["motion.xyz", "motion"])
def test_unknown_suffix_lists_the_known_ones(tmp_path, name):
    with pytest.raises(ValueError, match=r"suffix .*choose from \.csv, \.npz"):
        load(tmp_path / name)
    with pytest.raises(ValueError, match=r"suffix .*choose from \.csv, \.npz"):
        save(FaceMotion(np.zeros((1, 55))), tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".json"])
def test_fps_overrides_the_files(tmp_path, suffix):
    save(FaceMotion(np.zeros((50, 55)), fps=25), tmp_path / f"m{suffix}")
    assert load(tmp_path / f"m{suffix}", fps=50).duration == 1.0


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".json"])
def test_missing_file_is_an_os_error(tmp_path, suffix):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / f"absent{suffix}")


def test_a_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "kept.txt"
    path.write_text("old")

    def write_half():
        with replacing(path) as beside:
            beside.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_csv_of_another_space_writes_nothing(tmp_path):
    with pytest.raises(ValueError, match="space 'arkit', got 'flame'"):
        save(FaceMotion(np.zeros((5, 58)), space="flame"), tmp_path / "flame.csv")
    assert not list(tmp_path.iterdir())


def test_options_are_those_of_the_format(tmp_path):
    still = FaceMotion(np.zeros((2, 55)))
    requests = [("m.npz", "rig", "no options"), ("m.csv", "look", "convention")]
    for name, option, known in requests:
        with pytest.raises(ValueError, match=rf"takes {known}, got '{option}'"):
            save(still, tmp_path / name, **{option: "x"})
        with pytest.raises(ValueError, match=rf"takes {known}, got '{option}'"):
            check_suffix(name, **{option: "x"})
    with pytest.raises(ValueError, match="takes no options, got 'convention'"):
        load(tmp_path / "m.json", convention="app")
    assert not list(tmp_path.iterdir())
    check_suffix("m.glb", rig="tdmm", identity=3, look="sand")


def test_every_format_is_named(tmp_path):
    assert is_motion_file("a.GLB")
    assert not is_motion_file("a.png")
    assert set(FORMATS) - {".png"} == {s for s in FORMATS if is_motion_file(f"a{s}")}
    with pytest.raises(ValueError, match=r"unknown motion suffix '\.png'"):
        load(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", [".npz", ".json", ".glb", ".usdz"])
def test_formats_with_masks_lose_nothing(suffix):
    motion = FaceMotion(np.zeros((2, 55)), valid=[True, False], observed=np.arange(55) > 3)
    assert losses(motion, f"m{suffix}") == []


def test_what_cannot_be_saved_has_no_list_of_losses():
    flame = FaceMotion(np.zeros((2, 58)), space="flame")
    with pytest.raises(ValueError, match="holds motion in space 'arkit', got 'flame'"):
        losses(flame, "m.usda")
    assert losses(flame, "m.png") == ["a picture: no motion can be read from it"]


def test_times_too_far_apart_are_refused():
    with pytest.raises(ValueError, match="must follow each other closely, got 2 of 2500000001 at"):
        spread_evenly(np.array([0, 1e8]), np.zeros((2, 1)), np.ones(2, bool), fps=25)


def test_even_frames_are_left_alone():
    times = np.arange(10) / 25 + np.linspace(0, 0.003, 10)
    values = np.random.default_rng(0).random((10, 3))
    even = spread_evenly(times, values, np.ones(10, bool), fps=25)
    assert not even.moved
    assert even.values is values


def test_uneven_frames_are_interpolated_at_their_times():
    times = np.array([0, 0.04, 0.16, 0.2])
    valid = np.array([True, True, False, True])
    even = spread_evenly(times, times[:, None] * [1, 2], valid, fps=25)
    assert even.moved
    np.testing.assert_allclose(even.values, np.arange(6)[:, None] * [0.04, 0.08], atol=1e-12)
    assert even.valid.tolist() == [True, True, True, False, False, True]


def test_invalid_frames_are_filled_from_both_sides():
    values = np.array([[9.0], [1.0], [9.0], [3.0], [9.0]])
    valid = np.array([False, True, False, True, False])
    assert fill_invalid(values, valid).ravel().tolist() == [1, 1, 2, 3, 3]
