"""FLAME from a file shaped like it: loaded safely, posed as FLAME's own formula poses it."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from scipy.spatial.transform import Rotation

from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import get_space
from tdmm_hf.rigs import get_rig
from tdmm_hf.rigs.flame import FLAME_VARIABLE, flame_rig

FLAME = get_space("flame")
VERTICES = 60
PARENTS = (None, 0, 1, 1, 1)


@pytest.fixture(scope="module")
def model() -> dict:
    """Random arrays of FLAME's shapes; vertices 40 to 49 are the left eye, 50 to 59 the right."""
    rng = np.random.default_rng(0)
    regressor = rng.uniform(0, 1, (5, VERTICES)) * (rng.uniform(size=(5, VERTICES)) < 0.2)
    regressor[3:] = 0
    regressor[3, 40:50] = regressor[4, 50:] = 0.1
    regressor /= regressor.sum(axis=1, keepdims=True)
    weights = rng.uniform(0, 1, (VERTICES, 5))
    weights[:40, 3:] = 0
    weights[40:50], weights[50:] = np.eye(5)[3], np.eye(5)[4]
    return {
        "v_template": rng.uniform(-0.1, 0.1, (VERTICES, 3)),
        "f": np.arange(VERTICES, dtype=np.uint32).reshape(-1, 3)[:19],
        "shapedirs": rng.normal(0, 0.002, (VERTICES, 3, 400)),
        "posedirs": rng.normal(0, 0.002, (VERTICES, 3, 36)),
        "J_regressor": regressor,
        "weights": weights / weights.sum(axis=1, keepdims=True),
        "kintree_table": np.array([[2**32 - 1, 0, 1, 1, 1], range(5)]),
        "bs_style": "lbs",
    }


@pytest.fixture
def write(tmp_path, model):
    def write(changes=None, protocol=2):
        entries = {**model, "J_regressor": sparse.csc_matrix(model["J_regressor"])}
        entries |= changes or {}
        path = tmp_path / "generic_model.pkl"
        path.write_bytes(
            pickle.dumps({k: v for k, v in entries.items() if v is not None}, protocol)
        )
        return path

    return write


def _reference(model, betas, pose) -> np.ndarray:
    """FLAME's formula joint by joint, (V, 3) metres.

    Args:
        betas: (400,) shape, then expression.
        pose: (5, 3) axis-angle of root, neck, jaw, eyes.
    """
    rotations = Rotation.from_rotvec(pose).as_matrix()
    shaped = model["v_template"] + model["shapedirs"] @ betas
    joints = model["J_regressor"] @ shaped
    posed = shaped + model["posedirs"] @ (rotations[1:] - np.eye(3)).ravel()
    world = []
    for joint, parent in enumerate(PARENTS):
        here = np.eye(4)
        here[:3, :3] = rotations[joint]
        here[:3, 3] = joints[joint] - (joints[parent] if parent is not None else 0)
        world.append(here if parent is None else world[parent] @ here)
    homogeneous = np.c_[posed, np.ones(VERTICES)]
    moved = [homogeneous @ (at @ _shift(-joints[j])).T for j, at in enumerate(world)]
    return np.einsum("vj,jvi->vi", model["weights"], np.stack(moved))[:, :3]


def _shift(offset) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, 3] = offset
    return matrix


def _motion(rng, frames=1) -> FaceMotion:
    values = np.zeros((frames, 58))
    values[:, :50] = rng.standard_normal((frames, 50))
    values[:, 50:53] = rng.uniform(-0.4, 0.4, (frames, 3))
    values[:, 55:] = rng.uniform(-0.6, 0.6, (frames, 3))
    return FaceMotion(values, space="flame")


def test_rest_is_the_template_in_millimetres(write, model):
    rig = flame_rig(write())
    rest = rig.vertices(FaceMotion(np.zeros((1, 58)), space="flame"))[0]
    np.testing.assert_allclose(rest, 1000 * model["v_template"], atol=1e-9)
    assert rig.space.name == "flame"
    assert rig.identity_basis.shape == (100, VERTICES, 3)


@pytest.mark.parametrize("with_identity", [False, True])
def test_motion_is_posed_as_flame_poses_it(write, model, with_identity):
    rng = np.random.default_rng(1)
    rig, motion = flame_rig(write()), _motion(rng, frames=3)
    person = rng.standard_normal(100) if with_identity else None
    found = rig.vertices(motion, person)
    for values, points in zip(motion.values.astype(float), found, strict=True):
        betas, pose = np.zeros(400), np.zeros((5, 3))
        betas[:100] = 0 if person is None else person
        betas[300:350] = values[:50]
        pose[0], pose[2] = values[55:58], values[50:53]
        np.testing.assert_allclose(points, 1000 * _reference(model, betas, pose), atol=1e-6)


def test_head_and_jaw_are_axis_angles_of_the_packages_axes(write):
    rig = flame_rig(write())
    turn = FaceMotion(np.eye(58)[[56]] * 0.3, space="flame")
    moved = rig.vertices(turn)[0] - rig.neutral
    in_front = rig.neutral[:, 2] > rig.neck_pivot[2] + 20
    assert (moved[in_front, 0] > 0).all()
    nod = rig.vertices(FaceMotion(np.eye(58)[[55]] * 0.3, space="flame"))[0] - rig.neutral
    assert (nod[in_front, 1] < 0).all()


def test_the_basis_is_the_first_order_of_the_rig(write):
    rig = flame_rig(write())
    for channel in (3, 50, 51, 52):
        step = 1e-6 * np.eye(58)[channel]
        np.testing.assert_allclose(rig.displacements(step) / 1e-6, rig.basis[channel], atol=1e-2)
    assert not rig.basis[55:].any()


def test_a_file_without_pose_correctives_is_posed_without(write, model):
    bare = {**model, "posedirs": np.zeros((VERTICES, 3, 36))}
    motion = _motion(np.random.default_rng(2))
    found = flame_rig(write({"posedirs": None})).vertices(motion)[0]
    values, betas, pose = motion.values[0].astype(float), np.zeros(400), np.zeros((5, 3))
    betas[300:350], pose[0], pose[2] = values[:50], values[55:58], values[50:53]
    np.testing.assert_allclose(found, 1000 * _reference(bare, betas, pose), atol=1e-6)


def test_eyelids_come_from_files_beside(write, tmp_path, caplog):
    path = write()
    assert not flame_rig(path).basis[53:55].any()
    assert "no l_eyelid.npy beside the FLAME file: eyelid_left moves nothing" in caplog.text
    left = np.random.default_rng(3).normal(0, 0.003, (VERTICES, 3))
    np.save(tmp_path / "l_eyelid.npy", left)
    np.save(tmp_path / "r_eyelid.npy", 2 * left[None])
    rig = flame_rig(write({"bs_style": "again"}))
    np.testing.assert_allclose(rig.basis[53], 1000 * left)
    np.testing.assert_allclose(rig.basis[54], 2000 * left)
    np.save(tmp_path / "l_eyelid.npy", left[1:])
    with pytest.raises(ValueError, match=r"l_eyelid.npy must have shape \(60, 3\), got \(59, 3\)"):
        flame_rig(write({"bs_style": "and again"}))
    np.save(tmp_path / "l_eyelid.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"l_eyelid\.npy is no readable npy"):
        flame_rig(write({"bs_style": "once more"}))


def test_masks_beside_give_sets_regions_and_lips(write, tmp_path):
    bare = flame_rig(write())
    assert all(len(vertices) == 0 for vertices in bare.vertex_sets.values())
    masks = {"lips": np.arange(6), "eye_region": np.arange(6, 30), "forehead": np.arange(25, 36)}
    (tmp_path / "FLAME_masks.pkl").write_bytes(pickle.dumps({**masks, "other": "x"}, 2))
    rig = flame_rig(write({"bs_style": "masked"}))
    assert rig.vertex_sets["lips"].tolist() == list(range(6))
    assert rig.vertex_sets["upper_face"].tolist() == list(range(6, 36))
    eyes = rig.neutral[40:60, 1].mean()
    assert (rig.neutral[rig.vertex_sets["brows"], 1] > eyes).all()
    assert rig.regions[0] == "mouth"
    assert rig.regions[35] == "brows"
    assert rig.regions[45] == "gaze"
    names = np.array(rig.materials)[rig.face_materials]
    assert names[:2].tolist() == ["lips", "lips"]
    assert set(names[14:16]) <= {"sclera", "iris", "pupil"}
    (tmp_path / "FLAME_masks.pkl").write_bytes(pickle.dumps({"lips": np.array([60])}, 2))
    with pytest.raises(ValueError, match="mask 'lips' must list vertices below 60"):
        flame_rig(write({"bs_style": "wrong"}))


def test_npz_and_the_environment(tmp_path, model, monkeypatch):
    np.savez(tmp_path / "flame.npz", **model)
    monkeypatch.setenv(FLAME_VARIABLE, str(tmp_path / "flame.npz"))
    np.testing.assert_allclose(get_rig("flame").neutral, 1000 * model["v_template"])


def test_without_a_file_the_error_says_where_to_get_it(tmp_path, monkeypatch):
    monkeypatch.delenv(FLAME_VARIABLE, raising=False)
    with pytest.raises(ValueError, match=r"needs your own FLAME file .*name its .* in TDMM_FLAME"):
        get_rig("flame")
    monkeypatch.setenv(FLAME_VARIABLE, str(tmp_path / "none.pkl"))
    with pytest.raises(ValueError, match="TDMM_FLAME must name a FLAME file, none at"):
        get_rig("flame")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"v_template": None}, r"lacks \['v_template'\]"),
        ({"weights": np.ones((60, 4))}, r"weights must have shape \(60, 5\), got \(60, 4\)"),
        ({"J_regressor": np.ones((5, 9))}, r"J_regressor must have shape \(5, 60\)"),
        ({"shapedirs": np.ones((60, 3, 100))}, "at least 350 directions"),
        ({"posedirs": np.ones((60, 3, 27))}, "posedirs must have shape"),
        ({"f": np.array([[0, 1, 60]])}, "f must be triangles of 60 vertices"),
        ({"shapedirs": "none"}, "entry 'shapedirs' must be an array of numbers"),
        ({"extra": print}, "pickle asks for .*print"),
    ],
)
def test_what_is_no_flame_is_named(write, changes, message):
    with pytest.raises(ValueError, match=message):
        flame_rig(write(changes))


def test_another_space_or_person_is_named(write):
    rig = flame_rig(write())
    with pytest.raises(ValueError, match="needs space 'flame', got 'arkit'"):
        rig.vertices(FaceMotion(np.zeros((1, 55))))
    with pytest.raises(ValueError, match=r"identity must have shape \(100,\), got \(3,\)"):
        rig.vertices(FaceMotion(np.zeros((1, 58)), space="flame"), np.zeros(3))
