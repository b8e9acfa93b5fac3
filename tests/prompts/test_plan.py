"""Plans name what a performance does, and nothing that it does not."""

import pytest

from tdmm_hf.prompts.attributes import Action, Attributes, EmotionSpan, HeadMotion
from tdmm_hf.prompts.plan import read_plan, write_plan
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
    said = "calm 2 fade afraid 5, sings softly, shake 1 slow, blink 3, wink left, gaze left"
    assert write_plan(full) == said


def test_other_performances_have_other_plans():
    """But for duration, times and subject, a plan tells all that a prompt asks for."""

    def asked(a):
        spans = tuple((s.category, s.intensity) for s in a.emotions)
        actions = tuple((x.name, x.count) for x in a.actions)
        return spans, a.transition, a.manner, actions, a.head, a.gaze

    drawn = list(iter_attributes(seed=3, count=500))
    plans = {write_plan(a) for a in drawn}
    assert len(plans) == len({asked(a) for a in drawn})


def test_a_plan_reads_as_it_was_written():
    for attributes in iter_attributes(seed=4, count=500):
        plan = write_plan(attributes)
        assert write_plan(read_plan(plan)) == plan


@pytest.mark.parametrize("transition", ["then", "fade", "flash"])
def test_transitions_lie_within_the_duration(transition):
    first, second = read_plan(f"calm 3 {transition} happy 5", duration=6.0).emotions
    assert first.start == 0.0
    assert second.start == 3.0
    assert (first.end, second.end) == ((6.0, 3.9) if transition == "flash" else (3.0, 6.0))


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
    ],
)
def test_what_is_no_plan(plan, rule):
    with pytest.raises(ValueError, match=rule):
        read_plan(plan)
