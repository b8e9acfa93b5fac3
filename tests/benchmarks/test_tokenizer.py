"""The tokenizer benchmark's figures, on reconstructions whose error is known."""

import numpy as np
import pytest
import tokenizer as benchmark

from tdmm_hf.rigs import get_rig

RIG = get_rig("sparse")


def _clips() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.uniform(0.1, 0.6, (frames, 55)).astype(np.float32) for frames in (5, 9)]


def test_a_reconstruction_one_tenth_too_small_is_ten_percent_off_everywhere():
    clips = _clips()
    errors = benchmark.region_errors(RIG, clips, [0.9 * clip for clip in clips])
    assert set(errors) == set(RIG.regions)
    for found in errors.values():
        assert found["percent"] == pytest.approx(10, rel=1e-4)


def test_head_error_is_in_degrees():
    clips = _clips()
    turned = [clip + np.float32(np.radians(2)) for clip in clips]
    assert benchmark.head_degrees(RIG, clips, turned) == pytest.approx(2, rel=1e-4)


def test_codebook_use_and_entropy():
    codes = np.array([[0, 5], [1, 5], [2, 5], [3, 5]])
    first, second = benchmark.codebook_use(codes, size=8)
    assert first == {"use": 50.0, "entropy": 2.0}
    assert second == {"use": 12.5, "entropy": 0.0}


def test_reached_needs_every_figure():
    book, region = {"use": 80.0, "entropy": 9.0}, {"percent": 5.0}
    good = {"performed": {"regions": {"jaw": region}, "codebooks": [book]}, "tokens_per_second": 25}
    assert benchmark.reached(good)
    assert not benchmark.reached({**good, "tokens_per_second": 50})
    bad = {"regions": {"jaw": {"percent": 11.0}}, "codebooks": [book]}
    assert not benchmark.reached({**good, "performed": bad})
