"""A plan from the states of a motion: the opposite of laying it out."""

import numpy as np
import pytest

from tdmm_hf.modeling import TDMMProcessor
from tdmm_hf.modeling.summary_tdmm import sum_up
from tdmm_hf.performer.plan import read_plan, tracks, write_plan
from tdmm_hf.prompts.suite import iter_attributes


@pytest.fixture(scope="module")
def clock(small_tokenizer, small_codec):
    """Marks every 0.64 s."""
    return TDMMProcessor.from_backbone(small_tokenizer, small_codec.config, tracks=tracks()).clock


@pytest.mark.parametrize(
    "plan",
    [
        "happy 3, speaks bursts, look around, gaze left",
        "calm 3 then angry 4 at 1.28",
        "calm 3 fade angry 4 at 1.28, tilt left",
        "calm 3 flash angry 4 at 1.92, nod quick",
        "sad 2, nod 2 slow at 0.64 at 1.44, wink left at 1.28",
        "sad 2, shake 1 at 1.92, blink 2 at 0 at 2.72, gaze up",
    ],
)
def test_states_laid_out_sum_up_to_their_plan(clock, plan):
    assert sum_up(clock, clock.lay_out(plan, 4.0)) == plan


def test_every_performance_has_a_summary_with_the_same_states(clock):
    for attributes in iter_attributes(seed=8, count=300):
        seconds = min(attributes.duration, 8.0)
        states = clock.lay_out(write_plan(attributes), seconds)
        plan = sum_up(clock, states)
        assert clock.lay_out(plan, seconds) == states, plan
        read_plan(plan, seconds)  # a plan that the performer follows


def test_single_wrong_states_are_outvoted(clock):
    plan = "calm 3 then angry 4 at 2.56, speaks steadily, sway"
    rng = np.random.default_rng(0)
    for _ in range(50):
        states = clock.lay_out(plan, 5.0)
        for t, (name, keys) in enumerate(clock.tracks.items()):
            if name in ("emotion", "intensity", "manner", "head"):
                lasting = [i for key, i in keys.items() if not key.endswith("_at")]
                states[0][t] = int(rng.choice(lasting))
                states[6][t] = int(rng.choice(lasting))
        assert sum_up(clock, states) == plan


def test_a_change_that_one_mark_shows_is_no_change(clock):
    states = clock.lay_out("calm 3", 5.0)
    angry = clock.tracks["emotion"]["angry"]
    states[7][0] = angry
    assert sum_up(clock, states) == "calm 3"
    states[6][0] = angry
    assert sum_up(clock, states) == "calm 3 then angry 3 at 3.84"


def test_the_read_kind_of_change_decides_between_plans_of_the_same_states(clock):
    late = clock.lay_out("calm 3 flash angry 4 at 3.84", 5.0)
    assert sum_up(clock, late) == "calm 3 flash angry 4 at 3.84"
    place = [*clock.tracks].index("change")
    late[6][place] = clock.tracks["change"]["fade"]
    assert sum_up(clock, late) == "calm 3 fade angry 4 at 3.84"


def test_nothing_read_is_no_plan(clock):
    assert sum_up(clock, clock.lay_out("", 3.0)) == ""
    assert sum_up(clock, []) == ""


def test_tracks_of_ones_own(small_tokenizer, small_codec):
    """Only what a clock has is summed up."""
    own = {"emotion": ["happy", "sad"], "head": ["nod_at"]}
    clock = TDMMProcessor.from_backbone(small_tokenizer, small_codec.config, tracks=own).clock
    states = clock.lay_out("happy 2, nod 2 at 0.64 at 1.28", 2.0)
    assert sum_up(clock, states) == "happy 3, nod 2 at 0.64 at 1.28"
