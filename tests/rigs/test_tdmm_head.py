"""The head of our own: a closed surface, mirrored exactly, lids and lips that stay outside."""

from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy.spatial import cKDTree

from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import ARKIT_BLENDSHAPES, GROUPS, get_space
from tdmm_hf.performer import perform
from tdmm_hf.prompts.suite import sample_attributes
from tdmm_hf.rigs import get_rig
from tdmm_hf.rigs.head.build import neutral_head, read_table
from tdmm_hf.rigs.head.fields import make_handles
from tdmm_hf.rigs.head.shapes import ShapeMaker

ARKIT = get_space("arkit")
MIRROR = np.array([-1.0, 1.0, 1.0])
COMMON_PAIRS = 40
ALLOWED = 0.5  # millimetres that lids may enter the eyeball and lips the teeth
SHELLS = ("eyeball", "hair", "ear", "brow", "lash", "upper_teeth", "lower_teeth", "tongue")


@pytest.fixture(scope="module")
def rig():
    return get_rig("tdmm")


@pytest.fixture(scope="module")
def head(rig):
    return neutral_head()


def _weights(**channels) -> np.ndarray:
    values = np.zeros(len(ARKIT.channels))
    for name, value in channels.items():
        sided = [name] if name in ARKIT.channels else [f"{name}Left", f"{name}Right"]
        values[ARKIT.indices(sided)] = value
    return values


def _edges(faces: np.ndarray) -> np.ndarray:
    return np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])


def _volume(points: np.ndarray, faces: np.ndarray) -> float:
    a, b, c = (points[faces[:, k]] for k in range(3))
    return np.einsum("ij,ij->", a, np.cross(b, c)) / 6


def test_the_surface_is_closed_but_for_the_base_of_the_neck(rig):
    assert 5_000 <= len(rig.neutral) <= 20_000
    assert len(np.unique(rig.faces)) == len(rig.neutral)
    directed = _edges(rig.faces)
    assert len(np.unique(directed, axis=0)) == len(directed)
    edges, count = np.unique(np.sort(directed, axis=1), axis=0, return_counts=True)
    assert count.max() == 2
    base = rig.neutral[:, 1].min()
    np.testing.assert_array_equal(rig.neutral[edges[count == 1].ravel(), 1], base)


def test_no_face_is_inverted_or_empty(rig, head):
    a, b, c = (rig.neutral[rig.faces[:, k]] for k in range(3))
    normals = np.cross(b - a, c - a)
    assert np.linalg.norm(normals, axis=1).min() > 1e-3
    skin = np.isin(head.whole.parts[rig.faces], ("skin", "neck")).all(axis=1)
    outwards = head.sculpt.normals(((a + b + c) / 3)[skin])
    assert (np.einsum("ij,ij->i", normals[skin], outwards) > 0).all()
    for part in SHELLS:
        shell = (head.whole.parts[rig.faces] == part).all(axis=1)
        assert _volume(rig.neutral, rig.faces[shell]) > 10


def test_neighbouring_skin_faces_fold_nowhere(rig, head):
    skin = rig.faces[np.isin(head.whole.parts[rig.faces], ("skin", "lid")).all(axis=1)]
    a, b, c = (rig.neutral[skin[:, k]] for k in range(3))
    normals = np.cross(b - a, c - a)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    edges = np.sort(_edges(skin), axis=1)
    order = np.lexsort(edges.T)
    same = (edges[order[1:]] == edges[order[:-1]]).all(axis=1)
    one, other = order[:-1][same] % len(skin), order[1:][same] % len(skin)
    assert np.einsum("ij,ij->i", normals[one], normals[other]).min() > -0.6


def test_textures_and_materials_cover_every_face(rig):
    assert rig.uv.shape == (len(rig.neutral), 2)
    assert rig.uv.min() >= 0
    assert rig.uv.max() <= 1
    assert rig.face_materials.shape == (len(rig.faces),)
    table = Path(__file__).parents[2] / "tdmm_hf" / "rigs" / "materials.yaml"
    assert set(rig.materials) <= set(yaml.safe_load(table.read_text())["materials"])
    assert {"skin", "lips", "sclera", "iris", "pupil", "teeth", "gums", "tongue", "brow"} <= set(
        rig.materials
    )


def test_left_and_right_are_exact_mirror_images(rig, head):
    mirror = head.whole.mirror
    np.testing.assert_array_equal(rig.neutral[mirror] * MIRROR, rig.neutral)
    swapped = rig.basis[list(ARKIT.mirror_index)][:, mirror] * MIRROR
    np.testing.assert_array_equal(swapped, rig.basis)
    np.testing.assert_array_equal(rig.identity_basis[:, mirror] * MIRROR, rig.identity_basis)
    assert [rig.regions[i] for i in mirror] == list(rig.regions)


def test_a_mirrored_motion_gives_the_mirrored_face(rig, head):
    motion = FaceMotion(np.random.default_rng(0).uniform(0, 0.5, (2, 55)))
    mirrored = rig.vertices(motion)[:, head.whole.mirror] * MIRROR
    np.testing.assert_allclose(rig.vertices(motion.mirror()), mirrored, atol=1e-4)


@pytest.mark.parametrize("channel", ARKIT_BLENDSHAPES)
def test_every_channel_moves_its_own_region_and_its_own_side(rig, channel):
    travel = np.linalg.norm(rig.local(_weights(**{channel: 1})) - rig.neutral, axis=1)
    assert travel.max() > 1
    group = next(g for g in GROUPS if ARKIT.index(channel) in ARKIT.groups.get(g, ()))
    near = {"jaw": {"jaw", "mouth", "tongue"}, "mouth": {"mouth", "cheeks", "jaw"}}
    allowed = near.get(group, {group})
    moved = np.array(rig.regions)[travel > 0.9 * travel.max()]
    assert set(moved) & allowed
    if channel.endswith(("Left", "Right")) and not channel.startswith(("jaw", "mouthL", "mouthR")):
        left = travel[rig.neutral[:, 0] > 12].max(), travel[rig.neutral[:, 0] < -12].max()
        own, other = left if channel.endswith("Left") else left[::-1]
        assert own > 3 * other


def test_the_frame_of_the_head_only_follows_the_pose(rig):
    frame = np.array(rig.regions) == "head"
    assert not rig.basis[:, frame].any()
    assert not rig.basis[52:].any()
    assert set(rig.regions) == set(GROUPS)


def test_the_neck_stays_where_its_base_is(rig):
    values = np.zeros((1, 55))
    values[0, ARKIT.index("headYaw")] = 0.6
    turned = rig.vertices(FaceMotion(values))[0]
    base = rig.neutral[:, 1] == rig.neutral[:, 1].min()
    np.testing.assert_allclose(turned[base], rig.neutral[base], atol=1e-9)
    nose = rig.landmarks[30]
    assert turned[nose, 0] > rig.neutral[nose, 0] + 20


def _lid_depth(rig, head, points: np.ndarray, identity=None) -> float:
    """How far lids and lashes of both sides enter the eyeballs, millimetres."""
    depths = []
    for eye in rig.eyeballs:
        ball = points[eye.vertices]
        center = (ball.max(axis=0) + ball.min(axis=0)) / 2
        if identity is None:
            center = eye.center
        radius = np.linalg.norm(ball - center, axis=1).min()
        own = (rig.neutral[:, 0] > 0) == (eye.side == "Left")
        lids = own & np.isin(head.whole.parts, ("lid", "lash"))
        depths.append(radius - np.linalg.norm(points[lids] - center, axis=1).min())
    return max(depths)


def _lip_depth(rig, head, points: np.ndarray) -> float:
    """How far the lips enter the teeth, millimetres."""
    lips = points[head.whole.parts == "lips"]
    deepest = 0.0
    enamel = rig.face_materials == rig.materials.index("teeth")
    for row in ("upper_teeth", "lower_teeth"):
        faces = rig.faces[enamel & (head.whole.parts[rig.faces] == row).all(axis=1)]
        a, b, c = (points[faces[:, k]] for k in range(3))
        middle, normal = (a + b + c) / 3, np.cross(b - a, c - a)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        distance, near = cKDTree(middle).query(lips)
        depth = -np.einsum("ij,ij->i", lips - middle[near], normal[near])
        deepest = max(deepest, depth[distance < 3].max(initial=0.0))
    return deepest


def _common_pairs(count: int) -> list[tuple[str, str]]:
    """The pairs of channels that co-occur most in performed motion: mean product of weights."""
    rng = np.random.default_rng(0)
    motions = [perform(sample_attributes(rng, duration=4.0), seed=k) for k in range(200)]
    weights = np.concatenate([motion.values[::3, :52] for motion in motions])
    together = weights.T @ weights
    pairs = sorted(combinations(range(52), 2), key=lambda pair: -together[pair])[:count]
    return [(ARKIT.channels[a], ARKIT.channels[b]) for a, b in pairs]


def test_lids_and_lips_stay_outside_over_the_pairs_that_co_occur_most(rig, head):
    for one, other in _common_pairs(COMMON_PAIRS):
        for part, rest in ((0.5, 0.5), (0.5, 1), (1, 0.5), (1, 1)):
            points = rig.local(_weights(**{one: part, other: rest}))
            assert _lid_depth(rig, head, points) <= ALLOWED, (one, other)
            assert _lip_depth(rig, head, points) <= ALLOWED, (one, other)


@pytest.mark.parametrize("channel", ARKIT_BLENDSHAPES)
def test_no_channel_pushes_lids_or_lips_deep(rig, head, channel):
    for weight in (0.5, 1.0):
        points = rig.local(_weights(**{channel: weight}))
        assert _lid_depth(rig, head, points) <= ALLOWED
        assert _lip_depth(rig, head, points) <= 1.0


def test_lids_meet_in_a_blink(rig, head):
    points = rig.local(_weights(eyeBlink=1))
    ring, n = head.rings["margin_outer"], head.eye.table["segments"]
    upper, lower = ring[1:n], ring[:n:-1]
    assert np.linalg.norm(rig.neutral[upper] - rig.neutral[lower], axis=1).max() > 8
    assert np.linalg.norm(points[upper] - points[lower], axis=1).max() < ALLOWED


def test_lips_meet_when_mouth_close_counters_jaw_open(rig, head):
    ring, n = head.rings["contact"], head.mouth.segments
    for weight in (0.5, 1.0):
        points = rig.local(_weights(jawOpen=weight))
        gap = np.linalg.norm(points[ring[:n]] - points[ring[:n:-1]], axis=1).max()
        assert gap > 20 * weight
        points = rig.local(_weights(jawOpen=weight, mouthClose=weight))
        gap = np.linalg.norm(points[ring[:n]] - points[ring[:n:-1]], axis=1).max()
        assert gap < ALLOWED


def test_the_tongue_leaves_between_the_lips(rig, head):
    tongue, contact = head.rings["tongue"], head.rings["contact"]
    rest = rig.neutral[tongue, 2].max()
    assert rest < rig.neutral[contact, 2].max() - 5
    points = rig.local(_weights(tongueOut=1, jawOpen=0.3))
    assert points[tongue, 2].max() > points[head.rings["crest"], 2].max() + 5


def test_gaze_turns_the_eyeballs_the_right_way(rig):
    left, right = rig.eyeballs
    for way, axis, sign in (("Out", 0, 1), ("In", 0, -1), ("Up", 1, 1), ("Down", 1, -1)):
        points = rig.local(_weights(**{f"eyeLook{way}Left": 1}))
        pupil = left.vertices[0]
        assert sign * (points[pupil] - rig.neutral[pupil])[axis] > 6
        np.testing.assert_array_equal(points[right.vertices], rig.neutral[right.vertices])


def test_people_differ_and_their_eyes_stay_whole(rig, head):
    assert len(rig.identity_basis) >= 20
    travel = np.linalg.norm(rig.identity_basis, axis=-1).max(axis=1)
    assert (travel > 0.5).all()
    for seed in range(6):
        person = rig.random_identity(seed)
        for weight in (0.0, 0.5, 1.0):
            points = rig.local(_weights(eyeBlink=weight), person)
            assert _lid_depth(rig, head, points, person) <= ALLOWED
        shape = rig.local(_weights(), person)
        assert _lip_depth(rig, head, shape) <= ALLOWED
        ball = shape[rig.eyeballs[0].vertices]
        size = np.ptp(ball, axis=0) / np.ptp(rig.neutral[rig.eyeballs[0].vertices], axis=0)
        assert np.ptp(size) < 1e-6


def test_landmarks_are_those_of_ibug(rig):
    points = rig.neutral[rig.landmarks]
    assert len(set(rig.landmarks)) == 68
    assert (np.diff(points[:17, 0]) > 0).all()
    assert points[8, 1] == points[:17, 1].min()
    assert points[30, 2] == points[:, 2].max()
    for first, last in ((17, 27), (31, 36), (36, 40), (42, 46), (48, 55), (60, 65)):
        assert (np.diff(points[first:last, 0]) > 0).all()
    assert (np.diff(points[27:31, 1]) < 0).all()
    assert points[37, 1] > points[41, 1]
    assert points[51, 1] > points[62, 1] >= points[66, 1] > points[57, 1]
    pairs = [(0, 16), (17, 26), (36, 45), (39, 42), (31, 35), (48, 54), (60, 64), (41, 46)]
    for right, left in pairs:
        np.testing.assert_array_equal(points[right] * MIRROR, points[left])


def test_vertex_sets_lie_where_they_say(rig):
    y = {name: rig.neutral[chosen, 1] for name, chosen in rig.vertex_sets.items()}
    assert y["lips"].max() < y["brows"].min()
    assert y["upper_face"].min() > y["lips"].max()
    both = np.concatenate([rig.vertex_sets["upper_face"], rig.vertex_sets["lower_face"]])
    np.testing.assert_array_equal(np.sort(both), np.sort(rig.vertex_sets["face"]))


def test_handles_give_back_their_moves(head):
    handles = make_handles(head, read_table("shapes.yaml"))
    moves = np.zeros((len(handles.names), 3))
    chin = handles.names.index("chin")
    moves[chin] = [0, -10, 0]
    np.testing.assert_allclose(handles.field(moves)[handles.vertices[chin]], moves[chin], atol=0.5)


def test_an_unknown_handle_is_named(head):
    table = read_table("shapes.yaml")
    table["symmetric"]["cheekPuff"] = {"antenna": [0, 1, 0]}
    with pytest.raises(ValueError, match="unknown handle 'antenna'"):
        ShapeMaker(head, table).basis()


def test_the_head_is_built_alike_every_time(head):
    again = neutral_head.__wrapped__()
    np.testing.assert_array_equal(again.whole.points, head.whole.points)
    np.testing.assert_array_equal(again.whole.faces, head.whole.faces)
    assert all(a == b for a, b in pairwise([head.whole.half, again.whole.half]))
