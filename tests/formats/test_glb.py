"""Heads as glTF: they move as the rig does, validate, and come back."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from tdmm_hf.formats import glb
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import ARKIT_BLENDSHAPES, get_space
from tdmm_hf.rigs import get_rig
from tdmm_hf.rigs.mesh import Eyeball, MeshRig

ARKIT = get_space("arkit")
MODULES = Path(os.environ.get("GLTF_VALIDATOR", Path(sys.prefix) / "node" / "node_modules"))
SCRIPT = Path(__file__).with_name("validate_gltf.mjs")


def _ball(center, radius, rings=6, around=8):
    """Points and outward triangles of a closed ball."""
    polar = np.linspace(0, np.pi, rings + 1)[1:-1, None]
    turn = np.arange(around) / around * 2 * np.pi
    ring = np.stack(
        [np.sin(polar) * np.sin(turn), np.cos(polar) + 0 * turn, np.sin(polar) * np.cos(turn)], -1
    )
    points = np.concatenate([[[0, 1, 0]], ring.reshape(-1, 3), [[0, -1, 0]]])
    here = 1 + np.arange((rings - 1) * around).reshape(rings - 1, around)
    right = np.roll(here, -1, axis=1)
    sides = [[here[:-1], here[1:], right[1:]], [here[:-1], right[1:], right[:-1]]]
    last = np.full(around, len(points) - 1)
    faces = [np.stack([0 * last, here[0], right[0]], -1), np.stack([last, right[-1], here[-1]], -1)]
    faces += [np.stack(side, -1).reshape(-1, 3) for side in sides]
    return points * radius + center, np.concatenate(faces)


@pytest.fixture(scope="module")
def small() -> MeshRig:
    """A ball with a neck that follows, two eyes, one of which bulges, and a hat."""
    rng = np.random.default_rng(0)
    centers = [[30.0, 20, 80], [-30.0, 20, 80], [0, 130, 0], [0, 0, 0]]
    balls = [_ball(c, r) for c, r in zip(centers, (12, 12, 30, 100), strict=True)]
    starts = np.cumsum([0, *(len(points) for points, _ in balls)])
    neutral = np.concatenate([points for points, _ in balls])
    faces = np.concatenate([f + at for (_, f), at in zip(balls, starts, strict=False)])
    owner = np.searchsorted(starts, faces[:, 0], side="right") - 1
    material = np.array([1, 1, 2, 0])[owner]
    material[(owner == 3) & (neutral[faces][..., 1].mean(axis=1) < -50)] = 3
    basis = rng.normal(size=(55, len(neutral), 3)) * (rng.random((55, len(neutral), 1)) < 0.2)
    basis[52:] = basis[:, : starts[1]] = basis[:, starts[2] : starts[3]] = 0
    basis[rng.integers(52, size=9)] = 0
    weights = np.ones(len(neutral))
    weights[starts[3] :] = np.clip((neutral[starts[3] :, 1] + 100) / 80, 0, 1)
    return MeshRig(
        name="small",
        space=ARKIT,
        regions=("head",) * len(neutral),
        neutral=neutral,
        basis=basis,
        neck_pivot=np.array([0.0, -80, -20]),
        faces=faces.astype(np.int32),
        uv=rng.random((len(neutral), 2)),
        materials=("skin", "sclera", "hair", "lips"),
        face_materials=material,
        eyeballs=(
            Eyeball("Left", np.arange(*starts[:2]), np.array(centers[0])),
            Eyeball("Right", np.arange(*starts[1:3]), np.array(centers[1])),
        ),
        neck_weights=weights,
        identity_basis=rng.normal(size=(2, len(neutral), 3)),
        landmarks=np.array([], int),
        vertex_sets={},
    )


def _motion(seed=0, frames=40, fps=25.0) -> FaceMotion:
    rng = np.random.default_rng(seed)
    values = rng.random((frames, 55)) * (rng.random(55) < 0.5)
    values[:, 52:] = rng.uniform(-1.2, 1.2, (frames, 3))
    return FaceMotion(
        values, fps, valid=rng.random(frames) > 0.3, observed=rng.random(len(ARKIT.channels)) > 0.3
    )


# ---- An evaluation of glTF of its own, after the specification's text.


class _Scene:
    """A glTF file evaluated at its keys: morph targets, then skins or nodes."""

    def __init__(self, path):
        pygltflib = pytest.importorskip("pygltflib")
        self.gltf = pygltflib.GLTF2().load(str(path))
        self.blob = self.gltf.binary_blob()
        self.tracks, self.read = {}, {}
        animation = self.gltf.animations[0]
        for channel in animation.channels:
            sampler = animation.samplers[channel.sampler]
            keys = self.accessor(sampler.input)[:, 0], self.accessor(sampler.output)
            self.tracks[channel.target.node, channel.target.path] = keys

    def _raw(self, view, offset, component, count, width):
        view = self.gltf.bufferViews[view]
        dtype = {5121: np.uint8, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}[component]
        start, size = (view.byteOffset or 0) + (offset or 0), np.dtype(dtype).itemsize
        stride = view.byteStride or size * width
        return np.ndarray((count, width), dtype, self.blob, start, (stride, size)).copy()

    def accessor(self, number):
        """An accessor's elements; integers as they are, unless they are normalized."""
        if number not in self.read:
            self.read[number] = self._accessor(number)
        return self.read[number]

    def _accessor(self, number):
        a = self.gltf.accessors[number]
        width = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}[a.type]
        if a.bufferView is None:
            values = np.zeros((a.count, width))
        else:
            values = self._raw(a.bufferView, a.byteOffset, a.componentType, a.count, width)
        if a.sparse:
            s = a.sparse
            place = s.indices.bufferView, s.indices.byteOffset, s.indices.componentType
            rows = self._raw(*place, s.count, 1)[:, 0]
            assert (np.diff(rows.astype(int)) > 0).all()
            place = s.values.bufferView, s.values.byteOffset, a.componentType
            values[rows] = self._raw(*place, s.count, width)
        if a.normalized:
            values = values / np.iinfo(values.dtype).max
        return values

    def world(self, node, key):
        """4x4 of a node at a key."""
        own = self.gltf.nodes[node]
        matrix = np.eye(4)
        matrix[:3, 3] = own.translation or 0
        if (node, "rotation") in self.tracks:
            turn = self.tracks[node, "rotation"][1][key]
            matrix[:3, :3] = Rotation.from_quat(turn).as_matrix()
        parents = [n for n, other in enumerate(self.gltf.nodes) if node in (other.children or [])]
        return self.world(parents[0], key) @ matrix if parents else matrix

    def triangles(self, key):
        """(material, node name) to (F, 3, 3) corners in metres at a key."""
        drawn = {}
        for number, node in enumerate(self.gltf.nodes):
            if node.mesh is None:
                continue
            for primitive in self.gltf.meshes[node.mesh].primitives:
                points = self.accessor(primitive.attributes.POSITION).astype(float)  # a copy
                if primitive.targets:
                    weights = self.tracks[number, "weights"][1].reshape(-1, len(primitive.targets))
                    for target, weight in zip(primitive.targets, weights[key], strict=True):
                        points += weight * self.accessor(target["POSITION"])
                points = self._placed(number, node, primitive, points, key)
                corners = self.accessor(primitive.indices).reshape(-1, 3)
                name = self.gltf.materials[primitive.material].name
                drawn[name, node.name] = points[corners]
        return drawn

    def _placed(self, number, node, primitive, points, key):
        points = np.column_stack([points, np.ones(len(points))])
        if node.skin is None:
            return (points @ self.world(number, key).T)[:, :3]
        skin = self.gltf.skins[node.skin]
        binds = self.accessor(skin.inverseBindMatrices).reshape(-1, 4, 4).swapaxes(1, 2)
        joints = [
            self.world(joint, key) @ bind for joint, bind in zip(skin.joints, binds, strict=True)
        ]
        which = self.accessor(primitive.attributes.JOINTS_0)
        share = self.accessor(primitive.attributes.WEIGHTS_0)
        np.testing.assert_allclose(share.sum(axis=1), 1, atol=1e-6)
        return np.einsum("vj,vjrc,vc->vr", share, np.array(joints)[which], points)[:, :3]


def _assert_moves_like(path, rig, motion, keys, tolerance, identity=None):
    """Every triangle of the rig is in the file, within ``tolerance`` millimetres of its place."""
    scene = _Scene(path)
    expected = rig.vertices(motion, identity)
    of_eye = np.full(len(rig.neutral), "", dtype=object)
    for eye in rig.eyeballs:
        of_eye[eye.vertices] = f"{eye.side}Eye"
    seen = 0
    for key in keys:
        for (material, node), corners in scene.triangles(key).items():
            of = rig.face_materials == rig.materials.index(material)
            of &= of_eye[rig.faces[:, 0]] == (node if node.endswith("Eye") else "")
            away = np.linalg.norm(corners * 1000 - expected[key][rig.faces[of]], axis=-1)
            assert away.max() < tolerance, (material, node, key)
            seen += of.sum()
    assert seen == len(rig.faces) * len(keys)


# ---- Written files.


@pytest.fixture(scope="module")
def tdmm():
    return get_rig("tdmm")


@pytest.fixture(scope="module")
def performed():
    """Five seconds of a face that does much."""
    from tdmm_hf.performer import perform
    from tdmm_hf.prompts.suite import sample_attributes

    return perform(sample_attributes(np.random.default_rng(3), duration=5.0), seed=3)


@pytest.fixture(scope="module")
def performed_file(tdmm, performed, tmp_path_factory):
    path = tmp_path_factory.mktemp("glb") / "performed.glb"
    glb.write(performed, path, tdmm)
    return path


def test_our_head_moves_as_the_rig_does(performed_file, tdmm, performed):
    _assert_moves_like(performed_file, tdmm, performed, [0, 40, 90], tolerance=0.05)


@pytest.mark.parametrize("identity", [None, 5])
def test_what_has_a_neck_bulging_eyes_and_a_hat_moves_as_the_rig_does(small, tmp_path, identity):
    motion = _motion()
    glb.write(motion, tmp_path / "m.glb", small, identity=identity)
    person = None if identity is None else small.random_identity(identity)
    _assert_moves_like(tmp_path / "m.glb", small, motion, range(0, 40, 5), 0.06, person)


def test_five_seconds_at_60_fps_are_under_three_megabytes(tdmm, performed, tmp_path):
    glb.write(performed.resample(60), tmp_path / "m.glb", tdmm)
    assert (tmp_path / "m.glb").stat().st_size < 3_000_000


def test_morph_targets_have_arkit_names_in_their_order(performed_file):
    gltf = _Scene(performed_file).gltf
    faces = [mesh for mesh in gltf.meshes if mesh.primitives[0].targets]
    assert [mesh.extras["targetNames"] for mesh in faces] == [list(ARKIT_BLENDSHAPES)]
    assert {node.name for node in gltf.nodes} >= {"Neck", "Head", "LeftEye", "RightEye", "Face"}


def _report(path) -> dict:
    """What Khronos' validator says of a file."""
    if shutil.which("node") is None or not (MODULES / "gltf-validator").is_dir():
        pytest.skip(f"no node with gltf-validator in {MODULES}")
    command = ["node", str(SCRIPT), str(MODULES), str(path)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def _assert_sound(path):
    issues = _report(path)["issues"]
    assert (issues["numErrors"], issues["numWarnings"]) == (0, 0), issues["messages"]
    assert {issue["code"] for issue in issues["messages"]} <= {"UNUSED_OBJECT"}  # the UVs


def test_validator_finds_nothing_in_our_head(performed_file):
    _assert_sound(performed_file)


@pytest.mark.parametrize("frames", [1, 40])
def test_validator_finds_nothing_in_another_rig(small, tmp_path, frames):
    glb.write(_motion(frames=frames), tmp_path / "m.glb", small)
    _assert_sound(tmp_path / "m.glb")


def test_validator_would_find_something(performed_file, tmp_path):
    broken = tmp_path / "broken.glb"
    broken.write_bytes(performed_file.read_bytes().replace(b'"max":[', b'"max":[9', 1))
    assert _report(broken)["issues"]["numErrors"]


def test_same_motion_same_bytes_and_looks_differ(small, tmp_path):
    for name, look in (("a", None), ("b", "rose"), ("c", "umber")):
        glb.write(_motion(), tmp_path / name, small, look=look)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_a_seed_picks_a_person_and_a_look(small, tmp_path):
    glb.write(_motion(), tmp_path / "seed", small, identity=1)
    glb.write(_motion(), tmp_path / "vector", small, small.random_identity(1), look="sand")
    assert (tmp_path / "seed").read_bytes() == (tmp_path / "vector").read_bytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rig": "sparse"}, "rig with a surface, got rig 'sparse'"),
        ({"look": "green"}, "look must be one of rose, .*got 'green'"),
        ({"identity": np.zeros(3)}, r"identity must have shape \(2,\), got \(3,\)"),
        ({"motion": FaceMotion(np.zeros((5, 58)), space="flame")}, "space 'arkit', got 'flame'"),
    ],
)
def test_what_cannot_be_written_leaves_nothing(small, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        glb.write(**{"motion": _motion(), "rig": small, "path": tmp_path / "m.glb", **options})
    assert not list(tmp_path.iterdir())


# ---- Read back.


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    frames=st.integers(1, 60),
    fps=st.floats(0.5, 1000),
    pitch=st.floats(-1.5, 1.5),
)
def test_round_trip(tmp_path_factory, small, seed, frames, fps, pitch):
    motion = _motion(seed, frames, fps)
    values = motion.values.copy()
    values[:, ARKIT.index("headPitch")] = pitch
    motion = FaceMotion(values, fps, valid=motion.valid, observed=motion.observed)
    path = tmp_path_factory.getbasetemp() / "motion.glb"
    glb.write(motion, path, small)
    back = glb.read(path)
    np.testing.assert_array_equal(back.values[:, :52], motion.values[:, :52])
    np.testing.assert_allclose(back.values[:, 52:], motion.values[:, 52:], atol=1e-5)
    assert back.fps == motion.fps
    np.testing.assert_array_equal(back.valid, motion.valid)
    np.testing.assert_array_equal(back.observed, motion.observed)


def test_fps_overrides_our_own(small, tmp_path):
    glb.write(_motion(fps=25), tmp_path / "m.glb", small)
    assert glb.read(tmp_path / "m.glb", fps=50).duration == 0.8
    with pytest.raises(ValueError, match=r"^m\.glb: fps must be positive.*got 0"):
        glb.read(tmp_path / "m.glb", fps=0)
