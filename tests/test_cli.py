import subprocess
import sys
import time

import numpy as np
import pytest

import tdmm_hf
from tdmm_hf.cli import main
from tdmm_hf.motion import FaceMotion

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
    assert {name.rsplit(".")[-1] for name in files} == {"csv", "npz", "png"}
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
        (["generate", PROMPT, "--out", "{tmp}/m.xyz"], r"unknown motion suffix '\.xyz'"),
        (["generate", PROMPT, "--prompts", "{tmp}/none.txt"], r"none\.txt"),
        (["generate", PROMPT, "--model", "{tmp}/nowhere"], "nowhere"),
        (["describe", "{tmp}/none.csv"], r"none\.csv"),
        (["describe", "{tmp}/text.csv"], r"text\.csv"),
        (["describe", "{tmp}/wide.npz"], r"wide\.npz"),
        (["describe", "{tmp}/nan.npz"], "nan"),
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
    before = sorted(tmp_path.rglob("*"))
    line = complaint(capsys, [word.format(tmp=tmp_path) for word in argv])
    assert re.search(rule, line), line
    assert sorted(tmp_path.rglob("*")) == before, "something was half-written"
