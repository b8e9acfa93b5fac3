"""``tdmm convert``: any format to any other, losses said, mistakes in one line."""

from pathlib import Path

import numpy as np
import pytest
import typer

from tdmm_hf.cli.convert import convert
from tdmm_hf.formats import FORMATS, is_motion_file, load, save, scene
from tdmm_hf.motion import FaceMotion

DATA = Path(__file__).parent / "data"


@pytest.fixture
def run(small_head, monkeypatch):
    """The command, with a small head in place of the package's."""
    monkeypatch.setattr(scene, "get_rig", {"tdmm": small_head}.__getitem__)
    app = typer.Typer()
    app.command()(convert)
    return lambda *words: app(args=[str(word) for word in words], standalone_mode=False)


@pytest.fixture
def source(lively, tmp_path):
    save(lively, tmp_path / "take.npz")
    return tmp_path / "take.npz"


WITH_MASKS = [".npz", ".json", ".usd", ".usda", ".usdc", ".usdz", ".glb"]


@pytest.mark.parametrize("suffix", WITH_MASKS)
@pytest.mark.parametrize("back_suffix", [".npz", ".json"])
def test_there_and_back(run, source, lively, tmp_path, suffix, back_suffix, capsys):
    if suffix.startswith(".usd"):
        pytest.importorskip("pxr", reason="usd-core is not installed")
    run(source, tmp_path / f"there{suffix}")
    run(tmp_path / f"there{suffix}", tmp_path / f"back{back_suffix}")
    back = load(tmp_path / f"back{back_suffix}")
    np.testing.assert_allclose(back.values[:, :52], lively.values[:, :52], atol=1e-6)
    np.testing.assert_allclose(back.values, lively.values, atol=1e-5)
    np.testing.assert_array_equal(back.valid, lively.valid)
    np.testing.assert_array_equal(back.observed, lively.observed)
    assert back.fps == lively.fps
    captured = capsys.readouterr()
    assert captured.out.split() == [
        str(tmp_path / f"there{suffix}"),
        str(tmp_path / f"back{back_suffix}"),
    ]
    assert not captured.err


def test_every_format_is_written(run, source, tmp_path):
    pytest.importorskip("pxr", reason="usd-core is not installed")
    for suffix in FORMATS:
        run(source, tmp_path / f"m{suffix}")
        assert (tmp_path / f"m{suffix}").stat().st_size > 300
        if is_motion_file(f"m{suffix}"):
            assert load(tmp_path / f"m{suffix}").num_frames == 20


def test_conventions(run, tmp_path):
    run(DATA / "app.csv", tmp_path / "a.npz")
    argv = [DATA / "unreal.csv", tmp_path / "b.csv", "--convention", "unreal"]
    run(*argv, "--out-convention", "degrees")
    run(tmp_path / "b.csv", tmp_path / "b.npz", "--convention", "degrees")
    first, second = load(tmp_path / "a.npz"), load(tmp_path / "b.npz")
    np.testing.assert_allclose(first.values, second.values, atol=1e-5)


def test_rates(run, source, tmp_path):
    run(source, tmp_path / "a.npz", "--fps", "20")
    assert (load(tmp_path / "a.npz").num_frames, load(tmp_path / "a.npz").fps) == (20, 20)
    run(source, tmp_path / "b.npz", "--fps", "20", "--out-fps", "10")
    assert (load(tmp_path / "b.npz").num_frames, load(tmp_path / "b.npz").fps) == (10, 10)


def test_losses_are_said(run, source, tmp_path, capsys):
    run(source, tmp_path / "take.bvh")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 3
    assert all(line.startswith("take.bvh: ") for line in lines)
    assert any("without a face" in line for line in lines)


def test_several_files(run, source, lively, tmp_path):
    save(lively, tmp_path / "other.json")
    run(source, tmp_path / "other.json", "--out", tmp_path / "out", "--to", "csv")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["other.csv", "take.csv"]
    run(source, "--to", ".json")
    assert load(tmp_path / "take.json") == lively


def test_identity_and_look_reach_the_file(run, source, tmp_path):
    for name, identity in (("a.glb", 1), ("b.glb", 2)):
        run(source, tmp_path / name, "--identity", identity, "--look", "ebony")
    assert (tmp_path / "a.glb").read_bytes() != (tmp_path / "b.glb").read_bytes()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["take.npz"], "give a file and the file to write, or --to SUFFIX; got 1 files"),
        (["take.npz", "a.csv", "b.csv"], "got 3 files"),
        (["take.npz", "--out", "new"], "--out needs --to SUFFIX"),
        (["take.npz", "new/m.xyz"], "unknown motion suffix '.xyz'"),
        (["take.npz", "new/m.npz", "--rig", "tdmm"], "takes no options, got 'rig'"),
        (["take.npz", "new/m.npz", "--convention", "app"], "takes no options, got 'convention'"),
        (["take.npz", "new/m.csv", "--out-convention", "maya"], "unknown convention 'maya'"),
        (["take.npz", "new/m.npz", "--fps", "-3"], "fps must be positive"),
        (["flame.npz", "new/m.csv"], "holds motion in space 'arkit', got 'flame'"),
        (["take.npz", "flame.npz", "--to", ".glb", "--out", "new"], "got 'flame'"),
        (["take.npz", "sub/take.npz", "--to", ".csv", "--out", "new"], "two files would become"),
        (["bad.npz", "new/m.csv"], "bad.npz: no readable npz"),
    ],
)
def test_mistakes_write_nothing(run, source, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    save(FaceMotion(np.zeros((2, 58)), space="flame"), "flame.npz")
    Path("bad.npz").write_bytes(b"bad")
    before = sorted(tmp_path.rglob("*.*"))
    with pytest.raises(ValueError, match=message):
        run(*words)
    assert sorted(tmp_path.rglob("*.*")) == before
