"""A plan in time: what the state at each mark of the clock says."""

import pytest

from tdmm_hf.modeling import TDMMProcessor
from tdmm_hf.performer.actions import schedule
from tdmm_hf.performer.head import event_starts
from tdmm_hf.performer.plan import FLASH_SECONDS, read_plan, tracks, write_plan
from tdmm_hf.prompts.suite import iter_attributes


@pytest.fixture(scope="module")
def clock(small_tokenizer, small_codec):
    """Marks every 0.64 s."""
    return TDMMProcessor.from_backbone(small_tokenizer, small_codec.config, states=tracks()).clock


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
        plan = write_plan(attributes)
        marked = clock.with_marks(plan)
        for mark in range(len(clock.marks)):
            marked = marked.replace(f"<|{round(mark * clock.seconds, 3):g}s|>", f"{mark * 0.64:g}")
        seconds = attributes.duration
        assert clock.lay_out(marked, seconds) == clock.lay_out(plan, seconds)


def test_states_are_what_is_performed(clock):
    """Found again from the attributes, without the plan; a flash's length is not in a plan."""
    for attributes in iter_attributes(seed=5, count=200):
        seconds = attributes.duration
        emotions, head, action = _shown(clock, write_plan(attributes), seconds)
        shown = [a.category for a in attributes.emotions]
        assert set(emotions) == set(shown)
        assert emotions[0] == shown[0]
        assert (emotions[-1] == shown[-1]) == (
            attributes.transition != "flash"
            or attributes.emotions[1].start + FLASH_SECONDS > (len(emotions) - 1) * clock.seconds
        )
        events = schedule(attributes.actions, seconds)
        begun = {(e.name, int((round(e.start, 1) + 1e-6) / clock.seconds)) for e in events}
        assert {(key, mark) for mark, key in enumerate(action) if key != "-"} <= begun
        assert len({mark for _, mark in begun}) == sum(key != "-" for key in action)
        starts = event_starts(seconds, attributes.head).round(1)
        nodded = {int((start + 1e-6) / clock.seconds) for start in starts}
        assert {mark for mark, key in enumerate(head) if key != "-"} == nodded
        assert read_plan(write_plan(attributes), seconds)
