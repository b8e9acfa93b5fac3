"""What holds for any motion through the codec and its tokens."""

import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def processor(small_model):
    return small_model.processor


def motion(frames, seed, scale):
    rng = np.random.default_rng(seed)
    return torch.tensor(rng.normal(0, scale, (1, frames, 55)), dtype=torch.float32)


INPUTS = {
    "frames": st.integers(1, 90),
    "seed": st.integers(0, 2**32 - 1),
    "scale": st.sampled_from([0.0, 0.1, 1.0, 1e4]),
}


@settings(max_examples=40)
@given(**INPUTS)
def test_codes_are_of_the_codebook_and_decode_within_bounds(small_codec, frames, seed, scale):
    config = small_codec.config
    with torch.no_grad():
        codes = small_codec.encode(motion(frames, seed, scale)).codes
        decoded = small_codec.decode(codes)
    steps = math.ceil(frames / config.downsample)
    assert codes.shape == (1, steps, config.num_codebooks)
    assert codes.min() >= 0
    assert codes.max() < config.codebook_size
    assert decoded.shape == (1, steps * config.downsample, 55)
    assert (decoded >= torch.tensor(config.lower) - 1e-6).all()
    assert (decoded <= torch.tensor(config.upper) + 1e-6).all()


@settings(max_examples=20)
@given(**INPUTS)
def test_the_same_motion_has_the_same_codes(small_codec, frames, seed, scale):
    shown = motion(frames, seed, scale)
    with torch.no_grad():
        first, second = (small_codec.encode(shown.clone()).codes for _ in range(2))
    assert torch.equal(first, second)


@settings(max_examples=30)
@given(data=st.data(), steps=st.integers(1, 12))
def test_codes_survive_tokens_and_text(processor, small_codec, data, steps):
    """Codes to ids, ids to text and back to ids, ids to codes: step-major, nothing lost."""
    config = small_codec.config
    code = st.integers(0, config.codebook_size - 1)
    rows = st.lists(code, min_size=config.num_codebooks, max_size=config.num_codebooks)
    codes = np.array(data.draw(st.lists(rows, min_size=steps, max_size=steps)))
    ids = processor.codes_to_ids(codes)
    text = processor.tokenizer.decode(ids)
    names = [f"<|m{q}_{code}|>" for row in codes for q, code in enumerate(row)]
    assert re.findall(r"<\|m\d+_\d+\|>", text) == names
    assert processor.tokenizer(text, add_special_tokens=False)["input_ids"] == list(ids)
    np.testing.assert_array_equal(processor.ids_to_codes(ids), codes)
