import subprocess
import sys
import time

import numpy as np
import pytest

import tdmm_hf
from tdmm_hf.cli import main
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import get_space

ARKIT = get_space("arkit")
PROMPT = "He frowns and shakes his head."


def complaint(capsys, argv) -> str:
    """The one line on stderr of a command that fails with status 2."""
    assert main([str(word) for word in argv]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("tdmm: ")
    return lines[0]


def test_help_is_quick_and_imports_no_torch():
    code = (
        "import sys; from tdmm_hf.cli import main; main(['--help']); print('torch' in sys.modules)"
    )
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "generate" in done.stdout
    assert done.stdout.rstrip().endswith("False")
    assert time.monotonic() - started < 10  # far off, unless torch came along


def test_generate_writes_the_format_of_the_suffix(tmp_path):
    out = tmp_path / "frown.csv"
    assert main(["generate", PROMPT, "--duration", "2", "--seed", "3", "--out", str(out)]) == 0
    motion = tdmm_hf.load(out)
    assert motion.num_frames == 50
    assert motion.fps == 25


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        main(["generate", PROMPT, "--duration", "1", "--seed", "7", "--out", str(tmp_path / name)])
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert {name.rsplit(".")[-1] for name in files} == {"csv", "npz", "png", "glb", "mp4"}
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_several_prompts_make_several_files(tmp_path):
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("She smiles.\n\nShe yawns.\n")
    argv = ["generate", PROMPT, "--prompts", str(prompts), "--duration", "1"]
    assert main([*argv, "--out", str(tmp_path / "m.npz")]) == 0
    assert sorted(path.name for path in tmp_path.glob("m*")) == ["m-1.npz", "m-2.npz", "m-3.npz"]


def test_describe_prints_a_sentence(tmp_path, capsys):
    out = tmp_path / "m.npz"
    tdmm_hf.save(FaceMotion(np.zeros((50, 55))), out)
    assert main(["describe", str(out)]) == 0
    said = capsys.readouterr().out.strip()
    assert said[0].isupper()
    assert len(said.split()) >= 3


@pytest.fixture
def nod(tmp_path):
    values = np.zeros((10, 55))
    values[:, ARKIT.index("headPitch")] = np.sin(np.arange(10)) / 4
    tdmm_hf.save(FaceMotion(values), tmp_path / "nod.npz")
    return tmp_path / "nod.npz"


@pytest.mark.parametrize("suffix", [".mp4", ".gif", ".png"])
def test_render_makes_the_picture_of_the_suffix(nod, tmp_path, capsys, suffix):
    out = tmp_path / "new" / f"nod{suffix}"
    flags = ["--size", "64", "--camera", "left45", "--background", "light", "--identity", "4"]
    assert main(["render", str(nod), "--out", str(out), *flags]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    assert [path.name for path in out.parent.iterdir()] == [out.name]
    if suffix == ".png":
        from PIL import Image

        assert Image.open(out).size == (6 * 64, 64)
    else:
        import av

        with av.open(str(out)) as container:
            assert sum(1 for _ in container.decode(video=0)) == 10


def test_render_names_all_looks(capsys):
    from tdmm_hf.rigs.looks import look_names

    assert main(["render", "--help"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in look_names())


def test_generate_films_into_the_file_that_is_asked_for(tmp_path):
    out = tmp_path / "frown.mp4"
    assert main(["generate", PROMPT, "--duration", "1", "--out", str(out)]) == 0
    assert b"ftyp" in out.read_bytes()[:16]


def test_generate_says_what_filming_needs(tmp_path, capsys, monkeypatch):
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "av" else found(name)
    )
    argv = ["generate", PROMPT, "--duration", "1", "--out", str(tmp_path / "here")]
    assert main(argv) == 0
    assert "no .mp4 without av: pip install 'tdmm-hf[render]'" in capsys.readouterr().err
    suffixes = {path.suffix for path in (tmp_path / "here").iterdir()}
    assert suffixes == {".csv", ".npz", ".png", ".glb"}


@pytest.mark.parametrize(
    ("argv", "rule"),
    [
        (["generate"], "nothing to generate"),
        (["generate", "  "], "prompt must not be empty"),
        (["generate", "smile " * 5000], "prompt must leave room"),
        (
            ["generate", PROMPT, "--duration", "0"],
            "duration must be over 0 and at most 60 s, got 0",
        ),
        (["generate", PROMPT, "--duration", "-1"], "duration must be over 0"),
        (["generate", PROMPT, "--duration", "nan"], "duration must be over 0.*nan"),
        (["generate", PROMPT, "--duration", "61"], "at most 60 s, got 61"),
        (["generate", PROMPT, "--duration", "soon"], "soon"),
        (["generate", PROMPT, "--out", "{tmp}/m.xyz"], r"unknown motion suffix '\.xyz'.*\.mp4"),
        (["generate", PROMPT, "--prompts", "{tmp}/none.txt"], r"none\.txt"),
        (["generate", PROMPT, "--model", "{tmp}/nowhere"], "nowhere"),
        (["describe", "{tmp}/none.csv"], r"none\.csv"),
        (["describe", "{tmp}/text.csv"], r"text\.csv"),
        (["describe", "{tmp}/wide.npz"], r"wide\.npz"),
        (["describe", "{tmp}/nan.npz"], "nan"),
        (["render", "{tmp}/m.npz", "--out", "{tmp}/m.avi"], r"unknown picture suffix '\.avi'"),
        (["render", "{tmp}/m.npz", "--out", "{tmp}/m.mp4", "--size", "32"], "size must be in.*32"),
        (
            ["render", "{tmp}/m.npz", "--out", "{tmp}/m.mp4", "--size", "65"],
            "size must be even.*65",
        ),
        (["render", "{tmp}/m.npz", "--out", "{tmp}/m.mp4", "--size", "big"], "--size"),
        (
            ["render", "{tmp}/m.npz", "--out", "{tmp}/new/m.gif", "--rig", "cube"],
            "unknown rig 'cube'",
        ),
        (["render", "{tmp}/m.npz", "--out", "{tmp}/m.gif", "--rig", "sparse"], "surface.*'sparse'"),
        (["render", "{tmp}/m.npz", "--out", "{tmp}/m.gif", "--camera", "top"], "camera.*'top'"),
        (["render", "{tmp}/m.npz", "--out", "{tmp}/m.gif", "--background", "x"], "background.*'x'"),
        (["render", "{tmp}/m.npz", "--out", "{tmp}/m.gif", "--look", "x"], "look must be.*'x'"),
        (["render", "{tmp}/m.npz", "--out", "{tmp}/m.gif", "--renderer", "x"], "renderer.*'x'"),
        (["render", "{tmp}/flame.npz", "--out", "{tmp}/m.gif"], "needs space 'arkit'"),
        (["render", "{tmp}/none.csv", "--out", "{tmp}/m.mp4"], r"none\.csv"),
        (["render", "{tmp}/text.csv", "--out", "{tmp}/m.mp4"], r"text\.csv"),
        (["render", "{tmp}/m.npz"], "--out"),
        (["rig", "install", "cube"], "rig to install must be ict, got 'cube'"),
        (["rig", "install", "ict", "--from", "{tmp}/none"], "none"),
        (["corpus", "build", "--out", "{tmp}/c", "--clips", "0"], "clips must be positive, got 0"),
        (["train-lm", "--corpus", "{tmp}/c", "--tokenizer", "t", "--out", "o"], "no corpus|t"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(argv, rule, tmp_path, capsys, monkeypatch):
    import re

    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.csv").write_text("this is no motion\n")
    np.savez(tmp_path / "wide.npz", values=np.zeros((3, 7)), fps=25.0)
    np.savez(tmp_path / "nan.npz", values=np.full((3, 55), np.nan), fps=25.0)
    tdmm_hf.save(FaceMotion(np.zeros((3, 55))), tmp_path / "m.npz")
    tdmm_hf.save(FaceMotion(np.zeros((3, 58)), space="flame"), tmp_path / "flame.npz")
    before = sorted(tmp_path.rglob("*"))
    line = complaint(capsys, [word.format(tmp=tmp_path) for word in argv])
    assert re.search(rule, line), line
    assert sorted(tmp_path.rglob("*")) == before, "something was half-written"
