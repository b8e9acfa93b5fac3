"""What the benchmark of the test splits counts as right."""

import pytest

from tdmm_hf.performer.plan import read_plan

splits = pytest.importorskip("splits")
TRUTH = read_plan("angry 4 then sad 2 at 2, whispers, nod 3 at 0.5 at 1.5 at 2.5", 5.0)


@pytest.mark.parametrize(
    ("plan", "wrong"),
    [
        ("angry 4 then sad 2 at 2, whispers, nod 3", set()),
        ("furious 3 then lonely 5 at 3, whispers, nod 2", set()),
        ("sad 4 then angry 2 at 2, whispers, nod 3", {"families"}),
        ("angry 2, whispers, nod 3", {"families", "intensity"}),
        ("angry 4 then sad 2 at 2, shouts, shake 3", {"manner", "head"}),
        ("angry 4 then sad 2 at 2, whispers, nod 1", {"head"}),
        ("no plan at all", {"families", "intensity", "manner", "head"}),
    ],
)
def test_what_a_plan_has_right(plan, wrong):
    assert {part for part, right in splits.reads(TRUTH, plan).items() if not right} == wrong


def test_figures_are_percent_of_the_clips():
    plans = ["angry 4 then sad 2 at 2, whispers, nod 3", "calm 4"]
    figures = splits.read_figures([TRUTH, TRUTH], plans)
    assert figures == {"families": 50.0, "intensity": 100.0, "manner": 50.0, "head": 50.0}


def test_clips_are_those_of_the_split_and_short():
    rows = splits.clips("test", 3)
    assert all(row["id"].startswith("test-") for row in rows)
    assert all(row["attributes"]["duration"] <= splits.LONGEST for row in rows)
    assert [row["text"] for row in rows] == [row["text"] for row in splits.clips("test", 3)]
