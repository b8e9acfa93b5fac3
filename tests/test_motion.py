import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdmm_hf.motion import FaceMotion, frame_count


def wave(frames=50, fps=25.0, **fields) -> FaceMotion:
    values = np.zeros((frames, 55), dtype=np.float32)
    values[:, 24] = 0.5 + 0.4 * np.sin(np.arange(frames) / fps * 2 * np.pi)
    values[:, 53] = np.linspace(-0.3, 0.3, frames)
    return FaceMotion(values, fps=fps, **fields)


@pytest.mark.parametrize(
    ("values", "fps", "rule"),
    [
        (np.zeros((10, 54)), 25, r"\(frames, 55\).*\(10, 54\)"),
        (np.zeros((0, 55)), 25, "at least one frame"),
        (np.full((3, 55), np.nan), 25, "finite, got nan at frame 0, channel 'browDownLeft'"),
        (np.zeros((3, 55)), 0, "fps must be positive and finite, got 0"),
        (np.zeros((3, 55)), float("nan"), "fps must be positive"),
    ],
)
def test_what_is_not_a_motion_is_refused(values, fps, rule):
    with pytest.raises(ValueError, match=rule):
        FaceMotion(values, fps=fps)


def test_wrong_masks_are_refused():
    with pytest.raises(ValueError, match=r"valid must have shape \(50,\), got \(3,\)"):
        wave(valid=[True] * 3)


def test_values_are_frozen():
    with pytest.raises(ValueError, match="read-only"):
        wave().values[0, 0] = 1


@given(frames=st.integers(1, 200), source=st.sampled_from([24, 25, 30, 60]), to=st.floats(5, 120))
def test_resampling_keeps_duration_and_stays_within_range(frames, source, to):
    motion = wave(frames, float(source))
    resampled = motion.resample(to)
    assert resampled.num_frames == max(1, frame_count(motion.duration, to))
    assert resampled.values.min() >= motion.values.min() - 1e-6
    assert resampled.values.max() <= motion.values.max() + 1e-6


def test_resampling_a_slow_curve_there_and_back_changes_little():
    motion = wave(100)
    back = motion.resample(60).resample(25)
    assert back.num_frames == 100
    assert np.abs(back.values - motion.values)[2:-2].max() < 0.01


def test_validity_follows_frames():
    motion = wave(50, valid=np.arange(50) < 25)
    assert motion.resample(50).valid.sum() == pytest.approx(50, abs=1)
    assert motion.crop(0.4, 1.4).valid.sum() == 15


def test_crop_names_the_rule():
    with pytest.raises(ValueError, match=r"0 <= start < end <= 2 s, got 1\.\.3"):
        wave().crop(1, 3)


def test_mirror_twice_is_the_same_motion():
    motion = wave(observed=np.arange(55) != 8)
    assert motion.mirror().mirror() == motion
    assert motion.mirror().channel("headYaw")[0] == pytest.approx(0.3)
    assert not motion.mirror().observed[motion.space.index("eyeBlinkRight")]


def test_concat_blends_and_joins_masks():
    first, second = wave(50), FaceMotion(np.ones((25, 55)), valid=np.zeros(25, bool))
    joined = first.concat(second, blend=0.4)
    assert joined.num_frames == 65
    assert np.allclose(joined.values[:40], first.values[:40])
    assert joined.valid.sum() == 40
    steps = np.diff(joined.channel("browInnerUp")[38:52])
    assert steps.max() < 0.2


def test_concat_needs_one_rate():
    with pytest.raises(ValueError, match="one space and one fps"):
        wave().concat(wave(fps=30.0))


def test_smoothing_keeps_the_mean_and_calms_the_speed():
    rng = np.random.default_rng(0)
    noisy = FaceMotion(rng.uniform(0, 1, (200, 55)))
    smooth = noisy.smooth(0.1)
    assert (
        np.abs(np.diff(smooth.values, axis=0)).mean()
        < np.abs(np.diff(noisy.values, axis=0)).mean() / 4
    )
    assert smooth.values.mean() == pytest.approx(noisy.values.mean(), abs=0.01)
