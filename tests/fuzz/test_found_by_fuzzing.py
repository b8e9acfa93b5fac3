"""What fuzzing found, mended: each file here once ended in another error than the reader's own."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest
from fuzzing import corpora, samples

from tdmm_hf.arrays import read_npz
from tdmm_hf.corpus.importers import open_source
from tdmm_hf.formats import load, npz
from tdmm_hf.live.targets import parse_target
from tdmm_hf.motion import FaceMotion
from tdmm_hf.prompts.attributes import Attributes
from tdmm_hf.rigs.archive import read_members
from tdmm_hf.rigs.flame import flame_rig
from tdmm_hf.rigs.pickled_arrays import read_arrays
from tdmm_hf.settings import CorpusSettings, from_yaml


def refusal(read, *arguments):
    """The one line, not too long, of a refusal."""
    with pytest.raises(ValueError, match=r"\S") as caught:
        read(*arguments)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000
    return str(caught.value)


def npz_of(path, **members):
    """An archive of members as they are: bytes, or arrays."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, member in members.items():
            buffer = io.BytesIO()
            if isinstance(member, np.ndarray):
                np.save(buffer, member)
            archive.writestr(f"{name}.npy", buffer.getvalue() or member)
    return path


def header(text):
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


HUGE = header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999999, 55), }\n")
BROKEN = header(b"{'descr': '<f4', 'fortran_order': (False, 'shape': (5, 55), \n")


@pytest.fixture
def motion_members(tmp_path):
    npz.write(FaceMotion(np.zeros((2, 55))), tmp_path / "good.npz")
    with np.load(tmp_path / "good.npz") as file:
        return dict(file)


@pytest.mark.parametrize("values", [HUGE, BROKEN, b"no array"])
def test_headers_of_arrays_are_not_believed(values, motion_members, tmp_path):
    path = npz_of(tmp_path / "m.npz", **{**motion_members, "values": values})
    assert refusal(load, path).startswith("m.npz: no readable npz of plain arrays")
    path = npz_of(tmp_path / "a.npz", weights=values)
    assert refusal(read_arrays, path).startswith("a.npz: no readable npz of plain arrays")
    npz_of(tmp_path / "clip.npz", poses=values, expressions=np.zeros((2, 100)))
    source = open_source("beat2", tmp_path)
    (clip,) = [clip for clip in source.clips() if clip.stem == "clip"]
    assert refusal(source.read, clip).startswith("no readable npz of plain arrays")


def test_a_small_archive_of_much_is_refused_unread(motion_members, tmp_path, monkeypatch):
    monkeypatch.setattr(npz, "MAX_BYTES", 10_000)
    path = tmp_path / "m.npz"
    np.savez_compressed(path, **{**motion_members, "values": np.zeros((10_000, 55), np.float32)})
    assert "m.npz: must unpack to at most 10000 bytes, got 22" in refusal(load, path)
    np.savez_compressed(path, **motion_members, unknown=np.zeros(10**6))
    assert load(path).num_frames == 2


def test_what_is_not_wanted_is_not_unpacked(tmp_path):
    path = npz_of(tmp_path / "a.npz", a=np.eye(2), b=b"no array")
    assert list(read_npz(path, ["a", "c"], most_bytes=1000)) == ["a"]
    with pytest.raises(OSError, match="No such file"):
        read_npz(tmp_path / "none.npz", most_bytes=1000)


def test_text_in_place_of_numbers_is_not_quoted_whole(motion_members, tmp_path):
    path = npz_of(tmp_path / "m.npz", **{**motion_members, "values": np.array("x" * 5000)})
    assert "could not convert" in refusal(load, path)


def test_damaged_npz_of_a_rig(tmp_path):
    np.savez(tmp_path / "a.npz", weights=np.eye(9))
    whole = (tmp_path / "a.npz").read_bytes()
    for damaged in (whole[:-30], b"PK" + whole[9:], whole.replace(b"\x93NUM", b"\x93NUX")):
        (tmp_path / "a.npz").write_bytes(damaged)
        assert refusal(read_arrays, tmp_path / "a.npz").startswith("a.npz: no readable npz")


@pytest.mark.parametrize("array", [np.float64(1), np.zeros(5), np.zeros((4, 2))])
def test_a_flame_file_of_other_shapes(array, tmp_path):
    names = ("v_template", "f", "shapedirs", "J_regressor", "weights")
    (tmp_path / "f.pkl").write_bytes(pickle.dumps(dict.fromkeys(names, np.array(array))))
    assert "must have shape" in refusal(flame_rig, tmp_path / "f.pkl")


def test_faces_that_are_no_numbers(tmp_path):
    arrays = samples.flame_arrays()
    np.savez(tmp_path / "f.npz", **{**arrays, "f": np.full((8, 3), np.nan)})
    assert "triangles of 24 vertices" in refusal(flame_rig, tmp_path / "f.npz")


@pytest.mark.parametrize("size", [10, 11, 12, 14, 20])
def test_a_gzip_header_that_is_cut_off(size, tmp_path):
    with_name = b"\x1f\x8b\x08\x0c" + samples.gzipped_tars()[0][4:]
    (tmp_path / "a.tar.gz").write_bytes(with_name[:size])
    assert refusal(members, tmp_path / "a.tar.gz").startswith("a.tar.gz is no readable zip or tar")


def test_a_zip_with_a_nameless_member(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("x")
        info.filename = ""
        archive.writestr(info, b"")
    assert "must stay inside the archive, got ''" in refusal(members, tmp_path / "a.zip")


@pytest.mark.parametrize("place", [6, 8, 10])
def test_a_zip_that_python_cannot_unpack(place, tmp_path):
    """Another version, encryption, another way of packing: NotImplementedError, RuntimeError."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.obj", b"v 0 0 0")
    data = bytearray((tmp_path / "a.zip").read_bytes())
    for start, offset in ((data.find(b"PK\x01\x02"), place), (0, place - 2)):
        data[start + offset] = 0xFF
    (tmp_path / "a.zip").write_bytes(data)
    assert refusal(members, tmp_path / "a.zip").startswith("a.zip is no readable zip or tar")


def members(path):
    return list(read_members(path, lambda inside: True))


def test_a_pickle_that_asks_for_what_has_no_name(tmp_path):
    (tmp_path / "a.pkl").write_bytes(b"\x80\x04\x8c\x03a\nb\x8c\x03c\rd\x93.")
    assert refusal(read_arrays, tmp_path / "a.pkl").startswith("pickle asks for a b.c d")


def test_a_single_number_in_place_of_frames(tmp_path):
    entries = {**corpora.smirk_entries(), "jaw": np.array(1.0)}
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(entries))
    source = open_source("smirk", tmp_path)
    (clip,) = source.clips()
    assert refusal(source.read, clip) == "jaw must hold 3 numbers a frame, got ()"


def test_a_usd_value_that_cannot_be_unpacked(tmp_path):
    pytest.importorskip("pxr", reason="usd-core is not installed")
    whole = samples.usdc()[0]
    refused = 0
    for at in range(88, len(whole), 211):
        path = tmp_path / "m.usdc"
        path.write_bytes(whole[:at] + b"\xff\xff" + whole[at + 2 :])
        try:
            load(path)
        except ValueError as error:
            refused += str(error) == "m.usdc: not a readable USD file"
    assert refused


@pytest.mark.parametrize("suffix", [".csv", ".json", ".bvh"])
def test_quoted_contents_are_cut(suffix, tmp_path):
    sound = {".csv": samples.takes, ".json": samples.motion_json, ".bvh": samples.bvhs}
    text = sound[suffix]()[1].decode()
    old = {".csv": "BrowDownLeft".lower(), ".json": "jawOpen", ".bvh": "Frames: 2"}[suffix]
    assert old in text
    path = tmp_path / f"m{suffix}"
    path.write_text(text.replace(old, "Frames: " + "x" * 5000))
    assert refusal(load, path).startswith(f"m{suffix}: ")


def test_a_video_whose_title_is_in_another_encoding(tmp_path):
    pytest.importorskip("av", reason="PyAV is not installed")
    from tdmm_hf.fitting.video import open_video

    sound = samples.videos()[0]
    assert sound.count(b"Lavf") == 1
    (tmp_path / "v.mp4").write_bytes(sound.replace(b"Lavf", b"\xff\xfevf"))
    with open_video(tmp_path / "v.mp4") as video:
        assert len(list(video.frames())) == 6


@pytest.mark.parametrize("document", ["{}", '{"text": "He nods."}'])
def test_an_object_without_keyframes(document, tmp_path):
    (tmp_path / "a.json").write_text(document)
    source = open_source("keyframeface", tmp_path)
    (clip,) = source.clips()
    assert refusal(source.read, clip) == "keyframes must count up from one, got none"


def test_a_timecode_beyond_all_numbers(tmp_path):
    text = samples.takes()[1].decode().replace("00:59:58:22.000", f"00:59:58:{'9' * 400}")
    (tmp_path / "m.csv").write_text(text)
    assert refusal(load, tmp_path / "m.csv").startswith("m.csv: ")


def test_a_live_target_is_not_quoted_whole():
    assert "must begin with livelink://" in refusal(parse_target, "x" * 5000)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("clips: [", "must be readable YAML"),
        ("clips: 1\n\0", "must be readable YAML"),
        ("[" * 5000, "must be readable YAML"),
        ("clips: many", "clips must be of type int | None, got 'many'"),
        ("clips: [1]", r"clips must be of type int | None, got [1]"),
        ("seed: true", "seed must be of type int, got True"),
        ("long_share: x", "long_share must be of type float, got 'x'"),
        ("? \n: 1\n2: 3", "has unknown settings: 2, None"),
    ],
)
def test_settings_are_of_their_types(text, rule, tmp_path):
    (tmp_path / "s.yaml").write_text(text)
    assert rule in refusal(from_yaml, CorpusSettings, tmp_path / "s.yaml")


def test_settings_take_whole_numbers_for_floats(tmp_path):
    (tmp_path / "s.yaml").write_text("hours: 2\nseed: 3")
    assert from_yaml(CorpusSettings, tmp_path / "s.yaml").hours == 2


SOUND = {
    "duration": 5.0,
    "subject": "woman",
    "emotions": [{"category": "calm", "word": "calm", "intensity": 3, "start": 0, "end": 5}],
    "actions": [],
    "head": {"name": "nod"},
}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"emotions": None}, "fields of a performance"),
        ({"emotions": [3]}, "fields of a performance"),
        ({"emotions": [{"category": "calm"}]}, "fields of a performance"),
        ({"head": []}, "fields of a performance"),
        ({"mood": "calm"}, "fields of a performance"),
    ],
)
def test_attributes_of_another_kind(change, rule):
    assert rule in refusal(Attributes.from_dict, {**SOUND, **change})


def test_attributes_that_are_none_or_lack_a_field():
    assert json.loads(json.dumps(Attributes.from_dict(SOUND).to_dict()))["head"]["name"] == "nod"
    assert "must have the field 'head'" in refusal(
        Attributes.from_dict, {k: v for k, v in SOUND.items() if k != "head"}
    )
    for found in (None, [], 3):
        assert "fields of a performance" in refusal(Attributes.from_dict, found)
