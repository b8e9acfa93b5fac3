"""Measures of a fitted clip, on motions made for each rule."""

from dataclasses import replace

import numpy as np
import pytest

from tdmm_hf.fitting.quality import assess, find_cuts, find_jumps, jitter, judge
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import get_space

ARKIT = get_space("arkit")
FRAMES, FPS = 100, 25
GOOD = {
    "seen": 1.0,
    "face_size": 300.0,
    "head_jitter": 0.1,
    "weight_jitter": 0.002,
    "jumps": 0.0,
    "cuts": 0,
    "out_of_range": 0.0,
    "reprojection": None,
}


def shape(seed=0, spread=40.0):
    """(478, 3) some face, in pixels about (400, 240)."""
    points = np.random.default_rng(seed).normal(size=(478, 3)) * spread
    return (points + np.array([400, 240, 0])).astype(np.float32)


@pytest.fixture
def clip():
    """A still face, turning slowly: motion, landmarks, matrices, image size."""
    values = np.zeros((FRAMES, 55))
    values[:, ARKIT.index("headYaw")] = np.linspace(0, 0.5, FRAMES)
    matrices = np.tile(np.eye(4, dtype=np.float32), (FRAMES, 1, 1))
    return FaceMotion(values, FPS), np.tile(shape(), (FRAMES, 1, 1)), matrices, (832, 480)


def with_values(clip, values):
    return (replace(clip[0], values=values), *clip[1:])


def test_a_steady_clip_is_perfect(clip):
    quality = assess(*clip)
    assert (quality.score, quality.reasons, quality.gaps) == (1.0, (), ())
    assert quality.span == (0.0, 4.0)
    assert quality.lines() == [
        "quality 1.00, kept: face in 100% of the frames, without a gap from 0.00 to 4.00 s"
    ]


def test_jitter_is_the_noise_whatever_the_motion():
    rng = np.random.default_rng(0)
    noise = 0.03 * rng.normal(size=4000)
    times = np.arange(4000) / FPS
    assert jitter(noise) == pytest.approx(0.03, rel=0.06)
    assert jitter(noise + 0.5 * np.sin(2 * np.pi * times)) == pytest.approx(0.03, rel=0.15)
    assert jitter(0.5 * np.sin(0.3 * times)) < 1e-3


def test_jitter_leaves_out_gaps():
    curve, valid = np.zeros(60), np.ones(60, bool)
    curve[::7], valid[::7] = 5.0, False
    assert jitter(curve, valid) == 0
    assert jitter(curve, np.zeros(60, bool)) == 0


def test_noise_is_rejected_with_rule_and_value(clip):
    noise = np.random.default_rng(1).normal(size=(FRAMES, 55))
    weights = np.full((FRAMES, 55), 0.5)
    quality = assess(*with_values(clip, weights + 0.05 * noise))
    assert quality.score == 0
    assert quality.weight_jitter == pytest.approx(0.05, rel=0.1)
    head, weights = quality.reasons[:2]
    assert head.startswith("the head must jitter by less than 1 degrees, got ")
    assert weights.startswith("weights must jitter by less than 0.03, got 0.0")


def test_gaps_and_their_causes(clip):
    motion, landmarks, matrices, size = clip
    values, valid = motion.values.copy(), np.ones(FRAMES, bool)
    valid[[*range(20, 30), *range(50, 55), *range(80, 100)]] = False
    values[19, ARKIT.index("headYaw")] = np.radians(-70)
    landmarks = landmarks.copy()
    landmarks[55, :, 0] -= landmarks[55, :, 0].min()
    quality = assess(replace(motion, values=values, valid=valid), landmarks, matrices, size)
    assert [str(gap) for gap in quality.gaps] == [
        "no face from 0.80 to 1.20 s: the head is turned 70 degrees away",
        "no face from 2.00 to 2.20 s: the face is at the picture's border",
        "no face from 3.20 to 4.00 s: hidden, blurred or not there",
    ]
    assert quality.span == (2.2, 3.2)
    assert quality.seen == 0.65


def test_a_face_seldom_seen_is_rejected(clip):
    valid = np.arange(FRAMES) < 41
    quality = assess(replace(clip[0], valid=valid), *clip[1:])
    assert quality.reasons == ("a face must be seen in at least 60% of the frames, got 41%",)
    assert quality.lines()[-1] == f"rejected: {quality.reasons[0]}"


def test_leaps_of_head_weights_and_place_are_jumps(clip):
    motion, landmarks, *_ = clip
    values, landmarks = motion.values.copy(), landmarks.copy()
    values[10:, ARKIT.index("headPitch")] = np.radians(30)
    values[30:, :50] = 0.3
    landmarks[60:, :, 0] += 200
    leaps = find_jumps(replace(motion, values=values), landmarks)
    assert np.flatnonzero(leaps).tolist() == [10, 30, 60]
    blink = motion.values.copy()
    blink[40, :4] = 1.0
    assert not find_jumps(replace(motion, values=blink), clip[1]).any()


def test_a_jump_over_a_gap_is_none(clip):
    values, valid = clip[0].values.copy(), np.ones(FRAMES, bool)
    values[30:, :50], valid[30] = 0.3, False
    assert not find_jumps(replace(clip[0], values=values, valid=valid), clip[1]).any()


def test_another_face_is_a_cut_and_a_gap_in_the_same_is_none(clip):
    motion, landmarks, matrices, size = clip
    other = landmarks.copy()
    other[60:] = shape(seed=1)
    assert find_cuts(motion, other, matrices) == [60]
    assert find_cuts(motion, landmarks * 1.5, matrices) == []
    valid = ~((np.arange(FRAMES) >= 45) & (np.arange(FRAMES) < 60))
    gone = replace(motion, valid=valid)
    assert find_cuts(gone, landmarks, matrices) == []
    assert find_cuts(gone, other, matrices) == [60]
    quality = assess(motion, other, matrices, size)
    assert quality.reasons == ("the face must stay one person's in one shot, got 1 cuts",)
    assert "another person or shot from 2.40 s" in quality.lines()


def test_shape_is_deaf_to_turning(clip):
    from scipy.spatial.transform import Rotation

    motion, landmarks, matrices, _ = clip
    turned, matrices = landmarks - [400, 240, 0], matrices.copy()
    flip = np.diag([1, -1, -1])
    for i in range(FRAMES):
        matrices[i, :3, :3] = Rotation.from_euler("Y", 0.005 * i).as_matrix()
        turned[i] = turned[0] @ flip @ matrices[i, :3, :3].T @ flip
    assert find_cuts(motion, turned, matrices) == []


def test_values_out_of_bounds(clip):
    values = clip[0].values.copy()
    values[:, :5] = 1.2
    quality = assess(*with_values(clip, values))
    assert quality.out_of_range == pytest.approx(5 / 55)
    assert quality.reasons == ("less than 5% of the values may lie out of bounds, got 9.1%",)


@pytest.mark.parametrize(
    ("name", "value", "score"),
    [("face_size", 100, 0.5), ("seen", 0.8, 0.5), ("reprojection", 5, 0.5), ("jumps", 1.5, 0.25)],
)
def test_the_worst_measure_decides(name, value, score):
    assert judge(GOOD) == (1.0, ())
    found, reasons = judge({**GOOD, name: value})
    assert (found, reasons) == (pytest.approx(score), ())


def test_a_solver_adds_its_error(clip):
    assert assess(*clip).reprojection is None
    rejected = assess(*clip, reprojection=9.5)
    assert rejected.reprojection == 9.5
    assert rejected.reasons == (
        "landmarks must lie within 8 % of the distance between the eyes, got 9.5",
    )
    assert rejected.to_dict()["reasons"] == rejected.reasons
