"""What holds for any motion in any format: what a format keeps comes back, by any way round."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tdmm_hf.formats import load, losses, save
from tdmm_hf.formats.bvh import KEPT
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import ARKIT_BLENDSHAPES, HEAD_CHANNELS, get_space

ARKIT = get_space("arkit")
WEIGHTS, HEAD = ARKIT.indices(ARKIT_BLENDSHAPES), ARKIT.indices(HEAD_CHANNELS)
SUFFIXES = (".csv", ".npz", ".json", ".glb", ".usda", ".usdc", ".usdz")
WHOLE = tuple(suffix for suffix in SUFFIXES if suffix != ".csv")  # with masks
EXACT = (".npz", ".json")
RATES = (24.0, 25.0, 29.97, 30.0, 50.0, 60.0, 120.0)


@st.composite
def faces(draw):
    """Motions as faces have them: weights in 0..1, the head turned less than a right angle."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    frames = draw(st.integers(2, 8))
    values = np.zeros((frames, 55))
    values[:, WEIGHTS] = rng.random((frames, 52)).round(draw(st.sampled_from([0, 1, 6])))
    values[:, HEAD] = rng.uniform(-1.2, 1.2, (frames, 3))
    masks = {"valid": rng.random(frames) < 0.7, "observed": rng.random(55) < 0.8}
    masks["valid"][0] = True
    return FaceMotion(values, draw(st.sampled_from(RATES)), **masks)


def through(motion, suffix, folder, rig):
    if suffix.startswith(".usd"):
        pytest.importorskip("pxr", reason="usd-core is not installed")
    options = {"rig": rig} if suffix not in (".csv", *EXACT) else {}
    path = folder / f"m{suffix}"
    save(motion, path, **options)
    return load(path)


@settings(max_examples=30)
@given(motion=faces(), ways=st.lists(st.sampled_from(SUFFIXES), min_size=1, max_size=4))
def test_any_way_round_keeps_values_and_rate(motion, ways, tmp_path_factory, small_head):
    folder, found = tmp_path_factory.getbasetemp(), motion
    shown = motion
    if ".csv" in ways:  # invalid frames are filled there, and all channels become observed
        shown = FaceMotion(motion.values, motion.fps)
        found = shown
    for suffix in ways:
        found = through(found, suffix, folder, small_head)
    np.testing.assert_allclose(found.values[:, WEIGHTS], shown.values[:, WEIGHTS], atol=1e-6)
    np.testing.assert_allclose(found.values[:, HEAD], shown.values[:, HEAD], atol=1e-4)
    assert found.fps == pytest.approx(shown.fps, rel=1e-6)
    np.testing.assert_array_equal(found.valid, shown.valid)
    np.testing.assert_array_equal(found.observed, shown.observed)


@settings(max_examples=20)
@given(motion=faces(), suffix=st.sampled_from(WHOLE))
def test_what_loses_nothing_says_so(motion, suffix, tmp_path_factory, small_head):
    assert losses(motion, f"m{suffix}") == []
    found = through(motion, suffix, tmp_path_factory.getbasetemp(), small_head)
    np.testing.assert_array_equal(found.observed, motion.observed)
    if suffix in EXACT:
        assert found == motion


@settings(max_examples=30)
@given(motion=faces())
def test_bones_keep_the_head_and_the_looks(motion, tmp_path_factory, small_head):
    found = through(motion, ".bvh", tmp_path_factory.getbasetemp(), small_head)
    np.testing.assert_allclose(found.values[:, HEAD], motion.values[:, HEAD], atol=1e-5)
    for side in ("Left", "Right"):
        for plus, minus in (("Out", "In"), ("Up", "Down")):
            looks = [
                one.channel(f"eyeLook{plus}{side}") - one.channel(f"eyeLook{minus}{side}")
                for one in (found, motion)
            ]
            np.testing.assert_allclose(*looks, atol=1e-4)
    assert set(np.array(found.channels)[found.observed]) == set(KEPT)
    others = ~np.isin(found.channels, KEPT)
    assert not found.values[:, others].any()


@settings(max_examples=20)
@given(motion=faces(), suffix=st.sampled_from((*SUFFIXES, ".bvh")), fps=st.sampled_from(RATES))
def test_a_rate_that_is_given_takes_the_place_of_the_files(
    motion, suffix, fps, tmp_path_factory, small_head
):
    found = through(motion, suffix, tmp_path_factory.getbasetemp(), small_head)
    again = load(tmp_path_factory.getbasetemp() / f"m{suffix}", fps=fps)
    assert again.fps == fps
    np.testing.assert_array_equal(again.values, found.values)
