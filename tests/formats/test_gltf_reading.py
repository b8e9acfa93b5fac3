"""glTF files that we did not write: other programs' are understood, unsound ones are refused."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from tdmm_hf.formats import glb
from tdmm_hf.formats.gltf_container import MAX_JSON_BYTES, Binary, BinaryBuilder, Gltf, pack
from tdmm_hf.formats.gltf_tracks import channel_of
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import get_space

ARKIT = get_space("arkit")

# ---- Other programs' files.

JAW = np.array([0.0, 0.5, 1.0, 0.0])
KEYS = np.array([0.5, 0.54, 0.62, 0.66])


def _foreign(**changes) -> dict:
    """A document that another program might write, and its arrays: a jaw that opens, a head."""
    turns = Rotation.from_euler("Y", [[0], [10], [30], [30]], degrees=True)
    upright = Rotation.from_euler("X", 90, degrees=True)
    rest = Rotation.from_euler("Z", 20, degrees=True)
    about = upright.inv() * turns * upright * rest
    plan = {
        "times": KEYS,
        "weights": np.column_stack([JAW, 1 - JAW, JAW / 2]),
        "head": about.as_quat(),
        "names": ["Face.jawOpen", "something", "mouthSmile_L"],
        "interpolation": "LINEAR",
        "normalized": False,
        "upright": upright.as_quat(),
        "rest": rest.as_quat(),
        **changes,
    }
    return plan


def _build(plan: dict) -> bytes:
    builder = BinaryBuilder()
    clock = builder.add("animation", np.float32(plan["times"]), bounds=True)
    weights = np.float32(plan["weights"]).ravel()
    if plan["normalized"]:
        weights = np.rint(weights * 255).astype(np.uint8)
    outputs = [builder.add("weights", weights, normalized=plan["normalized"])]
    outputs.append(builder.add("animation", np.float32(plan["head"])))
    names = {"targetNames": plan["names"]}
    document = {
        "asset": {"version": "2.0", "generator": "another", "extras": {"author": "someone"}},
        "nodes": [
            {"name": "root", "rotation": list(plan["upright"]), "children": [1]},
            {"name": "mixamorig:Head", "rotation": list(plan["rest"])},
            {"name": "mesh", "mesh": 0},
        ],
        "meshes": [{"primitives": [], "extras": names}],
        "animations": [
            {"channels": [], "samplers": []},
            {
                "channels": [
                    {"sampler": 0, "target": {"node": 2, "path": "weights"}},
                    {"sampler": 1, "target": {"node": 1, "path": "rotation"}},
                    {"sampler": 1, "target": {"path": "pointer"}},
                ],
                "samplers": [
                    {"input": clock, "output": at, "interpolation": plan["interpolation"]}
                    for at in outputs
                ],
            },
        ],
    }
    return pack(document, builder.binary())


@pytest.fixture
def read_foreign(tmp_path):
    def read(fps=None, **changes):
        path = tmp_path / "other.glb"
        path.write_bytes(_build(_foreign(**changes)))
        return glb.read(path, fps)

    return read


def test_another_programs_file_is_sampled_at_the_rate_of_its_keys(read_foreign):
    motion = read_foreign()
    assert (motion.fps, motion.num_frames) == (25, 5)
    np.testing.assert_allclose(motion.channel("jawOpen"), [0, 0.5, 0.75, 1, 0], atol=1e-5)
    smile = motion.channel("mouthSmileLeft")
    np.testing.assert_allclose(smile, motion.channel("jawOpen") / 2, atol=1e-6)
    assert read_foreign(fps=50).num_frames == 9
    known = {"jawOpen", "mouthSmileLeft", "headPitch", "headYaw", "headRoll"}
    assert {c for c, seen in zip(ARKIT.channels, motion.observed, strict=True) if seen} == known


def test_head_turns_in_the_world_from_how_it_stands_at_rest(read_foreign):
    head = np.degrees(read_foreign(fps=25).values[:, 52:])
    np.testing.assert_allclose(head[:, 1], [0, 10, 20, 30, 30], atol=1e-3)
    np.testing.assert_allclose(head[:, [0, 2]], 0, atol=1e-3)


def test_steps_hold_and_fractions_are_read(read_foreign):
    stepped = read_foreign(fps=25, interpolation="STEP")
    np.testing.assert_allclose(stepped.channel("jawOpen"), [0, 0.5, 0.5, 1, 0], atol=1e-6)
    bytes_ = read_foreign(fps=25, normalized=True)
    np.testing.assert_allclose(bytes_.channel("jawOpen")[[0, 1, 3]], [0, 128 / 255, 1], atol=1e-6)


@pytest.mark.parametrize("rate", [24000 / 1001, 24, 25, 29.5, 30000 / 1001, 30, 60, 120])
def test_rate_is_inferred_from_the_keys(read_foreign, rate):
    times = np.arange(4) / rate + 100
    assert read_foreign(times=times).fps == pytest.approx(rate, rel=3e-4)


@pytest.mark.parametrize(
    ("name", "channel"),
    [
        ("jawOpen", "jawOpen"),
        ("JAWOPEN", "jawOpen"),
        ("blendShape1.eyeBlinkLeft", "eyeBlinkLeft"),
        ("eyeBlink_R", "eyeBlinkRight"),
        ("mouthLeft", "mouthLeft"),
        ("jaw", None),
        ("", None),
    ],
)
def test_names_of_morph_targets(name, channel):
    assert channel_of(name) == channel


# ---- Files that are not sound.


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"names": ["a", "b", "c"]}, "ARKit names in extras.targetNames"),
        ({"names": "jawOpen"}, "targetNames must be of type list"),
        ({"names": ["jawOpen"] * 2}, "4 keys must have 2 numbers for each"),
        ({"names": ["jawOpen"] * 5}, "5 numbers a key"),
        ({"interpolation": "CUBICSPLINE"}, "LINEAR or STEP to be read, got 'CUBICSPLINE'"),
        ({"times": KEYS[::-1]}, "rising times"),
        ({"times": KEYS * [1, 1, 1, 1e9]}, "at most 500000 frames"),
        ({"weights": np.full((4, 3), np.nan)}, "must be finite"),
        ({"head": np.zeros((4, 4))}, "zero norm"),
        ({"rest": [0, 0, 0, "1"]}, "rotation or matrix must be numbers"),
    ],
)
def test_unfit_contents_name_file_and_rule(read_foreign, changes, message):
    with pytest.raises(ValueError, match=message) as caught:
        read_foreign(**{"fps": 25, **changes})
    assert str(caught.value).startswith("other.glb: ")
    assert "\n" not in str(caught.value)


def test_one_key_needs_a_rate(read_foreign):
    one = {"times": [0], "weights": np.ones((1, 3)), "head": [[0, 0, 0, 1]]}
    with pytest.raises(ValueError, match="one key says no frame rate: give fps"):
        read_foreign(**one)
    assert read_foreign(**one, fps=25).num_frames == 1


@pytest.fixture(scope="module")
def whole(small_head, lively, tmp_path_factory):
    """The bytes of a sound file."""
    path = tmp_path_factory.mktemp("whole") / "m.glb"
    glb.write(lively, path, small_head)
    return path.read_bytes()


def _refusal(path, contents) -> str:
    path.write_bytes(contents)
    with pytest.raises(ValueError, match=rf"^{path.name}: ") as caught:
        glb.read(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_damaged_and_foreign_containers(whole, tmp_path):
    path = tmp_path / "bad.glb"
    assert "must begin with 'glTF'" in _refusal(path, b"")
    assert "must begin with 'glTF'" in _refusal(path, b'{"asset": {"version": "2.0"}}')
    assert "version 2, got 1" in _refusal(path, whole[:4] + b"\1" + whole[5:])
    assert "JSON is broken" in _refusal(path, whole.replace(b'{"asset"', b'["asset"', 1))
    assert "kind" in _refusal(path, whole.replace(b"JSON", b"XXXX", 1))
    for length in (4, 11, 12, 15, 19, 25, len(whole) // 2, len(whole) - 1):
        _refusal(path, whole[:length])
    deep = b"[" * 100_000
    assert "nested so deep" in _refusal(path, _container(deep))
    assert "JSON must have at most" in _refusal(path, _container(b" " * (MAX_JSON_BYTES + 4)))
    assert "JSON must be an object" in _refusal(path, _container(b"[]  "))


def _container(text: bytes, claimed: int | None = None) -> bytes:
    length = len(text) if claimed is None else claimed
    return struct.pack("<4sIIII", b"glTF", 2, 20 + len(text), length, 0x4E4F534A) + text


def test_a_length_is_compared_with_the_bytes_there_are(tmp_path):
    assert "cut off" in _refusal(tmp_path / "bad.glb", _container(b"{}  ", claimed=2**32 - 4))


def test_a_file_is_not_read_beyond_what_a_motion_needs(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(glb, "MAX_BYTES", 1 << 20)
    assert "at most 1 MiB" in _refusal(tmp_path / "bad.glb", whole + bytes(1 << 20))


@pytest.mark.parametrize(
    ("accessor", "view", "message"),
    [
        ({"count": 2**40}, {}, "lie within its buffer view"),
        ({"count": 2**40}, {"byteLength": 2**50}, "end within the 16 bytes there are"),
        ({"count": 0}, {}, "count must be at least 1, got 0"),
        ({"count": True}, {}, "count must be of type int, got True"),
        ({"byteOffset": -4}, {}, "byteOffset must be at least 0"),
        ({"byteOffset": 4}, {}, "lie within"),
        ({}, {"byteStride": 0}, "byteStride must be at least 4"),
        ({}, {"buffer": 1}, "in buffer 0"),
        ({"componentType": 5124}, {}, "componentType must be one of"),
        ({"type": "VEC9"}, {}, "type must be one of"),
        ({"bufferView": 7}, {}, "bufferViews must have an item 7"),
        ({"bufferView": None}, {}, "bufferView must be of type int"),
        ({"sparse": {}}, {}, "must not be sparse"),
    ],
)
def test_accessors_are_not_believed(accessor, view, message):
    good = {"bufferView": 0, "count": 4, "type": "SCALAR", "componentType": 5126} | accessor
    where = {"buffer": 0, "byteLength": 16} | view
    gltf = Gltf(pack({}, Binary((good,), (where,), bytes(16))))
    with pytest.raises(ValueError, match=message):
        gltf.array(0, 1)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


def _places(value, path=()):
    """Paths to everything in a JSON value that a reader of motion may look at."""
    yield path
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield from _places(inner, (*path, key))


@settings(max_examples=300)
@given(data=st.data())
def test_no_change_to_the_json_does_more_than_a_value_error(tmp_path_factory, data):
    contents = _build(_foreign())
    length = struct.unpack_from("<I", contents, 12)[0]
    document, rest = json.loads(contents[20 : 20 + length]), contents[20 + length :]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from([p for p in _places(document) if p]))
        owner = document
        for key in place[:-1]:
            owner = owner[key]
        owner[place[-1]] = data.draw(JUNK)
    text = json.dumps(document).encode()
    path = tmp_path_factory.getbasetemp() / "fuzzed.glb"
    path.write_bytes(_container(text) + rest)
    header = struct.pack("<I", len(text) + 20 + len(rest))
    path.write_bytes(path.read_bytes()[:8] + header + path.read_bytes()[12:])
    try:
        assert isinstance(glb.read(path, fps=25), FaceMotion)
    except ValueError as error:
        assert str(error).startswith("fuzzed.glb: ")  # noqa: PT017


@settings(max_examples=200)
@given(data=st.data())
def test_no_change_to_the_notes_does_more_than_a_value_error(tmp_path_factory, whole, data):
    length = struct.unpack_from("<I", whole, 12)[0]
    document = json.loads(whole[20 : 20 + length])
    notes = document["asset"]["extras"]["tdmm_hf"]
    notes[data.draw(st.sampled_from(sorted(notes)))] = data.draw(JUNK)
    text = json.dumps(document).encode()
    path = tmp_path_factory.getbasetemp() / "noted.glb"
    contents = _container(text) + whole[20 + length :]
    path.write_bytes(contents[:8] + struct.pack("<I", len(contents)) + contents[12:])
    try:
        assert isinstance(glb.read(path), FaceMotion)
    except ValueError as error:
        assert str(error).startswith("noted.glb: ")  # noqa: PT017


@settings(max_examples=60)
@given(at=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_no_byte_does_more_than_a_value_error(tmp_path_factory, whole, at, byte):
    changed = bytearray(whole)
    changed[int(at * len(whole))] = byte
    path = tmp_path_factory.getbasetemp() / "flipped.glb"
    path.write_bytes(bytes(changed))
    try:
        assert isinstance(glb.read(path), FaceMotion)
    except ValueError as error:
        assert str(error).startswith("flipped.glb: ")  # noqa: PT017
