"""What every rig with a surface keeps to: gaze, neck, identities, and a sound mesh."""

import dataclasses

import numpy as np
import pytest

from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import GROUPS, get_space
from tdmm_hf.rigs import get_rig, head_rotation
from tdmm_hf.rigs.mesh import LANDMARKS, Eyeball, MeshRig

ARKIT = get_space("arkit")
EYE = {"Left": np.array([30.0, 0, 0]), "Right": np.array([-30.0, 0, 0])}
RADIUS = 12
MATERIALS = {
    "skin", "lips", "sclera", "iris", "pupil", "teeth", "gums", "tongue", "brow", "lash", "hair",
    "cavity", "lid_rim", "limbus",
}  # fmt: skip


def _small_rig() -> MeshRig:
    """Two eyeballs of a front, an upper and an outer point, then a lid, a nose and a shoulder."""
    arms = RADIUS * np.array([[0, 0, 1], [0, 1, 0], [0, 0, -1]])
    points = [EYE["Left"] + arms, EYE["Right"] + arms, [[30, 10, 10], [0, -20, 30], [90, -150, 0]]]
    neutral = np.concatenate(points).astype(float)
    basis = np.zeros((55, 9, 3))
    basis[ARKIT.index("eyeBlinkLeft"), 6] = [0, -10, 0]
    identities = np.zeros((2, 9, 3))
    identities[0, :3] = [4, 0, 0]
    identities[1, 7] = [0, 0, 5]
    return MeshRig(
        name="small",
        space=ARKIT,
        regions=("gaze",) * 6 + ("eyes", "nose", "head"),
        neutral=neutral,
        basis=basis,
        neck_pivot=np.array([0.0, -80, -20]),
        faces=np.array([[0, 1, 2], [3, 4, 5], [6, 7, 8]]),
        uv=np.zeros((9, 2)),
        materials=("sclera", "skin"),
        face_materials=np.array([0, 0, 1]),
        eyeballs=(
            Eyeball("Left", np.arange(3), EYE["Left"]),
            Eyeball("Right", np.arange(3, 6), EYE["Right"]),
        ),
        neck_weights=np.array([1.0] * 7 + [0.5, 0]),
        identity_basis=identities,
        landmarks=np.array([], int),
        vertex_sets={"lips": np.array([7]), "brows": np.array([6]), "upper_face": np.array([6])},
    )


RIG = _small_rig()


def _motion(**channels) -> FaceMotion:
    values = np.zeros((1, 55))
    for name, value in channels.items():
        values[0, ARKIT.index(name)] = value
    return FaceMotion(values)


def _looks(side: str, **channels) -> np.ndarray:
    """Unit vector from the eye's centre to its front."""
    front = {"Left": 0, "Right": 3}[side]
    return (RIG.vertices(_motion(**channels))[0, front] - EYE[side]) / RADIUS


def test_rest_is_neutral():
    np.testing.assert_array_equal(RIG.vertices(_motion())[0], RIG.neutral)


@pytest.mark.parametrize(
    ("side", "channel", "way", "degrees"),
    [
        ("Left", "eyeLookOutLeft", [1, 0, 0], 30),
        ("Left", "eyeLookInLeft", [-1, 0, 0], 30),
        ("Right", "eyeLookOutRight", [-1, 0, 0], 30),
        ("Right", "eyeLookInRight", [1, 0, 0], 30),
        ("Left", "eyeLookUpLeft", [0, 1, 0], 25),
        ("Right", "eyeLookUpRight", [0, 1, 0], 25),
        ("Left", "eyeLookDownLeft", [0, -1, 0], 25),
        ("Right", "eyeLookDownRight", [0, -1, 0], 25),
    ],
)
@pytest.mark.parametrize("weight", [0.5, 1.0])
def test_gaze_turns_the_eye_that_way_by_that_angle(side, channel, way, degrees, weight):
    angle = np.radians(degrees * weight)
    expected = np.cos(angle) * np.array([0, 0, 1]) + np.sin(angle) * np.array(way)
    np.testing.assert_allclose(_looks(side, **{channel: weight}), expected, atol=1e-6)
    other = "Right" if side == "Left" else "Left"
    np.testing.assert_allclose(_looks(other, **{channel: weight}), [0, 0, 1], atol=1e-12)


def test_gaze_yaws_before_it_pitches_as_the_head_does():
    turned = head_rotation(np.radians([25, 30, 0])) @ [0, 0, 1]
    looks = _looks("Left", eyeLookOutLeft=1, eyeLookDownLeft=1)
    np.testing.assert_allclose(looks, turned, atol=1e-6)


def test_opposite_gazes_cancel():
    looks = _looks("Left", eyeLookOutLeft=0.6, eyeLookInLeft=0.6, eyeLookUpLeft=1)
    np.testing.assert_allclose(looks, _looks("Left", eyeLookUpLeft=1), atol=1e-6)


def test_eyes_keep_their_shape_and_lids_are_not_turned():
    moved = RIG.vertices(_motion(eyeLookUpLeft=0.7, eyeLookInLeft=0.4, eyeBlinkLeft=1))[0]
    np.testing.assert_allclose(np.linalg.norm(moved[:3] - EYE["Left"], axis=1), RADIUS, atol=1e-5)
    np.testing.assert_allclose(moved[6], RIG.neutral[6] + [0, -10, 0])
    np.testing.assert_array_equal(moved[7:], RIG.neutral[7:])


def test_the_eye_of_another_person_turns_about_its_own_centre():
    person = np.array([1.0, 0])
    moved = RIG.vertices(_motion(eyeLookOutLeft=1), person)[0]
    expected = RIG.vertices(_motion(eyeLookOutLeft=1))[0, :3] + [4, 0, 0]
    np.testing.assert_allclose(moved[:3], expected, atol=1e-5)


def test_the_neck_follows_by_its_weights():
    motion = _motion(headPitch=0.2, headYaw=-0.4, headRoll=0.1)
    rotation = head_rotation([0.2, -0.4, 0.1])
    turned = (RIG.neutral - RIG.neck_pivot) @ rotation.T + RIG.neck_pivot
    moved = RIG.vertices(motion)[0]
    np.testing.assert_allclose(moved[:7], turned[:7], atol=1e-5)
    np.testing.assert_allclose(moved[7], (turned[7] + RIG.neutral[7]) / 2, atol=1e-5)
    np.testing.assert_array_equal(moved[8], RIG.neutral[8])


def test_head_turns_to_where_the_channels_say():
    nose = RIG.neutral[7]
    assert RIG.vertices(_motion(headYaw=0.3))[0, 7, 0] > nose[0]
    assert RIG.vertices(_motion(headPitch=0.3))[0, 7, 1] < nose[1]
    left_eye = RIG.vertices(_motion(headRoll=0.3))[0, 0]
    assert left_eye[1] > RIG.neutral[0, 1]


def test_linear_geometry_follows_the_neck_too():
    """To first order what ``vertices`` does, where points are a frame of the head's."""
    rig = dataclasses.replace(RIG, regions=("head",) * 9)
    small = _motion(headPitch=1e-4, headYaw=-2e-4, headRoll=1e-4, eyeBlinkLeft=1e-3)
    linear = np.tensordot(small.values[0], rig.linear_geometry, axes=1)
    np.testing.assert_allclose(linear, rig.vertices(small)[0] - rig.neutral, atol=1e-5)
    assert not rig.linear_geometry[52:, 8].any()


def test_frames_are_independent():
    values = np.random.default_rng(0).uniform(0, 0.5, (5, 55)).astype(np.float32)
    together = RIG.vertices(FaceMotion(values), np.array([0.5, -1]))
    for frame, points in zip(values, together, strict=True):
        alone = RIG.vertices(FaceMotion(frame[None]), np.array([0.5, -1]))[0]
        np.testing.assert_allclose(alone, points, atol=1e-5)
    np.testing.assert_allclose(RIG.local(values[0]), RIG.local(values[:1])[0], atol=1e-6)


def test_identities_add_up_and_are_drawn_within_limits():
    person = np.array([0.5, -2])
    expected = RIG.neutral + 0.5 * RIG.identity_basis[0] - 2 * RIG.identity_basis[1]
    np.testing.assert_allclose(RIG.vertices(_motion(), person)[0], expected)
    people = np.stack([RIG.random_identity(seed) for seed in range(300)])
    assert np.abs(people).max() <= 2.5
    np.testing.assert_array_equal(people[7], RIG.random_identity(7))
    assert len(np.unique(people, axis=0)) == 300


def test_errors_name_the_rule_and_the_value():
    with pytest.raises(ValueError, match=r"identity must have shape \(2,\), got \(3,\)"):
        RIG.vertices(_motion(), np.zeros(3))
    with pytest.raises(ValueError, match="needs space 'arkit', got 'flame'"):
        RIG.vertices(FaceMotion(np.zeros((1, 58)), space="flame"))


@pytest.fixture(scope="module", params=["tdmm", "ict"])
def head(request) -> MeshRig:
    return request.getfixturevalue("ict_rig") if request.param == "ict" else get_rig(request.param)


def test_a_head_has_sound_arrays(head):
    vertices, channels = len(head.neutral), len(head.space.channels)
    assert head.basis.shape == (channels, vertices, 3)
    assert head.uv.shape == (vertices, 2)
    assert head.uv.min() >= 0
    assert head.uv.max() <= 1
    assert len(head.regions) == len(head.neck_weights) == vertices
    assert set(head.regions) <= set(GROUPS)
    assert set(head.materials) <= MATERIALS
    assert head.identity_basis.shape[1:] == (vertices, 3)
    assert len(head.identity_basis) >= 20
    assert head.face_materials.shape == (len(head.faces),)
    for array in (head.neutral, head.basis, head.identity_basis, head.neck_weights):
        assert np.isfinite(array).all()
    assert 0 <= head.neck_weights.min() <= head.neck_weights.max() <= 1
    assert not head.basis[head.space.indices(("headPitch", "headYaw", "headRoll"))].any()


def test_a_head_has_clean_triangles(head):
    assert np.array_equal(np.unique(head.faces), np.arange(len(head.neutral)))
    a, b, c = head.neutral[head.faces].transpose(1, 0, 2).astype(float)
    assert np.linalg.norm(np.cross(b - a, c - a), axis=1).min() > 0
    directed = np.concatenate([head.faces[:, [i, (i + 1) % 3]] for i in range(3)])
    # No two faces go along an edge the same way: none is turned over, no edge has three faces.
    assert len(np.unique(directed, axis=0)) == len(directed)
    assert (np.einsum("ij,ij->i", a, np.cross(b, c))).sum() > 0


def test_a_head_has_landmarks_in_order(head):
    assert head.landmarks.shape == (LANDMARKS,)
    points = head.neutral[head.landmarks]
    right, left = [0, 17, 36, 31, 48], [16, 26, 45, 35, 54]
    np.testing.assert_allclose(points[right] * [-1, 1, 1], points[left], atol=2.5)
    assert (points[left, 0] > 0).all()
    assert np.abs(points[[8, 27, 30, 33, 51, 57], 0]).max() < 2.5
    heights = [points[i, 1] for i in (19, 37, 30, 51, 57, 8)]
    assert heights == sorted(heights, reverse=True)
    assert points[:, 2].argmax() in (29, 30)
    assert (head.neck_weights[head.landmarks] > 0.99).all()


def test_a_head_has_eyes_where_they_look_from(head):
    for eye, corners in zip(head.eyeballs, ((42, 45), (36, 39)), strict=True):
        assert eye.side == ("Left" if corners == (42, 45) else "Right")
        ball = head.neutral[eye.vertices]
        radii = np.linalg.norm(ball - eye.center, axis=1)
        assert 9 < radii.min() <= radii.max() < 20
        between = head.neutral[head.landmarks[list(corners)]].mean(0)
        assert np.abs(between[:2] - eye.center[:2]).max() < 4
        assert not head.basis[:, eye.vertices].any()


def test_a_head_has_the_sets_that_metrics_need(head):
    sets = head.vertex_sets
    lips, brows, upper = (head.neutral[sets[name]] for name in ("lips", "brows", "upper_face"))
    assert len(lips) > 40
    assert len(brows) > 20
    assert len(upper) > 100
    assert lips[:, 1].max() < upper[:, 1].min() < brows[:, 1].min()


def test_every_channel_that_a_head_has_moves_it(head):
    reach = np.linalg.norm(head.basis, axis=-1).max(axis=1)[:52]
    still = {head.space.channels[i] for i in np.flatnonzero(reach < 1)}
    by_turning = {channel for channel in still if channel.startswith("eyeLook")}
    assert still - by_turning == ({"tongueOut"} if head.name == "ict" else set())


@pytest.mark.parametrize(
    ("channel", "landmark", "axis", "sign"),
    [
        ("jawOpen", 8, 1, -1),
        ("jawLeft", 8, 0, 1),
        ("jawRight", 8, 0, -1),
        ("jawForward", 8, 2, 1),
        ("mouthLeft", 57, 0, 1),
        ("mouthRight", 57, 0, -1),
        ("mouthSmileLeft", 54, 1, 1),
        ("mouthSmileRight", 48, 0, -1),
        ("mouthFrownLeft", 54, 1, -1),
        ("mouthPucker", 51, 2, 1),
        ("browInnerUp", 21, 1, 1),
        ("browInnerUp", 22, 1, 1),
        ("browDownLeft", 22, 1, -1),
        ("browOuterUpRight", 18, 1, 1),
        ("eyeBlinkLeft", 43, 1, -1),
        ("eyeWideRight", 37, 1, 1),
    ],
)
def test_a_channel_moves_a_head_the_way_its_name_says(head, channel, landmark, axis, sign):
    move = head.basis[head.space.index(channel), head.landmarks[landmark]]
    assert np.sign(move[axis]) == sign
    assert abs(move[axis]) > 0.5
