"""States follow a performance through time."""

import numpy as np
import pytest

from tdmm_hf.performer.head import event_starts
from tdmm_hf.performer.plan import read_plan, write_plan
from tdmm_hf.performer.states import NOTHING, state_keys, write_states
from tdmm_hf.prompts.attributes import HeadMotion
from tdmm_hf.prompts.suite import iter_attributes


def _emotions(plan, duration=5.0, every=1.0):
    return [emotion for emotion, _ in write_states(read_plan(plan, duration), every)]


def _events(plan, duration=5.0, every=1.0):
    return [event for _, event in write_states(read_plan(plan, duration), every)]


def test_an_emotion_is_shown_throughout():
    assert _emotions("happy 3") == ["happy"] * 5


@pytest.mark.parametrize("transition", ["then", "fade"])
def test_a_second_emotion_is_shown_from_its_time_on(transition):
    plan = f"calm 3 {transition} angry 4 at 2.2"
    assert _emotions(plan) == ["calm", "calm", "angry", "angry", "angry"]


def test_a_flash_comes_and_goes():
    shown = ["calm", "calm", "angry", "angry", "calm", "calm", "calm"]
    assert _emotions("calm 3 flash angry 4 at 1.1", duration=3.5, every=0.5) == shown


def test_each_nod_and_shake_is_there_when_it_begins():
    nods = _events("happy 3, nod 2 at 1.2", every=0.8)
    assert nods == [NOTHING, "nod", "nod", NOTHING, NOTHING, NOTHING, NOTHING]
    assert _events("happy 3, shake 1 at 3") == [NOTHING, NOTHING, NOTHING, "shake", NOTHING]
    assert _events("happy 3, sway, blink at 1") == [NOTHING] * 5


def test_nods_without_a_start_are_spread_as_they_are_performed():
    events = _events("happy 3, nod 2", duration=6.0, every=0.5)
    assert events.count("nod") == 2
    starts = event_starts(6.0, HeadMotion("nod", 2))
    assert [events[int(start / 0.5)] for start in starts] == ["nod", "nod"]
    assert starts[1] - starts[0] > 2.0


def test_all_that_can_be_drawn_has_states_of_known_keys():
    known, every = set(state_keys()), 0.6
    for attributes in iter_attributes(seed=5, count=300):
        states = write_states(attributes, every)
        assert len(states) == int(np.ceil(round(attributes.duration / every, 6)))
        assert known.issuperset(key for state in states for key in state)
        assert {e for e, _ in states} == {span.category for span in attributes.emotions}


def test_states_follow_from_the_plan():
    """A flash's length is not in the plan."""
    for attributes in iter_attributes(seed=6, count=300):
        if attributes.transition != "flash":
            planned = read_plan(write_plan(attributes), attributes.duration)
            assert write_states(planned, 0.6) == write_states(attributes, 0.6)
