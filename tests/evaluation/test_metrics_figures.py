"""Tok, L2, rate, intervals, AITS."""

import dataclasses
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_samples import hand_rig, motion, values

from tdmm_hf.evaluation.metrics import (
    average_inference_time,
    code_rate,
    codebook_use,
    confidence_interval,
    next_token_accuracy,
    on_frontier,
    parameter_distance,
    rate_distortion,
    repeat,
)
from tdmm_hf.motion import FaceMotion

FEW = settings(max_examples=40, deadline=None)


def test_next_tokens_by_hand():
    # Labels 10 11 20 12 after a prompt; the model expects 10, 11, 20, 13 there: three of four.
    predictions = [[5, 10, 11, 20, 13, 7]]
    labels = [[-100, -100, 10, 11, 20, 12]]
    found = next_token_accuracy(predictions, labels)
    assert (found.accuracy, found.tokens) == (0.75, 4)
    # Of the motion tokens 10 to 19 it has two of three.
    found = next_token_accuracy(predictions, labels, motion_tokens=range(10, 20))
    assert (found.accuracy, found.tokens) == (pytest.approx(2 / 3), 3)


def test_sequences_of_several_lengths_count_by_token():
    # One of one, then one of three: two of four, not the mean of 1 and 1/3.
    found = next_token_accuracy([[1, 0], [2, 9, 9, 0]], [[0, 1], [0, 2, 3, 4]])
    assert (found.accuracy, found.tokens) == (0.5, 4)


@pytest.mark.parametrize(
    ("predictions", "labels", "rule"),
    [
        ([[1, 2]], [[1, 2, 3]], "as long, got 2 and 3"),
        ([[1.5, 2.0]], [[1, 2]], "must be sequences of integers"),
        ([[1, 2]], [[-100, -100]], "at least one token"),
        ([], [], "at least one each"),
        ([[]], [[]], "at least one token"),
    ],
)
def test_wrong_tokens_are_refused(predictions, labels, rule):
    with pytest.raises(ValueError, match=rule):
        next_token_accuracy(predictions, labels)


def test_l2_by_hand():
    # Frame distances 5 (3, 4 in two channels), 0, 0, 0 and then 0, 12: the mean over six is 17/6.
    one, other = np.zeros((4, 55)), np.zeros((2, 55))
    one[0, :2] = 3, 4
    other[1, 7] = 12
    still = [np.zeros((4, 55)), np.zeros((2, 55))]
    found = parameter_distance([one, other], still)
    assert (found.l2, found.frames, found.notes) == (pytest.approx(17 / 6), 6, ())


def test_l2_of_other_lengths_is_resampled_and_says_so():
    # Two frames 0 and 4 are 0, 1, 3, 4 in four: middles of quarters between middles of halves.
    found = parameter_distance([[[0.0], [4.0]]], [[[0.0], [1.0], [3.0], [5.0]]])
    assert found.l2 == pytest.approx(0.25)
    assert found.notes == ("1 motions resampled linearly to their references' length",)


def test_l2_leaves_out_frames_without_a_face():
    seen = np.array([True, False, True])
    jump = FaceMotion(values(3, jawOpen=[0, 1, 0.5]))
    hidden = FaceMotion(values(3), valid=seen)
    assert parameter_distance([jump], [hidden]).l2 == pytest.approx(0.25)
    with pytest.raises(ValueError, match="a face in at least one frame"):
        parameter_distance([jump], [FaceMotion(values(3), valid=~seen & False)])


@FEW
@given(st.integers(1, 9), st.integers(1, 9), st.floats(0, 3), st.integers(0, 9))
def test_l2_of_a_constant_shift_is_its_length(frames, others, shift, seed):
    pose = np.random.default_rng(seed).normal(size=(1, 4))
    one, other = np.repeat(pose, frames, axis=0), np.repeat(pose, others, axis=0)
    assert parameter_distance([one + shift], [other]).l2 == pytest.approx(2 * shift)


@pytest.mark.parametrize(
    ("one", "other", "rule"),
    [
        ([np.zeros((2, 3))], [np.zeros((2, 4))], "as many channels, got 3 and 4"),
        ([np.zeros((2, 3))], [], "as many, at least one each"),
        ([np.full((2, 3), np.nan)], [np.zeros((2, 3))], "must be finite"),
        ([np.zeros((0, 3))], [np.zeros((2, 3))], "must not be empty"),
        ([FaceMotion(np.zeros((2, 58)), space="flame")], [motion()], "one parameter space"),
    ],
)
def test_l2_refuses(one, other, rule):
    with pytest.raises(ValueError, match=rule):
        parameter_distance(one, other)


def test_rates_by_hand():
    # 512 = 2^9 and 8 = 2^3: 12 bits a step, five steps a second.
    assert dataclasses.astuple(code_rate([512, 8], 5)) == (10, 60)


def test_codebook_use_by_hand():
    # First codebook: 0 0 1 1 of four codes, 50 %, one bit. Second: 5 alone of eight, 12.5 %, none.
    found = codebook_use([[0, 5], [0, 5], [1, 5], [1, 5]], [4, 8])
    assert found.used == (50, 12.5)
    assert found.entropy == (1, 0)


@FEW
@given(st.lists(st.integers(0, 15), min_size=1, max_size=60))
def test_entropy_never_exceeds_the_codes_in_use(codes):
    found = codebook_use(np.array(codes)[:, None], [16])
    assert 0 <= found.entropy[0] <= np.log2(len(set(codes))) + 1e-9
    assert found.used[0] == 100 * len(set(codes)) / 16


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (lambda: code_rate([], 5), "must not be empty"),
        (lambda: code_rate([512, 1], 5), "two codes or more"),
        (lambda: code_rate([512], 0), "must be positive, got 0"),
        (lambda: code_rate([512], np.nan), "must be positive, got nan"),
        (lambda: codebook_use([[0, 1]], [4]), "must be of 1 codebooks, got 2"),
        (lambda: codebook_use([[4]], [4]), "from 0 to below"),
        (lambda: codebook_use([[-1]], [4]), "from 0 to below"),
        (lambda: codebook_use([[0.5]], [4]), "must be integers"),
        (lambda: codebook_use(np.zeros((0, 1)), [4]), "must not be empty"),
    ],
)
def test_wrong_codes_are_refused(call, rule):
    with pytest.raises(ValueError, match=rule):
        call()


def test_rate_and_distortion_by_hand():
    # jawOpen off by 0.5: lip vertices off by 1.5 and 2 mm, two others not: LVE 2, FVE 3.5 / 4.
    # Codes 0 and 1 of four: half. 4 codes are 2 bits, five steps a second.
    found = rate_distortion(
        [motion(10, jawOpen=0.5)], [motion(10)], [[[0], [1]]], [4], 5.0, hand_rig()
    )
    assert dataclasses.astuple(found) == pytest.approx((5, 10, 50, 0.875, 2, 0, 2, 10))


def test_rate_and_distortion_need_codes_of_each_motion():
    with pytest.raises(ValueError, match="codes must be given for each motion, got 0 for 1"):
        rate_distortion([motion()], [motion()], [], [4], 5.0, hand_rig())


def test_the_frontier_keeps_what_nothing_beats():
    assert on_frontier([1, 2, 2, 3], [3, 2, 2, 2.5]).tolist() == [True, True, True, False]


@FEW
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=12))
def test_the_frontier_is_never_empty_and_falls(points):
    rate, distortion = np.array(points, float).T
    kept = on_frontier(rate, distortion)
    assert kept.any()
    order = np.argsort(rate[kept], kind="stable")
    assert (np.diff(distortion[kept][order]) <= 0).all()


def test_interval_by_hand():
    # 1, 2, 3: s = 1, t(0.975, 2) = 4.3027 from a table, / sqrt(3): 2.4842.
    found = confidence_interval([1.0, 2.0, 3.0])
    assert (found.mean, found.repetitions) == (2, 3)
    assert found.half_width == pytest.approx(2.4842, abs=1e-4)
    assert str(found) == "2 ± 2.5"
    assert confidence_interval([0.1] * 20).half_width == 0


def test_intervals_cover_the_mean_as_often_as_they_say():
    rng = np.random.default_rng(8)
    found = [confidence_interval(draws) for draws in rng.normal(size=(2000, 5))]
    covered = np.mean([abs(interval.mean) < interval.half_width for interval in found])
    assert covered == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize("bad", [[1.0], [], [1.0, np.nan]])
def test_interval_refuses(bad):
    with pytest.raises(ValueError, match=r"at least 2|not be empty|must be finite"):
        confidence_interval(bad)
    with pytest.raises(ValueError, match="between 0 and 1"):
        confidence_interval([1.0, 2.0], level=95)


@dataclass(frozen=True)
class Draw:
    figure: float
    count: int
    notes: tuple = ()


def test_repetitions_have_seeds_of_their_own():
    seen = []

    def measure(seed):
        seen.append(seed)
        return Draw(float(np.random.default_rng(seed).normal()), 3)

    found = repeat(measure, repetitions=20, seed=1)
    assert set(found) == {"figure"}
    assert found["figure"].repetitions == 20
    assert len(set(seen)) == 20
    assert repeat(measure, seed=1) == found != repeat(measure, seed=2)


def test_inference_time_leaves_warm_up_out():
    ticks = iter([0, 3, 10, 11])  # two sentences: 3 s and 1 s
    called = []
    found = average_inference_time(called.append, ["a", "b"], clock=lambda: next(ticks))
    assert called == ["a", "a", "b"]
    assert (found.aits, found.median, found.sentences) == (2, 2, 2)
    # s = sqrt(2), t(0.975, 1) = 12.706: 12.706 * sqrt(2) / sqrt(2)
    assert found.interval == pytest.approx(12.706, abs=1e-3)


def test_inference_time_waits_for_the_device():
    waited = []
    one = average_inference_time(str.upper, ["a"], synchronize=lambda: waited.append(1))
    assert len(waited) == 2
    assert (one.interval, one.notes) == (None, ("one sentence: no interval",))
    with pytest.raises(ValueError, match="at least 1, got 0"):
        average_inference_time(str.upper, [])
