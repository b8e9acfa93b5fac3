import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_samples import features

from tdmm_hf.evaluation.metrics import diversity, frechet_distance, multimodality

SQUARE = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
FEW = settings(max_examples=40, deadline=None)


def test_a_shift_alone_costs_its_square():
    # Equal covariances cancel: |(3, 4)|^2 = 25.
    assert frechet_distance(SQUARE + np.array([3, 4]), SQUARE).fid == pytest.approx(25)


def test_scaling_costs_the_difference_of_deviations():
    # Variance of 0, 2, 0, 2 with n - 1: 4 / 3 on each of two axes; three times as wide has
    # 9 * 4 / 3. The mean moves from (1, 1) to (3, 3): 8. Spread: 2 * (sqrt(12) - sqrt(4/3))^2
    # = 2 * (3.4641 - 1.1547)^2 = 2 * 5.33333 = 10.66667. Together 18.66667.
    assert frechet_distance(3 * SQUARE, SQUARE).fid == pytest.approx(56 / 3)


def test_correlated_gaussians_agree_with_the_matrix_root():
    from scipy.linalg import sqrtm

    rng = np.random.default_rng(4)
    one, other = (rng.normal(size=(50, 5)) @ rng.normal(size=(5, 5)) for _ in range(2))
    first, second = np.cov(one.T), np.cov(other.T)
    expected = ((one.mean(0) - other.mean(0)) ** 2).sum() + np.trace(
        first + second - 2 * np.real(sqrtm(first @ second))
    )
    assert frechet_distance(one, other).fid == pytest.approx(expected)


@FEW
@given(features())
def test_no_set_is_at_a_distance_from_itself(rows):
    assert frechet_distance(rows, rows[::-1]).fid <= 1e-9


@FEW
@given(features(), features(), st.integers(0, 99))
def test_frechet_distance_is_symmetric_and_turns_with_the_axes(one, other, seed):
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    found = frechet_distance(one, other).fid
    assert found >= 0
    assert frechet_distance(other, one).fid == pytest.approx(found, abs=1e-8)
    assert frechet_distance(one @ turn + 5, other @ turn + 5).fid == pytest.approx(found, abs=1e-8)


@FEW
@given(features(), st.floats(0.1, 5), st.floats(1.1, 3))
def test_frechet_distance_grows_with_the_shift(rows, shift, factor):
    near, far = (frechet_distance(rows + x, rows).fid for x in (shift, shift * factor))
    assert near < far


def test_few_motions_are_noted():
    rng = np.random.default_rng(0)
    found = frechet_distance(rng.normal(size=(5, 8)), rng.normal(size=(20, 8)))
    assert found.notes == (
        "5 generated motions for 8 features: covariance singular, distance biased up",
    )
    assert (found.generated, found.reference) == (5, 20)


@pytest.mark.parametrize(
    ("generated", "reference", "rule"),
    [
        ([[0.0], [np.nan]], [[0.0], [1.0]], "generated must be finite, got nan"),
        ([[0.0], [1.0]], [[0.0], [np.inf]], "reference must be finite, got inf"),
        ([[0.0, 1.0], [1.0, 1.0]], [[0.0], [1.0]], "as many features, got 2 and 1"),
        ([], [[0.0], [1.0]], r"generated must have shape \(motions, features\)"),
        (np.zeros((0, 4)), [[0.0], [1.0]], "generated must not be empty"),
        ([[0.0]], [[0.0], [1.0]], "must be at least 2, got 1"),
        ([[0.0], [1.0, 2.0]], [[0.0], [1.0]], "generated must be numbers"),
        ([["a"], ["b"]], [[0.0], [1.0]], "generated must be numbers"),
    ],
)
def test_wrong_features_are_refused_in_one_line(generated, reference, rule):
    with pytest.raises(ValueError, match=rule) as error:
        frechet_distance(generated, reference)
    assert "\n" not in str(error.value)


def test_diversity_of_two_camps_by_hand():
    # Two motions 3-4-5 apart: the only pair, from either end.
    assert diversity([[0.0, 0.0], [3.0, 4.0]]).diversity == 5
    # The mean over all pairs of 0, 1, 3 is (1 + 2 + 3) / 3 = 2; many draws come near it.
    drawn = [diversity([[0.0], [1.0], [3.0]], seed=seed).diversity for seed in range(2000)]
    assert np.mean(drawn) == pytest.approx(2, abs=0.03)


def test_diversity_draws_three_hundred_pairs_where_it_can():
    rows = np.random.default_rng(1).normal(size=(400, 4))
    assert (diversity(rows).pairs, diversity(rows).notes) == (300, ())
    few = diversity(rows[:7])
    assert (few.pairs, few.notes) == (7, ("7 pairs instead of 300: 7 motions",))


@FEW
@given(features(), st.floats(0.1, 10), st.integers(0, 9))
def test_diversity_scales_and_does_not_shift(rows, scale, seed):
    found = diversity(rows, seed=seed).diversity
    assert diversity(rows * scale + 3, seed=seed).diversity == pytest.approx(
        found * scale, abs=1e-6
    )
    assert diversity(np.ones_like(rows), seed=seed).diversity == 0


def test_diversity_follows_its_seed():
    rows = np.random.default_rng(1).normal(size=(50, 4))
    assert diversity(rows, seed=3) == diversity(rows, seed=3)
    assert diversity(rows, seed=3) != diversity(rows, seed=4)


def test_multimodality_by_hand():
    # Two motions a prompt: 5 apart and 1 apart, so 3.
    found = multimodality([[[0.0, 0.0], [3.0, 4.0]], [[7.0, 7.0], [7.0, 8.0]]])
    assert found.multimodality == 3
    assert found.notes == (
        "2 prompts instead of 100",
        "2 motions a prompt instead of 30",
        "1 pairs a prompt instead of 10",
    )


def test_multimodality_sees_differences_within_a_prompt_alone():
    rng = np.random.default_rng(2)
    rows = np.repeat(rng.normal(size=(100, 1, 6)), 30, axis=1)
    found = multimodality(rows)
    assert (found.multimodality, found.pairs_per_prompt, found.notes) == (0, 10, ())
    moved = multimodality(rows + rng.normal(size=rows.shape))
    further = multimodality(rows + 2 * rng.normal(size=rows.shape))
    assert 0 < moved.multimodality < further.multimodality


def test_multimodality_takes_different_pairs():
    # Three motions have three pairs, 1, 2 and 3 apart: all of them are taken, mean 2.
    assert multimodality([[[0.0], [1.0], [3.0]]]).multimodality == 2


@pytest.mark.parametrize("rows", [np.zeros((3, 1, 2)), np.zeros((3, 2)), [[[np.nan], [1.0]]]])
def test_multimodality_refuses(rows):
    with pytest.raises(ValueError, match=r"at least 2|must have shape|must be finite"):
        multimodality(rows)
