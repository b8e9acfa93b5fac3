"""SMIRK pickles: arrays out of files that may hold anything."""

import json
import os
import pickle

import numpy as np
import pytest
from import_samples import (
    Calls,
    motions_of,
    rows_of,
    rules,
    run,
    smirk_entries,
    write_pickle,
)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "coeff"
    write_pickle(path / "prompt_1" / "0000_happy_subtle.pkl", smirk_entries(seed=1))
    entries = smirk_entries(seed=2)
    arrays = {name: np.stack(frames) for name, frames in reversed(entries.items())}
    write_pickle(path / "prompt_2" / "0000_happy_subtle.pkl", arrays)
    return path


def test_parameters_come_as_they_are(folder, tmp_path):
    report = run("smirk", folder, tmp_path / "out")
    assert (report.imported, report.failures, report.rates) == (2, [], {"25": 2})
    motions = motions_of(tmp_path / "out", tmp_path / "cache")
    for number in (1, 2):
        motion = motions[f"prompt_{number}/0000_happy_subtle"]
        entries = smirk_entries(seed=number)
        assert (motion.space.name, motion.fps, motion.num_frames) == ("flame", 25, 20)
        for name, start in (("expression", 0), ("jaw", 50), ("eyelid", 53), ("pose", 55)):
            expected = entries[name][0]
            found = motion.values[0, start : start + len(expected)]
            np.testing.assert_allclose(found, expected, atol=2e-4)


def test_the_rate_is_given_or_the_videos(folder, tmp_path):
    run("smirk", folder, tmp_path / "out", fps=50)
    assert (
        motions_of(tmp_path / "out", tmp_path / "cache")["prompt_1/0000_happy_subtle"].num_frames
        == 10
    )
    av = pytest.importorskip("av", reason="PyAV is not installed")
    with av.open(str(folder / "prompt_1" / "0000_happy_subtle.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        for _ in range(3):
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    report = run("smirk", folder, tmp_path / "videos")
    assert report.rates == {"10": 1, "25": 1}
    assert report.other_files == {".mp4": 1}


def test_captions_name_the_videos(folder, tmp_path):
    records = [
        {"video": "prompt_1/0000_happy_subtle.mp4", "prompt": "A man is glad."},
        {
            "video": "prompt_2/0000_happy_subtle.mp4",
            "prompt": "A woman is glad.",
            "captions": ["Joy."],
        },
        {"video": "elsewhere.mp4"},
    ]
    (folder / "prompts.json").write_text(json.dumps(records))
    report = run("smirk", folder, tmp_path / "out")
    rows = rows_of(tmp_path / "out", tmp_path / "cache")
    assert rows["prompt_1/0000_happy_subtle"]["text"] == "A man is glad."
    assert rows["prompt_2/0000_happy_subtle"]["text"] == "A woman is glad."
    assert rows["prompt_2/0000_happy_subtle"]["paraphrases"] == ["Joy."]
    assert list(rules(report)) == ["prompts.json"]
    assert rules(report)["prompts.json"][0] == 3


def test_hostile_pickles_run_nothing_and_are_listed(folder, tmp_path):
    mark = tmp_path / "ran"
    write_pickle(folder / "system.pkl", Calls(os.system, f"touch {mark}"))
    write_pickle(folder / "nested.pkl", {"jaw": [Calls(eval, f"open({str(mark)!r}, 'w')")]})
    loop = []
    loop.append(loop)
    write_pickle(folder / "loop.pkl", {"jaw": loop})
    bomb = [0.0] * 3
    for _ in range(60):
        bomb = [bomb, bomb]
    write_pickle(folder / "bomb.pkl", {**smirk_entries(), "jaw": bomb})
    (folder / "deep.pkl").write_bytes(b"]" * 100_000 + b"a" * 99_999 + b".")
    report = run("smirk", folder, tmp_path / "out")
    assert not mark.exists()
    found = {file: rule for file, (_, rule) in rules(report).items()}
    assert found["system.pkl"].startswith("pickle asks for posix.system")
    assert found["nested.pkl"].startswith("pickle asks for builtins.eval")
    assert "must not hold itself" in found["loop.pkl"]
    assert found["bomb.pkl"] == "jaw must hold 3 numbers a frame, got list in frame 0"
    assert "so deeply" in found["deep.pkl"]
    assert all("\n" not in rule for rule in found.values())
    assert (len(found), report.imported) == (5, 2)


def test_damaged_pickles_are_listed(folder, tmp_path):
    good = smirk_entries()
    nan = smirk_entries()
    nan["expression"][5][7] = np.nan
    ragged = smirk_entries()
    ragged["pose"][3] = ragged["pose"][3][:2]
    wrong = {
        "lacks": {name: value for name, value in good.items() if name != "eyelid"},
        "knows": {**good, "tongue": good["jaw"]},
        "short": {**good, "jaw": good["jaw"][:-1]},
        "none": {**good, "jaw": []},
        "text": {**good, "jaw": ["abc"] * 20},
        "lids": {**good, "eyelid": [np.array([40.0, 60.0])] * 20},
        "list": [good],
        "objects": {**good, "jaw": np.array([None] * 3)},
        "nan": nan,
        "ragged": ragged,
    }
    for name, value in wrong.items():
        write_pickle(folder / f"{name}.pkl", value)
    (folder / "empty.pkl").write_bytes(b"")
    (folder / "cut.pkl").write_bytes(pickle.dumps(good)[:-50])
    report = run("smirk", folder, tmp_path / "out")
    found = rules(report)
    assert found.pop("cut.pkl")[1].startswith("cut.pkl is no readable pickle")
    assert found.pop("empty.pkl")[1].startswith("empty.pkl is no readable pickle")
    assert found.pop("objects.pkl")[1].startswith("entry 'jaw' must be an array of numbers")
    assert found == {
        "lacks.pkl": (None, "entries are missing: eyelid"),
        "knows.pkl": (None, "entries are unknown: tongue"),
        "short.pkl": (
            None,
            "all entries must have the same number of frames, "
            "got expression 20, jaw 19, eyelid 20, pose 20",
        ),
        "none.pkl": (None, "jaw must hold 3 numbers a frame, got list"),
        "text.pkl": (0, "jaw must hold 3 numbers a frame, got str in frame 0"),
        "lids.pkl": (0, "eyelid_left must lie in 0..1, got 40 in frame 0: another unit?"),
        "list.pkl": (None, "must hold a dictionary, got list"),
        "nan.pkl": (5, "values must be finite, got nan at frame 5, channel 'expression_07'"),
        "ragged.pkl": (3, "pose must hold 3 numbers a frame, got (2,) in frame 3"),
    }
