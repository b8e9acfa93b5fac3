import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_samples import hand_rig, motion, values

from tdmm_hf.evaluation.metrics import (
    FaceSurface,
    face_errors,
    face_vertex_error,
    head_pose_errors,
    lip_vertex_error,
    upper_face_dynamics,
)
from tdmm_hf.motion import FaceMotion
from tdmm_hf.rigs import get_rig

FEW = settings(max_examples=30, deadline=None)
HAND = FaceSurface(hand_rig())


def test_errors_by_hand():
    # jawOpen is 0.5, 1, 0, 0 too far; at 1 it moves lip vertices by 3 and 4 mm.
    # Largest lip errors 2, 4, 0, 0: LVE 1.5. Sums over the face 3.5, 7, 0, 0; over 4 vertices and
    # 4 frames: FVE 10.5 / 16.
    # browInnerUp 0, 1, 0, 1 against stillness: the brow is 0, 2, 0, 2 mm from rest, deviation 1.
    predicted = motion(jawOpen=[0.5, 1, 0, 0], browInnerUp=[0, 1, 0, 1], headYaw=np.radians(30))
    found = face_errors([predicted], [motion(browInnerUp=0.0)], HAND)
    assert found.lve == pytest.approx(1.5)
    assert found.fve == pytest.approx((10.5 + 4) / 16)
    assert found.fdd == pytest.approx(1)
    assert found.head_pose == pytest.approx(30, abs=1e-4)
    assert (found.frames, found.motions, found.rig) == (4, 1, "hand")


def test_frames_count_alike_and_motions_do_for_dynamics():
    # Two frames 4 mm off and six not: LVE 1. FDD of the two motions -1 and 1.
    moves = [0, 1, 0, 1, 0, 1]
    predicted = [motion(2, jawOpen=1), motion(6, browInnerUp=moves)]
    reference = [motion(2, browInnerUp=[0, 1]), motion(6)]
    found = face_errors(predicted, reference, HAND)
    assert found.lve == pytest.approx(1)
    assert found.fdd == pytest.approx(0)
    assert found.fdd_absolute == pytest.approx(1)


def test_frames_without_a_face_are_left_out():
    seen = np.array([True, True, False, False])
    reference = FaceMotion(values(4, browInnerUp=[0, 1, 0.5, 0.5]), valid=seen)
    predicted = motion(4, jawOpen=[0, 0, 1, 1])
    found = face_errors([predicted], [reference], HAND)
    assert (found.lve, found.frames) == (0, 2)
    assert found.fdd == pytest.approx(-1)


@pytest.mark.parametrize("channel", ["headPitch", "headYaw", "headRoll"])
def test_head_pose_is_an_angle(channel):
    apart = head_pose_errors(motion(2, **{channel: 0.3}), motion(2, **{channel: -0.2}))
    assert apart == pytest.approx([np.degrees(0.5)] * 2, abs=1e-4)


def test_flame_heads_turn_by_axis_angle():
    turned = np.zeros((2, 58))
    turned[1, -3:] = np.array([0.6, 0.0, 0.8]) * np.radians(40)
    apart = head_pose_errors(*(FaceMotion(v, space="flame") for v in (turned, np.zeros((2, 58)))))
    assert apart == pytest.approx([0, 40], abs=1e-4)


@FEW
@given(st.integers(0, 99), st.integers(0, 99), st.floats(1.5, 4))
def test_errors_are_zero_symmetric_and_grow(seed, other_seed, factor):
    one, other = (np.random.default_rng(s).normal(size=(5, 6, 3)) for s in (seed, other_seed))
    chosen = [0, 2, 5]
    for error in (lip_vertex_error, face_vertex_error):
        assert error(one, one, chosen) == 0
        found = error(one, other, chosen)
        assert error(other, one, chosen) == pytest.approx(found)
        assert error(factor * one, factor * other, chosen) == pytest.approx(factor * found)
    assert lip_vertex_error(one, other, chosen) >= face_vertex_error(one, other, chosen)
    dynamics = upper_face_dynamics(factor * one, one, chosen)
    assert dynamics > 0
    assert upper_face_dynamics(one, factor * one, chosen) == pytest.approx(-dynamics)


@FEW
@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0, 1))
def test_head_pose_is_no_vertex_error(pitch, yaw, jaw):
    turned = motion(jawOpen=jaw, headPitch=pitch, headYaw=yaw)
    found = face_errors([turned], [motion(jawOpen=jaw)], HAND)
    assert (found.lve, found.fve, found.fdd) == (0, 0, 0)


def test_our_own_head_in_millimetres():
    rig = get_rig("tdmm")
    surface = FaceSurface(rig)
    lips, face = rig.vertex_sets["lips"], rig.vertex_sets["face"]
    jaw = rig.space.index("jawOpen")
    moved = 0.5 * np.linalg.norm(rig.basis[jaw], axis=1)  # (vertices,) at half open
    found = face_errors([motion(jawOpen=0.5, headRoll=0.2)], [motion(headYaw=0.4)], surface)
    assert found.lve == pytest.approx(moved[lips].max(), rel=1e-5)
    assert found.fve == pytest.approx(moved[face].mean(), rel=1e-5)
    assert 5 < found.lve < 30
    # what it keeps of the rig is what the whole rig does with its head at rest
    every = values(3, jawOpen=0.7, browInnerUp=0.4, mouthSmileLeft=[0, 0.5, 1], headPitch=0.3)
    whole = rig.local(every.astype(np.float32)) - rig.neutral
    part = surface.displacements(FaceMotion(every))
    assert part == pytest.approx(whole[:, surface.kept], abs=1e-4)


def test_rigs_that_name_no_face_have_skin_lips_and_brows():
    rig = hand_rig()
    del rig.vertex_sets["face"]
    # vertex 4 is of region head
    assert FaceSurface(rig).face.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("predicted", "reference", "rule"),
    [
        ([motion(3)], [motion(4)], "as many frames, got 3 and 4"),
        ([motion()], [], "as many, at least one each"),
        ([FaceMotion(np.zeros((4, 58)), space="flame")], [motion()], "needs space 'arkit'"),
        ([FaceMotion(values(), valid=[False] * 4)], [motion()], "a face in at least one frame"),
    ],
)
def test_wrong_motions_are_refused(predicted, reference, rule):
    with pytest.raises(ValueError, match=rule):
        face_errors(predicted, reference, HAND)


def test_rigs_without_a_known_face_are_refused():
    with pytest.raises(ValueError, match="need a rig with a surface, got 'sparse'"):
        FaceSurface("sparse")
    rig = hand_rig()
    rig.vertex_sets["lips"] = np.zeros(0, int)
    with pytest.raises(ValueError, match="rig 'hand' must know its lips"):
        FaceSurface(rig)


@pytest.mark.parametrize(
    ("points", "chosen", "rule"),
    [
        (np.zeros((2, 4, 2)), [0], "vertex set must hold indices"),
        (np.zeros((2, 4, 3)), [], "got 0 indices"),
        (np.zeros((2, 4, 3)), [4], "vertex set must hold indices"),
        (np.full((2, 4, 3), np.nan), [0], "must be finite"),
        (np.zeros((0, 4, 3)), [0], "must not be empty"),
    ],
)
def test_wrong_vertices_are_refused(points, chosen, rule):
    for error in (lip_vertex_error, face_vertex_error, upper_face_dynamics):
        with pytest.raises(ValueError, match=rule):
            error(points, points, chosen)
