"""Plans name what a performance does, and nothing that it does not."""

import re

import pytest

from tdmm_hf.performer.plan import read_plan, write_plan
from tdmm_hf.prompts.attributes import Action, Attributes, EmotionSpan, HeadMotion
from tdmm_hf.prompts.suite import iter_attributes


def _span(category, intensity, start=0.0, end=5.0):
    return EmotionSpan(category, category, intensity, start, end)


def test_defaults_go_unsaid():
    assert write_plan(Attributes(5.0, "woman", (_span("happy", 3),))) == "happy 3"


def test_everything_is_said_in_order():
    full = Attributes(
        duration=5.0,
        subject="woman",
        emotions=(_span("calm", 2, 0, 2), _span("afraid", 5, 2, 5)),
        transition="fade",
        manner="sings_softly",
        actions=(Action("blink", 3), Action("wink_left")),
        head=HeadMotion("shake", count=1, speed="slow"),
        gaze="left",
    )
    said = "calm 2 fade afraid 5 at 2, sings softly, shake 1 slow at 1.7"
    acted = "blink 3 at 0.6 at 2.3 at 4, wink left at 2.9"
    assert write_plan(full) == f"{said}, {acted}, gaze left"


def test_events_say_when_they_begin():
    events = Attributes(
        duration=5.0,
        subject="woman",
        emotions=(_span("happy", 3),),
        head=HeadMotion("nod", count=2, start=1.3),
        actions=(Action("blink", 2, start=0.1), Action("smirk", start=2.0)),
    )
    assert write_plan(events) == "happy 3, nod 2 at 1.3 at 2.2, blink 2 at 0.1 at 0.7, smirk at 2"


def test_other_performances_have_other_plans():
    """But for duration, subject and how long a flash lasts, a plan tells all."""

    def asked(a):
        spans = tuple((s.category, s.intensity, s.start) for s in a.emotions)
        return spans, a.transition, a.manner, a.actions, a.head, a.gaze

    drawn = list(iter_attributes(seed=3, count=500))
    plans = {write_plan(a) for a in drawn}
    assert len(plans) == len({asked(a) for a in drawn})


def test_a_plan_reads_as_it_was_written():
    """Two actions that get into each other's way are the exception: one of them may move."""
    moved = 0
    for attributes in iter_attributes(seed=4, count=2000):
        plan = write_plan(attributes)
        again = write_plan(read_plan(plan, attributes.duration))
        assert re.sub(r" at [\d.]+", "", again) == re.sub(r" at [\d.]+", "", plan)
        assert again == plan or len(attributes.actions) > 1
        moved += again != plan
    assert moved <= 20


def test_counts_of_several_digits():
    assert read_plan("happy 3, nod 12").head == HeadMotion("nod", count=12)


def test_a_transition_may_have_its_time():
    first, second = read_plan("calm 3 then happy 5 at 1.2").emotions
    assert (first.end, second.start, second.end) == (1.2, 1.2, 5.0)


@pytest.mark.parametrize("transition", ["then", "fade", "flash"])
def test_transitions_lie_within_the_duration(transition):
    first, second = read_plan(f"calm 3 {transition} happy 5", duration=6.0).emotions
    assert first.start == 0.0
    assert second.start == 3.0
    assert (first.end, second.end) == ((6.0, 3.9) if transition == "flash" else (3.0, 6.0))


def test_a_flash_ends_with_a_short_performance():
    assert read_plan("calm 3 flash happy 5", duration=1.0).emotions[1].end == 1.0


@pytest.mark.parametrize(
    ("plan", "rule"),
    [
        ("", "must begin with an emotion and its intensity, got ''"),
        ("happy", "must begin with an emotion and its intensity, got 'happy'"),
        ("happy 6", "must begin with an emotion and its intensity, got 'happy 6'"),
        ("gleeful 3", "must begin with an emotion and its intensity, got 'gleeful 3'"),
        ("happy 3 then glad 2", "got 'happy 3 then glad 2'"),
        ("happy 3, jumps", "must name keys of the vocabulary, got 'jumps'"),
        ("happy 3, blink quick", "must name keys of the vocabulary, got 'blink quick'"),
        ("happy 3, gaze inward", "must name keys of the vocabulary, got 'gaze inward'"),
        ("happy 3,nod", "got 'happy 3,nod'"),
        ("happy 3, tilt left quick", "must name keys of the vocabulary, got 'tilt left quick'"),
        ("happy 3, nod 0", "must name keys of the vocabulary, got 'nod 0'"),
        ("happy 3, nod at 1.2.3", "must name keys of the vocabulary, got 'nod at 1.2.3'"),
        ("happy 3, nod 2, shake", "must have one head at most, got 'happy 3, nod 2, shake'"),
    ],
)
def test_what_is_no_plan(plan, rule):
    with pytest.raises(ValueError, match=rule):
        read_plan(plan)
