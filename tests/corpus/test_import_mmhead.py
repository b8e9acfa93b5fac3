"""MMHead: pickled arrays, five kinds of text, lists of splits."""

import json
import os

import numpy as np
import pytest
from import_samples import (
    Calls,
    motions_of,
    rows_of,
    rules,
    run,
    splits_of,
    write_pickle,
)

TEXTS = {
    "action": "The man is talking.\nThe man talks.",
    "emotion": "He looks happy.",
    "detail_expression": "His cheeks rise.",
    "detail_head_pose": "His head nods.",
    "emotion_scenario": "He won a prize.\nHe met a friend.",
}


def values(seed=0):
    return np.random.default_rng(seed).uniform(-0.3, 0.3, (30, 56)).astype(np.float32)


@pytest.fixture
def release(tmp_path):
    folder = tmp_path / "MMHead"
    names = [f"CELEBVHQ_--x{i}_0" for i in range(4)]
    for seed, name in enumerate(names):
        write_pickle(folder / "facial_motion" / f"{name}.pkl", values(seed))
    for kind, text in TEXTS.items():
        path = folder / "text_annotations" / kind / f"{names[0]}.txt"
        path.parent.mkdir(parents=True)
        path.write_text(text)
    talking = {"train": names[:2], "val": [], "test": [f"{names[2]}.wav"]}
    t2m = {"train": [], "val": [names[1]], "test": []}
    (folder / "talking_subset.json").write_text(json.dumps(talking))
    (folder / "t2m_subset.json").write_text(json.dumps(t2m))
    return folder


def test_motions_come_with_all_texts(release, tmp_path):
    report = run("mmhead", release, tmp_path / "out")
    assert (report.imported, report.failures, report.without_caption) == (4, [], 3)
    row = rows_of(tmp_path / "out", tmp_path / "cache")["CELEBVHQ_--x0_0"]
    assert row["text"] == "The man is talking. He looks happy."
    assert row["paraphrases"] == [line for text in TEXTS.values() for line in text.splitlines()]
    assert row["descriptions"] == ["His cheeks rise. His head nods."]
    motion = motions_of(tmp_path / "out", tmp_path / "cache")["CELEBVHQ_--x0_0"]
    assert (motion.space.name, motion.fps) == ("flame_mmhead", 25)
    np.testing.assert_allclose(motion.values, values(0), atol=2e-4)


def test_dictionaries_of_codes_are_the_same(release, tmp_path):
    motions = release / "facial_motion"
    codes = {"posecodes": values(0)[:, None, 50:], "expcodes": values(0)[:, :50], "cam": [1, 2]}
    write_pickle(motions / "CELEBVHQ_--x0_0.pkl", codes)
    write_pickle(motions / "short.pkl", {**codes, "posecodes": values()[:9, 50:]})
    write_pickle(motions / "lacks.pkl", {"expcodes": values()[:, :50]})
    report = run("mmhead", release, tmp_path / "out")
    motion = motions_of(tmp_path / "out", tmp_path / "cache")["CELEBVHQ_--x0_0"]
    np.testing.assert_allclose(motion.values, values(0), atol=2e-4)
    assert [note.rule for note in report.notes] == ["entries are left out: cam"]
    assert rules(report) == {
        "facial_motion/lacks.pkl": (None, "entries are missing: posecodes"),
        "facial_motion/short.pkl": (
            None,
            "expcodes and posecodes must have the same number of frames, got 30 and 9",
        ),
    }


def test_splits_are_the_makers_the_more_held_out_one_wins(release, tmp_path):
    run("mmhead", release, tmp_path / "out")
    splits = splits_of(tmp_path / "out", tmp_path / "cache")
    assert [splits[f"CELEBVHQ_--x{i}_0"] for i in range(3)] == ["train", "validation", "test"]


def test_bad_files_are_listed(release, tmp_path):
    motions = release / "facial_motion"
    write_pickle(motions / "narrow.pkl", values()[:, :55])
    write_pickle(motions / "call.pkl", Calls(os.system, "true"))
    ragged = [*values()]
    ragged[9] = ragged[9][:50]
    write_pickle(motions / "ragged.pkl", ragged)
    (release / "text_annotations" / "action" / "CELEBVHQ_--x3_0.txt").write_bytes(b"\xff\xfe\xfa")
    found = rules(run("mmhead", release, tmp_path / "out"))
    assert found["facial_motion/narrow.pkl"] == (
        0,
        "a motion must hold 56 numbers a frame, got (55,) in frame 0",
    )
    assert found["facial_motion/call.pkl"][1].startswith("pickle asks for posix.system")
    assert found["facial_motion/ragged.pkl"][0] == 9
    assert found["facial_motion/CELEBVHQ_--x3_0.pkl"][1].startswith(
        "CELEBVHQ_--x3_0.txt must be a UTF-8 text"
    )
    assert len(found) == 4


def test_a_wrong_layout_is_refused(release, tmp_path):
    (release / "t2m_subset.json").write_text(json.dumps({"first": ["a"]}))
    with pytest.raises(ValueError, match=r"^t2m_subset\.json: splits must be named"):
        run("mmhead", release, tmp_path / "out")
    (release / "t2m_subset.json").write_text(json.dumps({"train": 3}))
    with pytest.raises(ValueError, match=r"^t2m_subset\.json: a split must be a list"):
        run("mmhead", release, tmp_path / "out")
    (tmp_path / "zipped").mkdir()
    (tmp_path / "zipped" / "facial_motion.zip").write_bytes(b"")
    with pytest.raises(ValueError, match=r"unpack facial_motion\.zip"):
        run("mmhead", tmp_path / "zipped", tmp_path / "out")
