"""Plans name what a performance does, and nothing that it does not."""

from tdmm_hf.prompts.attributes import Action, Attributes, EmotionSpan, HeadMotion
from tdmm_hf.prompts.plan import write_plan
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
