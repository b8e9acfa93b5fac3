"""Live Link Face recordings: columns by name, units by convention, captions beside."""

import json

import numpy as np
import pytest
from import_samples import face, motions_of, rows_of, rules, run, weights_of, write_take

from tdmm_hf.formats.livelink import VALUE_COLUMNS

HEAD = ("headYaw", "headPitch", "headRoll")


@pytest.fixture
def takes(tmp_path):
    folder = tmp_path / "takes"
    write_take(folder / "day1" / "a.csv", face(1, HeadYaw=0.3, HeadPitch=-0.2, HeadRoll=0.1))
    write_take(folder / "b.csv", face(2), fps=30, names=[*VALUE_COLUMNS])
    (folder / "b.txt").write_text("She smiles.\nA woman  smiles at us.\n\n")
    (folder / "captions.csv").write_text('file,text\nday1/a.csv,"He looks, and waits."\n')
    return folder


def test_takes_come_by_name_with_their_captions(takes, tmp_path):
    report = run("livelink", takes, tmp_path / "out")
    assert (report.imported, report.failures, report.rates) == (2, [], {"30": 1, "60": 1})
    rows, motions = (read(tmp_path / "out", tmp_path / "cache") for read in (rows_of, motions_of))
    np.testing.assert_allclose(motions["day1/a"].values[0, :52], weights_of(face(1)), atol=2e-4)
    np.testing.assert_allclose(
        [motions["day1/a"].channel(name)[3] for name in HEAD], [0.3, -0.2, 0.1], atol=2e-4
    )
    assert motions["day1/a"].fps == 25
    assert [motions[name].num_frames for name in ("day1/a", "b")] == [50, 50]
    assert rows["day1/a"]["text"] == "He looks, and waits."
    assert (rows["b"]["text"], rows["b"]["paraphrases"]) == (
        "She smiles.",
        ["A woman smiles at us."],
    )
    assert rows["b"]["attributes"] is None
    assert rows["b"]["source"] == "livelink"


def test_degrees_and_mirrored_shares_are_converted(tmp_path):
    write_take(tmp_path / "deg" / "a.csv", face(1, HeadYaw=30, HeadPitch=-12, HeadRoll=6))
    run("livelink", tmp_path / "deg", tmp_path / "out1", convention="degrees")
    motion = motions_of(tmp_path / "out1", tmp_path / "cache")["a"]
    angles = [motion.channel(name)[0] for name in HEAD]
    np.testing.assert_allclose(np.degrees(angles), [30, -12, 6], atol=0.02)

    write_take(tmp_path / "unreal" / "a.csv", face(1, HeadYaw=30 / 180, HeadPitch=-12 / 180))
    run("livelink", tmp_path / "unreal", tmp_path / "out2", convention="unreal")
    motion = motions_of(tmp_path / "out2", tmp_path / "cache")["a"]
    angles = [motion.channel(name)[0] for name in HEAD[:2]]
    np.testing.assert_allclose(np.degrees(angles), [-30, -12], atol=0.02)
    assert motion.channel("eyeBlinkLeft")[0] == pytest.approx(face(1)["EyeBlinkRight"], abs=2e-4)


def test_bad_files_are_listed_and_the_rest_goes_on(takes, tmp_path):
    missing = [name for name in VALUE_COLUMNS if name != "JawOpen"]
    write_take(takes / "missing.csv", face(), names=missing)
    extra = {**face(), "Smirk": 0.0}
    write_take(takes / "unknown.csv", extra, names=[*VALUE_COLUMNS, "Smirk"])
    write_take(takes / "words.csv", face(TongueOut="much"))
    write_take(takes / "nan.csv", face(TongueOut="nan"))
    write_take(takes / "degrees.csv", face(HeadYaw=25.0))
    write_take(takes / "percent.csv", {**face(), "JawOpen": 40.0})
    ragged = write_take(takes / "ragged.csv", face()).read_text().splitlines()
    ragged[4] = ragged[4].rpartition(",")[0]
    (takes / "ragged.csv").write_text("\n".join(ragged))
    (takes / "bytes.csv").write_bytes(b"\xff\xfe\x00binary")
    report = run("livelink", takes, tmp_path / "out")
    assert rules(report) == {
        "missing.csv": (None, "columns are missing: 'JawOpen'"),
        "unknown.csv": (None, "columns are unknown: 'Smirk'"),
        "words.csv": (2, "column 'TongueOut' must be a finite number, got 'much' in row 2"),
        "nan.csv": (2, "column 'TongueOut' must be a finite number, got 'nan' in row 2"),
        "degrees.csv": (
            0,
            "headYaw must lie in -1.571..1.571, got 25 in frame 0: another unit?",
        ),
        "percent.csv": (0, "jawOpen must lie in 0..1, got 40 in frame 0: another unit?"),
        "ragged.csv": (5, "row 5 must have 63 cells, got 62"),
        "bytes.csv": (None, "not a text file (invalid start byte)"),
    }
    assert set(rows_of(tmp_path / "out", tmp_path / "cache")) == {"day1/a", "b"}
    on_disk = json.loads((tmp_path / "out" / "import_report.json").read_text())
    assert (on_disk["clips"], sum(on_disk["rows"].values()), len(on_disk["failures"])) == (10, 2, 8)


def test_lost_faces_stay_marked(tmp_path):
    lines = (
        write_take(tmp_path / "in" / "a.csv", face(), fps=25, frames=50).read_text().splitlines()
    )
    for row in range(11, 21):
        timecode = lines[row].split(",")[0]
        lines[row] = ",".join([timecode, "0", *["0"] * 61])
    (tmp_path / "in" / "a.csv").write_text("\n".join(lines))
    run("livelink", tmp_path / "in", tmp_path / "out")
    motion = motions_of(tmp_path / "out", tmp_path / "cache")["a"]
    assert np.flatnonzero(~motion.valid).tolist() == [*range(10, 20)]
    np.testing.assert_allclose(motion.values[15, :52], weights_of(face()), atol=2e-4)


def test_the_calibrated_of_two_versions_is_taken(tmp_path):
    for name in ("a_cal.csv", "a_raw.csv", "b_raw.csv", "frame_log.csv"):
        write_take(tmp_path / "in" / name, face(len(name)))
    report = run("livelink", tmp_path / "in", tmp_path / "out")
    assert set(rows_of(tmp_path / "out", tmp_path / "cache")) == {"a_cal", "b_raw"}
    assert report.other_files == {".csv": 2}


def test_values_a_little_outside_are_held_and_noted(tmp_path):
    write_take(tmp_path / "in" / "a.csv", {**face(), "JawOpen": 1.08, "CheekPuff": -0.02})
    report = run("livelink", tmp_path / "in", tmp_path / "out")
    (note,) = report.notes
    assert (note.file, note.rule) == (
        "a.csv",
        "held within bounds, by up to 0.08: cheekPuff, jawOpen",
    )
    motion = motions_of(tmp_path / "out", tmp_path / "cache")["a"]
    assert (motion.channel("jawOpen")[0], motion.channel("cheekPuff")[0]) == (1, 0)
