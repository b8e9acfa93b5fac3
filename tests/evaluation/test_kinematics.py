"""Kinematic measures on motions whose figures are known."""

import numpy as np
import pytest

from tdmm_hf.evaluation.kinematics import (
    Gaussian,
    blinks,
    feature_names,
    features,
    frechet,
    frechet_distance,
    gaussian,
    head_speed,
    head_spread,
    mean_speed,
    spectrum_centroid,
    windows,
)
from tdmm_hf.motion import FaceMotion

FPS = 50.0
TIMES = np.arange(500) / FPS
LIDS = [8, 9]
HEAD = slice(52, 55)


def motion(valid=None, **columns):
    values = np.zeros((len(TIMES), 55))
    for name, curve in columns.items():
        values[:, {"lids": LIDS, "head": HEAD, "jaw": 24}[name]] = curve
    return FaceMotion(values, fps=FPS, valid=valid)


def test_speed_of_a_ramp():
    """One of 52 weights rising by 0.01 a second; frames without a face do not count."""
    ramp = 0.01 * TIMES
    assert mean_speed(motion(jaw=ramp)) == pytest.approx(0.01 / 52, rel=1e-4)
    jump = ramp.copy()
    jump[200:220] = 0.9
    unseen = np.ones(len(TIMES), dtype=bool)
    unseen[200:220] = False
    assert mean_speed(motion(valid=unseen, jaw=jump)) == pytest.approx(0.01 / 52, rel=1e-4)


def test_speed_needs_two_frames():
    assert np.isnan(mean_speed(FaceMotion(np.zeros((1, 55)))))
    assert np.isnan(head_speed(FaceMotion(np.zeros((1, 55))))).all()


def test_head_speed_and_spread_of_a_sine():
    """4 degrees at 0.5 Hz: mean speed 4 times amplitude times frequency, deviation over root 2."""
    angles = np.radians(4 * np.sin(2 * np.pi * 0.5 * TIMES))[:, None] * (1.0, 0.5, 0.0)
    swinging = motion(head=angles)
    assert head_speed(swinging) == pytest.approx([8.0, 4.0, 0.0], rel=0.01)
    assert head_spread(swinging) == pytest.approx([4 / 2**0.5, 2 / 2**0.5, 0.0], rel=0.01)


def bell(middle, length, depth):
    return depth * np.clip(1 - np.abs(TIMES - middle) / length, 0, 1)  # half depth lasts `length`


def test_blinks_are_counted_and_measured():
    lids = 0.1 + bell(2.0, 0.12, 0.8) + bell(4.0, 0.3, 0.7) + bell(6.0, 0.2, 0.1)
    found = blinks(motion(lids=lids[:, None]))
    assert found.starts == pytest.approx([1.94, 3.85], abs=0.02)
    assert found.lengths == pytest.approx([0.12, 0.3], abs=0.02)
    assert found.depths == pytest.approx([0.8, 0.7], abs=0.02)


def test_closed_eyes_do_not_blink():
    closed = np.clip(np.minimum(TIMES - 2, 7 - TIMES) / 0.3, 0, 1)
    assert len(blinks(motion(lids=closed[:, None])).starts) == 0


def test_one_eye_is_no_blink_of_two():
    wink = np.stack([bell(3.0, 0.1, 0.35), np.zeros(len(TIMES))], axis=1)
    assert len(blinks(motion(lids=wink)).starts) == 0


def test_no_blinks_where_no_face_is_seen():
    lids = bell(2.0, 0.12, 0.8)
    unseen = np.abs(TIMES - 2.0) > 0.3
    assert len(blinks(motion(valid=unseen, lids=lids[:, None])).starts) == 0


def test_centroid_is_weighted_by_power():
    low, high = np.sin(2 * np.pi * 2 * TIMES), np.sin(2 * np.pi * 6 * TIMES)
    assert spectrum_centroid(0.3 + 0.1 * low, FPS) == pytest.approx(2.0, abs=0.01)
    assert spectrum_centroid(low + high, FPS) == pytest.approx(4.0, abs=0.01)
    assert spectrum_centroid(2 * low + high, FPS) == pytest.approx(2.8, abs=0.01)
    assert np.isnan(spectrum_centroid(np.full(100, 0.2), FPS))


def test_windows_leave_out_what_was_not_seen():
    assert len(windows(motion())) == 9
    unseen = np.ones(len(TIMES), dtype=bool)
    unseen[100] = False  # at 2.0 s: in the windows from 1 and from 2
    assert len(windows(motion(valid=unseen))) == 7
    assert windows(FaceMotion(np.zeros((20, 55)))) == []


def test_features_have_names_and_tell_what_they_say():
    rng = np.random.default_rng(0)
    calm = motion()
    talking = motion(jaw=0.2 + 0.1 * np.sin(2 * np.pi * 3 * TIMES))
    names = feature_names()
    rows = [dict(zip(names, features(one), strict=True)) for one in (calm, talking)]
    assert np.isfinite(features(calm)).all()
    assert rows[1]["speed jaw"] > rows[0]["speed jaw"] + 2
    assert rows[1]["speed brows"] == rows[0]["speed brows"]
    assert rows[1]["jaw centroid"] == pytest.approx(3.0, abs=0.01)
    assert rows[1]["jaw level"] == pytest.approx(0.2, abs=0.01)
    flicking = motion(jaw=np.repeat(rng.random(10), 50))
    assert features(flicking)[names.index("abruptness")] > 0.9


def test_frechet_distance_of_known_gaussians():
    """Squared distance of the means plus that of the deviations, where covariances are diagonal."""
    one = Gaussian(np.zeros(2), np.diag([1.0, 4.0]))
    other = Gaussian(np.array([3.0, 0.0]), np.diag([4.0, 4.0]))
    assert frechet(one, other) == pytest.approx(9.0 + 1.0)
    assert frechet(one, one) == pytest.approx(0.0, abs=1e-9)


def test_shrinkage_keeps_variances():
    rows = np.random.default_rng(0).normal(size=(50, 3)) @ [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    free, shrunk = gaussian(rows, 0.0), gaussian(rows, 1.0)
    assert np.diag(shrunk.covariance) == pytest.approx(np.diag(free.covariance))
    assert np.count_nonzero(shrunk.covariance) == 3
    with pytest.raises(ValueError, match="at least two rows, got 1"):
        gaussian(rows[:1])


def test_distance_grows_with_difference():
    rng = np.random.default_rng(0)
    clips = [rng.normal(size=(4, 3)) for _ in range(60)]
    near, far = ([clip + shift for clip in clips] for shift in (0.5, 2.0))
    found = [frechet_distance(clips, other, np.ones(3)) for other in (clips, near, far)]
    assert found[0] == pytest.approx(0.0, abs=1e-6)
    assert found[1] == pytest.approx(3 * 0.25, rel=0.01)
    assert found[2] == pytest.approx(3 * 4.0, rel=0.01)
