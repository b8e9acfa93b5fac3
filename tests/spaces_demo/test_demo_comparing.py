import re

import pytest

from tdmm_hf.prompts.parsing import parse_description
from tdmm_hf.spaces_demo import comparing


@pytest.mark.parametrize(("count", "chosen"), [(2, [1, 5]), (3, [1, 3, 5]), (4, [1, 2, 4, 5])])
def test_grades_are_far_apart(count, chosen):
    assert comparing.grades(count) == chosen


def test_a_plan_is_said_at_each_intensity_and_otherwise_alike():
    plan = "surprised 4, speaks bursts, nod 2 at 0.6 at 3"
    prompts = comparing.graded_prompts(plan, 5.0, [1, 3, 5])
    assert len(set(prompts)) == 3
    read = [parse_description(prompt) for prompt in prompts]
    assert {(one.head, one.head_count, one.manner_key) for one in read} == {
        ("nod", 2, "speaks_bursts")
    }
    ungraded = {re.sub("faint|moderate|extreme", "some", prompt) for prompt in prompts}
    assert len(ungraded) == 1


def test_without_a_plan_there_are_no_intensities():
    with pytest.raises(ValueError, match="that the model can read"):
        comparing.graded_prompts("", 5.0, [1, 5])


def test_an_unknown_way_is_refused():
    with pytest.raises(ValueError, match="seeds, intensities, got 'heads'"):
        comparing.line_up("none", "She nods.", "heads", 2, 2.0, 0)


def test_what_visitors_write_is_escaped():
    row = {"label": "seed 1", "asked": "<script>alert(1)</script>", "read_as": "", "says": "a & b"}
    written = comparing.cards([row])
    assert "<script>" not in written
    assert "a &amp; b" in written
