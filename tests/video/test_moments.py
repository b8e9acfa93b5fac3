"""Frames that tell a motion: apart in pose and time, eyes open, a face in them."""

import numpy as np
import pytest

from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import get_space
from tdmm_hf.video import highlights
from tdmm_hf.video.moments import moments

ARKIT = get_space("arkit")


def motion(frames: int, valid=None, **curves) -> FaceMotion:
    values = np.zeros((frames, len(ARKIT.channels)))
    for name, curve in curves.items():
        values[:, ARKIT.index(name)] = curve
    return FaceMotion(values, valid=valid)


def test_peaks_and_pauses_are_shown():
    time = np.arange(120)
    shown = highlights(motion(120, jawOpen=np.sin(time / 120 * 3 * np.pi) ** 2), 6)
    opened = shown.channel("jawOpen")
    assert (np.abs(np.diff(opened)) > 0.8).all()


@pytest.mark.parametrize("count", [1, 2, 6, 40, 60])
def test_moments_are_in_order_and_never_crowded(count):
    curves = np.random.default_rng(0).uniform(0, 1, (2, 40))
    shown = moments(motion(40, jawOpen=curves[0], headYaw=curves[1]), count)
    assert len(shown) == min(count, 40)
    assert min(np.diff(shown), default=40) >= max(1, 40 // (2 * count))


def test_a_blink_is_not_shown():
    closed = np.zeros(60)
    closed[20:25] = 1
    talking = np.random.default_rng(1).uniform(0, 1, 60)
    talking[22] = 1
    shown = moments(motion(60, eyeBlinkLeft=closed, eyeBlinkRight=closed, jawOpen=talking), 6)
    assert not closed[shown].any()


def test_frames_without_a_face_are_not_shown():
    valid = np.ones(60, dtype=bool)
    valid[10:50] = False
    wild = np.where(valid, 0, 1)
    assert highlights(motion(60, valid=valid, jawOpen=wild), 4).valid.all()
