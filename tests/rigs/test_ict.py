"""ICT FaceKit: packed from its release, mapped as its table says, refused where it is not whole."""

import io
import json
import tarfile
import urllib.request

import numpy as np
import pytest
from safetensors import safe_open

from tdmm_hf import download
from tdmm_hf.parameters import ARKIT_BLENDSHAPES, get_space
from tdmm_hf.rigs import get_rig, ict, ict_release
from tdmm_hf.rigs.ict_release import expression_names, read_release, table

ARKIT = get_space("arkit")
NOTICE = "# Copyright (c) 2020\n# Permission is hereby granted, free of charge"
LANDMARKS = json.dumps({"idx_to_landmark_verts": [0] * 68})


def test_every_channel_and_every_mesh_is_accounted_for():
    channels, absent, unused = (table()[key] for key in ("channels", "absent", "unused"))
    assert [*channels, *absent] == list(ARKIT_BLENDSHAPES)
    assert list(absent) == ["tongueOut"]
    meshes = expression_names()
    assert len(meshes) == len(set(meshes)) == 57
    assert set(unused) == {"cheekRaiser_L", "cheekRaiser_R", "PupilDilate_L", "PupilDilate_R"}
    sides = {"Left": "_L", "Right": "_R"}
    for channel, names in channels.items():
        side = next((end for end in sides if channel.endswith(end) and len(names[0]) > 2), None)
        assert all(name.removesuffix("_L").removesuffix("_R") in channel for name in names)
        if names[0].endswith(("_L", "_R")) and len(names) == 1:
            assert names[0].endswith(sides[side])


def test_the_packed_file_keeps_licence_and_source(packed_ict):
    with safe_open(packed_ict, framework="numpy") as file:
        metadata, tensors = file.metadata(), set(file.keys())
    assert metadata["licence"].startswith("ICT FaceKit\n\nCopyright (c) 2020 USC Institute")
    assert "Permission is hereby granted, free of charge" in metadata["licence"]
    assert "THE SOFTWARE IS PROVIDED" in metadata["licence"]
    assert metadata["source"] == "ict_facekit_subset.tar.xz"
    assert metadata["format"] == ict.PACKED_FORMAT
    assert len(json.loads(metadata["shapes"])) == 57 + 20
    assert {"neutral", "polygons", "uv", "shapes"} <= tensors


def test_a_channel_is_the_sum_of_its_meshes_in_millimetres(ict_release, ict_rig):
    """Read by hand: landmarks of the rig against lines of the release's files."""
    names = ("generic_neutral_mesh", "browInnerUp_L", "browInnerUp_R", "jawOpen", "identity003")
    with tarfile.open(ict_release, "r|xz") as archive:
        wanted = {f"{name}.obj" for name in names} | {"vertex_indices.json"}
        data = {m.name: archive.extractfile(m).read() for m in archive if m.name in wanted}
    indices = json.loads(data.pop("vertex_indices.json"))["idx_to_landmark_verts"]
    points = {}
    for name, text in data.items():
        rows = [line for line in text.decode().splitlines() if line.startswith("v ")]
        points[name.removesuffix(".obj")] = 10 * np.array(
            [rows[i].split()[1:] for i in indices], float
        )
    neutral = points.pop("generic_neutral_mesh")
    offset = {name: at - neutral for name, at in points.items()}
    at = ict_rig.landmarks
    np.testing.assert_allclose(ict_rig.neutral[at], neutral, atol=1e-4)
    brows = ict_rig.basis[ARKIT.index("browInnerUp"), at]
    np.testing.assert_allclose(brows, offset["browInnerUp_L"] + offset["browInnerUp_R"], atol=1e-4)
    np.testing.assert_allclose(
        ict_rig.basis[ARKIT.index("jawOpen"), at], offset["jawOpen"], atol=1e-4
    )
    np.testing.assert_allclose(ict_rig.identity_basis[3, at], offset["identity003"], atol=1e-4)


def test_what_should_not_be_drawn_is_gone(ict_rig):
    assert len(ict_rig.neutral) < 24_591  # the vertices before lashes, fluid, blend and occlusion
    assert set(ict_rig.materials) >= {"skin", "lips", "sclera", "iris", "teeth", "tongue", "brow"}
    assert set(np.unique(ict_rig.face_materials)) == set(range(len(ict_rig.materials)))


def _vertices(rig, material: str) -> np.ndarray:
    faces = rig.faces[rig.face_materials == rig.materials.index(material)]
    return rig.neutral[np.unique(faces)]


def test_materials_are_where_they_belong(ict_rig):
    left = ict_rig.eyeballs[0].center
    for name, degrees in (("iris", 19), ("pupil", 8)):
        painted = _vertices(ict_rig, name)
        arms = painted[painted[:, 0] > 0] - left
        seen = np.degrees(np.arctan2(np.linalg.norm(arms[:, :2], axis=1), arms[:, 2]))
        assert seen.max() == pytest.approx(degrees, abs=0.5)
    points = ict_rig.neutral[ict_rig.landmarks]
    lips = _vertices(ict_rig, "lips")
    np.testing.assert_allclose(lips[:, 0].max(), points[54, 0], atol=0.5)
    np.testing.assert_allclose(lips[:, 1].min(), points[57, 1], atol=0.5)
    tongue, teeth = _vertices(ict_rig, "tongue"), _vertices(ict_rig, "teeth")
    assert tongue[:, 2].max() < teeth[:, 2].max()
    brows = _vertices(ict_rig, "brow")
    from_landmarks = np.linalg.norm(brows[:, None] - points[17:27], axis=-1).min(1)
    assert from_landmarks.max() < 10


def test_a_blink_closes_the_eye_and_a_closed_mouth_closes_an_open_jaw(ict_rig):
    at = ict_rig.landmarks

    def gap(upper, lower, **weights):
        values = np.zeros(55)
        for name, weight in weights.items():
            values[ARKIT.index(name)] = weight
        points = ict_rig.local(values)
        return points[at[upper], 1] - points[at[lower], 1]

    assert gap(43, 47) > 8 * abs(gap(43, 47, eyeBlinkLeft=1))
    assert gap(62, 66, jawOpen=1) > 30
    assert abs(gap(62, 66, jawOpen=1, mouthClose=1)) < 6


def test_without_an_installation_the_error_says_the_command(tmp_path, monkeypatch):
    monkeypatch.delenv(ict.ICT_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ValueError, match=r"^rig 'ict' is not installed: tdmm rig install ict$"):
        get_rig("ict")


def test_the_environment_may_name_a_release(monkeypatch, tmp_path, packed_ict, ict_rig):
    monkeypatch.setenv(ict.ICT_VARIABLE, str(tmp_path))
    monkeypatch.setattr(ict, "read_release", {tmp_path: ict._unpack(packed_ict)}.get)
    np.testing.assert_array_equal(get_rig("ict").neutral, ict_rig.neutral)
    monkeypatch.setenv(ict.ICT_VARIABLE, "/nowhere/facekit")
    with pytest.raises(ValueError, match="TDMM_ICT must name ICT FaceKit, nothing at"):
        get_rig("ict")


def test_a_damaged_or_foreign_file_says_what_to_do(tmp_path, monkeypatch):
    from safetensors.numpy import save_file

    path = tmp_path / "ict.safetensors"
    monkeypatch.setenv(ict.ICT_VARIABLE, str(path))
    path.write_bytes(b"\xff" * 100)
    with pytest.raises(ValueError, match=r"damaged .*tdmm rig install ict"):
        get_rig("ict")
    save_file({"a": np.zeros(1)}, path, metadata={"format": "other"})
    with pytest.raises(ValueError, match="must have format 'tdmm-hf ict 1', got 'other'"):
        get_rig("ict")


def test_no_network_says_what_to_do_and_leaves_nothing(tmp_path, monkeypatch):
    def refuse(url, timeout):
        raise OSError("no route")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(OSError, match=r"\(no route\).*tdmm rig install ict --from PATH"):
        ict.install()
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_a_download_that_does_not_end_is_given_up(tmp_path, monkeypatch):
    endless = io.BytesIO(b"x" * 5000)
    monkeypatch.setattr(urllib.request, "urlopen", lambda url, timeout: endless)
    monkeypatch.setattr(download, "MAX_BYTES", 1000)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(OSError, match="more than 1000 bytes"):
        ict.install()


@pytest.fixture
def small_release(tmp_path, monkeypatch):
    """A folder with meshes of three vertices, and a table that expects three."""
    small = {**table(), "vertices": 3}
    monkeypatch.setattr(ict_release, "table", lambda: small)
    points = "v 0 0 0\nv 1 0 0\nv 0 1 0\n"
    surface = "vt 1.25 0.5\nvt 1.5 0.5\nvt 1.5 1\nusemtl M_BackHead\nf 1/1 2/2 3/3\n"
    folder = tmp_path / "FaceXModel"
    folder.mkdir()
    for name in [*expression_names(), "identity000"]:
        (folder / f"{name}.obj").write_text(points.replace("1 0 0", "1 0 2"))
    (folder / "generic_neutral_mesh.obj").write_text(f"{NOTICE}\nmtllib a.mtl\n{points}{surface}")
    (folder / "vertex_indices.json").write_text(LANDMARKS)
    return folder


def test_a_release_is_read_in_millimetres_and_tiles_are_left(small_release):
    seen = []
    release = read_release(small_release.parent, lambda done, expected: seen.append(done))
    np.testing.assert_array_equal(release.neutral, [[0, 0, 0], [10, 0, 0], [0, 10, 0]])
    np.testing.assert_array_equal(release.shapes["jawOpen"], [[0, 0, 0], [0, 0, 20], [0, 0, 0]])
    np.testing.assert_allclose(release.uv, [[0.25, 0.5], [0.5, 0.5], [0.5, 1]])
    assert release.polygons.tolist() == [[0, 1, 2, -1]]
    assert "identity000" in release.shapes
    assert seen == list(range(1, 60))


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("jawOpen.obj", None, r"lacks \['jawOpen'\]"),
        ("jawOpen.obj", "v 0 0 0\n", "jawOpen.obj must have 3 vertices, got 1"),
        ("jawOpen.obj", "v 0 0 0\nv a b c\nv 0 0 0\n", "three numbers a vertex"),
        ("jawOpen.obj", "v 0 0 0\nv 0 0\nv 0 0 0\n", "three numbers a vertex"),
        ("jawOpen.obj", "v 0 0 0\nv nan 0 0\nv 0 0 0\n", "three finite numbers"),
        ("jawOpen.obj", "v 0 0 0\nv é 0 0\n", "OBJ file in ASCII"),
        ("vertex_indices.json", None, "must hold vertex_indices.json, got none"),
        ("vertex_indices.json", "[]", "must list idx_to_landmark_verts"),
        ("vertex_indices.json", LANDMARKS.replace("[0,", "[9,"), "name vertices 0 to 2"),
        ("vertex_indices.json", LANDMARKS.replace("[0,", "["), "landmarks must be 68"),
        ("generic_neutral_mesh.obj", None, "must hold one generic_neutral_mesh.obj, got 0"),
    ],
)
def test_what_a_release_lacks_is_named(small_release, file, content, message):
    if content is None:
        (small_release / file).unlink()
    else:
        (small_release / file).write_text(content)
    with pytest.raises(ValueError, match=message):
        read_release(small_release)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (NOTICE, "# nothing", "must open with its licence, got 'nothing'"),
        ("M_BackHead", "M_Hat", r"materials must be those of ict.yaml, got \['M_Hat'\]"),
        ("f 1/1 2/2 3/3", "f 1/1 2/2 9/3", "polygons must name vertices 0 to 2"),
        ("f 1/1 2/2 3/3", "f 1/1 2/2 3/9", "texture coordinates .* must exist"),
        ("f 1/1 2/2 3/3", "f 1/1 2/2", "triangles and quads"),
        ("f 1/1 2/2 3/3", "f 1 2 3", "faces written v/vt"),
        ("f 1/1 2/2 3/3", "", "triangles and quads"),
    ],
)
def test_a_neutral_mesh_that_is_no_such_thing_is_named(small_release, old, new, message):
    path = small_release / "generic_neutral_mesh.obj"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ValueError, match=message):
        read_release(small_release)


def test_two_releases_in_one_folder_are_refused(small_release):
    other = small_release.parent / "copy"
    other.mkdir()
    neutral = (small_release / "generic_neutral_mesh.obj").read_text()
    (other / "generic_neutral_mesh.obj").write_text(neutral)
    with pytest.raises(ValueError, match="got 2"):
        read_release(small_release.parent)
