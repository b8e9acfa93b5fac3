"""A plan in time: what the state at each mark of the clock says."""

import numpy as np
import pytest

from tdmm_hf.modeling import TDMMProcessor, clock_tdmm
from tdmm_hf.modeling.clock_tdmm import without_marks
from tdmm_hf.performer import plan as plans
from tdmm_hf.performer.actions import schedule
from tdmm_hf.performer.head import event_starts
from tdmm_hf.performer.plan import tracks, write_plan
from tdmm_hf.prompts.suite import iter_attributes


@pytest.fixture(scope="module")
def clock(small_tokenizer, small_codec):
    """Marks every 0.64 s."""
    return TDMMProcessor.from_backbone(small_tokenizer, small_codec.config, tracks=tracks()).clock


def _shown(clock, plan, seconds):
    """Keys of each track, (tracks, marks)."""
    keys = [{i: key for key, i in track.items()} for track in clock.tracks]
    states = clock.lay_out(plan, seconds)
    return [[keys[t][state[t]] for state in states] for t in range(len(keys))]


def test_an_emotion_is_shown_throughout(clock):
    assert _shown(clock, "happy 3", 3.0) == [["happy"] * 5, ["-"] * 5, ["-"] * 5]


@pytest.mark.parametrize("transition", ["then", "fade"])
def test_a_second_emotion_is_shown_from_its_time_on(clock, transition):
    emotions, _, _ = _shown(clock, f"calm 3 {transition} angry 4 at 1.3", 3.0)
    assert emotions == ["calm", "calm", "angry", "angry", "angry"]
    middle, _, _ = _shown(clock, f"calm 3 {transition} angry 4", 3.0)
    assert middle == emotions
    late, _, _ = _shown(clock, f"calm 3 {transition} angry 4 at 50", 3.0)
    assert late == ["calm"] * 4 + ["angry"]


def test_a_flash_comes_and_goes(clock):
    emotions, _, _ = _shown(clock, "calm 3 flash angry 4 at 1.9", 4.0)
    assert emotions == ["calm", "calm", "angry", "angry", "calm", "calm", "calm"]


def test_each_event_is_there_when_it_begins(clock):
    _, head, action = _shown(clock, "sad 2, nod 2 slow at 0.7 at 1.3, wink left 1 at 1.3", 2.0)
    assert head == ["-", "nod", "nod", "-"]
    assert action == ["-", "-", "wink_left", "-"]
    _, head, action = _shown(clock, "sad 2, sway, blink, nod, gaze left", 2.0)
    assert head == action == ["-"] * 4
    _, _, both = _shown(clock, "sad 2, blink at 0.1, smirk at 0.5", 1.0)
    assert both == ["blink", "-"]


@pytest.mark.parametrize("plan", ["", "gobbledygook", "happy", "happy three", ", ,", "nod at 1"])
def test_what_is_no_plan_shows_nothing(clock, plan):
    assert _shown(clock, plan, 1.0) == [["-", "-"]] * 3


def test_a_plan_shows_the_same_with_its_times_as_marks(clock):
    for attributes in iter_attributes(seed=6, count=200):
        written, seconds = write_plan(attributes), attributes.duration
        marked = without_marks(clock.with_marks(written))
        laid_out = clock.lay_out(written, seconds)
        assert clock.lay_out(marked, seconds) == laid_out
        assert clock.lay_out(f" {marked.replace(',', ' ,')}", seconds) == laid_out


def _held(attributes, every, count):
    """The emotion at each mark, (count,); a flash is as long as one whose plan is read."""
    first, *second = [span.category for span in attributes.emotions]
    held = [first] * count
    if second:
        begin = int(attributes.emotions[1].start / every + 1e-6)
        flashes = attributes.transition == "flash"
        end = min(begin + int(np.ceil(plans.FLASH_SECONDS / every)), count) if flashes else count
        held[begin:end] = second * (end - begin)
    return held


def test_a_flash_is_as_long_as_one_that_is_performed():
    assert plans.FLASH_SECONDS == clock_tdmm.FLASH_SECONDS


def test_what_begins_after_the_end_is_left_out(clock):
    assert _shown(clock, "sad 2, nod 2 at 1 at 5, blink at 2.7", 2.0)[1:] == [
        ["-", "nod", "-", "-"],
        ["-"] * 4,
    ]


def test_states_are_what_is_performed(clock):
    """Found again from the attributes, without the plan."""
    for attributes in iter_attributes(seed=5, count=200):
        seconds = attributes.duration
        emotions, head, action = _shown(clock, write_plan(attributes), seconds)
        shown = [a.category for a in attributes.emotions]
        assert set(emotions) == set(shown)
        assert emotions[0] == shown[0]
        assert emotions == _held(attributes, clock.seconds, len(emotions))
        events = schedule(attributes.actions, seconds)
        begun = {(e.name, int((round(e.start, 1) + 1e-6) / clock.seconds)) for e in events}
        assert {(key, mark) for mark, key in enumerate(action) if key != "-"} <= begun
        assert len({mark for _, mark in begun}) == sum(key != "-" for key in action)
        starts = event_starts(seconds, attributes.head).round(1)
        nodded = {int((start + 1e-6) / clock.seconds) for start in starts}
        assert {mark for mark, key in enumerate(head) if key != "-"} == nodded
