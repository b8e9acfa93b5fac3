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

STEPS = ("head_step", "action_step")


@pytest.fixture(scope="module")
def clock(small_tokenizer, small_codec):
    """Marks every 0.64 s."""
    return TDMMProcessor.from_backbone(small_tokenizer, small_codec.config, tracks=tracks()).clock


def _shown(clock, plan, seconds):
    """Keys at the marks by track, each (marks,)."""
    states = clock.lay_out(plan, seconds)
    return {
        name: [{i: key for key, i in track.items()}[state[t]] for state in states]
        for t, (name, track) in enumerate(clock.tracks.items())
    }


def test_what_has_no_time_is_shown_throughout(clock):
    assert _shown(clock, "happy 3, speaks bursts, look around, gaze left", 3.0) == {
        "emotion": ["happy"] * 5,
        "intensity": ["3"] * 5,
        "change": ["-"] * 5,
        "manner": ["speaks_bursts"] * 5,
        "head": ["look_around"] * 5,
        "speed": ["-"] * 5,
        "head_step": ["-"] * 5,
        "action": ["-"] * 5,
        "action_step": ["-"] * 5,
        "gaze": ["left"] * 5,
    }


@pytest.mark.parametrize("transition", ["then", "fade"])
def test_a_second_emotion_is_shown_from_its_time_on(clock, transition):
    shown = _shown(clock, f"calm 3 {transition} angry 4 at 1.3", 3.0)
    assert shown["emotion"] == ["calm", "calm", "angry", "angry", "angry"]
    assert shown["intensity"] == ["3", "3", "4", "4", "4"]
    assert shown["change"] == ["-", "-", transition, "-", "-"]
    assert _shown(clock, f"calm 3 {transition} angry 4", 3.0) == shown
    late = _shown(clock, f"calm 3 {transition} angry 4 at 50", 3.0)
    assert late["emotion"] == ["calm"] * 4 + ["angry"]


def test_a_flash_comes_and_goes(clock):
    shown = _shown(clock, "calm 3 flash angry 4 at 1.9", 4.0)
    assert shown["emotion"] == ["calm", "calm", "angry", "angry", "calm", "calm", "calm"]
    assert shown["intensity"] == ["3", "3", "4", "4", "3", "3", "3"]


def test_each_event_is_there_when_it_begins(clock):
    shown = _shown(clock, "sad 2, nod 2 slow at 0.7 at 1.44, wink left 1 at 1.8", 2.0)
    assert shown["head"] == ["-", "nod_at", "nod_at", "-"]
    assert shown["speed"] == ["-", "slow", "slow", "-"]
    assert shown["head_step"] == ["-", "-", "1", "-"]
    assert shown["action"] == ["-", "-", "wink_left_at", "-"]
    assert shown["action_step"] == ["-", "-", "3", "-"]
    both = _shown(clock, "sad 2, blink at 0.1, smirk at 0.5", 1.0)
    assert both["action"] == ["blink_at", "-"]
    assert both["action_step"] == ["-", "-"]


def test_no_key_is_of_two_tracks():
    apart = {track: keys for track, keys in tracks().items() if not track.endswith("_step")}
    names = [key for track, keys in apart.items() if track != "gaze" for key in keys]
    assert len(names) == len({*names})


@pytest.mark.parametrize("plan", ["", "gobbledygook", "happy", "happy three", ", ,", "nod at 1"])
def test_what_is_no_plan_shows_nothing(clock, plan):
    shown = _shown(clock, plan, 1.0)
    assert [*shown] == [*tracks()]
    assert all(keys == ["-", "-"] for keys in shown.values())


def test_a_plan_shows_the_same_with_its_times_as_marks(clock):
    """But for the steps after a mark, which a mark does not tell."""
    for attributes in iter_attributes(seed=6, count=200):
        written, seconds = write_plan(attributes), attributes.duration
        marked = without_marks(clock.with_marks(written))
        at_marks = _shown(clock, marked, seconds)
        exact = _shown(clock, written, seconds)
        assert {track: at_marks[track] for track in exact if track not in STEPS} == {
            track: keys for track, keys in exact.items() if track not in STEPS
        }
        assert all({*at_marks[track]} == {"-"} for track in STEPS)
        assert _shown(clock, f" {marked.replace(',', ' ,')}", seconds) == at_marks


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


def _place(clock, start):
    """The mark and the latent step after it at which something begins."""
    steps = int((round(start, 1) + 1e-6) / clock.seconds * clock.steps)
    return steps // clock.steps, steps % clock.steps


def test_a_flash_is_as_long_as_one_that_is_performed():
    assert plans.FLASH_SECONDS == clock_tdmm.FLASH_SECONDS


def test_what_begins_after_the_end_is_left_out(clock):
    shown = _shown(clock, "sad 2, nod 2 at 1 at 5, blink at 2.7", 2.0)
    assert [shown["head"], shown["action"]] == [["-", "nod_at", "-", "-"], ["-"] * 4]


def test_states_are_what_is_performed(clock):
    """Found again from the attributes, without the plan."""
    for attributes in iter_attributes(seed=5, count=200):
        seconds = attributes.duration
        shown = _shown(clock, write_plan(attributes), seconds)
        emotions, head, action = (shown[track] for track in ("emotion", "head", "action"))
        spans = {(span.category, str(span.intensity)) for span in attributes.emotions}
        assert {*zip(emotions, shown["intensity"], strict=True)} == spans
        assert emotions[0] == attributes.emotions[0].category
        assert emotions == _held(attributes, clock.seconds, len(emotions))
        events = schedule(attributes.actions, seconds)
        begun = {(f"{e.name}_at", *_place(clock, e.start)) for e in events}
        steps = (0 if step == "-" else int(step) for step in shown["action_step"])
        placed = zip(action, range(len(action)), steps, strict=True)
        assert {place for place in placed if place[0] != "-"} <= begun
        assert len({mark for _, mark, _ in begun}) == sum(key != "-" for key in action)
        starts = event_starts(seconds, attributes.head).round(1)
        nodded = {int((start + 1e-6) / clock.seconds) for start in starts}
        lasting = attributes.head.name if not nodded else "-"
        rest = "-" if lasting == "natural" else lasting
        event = f"{attributes.head.name}_at"
        named = (event if mark in nodded else rest for mark in range(len(head)))
        assert head == [*named]
        for track, key, default in [
            ("manner", attributes.manner, "silent"),
            ("gaze", attributes.gaze, "camera"),
        ]:
            assert {*shown[track]} == {"-" if key == default else key}
