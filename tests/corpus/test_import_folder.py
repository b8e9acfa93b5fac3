"""A folder becomes a corpus: split by name, shard by shard, with a report and a card."""

import json
import re
import shutil

import numpy as np
import pytest
from import_samples import (
    face,
    motions_of,
    rows_of,
    rules,
    run,
    smirk_entries,
    splits_of,
    write_pickle,
    write_take,
)

from tdmm_hf.corpus.importers import SOURCES, Options, open_source
from tdmm_hf.corpus.importers.folder import hashed_split, within_bounds
from tdmm_hf.corpus.push import check_corpus
from tdmm_hf.motion import FaceMotion
from tdmm_hf.training.codes import load_corpus

RUNNING = {"shard_clips": 2}


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "coeff"
    for number in range(9):
        write_pickle(path / f"clip_{number}.pkl", smirk_entries(seed=number))
    (path / "clip_3.pkl").write_bytes(b"no pickle")
    (path / "sound.wav").write_bytes(b"")
    (path / ".hidden.pkl").write_bytes(b"")
    return path


def shard_bytes(out):
    return {path.name: path.read_bytes() for path in (out / "data").iterdir()}


def test_the_report_accounts_for_every_file(folder, tmp_path):
    report = run("smirk", folder, tmp_path / "out", RUNNING)
    assert (report.clips, report.imported, len(report.failures)) == (9, 8, 1)
    assert report.other_files == {".pkl": 1, ".wav": 1}
    assert report.seconds == pytest.approx({name: 0.8 * rows for name, rows in report.rows.items()})
    written = json.loads((tmp_path / "out" / "import_report.json").read_text())
    assert written["failures"] == [
        {"file": "clip_3.pkl", "row": None, "rule": written["failures"][0]["rule"]}
    ]
    assert set(rows_of(tmp_path / "out", tmp_path / "cache")) == {
        f"clip_{number}" for number in range(9) if number != 3
    }


def test_the_corpus_is_one_of_ours(folder, tmp_path):
    out = tmp_path / "out"
    report = run("smirk", folder, out, RUNNING)
    check_corpus(out)
    assert len(load_corpus(out)) == report.rows["train"]
    card = (out / "README.md").read_text()
    assert "config_name: flame" in card
    assert "`clip_3.pkl`: clip_3.pkl is no readable pickle" in card
    assert "license: other" in card


def test_a_stopped_import_goes_on_with_the_same_bytes(folder, tmp_path):
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    report = run("smirk", folder, whole, RUNNING)
    run("smirk", folder, resumed, RUNNING)
    kept, lost = sorted((resumed / "data").iterdir())[:2]
    stamp = kept.stat().st_mtime_ns
    lost.unlink()
    (resumed / "import_report.json").unlink()
    again = run("smirk", folder, resumed, RUNNING)
    assert shard_bytes(resumed) == shard_bytes(whole)
    assert kept.stat().st_mtime_ns == stamp
    assert again == report


def test_the_same_bytes_for_any_number_of_workers(folder, tmp_path):
    one = run("smirk", folder, tmp_path / "one", RUNNING)
    two = run("smirk", folder, tmp_path / "two", {**RUNNING, "workers": 2})
    assert shard_bytes(tmp_path / "one") == shard_bytes(tmp_path / "two")
    assert one == two


def test_another_import_in_the_folder_is_refused(folder, tmp_path):
    run("smirk", folder, tmp_path / "out", RUNNING)
    with pytest.raises(ValueError, match="an import of other settings: options"):
        run("smirk", folder, tmp_path / "out", RUNNING, fps=30)
    (folder / "captions.json").write_text(json.dumps({"clip_1": "She smiles."}))
    with pytest.raises(ValueError, match="an import of other settings: captions"):
        run("smirk", folder, tmp_path / "out", RUNNING)
    (folder / "captions.json").unlink()
    write_pickle(folder / "more.pkl", smirk_entries())
    with pytest.raises(ValueError, match="an import of other settings: clips"):
        run("smirk", folder, tmp_path / "out", RUNNING)


def test_the_corpus_tells_no_places(folder, tmp_path):
    (tmp_path / "prompts.json").write_text(json.dumps({"clip_1": "She smiles."}))
    run("smirk", folder, tmp_path / "out", RUNNING, captions=str(tmp_path / "prompts.json"))
    for path in (tmp_path / "out").rglob("*"):
        assert path.is_dir() or str(tmp_path).encode() not in path.read_bytes()


def test_splits_depend_on_file_names_alone(folder, tmp_path):
    run("smirk", folder, tmp_path / "out", RUNNING)
    moved = tmp_path / "elsewhere" / "deep"
    shutil.copytree(folder, moved / "er")
    run("smirk", moved, tmp_path / "moved")
    here = splits_of(tmp_path / "out", tmp_path / "cache")
    there = splits_of(tmp_path / "moved", tmp_path / "cache")
    assert there == {f"er/{name}": split for name, split in here.items()}
    names = [hashed_split(f"clip_{number}") for number in range(20_000)]
    shares = {split: names.count(split) / len(names) for split in set(names)}
    assert shares == {
        "train": pytest.approx(0.9, abs=0.01),
        "validation": pytest.approx(0.05, abs=0.005),
        "test": pytest.approx(0.05, abs=0.005),
    }


def test_two_files_of_one_name_are_told(tmp_path):
    write_pickle(tmp_path / "in" / "a.pkl", smirk_entries())
    write_pickle(tmp_path / "in" / "a.pickle", smirk_entries())
    report = run("smirk", tmp_path / "in", tmp_path / "out")
    assert rules(report) == {
        "a.pkl": (None, "clips must have different names, a.pickle is 'a' too")
    }


def test_nothing_to_import_is_refused(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"empty has no SMIRK parameters \(\.pkl\)$"):
        run("smirk", tmp_path / "empty", tmp_path / "out")
    with pytest.raises(ValueError, match="source must be a folder, none at"):
        run("smirk", tmp_path / "absent", tmp_path / "out")
    with pytest.raises(ValueError, match="unknown source 'tracker': choose from livelink"):
        run("tracker", folder, tmp_path / "out")
    with pytest.raises(ValueError, match="must not lie in the folder that it is made of"):
        run("smirk", folder, folder / "out")
    write_pickle(tmp_path / "bad" / "a.pkl", [])
    with pytest.raises(ValueError, match=r"not one of 1 clips can be imported, first a\.pkl: must"):
        run("smirk", tmp_path / "bad", tmp_path / "out")
    assert rules_on_disk(tmp_path / "out") == {"a.pkl": "must hold a dictionary, got list"}


def rules_on_disk(out):
    failures = json.loads((out / "import_report.json").read_text())["failures"]
    return {failure["file"]: failure["rule"] for failure in failures}


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"convention": "app"}, "smirk takes fps, captions, got convention"),
        ({"fps": 0}, "fps must be positive and finite, got 0"),
        ({"fps": float("nan")}, "fps must be positive and finite, got nan"),
        (
            {"captions": "prompts.txt"},
            "captions must come as .csv, .json, .jsonl, got 'prompts.txt'",
        ),
    ],
)
def test_options_that_do_not_fit_are_refused(folder, options, rule):
    with pytest.raises(ValueError, match=f"^{re.escape(rule)}$"):
        open_source("smirk", folder, Options(**options))


def test_every_source_says_what_it_is(tmp_path):
    for name in SOURCES:
        source = open_source(name, tmp_path)
        assert all((source.layout, source.title, source.suffixes))
        assert source.clips() == []


def test_numbers_of_another_unit_are_refused_and_noise_is_held():
    values = np.zeros((2, 55))
    values[1, 3] = 1.2
    held, note = within_bounds(FaceMotion(values))
    assert held.values[1, 3] == 1
    assert note == "held within bounds, by up to 0.2: browOuterUpLeft"
    values[0, 52] = 12
    with pytest.raises(ValueError, match=r"headPitch must lie in -1\.571\.\.1\.571, got 12 in"):
        within_bounds(FaceMotion(values))


def test_a_short_clip_keeps_a_frame(tmp_path):
    write_take(tmp_path / "in" / "a.csv", face(), frames=2)
    run("livelink", tmp_path / "in", tmp_path / "out", fps=60)
    assert motions_of(tmp_path / "out", tmp_path / "cache")["a"].num_frames == 1
