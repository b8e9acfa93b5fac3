import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_samples import features

from tdmm_hf.evaluation.metrics import matching_distance, retrieval

FEW = settings(max_examples=40, deadline=None)


def shares(found):
    return [found.r_at_1, found.r_at_2, found.r_at_3]


def test_ranks_by_hand():
    # Texts 0, 1, 2, 3 on a line, their motions at 0, 1.9, 1.1, 9.
    # Text 0: 0 nearest, first. Text 1: 1.1 then 1.9, second. Text 2: 1.9 (0.1), 1.1 (0.9): second.
    # Text 3: 1.9 (1.1), 1.1 (1.9), 0 (3), 9 (6): fourth.
    text, motion = [[0.0], [1.0], [2.0], [3.0]], [[0.0], [1.9], [1.1], [9.0]]
    found = retrieval(text, motion)
    assert shares(found) == [0.25, 0.75, 0.75]
    assert found.mm_dist == pytest.approx((0 + 0.9 + 0.9 + 6) / 4)
    assert found.notes == ("batches of 4 instead of 32",)


def test_one_point_for_everything_scores_by_chance():
    found = retrieval(np.zeros((64, 5)), np.zeros((64, 5)))
    assert shares(found) == pytest.approx([1 / 32, 2 / 32, 3 / 32])


def test_a_tie_counts_its_chance():
    # Each text's own motion and one other are at the same place; all others far.
    text = np.repeat(np.arange(16.0), 2)[:, None] * 10
    assert shares(retrieval(text, text)) == [0.5, 1, 1]


def test_batches_are_full_and_drawn_by_seed():
    rng = np.random.default_rng(5)
    text = rng.normal(size=(100, 8))
    motion = text + rng.normal(size=text.shape)
    found = retrieval(text, motion, seed=1)
    assert (found.pairs, found.batches, found.batch_size, found.notes) == (96, 3, 32, ())
    assert found == retrieval(text, motion, seed=1)
    assert shares(found) != shares(retrieval(text, motion, seed=2))


def test_random_motions_are_found_by_chance():
    rng = np.random.default_rng(6)
    text, motion = rng.normal(size=(2, 3200, 8))
    assert shares(retrieval(text, motion)) == pytest.approx([1 / 32, 2 / 32, 3 / 32], abs=0.015)


@FEW
@given(features(least=4, most=40), st.integers(0, 9))
def test_ranks_rise_and_own_features_are_found(rows, seed):
    rows = rows + np.arange(len(rows))[:, None] * 100  # no two alike
    found = retrieval(rows, rows, seed=seed)
    assert shares(found) == [1, 1, 1]
    assert found.mm_dist == 0
    other = shares(retrieval(rows, rows[::-1], seed=seed))
    assert sorted(other) == other


@FEW
@given(features(), st.floats(0.1, 5))
def test_matching_distance_scales(rows, scale):
    found = matching_distance(rows, rows[::-1])
    scaled = matching_distance(scale * rows + 1, scale * rows[::-1] + 1)
    assert scaled == pytest.approx(scale * found, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "motion", "rule"),
    [
        ([[0.0]], [[0.0]], "at least 2, got 1"),
        ([[0.0], [1.0]], [[0.0]], "must have one shape"),
        ([[0.0], [1.0]], [[0.0], [np.nan]], "motion must be finite"),
        (np.zeros((0, 3)), np.zeros((0, 3)), "must not be empty"),
    ],
)
def test_wrong_pairs_are_refused(text, motion, rule):
    with pytest.raises(ValueError, match=rule):
        retrieval(text, motion)
