"""Cues of motions whose channels are set by hand."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdmm_hf.evaluation.cues import (
    FIRST_HALF,
    SECOND_HALF,
    Baseline,
    Cue,
    clauses,
    failures,
    load_cues,
)
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import get_space

DATA = Path(__file__).parents[2] / "benchmarks" / "data"
ARKIT = get_space("arkit")
FRAMES = 100


def motion_of(frames=FRAMES, **curves) -> FaceMotion:
    """A motion at rest but for the curves given by channel."""
    values = np.zeros((frames, len(ARKIT.channels)))
    for channel, curve in curves.items():
        values[:, ARKIT.index(channel)] = curve
    return FaceMotion(values)


@pytest.fixture(scope="module")
def cues():
    return load_cues(DATA / "cues.yaml")


@pytest.fixture(scope="module")
def still():
    return Baseline([motion_of(), motion_of()])


def test_channels_of_the_table_exist(cues):
    for cue in cues.values():
        assert cue.strength(motion_of()) == 0.0


@given(left=st.floats(0, 1), right=st.floats(0, 1))
def test_level_is_the_mean_of_the_group(left, right):
    cue = Cue("smile", up=("mouthSmileLeft", "mouthSmileRight"))
    motion = motion_of(mouthSmileLeft=left, mouthSmileRight=right)
    assert cue.strength(motion) == pytest.approx((left + right) / 2, abs=1e-6)


def test_down_channels_count_against():
    wink = Cue("wink", up=("eyeBlinkLeft",), down=("eyeBlinkRight",), measure="peak")
    closing = np.zeros(FRAMES)
    closing[40:50] = 1.0
    assert wink.strength(motion_of(eyeBlinkLeft=closing)) == 1.0
    assert wink.strength(motion_of(eyeBlinkLeft=closing, eyeBlinkRight=closing)) == 0.0


def test_peak_passes_over_single_frames():
    cue = Cue("jaw", up=("jawOpen",), measure="peak")
    curve = np.zeros(FRAMES)
    curve[30] = 1.0
    assert cue.strength(motion_of(jawOpen=curve)) == pytest.approx(0.2)
    assert cue.strength(motion_of(frames=2, jawOpen=0.5)) == pytest.approx(0.5)


def test_activity_hears_speech_but_not_a_held_jaw():
    cue = Cue("jaw", up=("jawOpen",), measure="activity")
    time = np.arange(FRAMES) / 25
    assert cue.strength(motion_of(jawOpen=0.6)) == pytest.approx(0, abs=1e-6)
    assert cue.strength(motion_of(jawOpen=np.linspace(0, 0.6, FRAMES))) < 0.02
    assert cue.strength(motion_of(jawOpen=np.where(time < 2, 0.0, 0.8))) < 0.02
    assert cue.strength(motion_of(jawOpen=0.2 + 0.2 * np.sin(2 * np.pi * 4 * time))) > 0.12


def test_spans_are_halves():
    cue = Cue("smile", up=("mouthSmileLeft",))
    motion = motion_of(mouthSmileLeft=np.repeat([0.2, 0.8], FRAMES // 2))
    assert cue.strength(motion, FIRST_HALF) == pytest.approx(0.2)
    assert cue.strength(motion, SECOND_HALF) == pytest.approx(0.8)


def test_threshold_is_mean_plus_two_deviations_or_the_margin(still):
    cue = Cue("smile", up=("mouthSmileLeft",))
    assert still.threshold(cue) == pytest.approx(0.08)
    varied = Baseline([motion_of(mouthSmileLeft=x) for x in (0.0, 0.2)])
    assert varied.threshold(cue) == pytest.approx(0.1 + 2 * np.std([0, 0.2], ddof=1), abs=1e-6)
    assert still.shows(cue, motion_of(mouthSmileLeft=0.09))
    assert not still.shows(cue, motion_of(mouthSmileLeft=0.07))


def test_clauses_any_of_halves_flash_and_absent(cues, still):
    entry = {
        "first": [["brows_inner_up", "brows_outer_up"]],
        "second": ["smile"],
        "flash": ["nose_wrinkle"],
        "absent": ["mouth_frown"],
    }
    asked = clauses(entry, cues)
    half = np.repeat([1.0, 0.0], FRAMES // 2)
    sneer = np.zeros(FRAMES)
    sneer[20:26] = 1.0
    shown = {
        "browOuterUpLeft": half,
        "mouthSmileLeft": 1 - half,
        "noseSneerLeft": sneer,
    }
    assert failures(asked, motion_of(**shown), still) == []
    missed = failures(asked, motion_of(browInnerUp=1 - half, mouthFrownLeft=0.5), still)
    assert missed == [
        "brows_inner_up|brows_outer_up (first)",
        "smile (second)",
        "nose_wrinkle (flash)",
        "mouth_frown (absent)",
    ]


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: Cue("smile", up=("mouthSmileLeft",), measure="loudness"), "measure must be"),
        (lambda: Cue("nothing"), "at least one channel"),
        (lambda: Baseline([motion_of()]), "at least two motions"),
        (lambda: clauses({"cues": ["smiel"]}, {}), "unknown cue 'smiel'"),
        (lambda: clauses({"prompt": "hello"}, {}), "at least one cue"),
    ],
)
def test_mistakes_are_named(make, rule):
    with pytest.raises(ValueError, match=rule):
        make()
