"""Motion as a tracker would have seen it."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import ARKIT_BLENDSHAPES, get_space
from tdmm_hf.performer.tracking import TRACKING_FILE, augment, track, tracker_model

ARKIT = get_space("arkit")
DEAD = ("cheekPuff", "cheekSquintLeft", "noseSneerLeft", "tongueOut")


def mean_of_many(values, channel, seeds=200):
    at = ARKIT.index(channel)
    return np.array([augment(values, np.random.default_rng(s))[:, at].mean() for s in range(seeds)])


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), frames=st.integers(1, 40))
def test_stays_a_motion_within_bounds(seed, frames):
    rng = np.random.default_rng(seed)
    values = ARKIT.clip(rng.standard_normal((frames, 55)))
    before = values.copy()
    tracked = augment(values, rng)
    assert tracked.shape == values.shape
    assert tracked.dtype == np.float32
    assert np.array_equal(tracked, ARKIT.clip(tracked))
    assert np.array_equal(values, before)


def test_same_seed_same_result():
    values = np.full((10, 55), 0.3, np.float32)
    first, second, other = (augment(values, np.random.default_rng(s)) for s in (1, 1, 2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_dead_channels_stay_near_zero():
    tracked = augment(np.ones((50, 55), np.float32), np.random.default_rng(0))
    assert tracked[:, ARKIT.indices(DEAD)].max() < 0.02


def test_one_channel_is_heard_in_another():
    """A lid that closes reads as an eye that looks down and squints."""
    heard = tracker_model().response
    at = {name: i for i, name in enumerate(ARKIT_BLENDSHAPES)}
    blink = heard[:, at["eyeBlinkLeft"]]
    assert blink[at["eyeLookDownLeft"]] > 0.15
    assert blink[at["eyeSquintLeft"]] > 0.2
    assert blink[at["eyeSquintRight"]] < 0.5 * blink[at["eyeSquintLeft"]]
    assert heard[at["jawOpen"], at["mouthClose"]] < -0.3
    mirror = list(ARKIT.mirror_index[: len(heard)])
    assert np.array_equal(heard, heard[mirror][:, mirror])


def test_the_whole_response_explains_more_than_a_scores_own_channel():
    explained = json.loads(TRACKING_FILE.read_text())["response"]["explained"]
    assert explained["whole"] > explained["own channel"] + 0.2


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), frames=st.integers(1, 60))
def test_a_tracked_motion_has_gaps_that_are_marked(seed, frames):
    rng = np.random.default_rng(seed)
    motion = FaceMotion(ARKIT.clip(rng.standard_normal((frames, 55))))
    seen = track(motion, rng)
    assert seen.num_frames == frames
    assert seen.valid.any()
    assert not seen.observed[ARKIT.index("tongueOut")]
    assert seen.observed.sum() == 54


def test_faces_are_lost_in_some_clips():
    motion = FaceMotion(np.zeros((100, 55), np.float32))
    lost = [not track(motion, np.random.default_rng(s)).valid.all() for s in range(400)]
    assert 0.07 < np.mean(lost) < 0.18


def test_rest_levels_are_those_of_the_tracker():
    neutral = np.zeros((20, 55), np.float32)
    squint, smile = mean_of_many(neutral, "eyeSquintLeft"), mean_of_many(neutral, "mouthSmileLeft")
    assert 0.15 < squint.mean() < 0.4
    assert squint.std() > 0.08
    assert smile.max() < 0.02


@pytest.mark.parametrize("channel", ["mouthSmileLeft", "jawOpen", "browInnerUp", "eyeBlinkRight"])
def test_live_channels_still_rise_with_the_weight(channel):
    ramp = np.zeros((60, 55), np.float32)
    ramp[:, ARKIT.index(channel)] = np.linspace(0, 1, 60)
    for seed in range(20):
        tracked = augment(ramp, np.random.default_rng(seed))[:, ARKIT.index(channel)]
        assert np.corrcoef(tracked, ramp[:, ARKIT.index(channel)])[0, 1] > 0.8


def test_both_sides_of_one_face_are_alike():
    neutral = np.zeros((5, 55), np.float32)
    left, right = (mean_of_many(neutral, f"eyeSquint{side}") for side in ("Left", "Right"))
    assert np.corrcoef(left, right)[0, 1] > 0.85


def test_yaw_reads_short_and_keeps_its_sign():
    turned = np.zeros((20, 55), np.float32)
    turned[:, ARKIT.index("headYaw")] = np.radians(45)
    assert np.degrees(mean_of_many(turned, "headYaw").mean()) == pytest.approx(41.4, abs=1.2)


def test_wrong_width():
    with pytest.raises(ValueError, match=r"\(frames, 55\), got \(3, 58\)"):
        augment(np.zeros((3, 58), np.float32), np.random.default_rng(0))


def test_the_measured_numbers_are_complete():
    tracking = json.loads(TRACKING_FILE.read_text())
    assert set(tracking["channels"]) == set(ARKIT.channels)
    assert set(tracking["response"]["weights"]) == set(ARKIT_BLENDSHAPES)
    model = tracker_model()
    assert (model.low_gain <= model.high_gain).all()
    assert model.family.shape == (len(ARKIT_BLENDSHAPES),)


def test_the_fit_errs_less_than_the_scores():
    values = np.zeros((100, 55), np.float32)
    values[:, ARKIT_BLENDSHAPES.index("browInnerUp")] = np.linspace(0, 1, 100)

    def error(tracker):
        return np.mean(
            [np.abs(augment(values, np.random.default_rng(s), tracker) - values) for s in range(30)]
        )

    assert error("fit") < error("scores")


def test_an_unknown_tracker_is_refused():
    with pytest.raises(ValueError, match="tracker must be one of scores, fit, got 'smirk'"):
        augment(np.zeros((5, 55), np.float32), np.random.default_rng(0), "smirk")
