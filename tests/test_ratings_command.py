"""``tdmm ratings``: pairs from two folders of motions, and a report in words and JSON."""

import json

import numpy as np
import pytest

from tdmm_hf.cli import main
from tdmm_hf.evaluation.ratings import Answer, Answers, load_study
from tdmm_hf.formats import save
from tdmm_hf.motion import FaceMotion


@pytest.fixture
def sides(tmp_path):
    """Two folders with a motion for each of two prompts, and the prompts."""
    for name, level in (("ours", 0.8), ("theirs", 0.1)):
        (tmp_path / name).mkdir()
        for number in range(2):
            values = np.full((4, 55), level * number)
            save(FaceMotion(values), tmp_path / name / f"{number}.npz")
    (tmp_path / "prompts.txt").write_text("# two\nShe nods.\n\nHe smiles.\n")
    return tmp_path


def prepare(folder, *models, out="study"):
    models = models or (folder / "ours", folder / "theirs")
    flags = [word for model in models for word in ("--model", str(model))]
    words = ["--prompts", str(folder / "prompts.txt"), *flags, "--out", str(folder / out)]
    return main(["ratings", "prepare", *words])


def test_pairs_are_filmed_under_names_that_tell_nothing(sides, capsys):
    pytest.importorskip("av", reason="PyAV is not installed")
    assert prepare(sides) == 0
    assert "2 pairs; rate them with: tdmm demo --rate" in capsys.readouterr().out
    study = load_study(sides / "study")
    assert [pair.prompt for pair in study.pairs] == ["She nods.", "He smiles."]
    films = [clip.film for pair in study.pairs for clip in pair.clips]
    assert len(set(films)) == 4
    assert not any("our" in film or "their" in film for film in films)
    assert all(study.film(clip).stat().st_size > 500 for pair in study.pairs for clip in pair.clips)
    assert {clip.model for pair in study.pairs for clip in pair.clips} == {"ours", "theirs"}
    assert prepare(sides) == 2
    assert "must go into a folder without one" in capsys.readouterr().err


def test_mistakes_are_a_line_and_leave_nothing(sides, capsys):
    (sides / "few").mkdir()
    for models, rule in (
        ((sides / "ours",), "give --model twice, got 1"),
        ((sides / "ours", sides / "ours"), "two models must have two names"),
        ((sides / "ours", sides / "few"), "must hold a motion for each of 2 prompts, got 0"),
    ):
        assert prepare(sides, *models, out="bad") == 2
        assert rule in capsys.readouterr().err
    (sides / "prompts.txt").write_text("\n")
    assert prepare(sides, out="bad") == 2
    assert "a prompt at least" in capsys.readouterr().err
    assert not (sides / "bad").exists()


def test_a_report(tmp_path, capsys):
    kept = Answers(tmp_path / "a.sqlite")
    for number in range(4):
        fits = "left" if number else "right"
        kept.add(Answer(f"p{number}", "ours", "theirs", fits, "equal", 4, 2 + number % 2, "v"))
    assert main(["ratings", "report", str(kept.path), "--out", str(tmp_path / "r.json")]) == 0
    said = capsys.readouterr().out
    assert "4 answers in 1 visits" in said
    assert "fits better   75.0 %  (30.1 to 95.4; 3 won, 1 lost, 0 equal; p = 0.62)" in said
    assert "more natural  no preference  (0 won, 0 lost, 4 equal)" in said
    assert "ours          4.00  (4.00 to 4.00; 4 answers)" in said
    found = json.loads((tmp_path / "r.json").read_text())
    assert found["comparisons"][0]["fits"]["rate"] == 0.75


def test_a_report_of_nothing(tmp_path, capsys):
    assert main(["ratings", "report", str(tmp_path / "none.sqlite")]) == 2
    assert "answers must come from a file" in capsys.readouterr().err
    assert not (tmp_path / "none.sqlite").exists()
    Answers(tmp_path / "empty.sqlite")
    assert main(["ratings", "report", str(tmp_path / "empty.sqlite")]) == 2
    assert "one answer at least" in capsys.readouterr().err


def test_answers_need_pairs(capsys):
    assert main(["demo", "--answers", "a.sqlite"]) == 2
    assert "give --rate too" in capsys.readouterr().err
