"""The command that judges a motion file."""

import pytest

import tdmm_hf
from tdmm_hf.cli import main
from tdmm_hf.performer import perform
from tdmm_hf.performer.plan import read_plan


@pytest.fixture
def nodding(tmp_path):
    path = tmp_path / "nods.csv"
    tdmm_hf.save(perform(read_plan("happy 4, nod 2", 3.0), seed=4), path)
    return path


def test_judge_says_what_is_there(nodding, capsys):
    assert main(["judge", str(nodding), "--plan", "happy 4, nod 2", "--channels"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "emotion happy 4: 1.00, as asked"
    assert lines[1].startswith("  mouthSmile +")
    assert lines[-1] == "score 1.00"


def test_judge_says_what_is_missing(nodding, capsys):
    assert main(["judge", str(nodding), "--plan", "happy 4, nod 3"]) == 0
    assert "seen 2 times instead of 3" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "rule"),
    [([], "give --plan or --prompt"), (["--plan", "glad"], "a plan must begin with an emotion")],
)
def test_judge_refuses(nodding, capsys, given, rule):
    assert main(["judge", str(nodding), *given]) == 2
    assert rule in capsys.readouterr().err


def test_judge_reads_a_prompt(nodding, capsys):
    assert main(["judge", str(nodding), "--prompt", "The very happy man nods twice."]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("read as: ")
    assert lines[-1].startswith("score ")
