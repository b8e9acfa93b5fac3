"""JSON: exact, strict, and BEAT's layout."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tdmm_hf.formats import json_file
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import get_space


@pytest.fixture
def document(lively, tmp_path):
    """What was written, to be changed and written again."""
    json_file.write(lively, tmp_path / "good.json")
    return json.loads((tmp_path / "good.json").read_text())


def put(path, document):
    path.write_text(json.dumps(document))
    return path


@settings(max_examples=25)
@given(data=st.data(), fps=st.floats(0.1, 1000), space=st.sampled_from(["arkit", "flame"]))
def test_round_trip_is_exact(tmp_path_factory, data, fps, space):
    width = len(get_space(space).channels)
    floats = st.floats(width=32, allow_nan=False, allow_infinity=False)
    frames = data.draw(st.integers(1, 4))
    values = data.draw(hnp.arrays(np.float32, (frames, width), elements=floats, fill=floats))
    motion = FaceMotion(
        values, fps, space, valid=data.draw(hnp.arrays(bool, frames)), observed=values[0] > 0
    )
    path = tmp_path_factory.getbasetemp() / "motion.json"
    json_file.write(motion, path)
    assert json_file.read(path) == motion


def test_keys_and_lines(document, lively, tmp_path):
    assert tuple(document) == json_file.KEYS
    assert (document["format"], document["version"]) == ("tdmm-hf motion", 1)
    assert len(document["frames"]) == len(document["valid"]) == lively.num_frames
    assert len((tmp_path / "good.json").read_text().splitlines()) == lively.num_frames + 12
    assert json_file.read(tmp_path / "good.json", fps=10).fps == 10


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, "format must be 'tdmm-hf motion' version 1, got 'other'"),
        ({"version": 2}, "version 1, got 'tdmm-hf motion' version 2"),
        ({"space": "other"}, "unknown parameter space 'other'"),
        ({"space": ["arkit"]}, "unhashable"),
        ({"space_version": 9}, "version 1, got version 9"),
        ({"channels": ["a"]}, "channels must be those of space 'arkit'"),
        ({"fps": 0}, "fps must be positive"),
        ({"fps": "25"}, "must be real number"),
        ({"valid": [True]}, r"valid must have shape \(20,\), got \(1,\)"),
        ({"valid": [1] * 20}, "valid must be a list of booleans"),
        ({"observed": {}}, "observed must be a list of booleans"),
        ({"frames": []}, "values must be"),
        ({"frames": [[0.0] * 54] * 20}, r"\(frames, 55\).*got shape \(20, 54\)"),
        ({"frames": [[0.0] * 55, [0.0]]}, "inhomogeneous"),
        ({"frames": [["x"] * 55]}, "frames must be lists of numbers"),
        ({"frames": [[None] * 55]}, "frames must be lists of numbers"),
        ({"frames": [[10**400] * 55]}, "frames must be lists of numbers"),
        ({"frames": [[1e39] * 55]}, "values must be finite, got inf"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_unfit_contents_name_file_and_rule(document, tmp_path, change, message):
    path = put(tmp_path / "bad.json", {**document, **change})
    with pytest.raises(ValueError, match=message) as caught:
        json_file.read(path)
    assert str(caught.value).startswith("bad.json: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", json_file.KEYS)
def test_missing_keys_are_named(document, tmp_path, key):
    del document[key]
    with pytest.raises(ValueError, match=f"needs the keys {key}$"):
        json_file.read(put(tmp_path / "bad.json", document))


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_must_be_finite(document, tmp_path, constant):
    document["frames"][3][7] = "HERE"
    text = json.dumps(document).replace('"HERE"', constant)
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(ValueError, match=r"bad\.json: .*must be finite"):
        json_file.read(tmp_path / "bad.json")


@pytest.mark.parametrize("text", ["", "[]", "3", "{", "[" * 100000, "\xff\xfe", '"names"'])
def test_damaged_files(tmp_path, text):
    (tmp_path / "bad.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"^bad\.json: [^\n]*$"):
        json_file.read(tmp_path / "bad.json")


def beat(**changes):
    """Two channels at 60 fps, from the front of a clip."""
    frames = [{"weights": [0.1 * i, 0.5], "time": i / 60, "rotation": []} for i in range(6)]
    return {"names": ["jawOpen", "EyeBlinkLeft"], "frames": frames, **changes}


def test_weights_of_beat(tmp_path, caplog):
    back = json_file.read(put(tmp_path / "m.json", beat()))
    np.testing.assert_allclose(back.channel("jawOpen"), 0.1 * np.arange(6), atol=1e-6)
    np.testing.assert_allclose(back.channel("eyeBlinkLeft"), 0.5)
    assert back.fps == 60
    assert back.observed.sum() == 2
    assert "m.json: head rotations are left out" in caplog.text


def test_dropped_frames_of_beat_are_interpolated(tmp_path):
    document = beat()
    del document["frames"][3]
    back = json_file.read(put(tmp_path / "m.json", document))
    np.testing.assert_allclose(back.channel("jawOpen"), 0.1 * np.arange(6), atol=1e-6)
    assert json_file.read(tmp_path / "m.json", fps=30).num_frames == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"names": ["jawOpen", "jawopen"]}, "names must be different arkit channels"),
        ({"names": ["jawOpen", "jawWide"]}, r"arkit channels, got \['jawWide'\]"),
        ({"names": ["jawOpen"]}, "weights must be 1 numbers in every frame"),
        ({"frames": []}, "weights must be 2 numbers"),
        ({"frames": [{"weights": [0, 0]}]}, "a frame needs the keys time"),
        ({"frames": [{"weights": [0, 0], "time": 0}]}, "times must rise .*give fps"),
        ({"frames": [{"weights": [0, 0], "time": t} for t in (1, 0)]}, "times must rise"),
        ({"frames": [{"weights": [0, 0], "time": t} for t in "ab"]}, "lists of numbers"),
        ({"frames": [{"weights": [0, 0], "time": t} for t in (0, 1, 2, 1e9)]}, "closely"),
    ],
)
def test_unfit_beat_files(tmp_path, change, message):
    with pytest.raises(ValueError, match=message) as caught:
        json_file.read(put(tmp_path / "bad.json", beat(**change)))
    assert str(caught.value).startswith("bad.json: ")
