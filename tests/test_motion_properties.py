"""What holds for any FaceMotion."""

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import get_space

RATES = st.one_of(st.sampled_from([24.0, 25.0, 29.97, 30.0, 60.0]), st.floats(1, 240))


@st.composite
def motions(draw, most_frames=60, spaces=("arkit", "flame", "flame_mmhead")):
    space = draw(st.sampled_from(spaces))
    frames, width = draw(st.integers(1, most_frames)), len(get_space(space).channels)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = rng.uniform(-1, 1, (frames, width)) * draw(st.sampled_from([0, 1e-6, 1, 50]))
    masks = {"valid": rng.random(frames) < 0.7, "observed": rng.random(width) < 0.8}
    return FaceMotion(values, draw(RATES), space, **masks)


@given(motions(), st.data())
def test_cutting_and_joining_gives_the_motion_back(motion, data):
    assume(motion.num_frames > 1)
    cut = data.draw(st.integers(1, motion.num_frames - 1)) / motion.fps
    assert motion.crop(0, cut).concat(motion.crop(cut, motion.duration)) == motion


@given(motions())
def test_a_whole_crop_is_the_motion(motion):
    assert motion.crop(0, motion.duration) == motion


@given(motions(spaces=("arkit",)))
def test_mirroring_twice_is_the_motion(motion):
    assert motion.mirror().mirror() == motion
    assert motion.mirror().num_frames == motion.num_frames


@given(motions(), RATES)
def test_resampling_makes_up_no_extremes_and_keeps_masks(motion, fps):
    found = motion.resample(fps)
    assert found.fps == fps
    assert abs(found.duration - motion.duration) <= max(0.5 / fps, 1 / fps - motion.duration) + 1e-9
    assert (found.values >= motion.values.min(axis=0) - 1e-4).all()
    assert (found.values <= motion.values.max(axis=0) + 1e-4).all()
    np.testing.assert_array_equal(found.observed, motion.observed)
    if motion.valid.all() or not motion.valid.any():
        assert (found.valid == motion.valid[0]).all()


@given(motions(), RATES)
def test_what_stands_still_stands_still_at_any_rate(motion, fps):
    still = FaceMotion(np.repeat(motion.values[:1], 7, axis=0), motion.fps, motion.space)
    found = still.resample(fps).values
    np.testing.assert_allclose(found, np.broadcast_to(motion.values[:1], found.shape), rtol=1e-5)


@given(motions(), st.integers(2, 5))
def test_resampling_up_and_back_keeps_what_is_between(motion, times):
    """Averages of neighbours at most: no frame drifts in time."""
    back = motion.resample(motion.fps * times).resample(motion.fps)
    assert back.num_frames == motion.num_frames
    moves = np.abs(np.diff(motion.values, axis=0)).max(axis=0, initial=0)
    assert (np.abs(back.values - motion.values) <= moves + 1e-4).all()


@given(motions(), st.floats(0, 3))
@example(FaceMotion(np.ones((3, 55))), 1e-179)  # its square is zero
def test_smoothing_stays_within_the_values(motion, seconds):
    smooth = motion.smooth(seconds)
    assert (smooth.values >= motion.values.min(axis=0) - 1e-4).all()
    assert (smooth.values <= motion.values.max(axis=0) + 1e-4).all()
    np.testing.assert_array_equal(smooth.valid, motion.valid)


@given(motions(most_frames=20), motions(most_frames=20), st.data())
def test_joining_counts_frames_and_keeps_what_does_not_overlap(one, two, data):
    two = FaceMotion(np.resize(two.values, (two.num_frames, len(one.channels))), one.fps, one.space)
    overlap = data.draw(st.integers(0, min(one.num_frames, two.num_frames)))
    joined = one.concat(two, overlap / one.fps)
    assert joined.num_frames == one.num_frames + two.num_frames - overlap
    kept = one.num_frames - overlap
    np.testing.assert_array_equal(joined.values[:kept], one.values[:kept])
    np.testing.assert_array_equal(joined.values[one.num_frames :], two.values[overlap:])
    np.testing.assert_array_equal(joined.observed, one.observed)


@given(motions())
def test_equal_motions_are_equal_and_others_are_not(motion):
    again = FaceMotion(
        motion.values, motion.fps, motion.space, valid=motion.valid, observed=motion.observed
    )
    assert again == motion
    values = motion.values.copy()
    values[-1, -1] += 1
    assert FaceMotion(values, motion.fps, motion.space) != motion
    assert motion != FaceMotion(motion.values, motion.fps + 1, motion.space)
    assert motion != "motion"


@settings(max_examples=50)
@given(
    motions(most_frames=5), st.sampled_from([np.nan, np.inf, -np.inf, 1e39]), st.integers(0, 10**6)
)
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_no_number_that_is_not_finite_gets_in(motion, odd, at):
    values = motion.values.astype(np.float64)
    values.flat[at % values.size] = odd
    with pytest.raises(ValueError, match="values must be finite"):
        FaceMotion(values, motion.fps, motion.space)
