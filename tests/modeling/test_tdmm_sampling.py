"""Seeded sampling: distribution, limits, independence of rows."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tdmm_hf.modeling.sampling_tdmm import (
    Sampling,
    check_seed,
    likeliest_path,
    pick,
    uniforms,
)


def test_picks_follow_the_distribution():
    logits = torch.tensor([0.5, 0.2, 0.2, 0.1]).log().repeat(4000, 1)
    draws = (torch.arange(4000, dtype=torch.float64) + 0.5) / 4000
    shares = pick(logits, draws, Sampling()).bincount(minlength=4) / 4000
    np.testing.assert_allclose(shares, [0.5, 0.2, 0.2, 0.1], atol=1e-3)


def test_top_p_and_top_k():
    logits = torch.tensor([0.1, 0.2, 0.5, 0.2]).log().repeat(1000, 1)
    draws = (torch.arange(1000, dtype=torch.float64) + 0.5) / 1000
    assert set(pick(logits, draws, Sampling(top_p=0.45)).tolist()) == {2}
    assert set(pick(logits, draws, Sampling(top_k=1)).tolist()) == {2}
    assert set(pick(logits, draws, Sampling(top_p=0.85)).tolist()) == {1, 2, 3}
    assert set(pick(logits, draws, Sampling(temperature=0)).tolist()) == {2}


@given(st.floats(0, 1, exclude_max=True), st.floats(0.05, 3), st.floats(0.01, 1))
def test_any_draw_picks_a_choice(draw, temperature, top_p):
    logits = torch.tensor([[0.0, -torch.inf, 3.0, -1.0]])
    index = pick(logits, torch.tensor([draw]), Sampling(temperature, top_p))
    assert index.item() in (0, 2, 3)


def test_rows_draw_for_themselves():
    both = uniforms([(3, 0), (4, 0)], 10)
    assert torch.equal(uniforms([(4, 0)], 10)[0], both[1])
    assert not torch.equal(both[0], both[1])
    assert not torch.equal(uniforms([(3, 1)], 10)[0], both[0])


@pytest.mark.parametrize("seed", [-1, 1.5, True, "1"])
def test_bad_seed(seed):
    with pytest.raises(ValueError, match="seed must be an integer"):
        check_seed(seed)


@pytest.mark.parametrize(
    "settings",
    [{"temperature": -1}, {"temperature": float("nan")}, {"top_p": 0}, {"top_p": 2}, {"top_k": -1}],
)
def test_bad_sampling(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Sampling(**settings)


def test_the_likeliest_path_changes_only_where_it_gains():
    likely = torch.full((6, 3), 0.05)
    likely[:, 0], likely[:, 1] = 0.5, 0.45  # two that are much alike
    likely[2, :2] = torch.tensor([0.45, 0.5])
    flicker = likeliest_path(likely.log(), cost=2.0)
    assert flicker.tolist() == [0] * 6
    likely[3:] = torch.tensor([0.01, 0.01, 0.98])
    assert likeliest_path(likely.log(), cost=2.0).tolist() == [0, 0, 0, 2, 2, 2]
    assert likeliest_path(likely.log(), cost=0.0).tolist() == likely.argmax(dim=1).tolist()
    assert likeliest_path(likely.log(), cost=100.0).tolist() == [2] * 6
