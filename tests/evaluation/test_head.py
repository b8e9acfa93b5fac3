from collections import Counter

import numpy as np
import pytest

from tdmm_hf.evaluation.head import (
    HEAD_KINDS,
    classify_head,
    count_moves,
    count_nods,
    count_shakes,
)
from tdmm_hf.motion import FaceMotion
from tdmm_hf.performer import perform, vocabulary
from tdmm_hf.prompts.attributes import SPEEDS, Attributes, EmotionSpan, HeadMotion

RNG_SEED = 11


def head_motion(pitch=0.0, yaw=0.0, roll=0.0, seconds=4.0):
    times = (np.arange(round(seconds * 25)) + 0.5) / 25
    values = np.zeros((len(times), 55))
    for column, curve in zip((52, 53, 54), (pitch, yaw, roll), strict=True):
        values[:, column] = np.radians(curve(times) if callable(curve) else curve)
    return FaceMotion(values)


def asked_for(rng, head) -> Attributes:
    """Any emotion, manner and gaze around a head motion."""
    keys = vocabulary()
    duration = float(rng.uniform(2.0 if head.count is None else max(2.0, 1.1 * head.count), 9.0))
    category, manner, gaze = (
        str(rng.choice(sorted(keys[kind]))) for kind in ("category", "manner", "gaze")
    )
    span = EmotionSpan(category, category, int(rng.integers(1, 6)), 0.0, duration)
    return Attributes(duration, "man", (span,), manner=manner, gaze=gaze, head=head)


def test_kinds_are_those_of_the_performer():
    assert set(HEAD_KINDS) < vocabulary()["head motion"]


def test_a_motionless_head_is_still():
    still = head_motion(pitch=5.0)
    assert (count_nods(still), count_shakes(still), classify_head(still)) == (0, 0, "still")


def test_slow_drift_is_neither_nod_nor_shake():
    drift = head_motion(
        pitch=lambda t: 4 * np.sin(2 * np.pi * 0.25 * t),
        yaw=lambda t: 4 * np.sin(2 * np.pi * 0.2 * t + 1),
        seconds=10.0,
    )
    assert (count_nods(drift), count_shakes(drift), classify_head(drift)) == (0, 0, "natural")


@pytest.mark.parametrize(
    ("pose", "kind"),
    [
        ({"pitch": -15.0}, "raise"),
        ({"pitch": 15.0}, "lower"),
        ({"yaw": 20.0}, "turn_left"),
        ({"yaw": -20.0}, "turn_right"),
        ({"roll": -15.0}, "tilt_left"),
        ({"roll": 15.0}, "tilt_right"),
    ],
)
def test_held_poses_by_sign(pose, kind):
    going = {axis: lambda t, d=d: d * np.clip(t / 0.6, 0, 1) for axis, d in pose.items()}
    assert classify_head(head_motion(**going)) == kind


@pytest.mark.parametrize(("name", "count"), [("nod", count_nods), ("shake", count_shakes)])
def test_counts_are_exact_on_performed_motion(name, count):
    rng = np.random.default_rng(RNG_SEED)
    right = 0
    for seed in range(150):
        head = HeadMotion(name, 1 + seed % 5, SPEEDS[seed % 3])
        right += count(perform(asked_for(rng, head), seed)) == head.count
    assert right >= 0.98 * 150


def test_moves_are_counted_by_axis_side_and_size():
    def tilts(t):
        return 14 * np.sin(np.pi * t) ** 2 * np.where(t < 2, -1, 1)

    motion = head_motion(pitch=lambda t: 4 * np.sin(3 * t), roll=tilts)
    assert (count_moves(motion, "roll", -1), count_moves(motion, "roll", 1)) == (2, 2)
    assert count_moves(motion, "roll", 1, degrees=20) == 0
    assert count_moves(motion, "pitch", 1) == 0
    with pytest.raises(ValueError, match="axis must be one of pitch, yaw, roll, got 'up'"):
        count_moves(motion, "up", 1)


def test_kinds_are_read_back_from_performed_motion():
    rng = np.random.default_rng(RNG_SEED)
    right = Counter()
    for seed in range(40):
        for kind in HEAD_KINDS:
            head = HeadMotion(kind, speed=str(rng.choice(SPEEDS)))
            right[kind] += classify_head(perform(asked_for(rng, head), seed)) == kind
    assert min(right.values()) >= 0.85 * 40
    assert right.total() >= 0.97 * 40 * len(HEAD_KINDS)


def test_natural_heads_do_not_nod_or_shake():
    rng = np.random.default_rng(RNG_SEED)
    motions = [perform(asked_for(rng, HeadMotion("natural")), seed) for seed in range(150)]
    assert sum(count_nods(motion) + count_shakes(motion) > 0 for motion in motions) <= 4


def test_natural_drift_is_as_large_as_tracked_drift():
    """Tracked talking heads: a standard deviation of 2 to 4 degrees within a clip."""
    rng = np.random.default_rng(RNG_SEED)
    motions = [perform(asked_for(rng, HeadMotion("natural")), seed) for seed in range(60)]
    spread = [np.degrees(motion.values[:, 52:54]).std(axis=0).mean() for motion in motions]
    assert 1.5 < np.mean(spread) < 4.0
