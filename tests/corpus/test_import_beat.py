"""BEAT and BEAT2: recordings whose names say emotion and split."""

import json
import zipfile

import numpy as np
import pytest
from import_samples import Calls, face, motions_of, rows_of, rules, run, shuffled, splits_of

from tdmm_hf.corpus.importers.beat_names import emotion_caption, named_split
from tdmm_hf.parameters import ARKIT_BLENDSHAPES, get_space

NAMES = [name for name in ARKIT_BLENDSHAPES if name != "tongueOut"]


def weight(name, seed):
    return face(seed)[name[0].upper() + name[1:]]


def recording(seed=0, frames=60, order=1):
    names = shuffled(NAMES, order)
    weights = [weight(name, seed) for name in names]
    return {
        "names": names,
        "frames": [
            {"weights": list(weights), "time": i / 60, "rotation": []} for i in range(frames)
        ],
    }


def write(path, document):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))


def test_weights_by_name_with_the_emotion_of_the_name(tmp_path):
    folder = tmp_path / "beat"
    write(folder / "1" / "1_wayne_0_73_73.json", recording(3))
    write(folder / "train" / "2_scott_1_1_1.json", recording(4, order=2))
    write(folder / "other.json", recording(5))
    report = run("beat", folder, tmp_path / "out")
    assert (report.imported, report.failures, report.rates) == (3, [], {"60": 3})
    rows, motions = (read(tmp_path / "out", tmp_path / "cache") for read in (rows_of, motions_of))
    motion = motions["1/1_wayne_0_73_73"]
    assert (motion.num_frames, motion.fps) == (25, 25)
    for name in NAMES:
        assert motion.channel(name)[0] == pytest.approx(weight(name, 3), abs=2e-4)
    unseen = [c for c, seen in zip(motion.channels, motion.observed, strict=True) if not seen]
    assert unseen == ["tongueOut", "headPitch", "headYaw", "headRoll"]
    assert rows["1/1_wayne_0_73_73"]["text"] == "A person speaks angrily."
    assert rows["other"]["text"] is None
    splits = splits_of(tmp_path / "out", tmp_path / "cache")
    assert splits["1/1_wayne_0_73_73"] == "test"
    assert splits["train/2_scott_1_1_1"] == "train"
    assert report.notes[0].rule == ("1_wayne_0_73_73.json: head rotations are left out")


@pytest.mark.parametrize(
    ("stem", "split", "word"),
    [
        ("1_wayne_0_9_9", "train", "neutral"),
        ("1_wayne_0_64_64", "validation", "neutral"),
        ("1_wayne_0_118_118", "validation", "disgust"),
        ("5_stewart_0_118_118", "train", "disgust"),
        ("5_stewart_0_65_b", "validation", "happily"),
        ("5_stewart_0_65_a", "test", "happily"),
        ("21_ayana_1_12_12", "validation", "talks"),
        ("21_ayana_1_1_1", "test", "talks"),
    ],
)
def test_what_names_say(stem, split, word):
    assert named_split(stem) == split
    assert word in emotion_caption(stem)
    assert named_split("take 3") is None is emotion_caption("take 3")


def test_bad_recordings_are_listed(tmp_path):
    ragged, words, timeless, unknown = (recording() for _ in range(4))
    ragged["frames"][7]["weights"].pop()
    words["frames"][2]["weights"][0] = "wide"
    timeless["frames"][5]["time"] = None
    unknown["names"][0] = "smirk"
    folder = tmp_path / "beat"
    write(folder / "ok.json", recording())
    write(folder / "ragged.json", ragged)
    write(folder / "words.json", words)
    write(folder / "timeless.json", timeless)
    write(folder / "unknown.json", unknown)
    write(folder / "list.json", "[1, 2]")
    write(folder / "inf.json", json.dumps(recording()).replace('"time": 0.05', '"time": 1e999'))
    found = rules(run("beat", folder, tmp_path / "out"))
    assert found.pop("ragged.json") == (7, "weights must be 51 numbers, got 50 in frame 7")
    row, rule = found.pop("words.json")
    assert (row, rule.partition(" ")[2]) == (2, "must be a number, got 'wide' in frame 2")
    assert found.pop("timeless.json") == (5, "time must be seconds, got None in frame 5")
    assert "smirk" in found.pop("unknown.json")[1]
    assert found.pop("list.json")[1] == "must hold names and a list of frames"
    assert list(found) == ["inf.json"]


def smplx(frames=60, seed=0, **changes):
    rng = np.random.default_rng(seed)
    arrays = {
        "betas": np.zeros(300),
        "poses": np.tile(rng.uniform(-0.3, 0.3, 165), (frames, 1)),
        "expressions": np.tile(rng.uniform(-1, 1, 100), (frames, 1)),
        "trans": np.zeros((frames, 3)),
        "model": np.array("smplx2020"),
        "gender": np.array("neutral"),
        "mocap_frame_rate": np.array(30),
    }
    arrays.update(changes)
    return {name: array for name, array in arrays.items() if array is not None}


@pytest.fixture
def beat2(tmp_path):
    folder = tmp_path / "beat_english_v2.0.0"
    (folder / "smplxflame_30").mkdir(parents=True)
    for seed, name in enumerate(("2_scott_0_1_1", "2_scott_0_103_103", "2_scott_0_9_9")):
        np.savez(folder / "smplxflame_30" / f"{name}.npz", **smplx(seed=seed))
    (folder / "train_test_split.csv").write_text(
        "id,type\n2_scott_0_1_1,test\n2_scott_0_103_103,val\n2_scott_0_9_9,additional\n"
    )
    return folder


def test_bodies_give_their_face(beat2, tmp_path):
    report = run("beat2", beat2, tmp_path / "out")
    assert (report.imported, report.failures, report.rates) == (3, [], {"30": 3})
    motion = motions_of(tmp_path / "out", tmp_path / "cache")["2_scott_0_103_103"]
    source = smplx(seed=1)
    space = get_space("flame")
    assert (motion.space.name, motion.num_frames) == ("flame", 50)
    np.testing.assert_allclose(motion.values[0, :50], source["expressions"][0, :50], atol=2e-4)
    jaw = [motion.channel(f"jaw_{i}")[0] for i in range(3)]
    head = [motion.channel(f"head_{i}")[0] for i in range(3)]
    np.testing.assert_allclose(jaw, source["poses"][0, 66:69], atol=2e-4)
    np.testing.assert_allclose(head, source["poses"][0, 45:48], atol=2e-4)
    unseen = [c for c, seen in zip(space.channels, motion.observed, strict=True) if not seen]
    assert unseen == ["eyelid_left", "eyelid_right"]
    assert rows_of(tmp_path / "out", tmp_path / "cache")["2_scott_0_103_103"]["text"] == (
        "A person speaks fearfully."
    )
    assert splits_of(tmp_path / "out", tmp_path / "cache") == {
        "2_scott_0_1_1": "test",
        "2_scott_0_103_103": "validation",
        "2_scott_0_9_9": "train",
    }


def test_bad_archives_are_listed(beat2, tmp_path, monkeypatch):
    folder = beat2 / "smplxflame_30"
    np.savez(folder / "narrow.npz", **smplx(poses=np.zeros((60, 63))))
    np.savez(folder / "short.npz", **smplx(expressions=np.zeros((59, 100))))
    np.savez(folder / "lacks.npz", **smplx(expressions=None))
    np.savez(folder / "rateless.npz", **smplx(mocap_frame_rate=None))
    objects = np.array([[Calls(print, "run")]], dtype=object)
    np.savez(folder / "objects.npz", **smplx(poses=objects))
    nan = smplx()
    nan["poses"][8, 66] = np.nan
    np.savez(folder / "nan.npz", **nan)
    (folder / "text.npz").write_text("no archive")
    monkeypatch.setattr("tdmm_hf.corpus.importers.common.MAX_BYTES", 2**20)
    with zipfile.ZipFile(folder / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("poses", "expressions"):
            archive.writestr(f"{name}.npy", bytes(2**23))
    report = run("beat2", beat2, tmp_path / "out")
    found = {file.removeprefix("smplxflame_30/"): rule for file, rule in rules(report).items()}
    assert "Object arrays cannot be loaded" in found.pop("objects.npz")[1]
    assert found.pop("text.npz")[1].startswith("no readable npz of plain arrays")
    assert found == {
        "narrow.npz": (None, "poses must be (frames, 165), got shape (60, 63)"),
        "short.npz": (
            None,
            "poses and expressions must have the same number of frames, got 60 and 59",
        ),
        "lacks.npz": (None, "arrays are missing: expressions"),
        "rateless.npz": (None, "mocap_frame_rate must say the frames a second: give fps"),
        "nan.npz": (8, "values must be finite, got nan at frame 8, channel 'jaw_0'"),
        "bomb.npz": (None, f"must unpack to at most {2**20} bytes, got {2**24}"),
    }
    assert report.imported == 3


def test_the_rate_of_beat2_may_be_given(beat2, tmp_path):
    report = run("beat2", beat2, tmp_path / "out", fps=15)
    assert report.rates == {"15": 3}
    assert motions_of(tmp_path / "out", tmp_path / "cache")["2_scott_0_9_9"].num_frames == 100
