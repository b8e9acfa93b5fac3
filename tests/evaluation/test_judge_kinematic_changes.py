"""Where a changed word changes a motion, and the pairs of prompts that ask it."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml

from tdmm_hf.evaluation.judges.kinematic_changes import change, difference, take_noise, wording
from tdmm_hf.evaluation.judges.kinematic_items import items
from tdmm_hf.motion import FaceMotion
from tdmm_hf.performer import perform
from tdmm_hf.performer.plan import read_plan
from tdmm_hf.performer.tables import ARKIT

PAIRS = Path(__file__).parents[2] / "benchmarks" / "data" / "changed_words.yaml"
SECONDS = 3.0


@pytest.fixture(scope="module")
def rows():
    return yaml.safe_load(PAIRS.read_text(encoding="utf-8"))


def takes_of(*plans: str) -> list[list[FaceMotion]]:
    return [[perform(read_plan(plan, SECONDS), seed) for seed in (5, 6)] for plan in plans]


@pytest.mark.parametrize(
    "plans",
    [
        ("happy 3, gaze left", "happy 3, gaze right"),
        ("happy 3, pout", "happy 3, tongue out"),
        ("sad 1", "sad 5"),
        ("sad 3, turn left", "sad 3, tilt left"),
    ],
)
def test_a_performance_changes_where_it_should_and_nowhere_else(plans):
    takes = takes_of(*plans)
    asked = wording(*(read_plan(plan, SECONDS) for plan in plans))
    seen = change(takes[0][0], takes[1][0], asked, take_noise(takes))
    assert seen.outside < 0.3 < 1.0 < seen.inside
    assert seen.share > 0.5


def test_another_take_changes_everywhere():
    takes = takes_of("happy 3, gaze left", "happy 3, gaze right")
    asked = wording(*(read_plan(f"happy 3, gaze {side}", SECONDS) for side in ("left", "right")))
    assert change(takes[0][0], takes[0][1], asked, take_noise(takes)).outside > 0.5


def test_where_nothing_is_asked_to_change_all_is_outside():
    plan = read_plan("happy 3", SECONDS)
    asked = wording(plan, plan)
    assert (asked.before, asked.after) == ((), ())
    assert asked.outside.all()
    motion = perform(plan, 1)
    same = change(motion, motion, asked, np.ones(len(ARKIT.channels)))
    assert np.isnan(same.inside)
    assert (same.outside, same.share) == (0.0, 0.0)


def test_difference_is_the_root_mean_square():
    one, other = np.zeros((4, 55)), np.zeros((4, 55))
    other[:2, 3] = 0.5
    assert difference(FaceMotion(one), FaceMotion(other))[3] == pytest.approx(np.sqrt(0.125))
    with pytest.raises(ValueError, match="got 4 and 3 frames"):
        difference(FaceMotion(one), FaceMotion(other[:3]))


def test_pairs_differ_in_one_word(rows):
    assert len(rows) >= 60
    kinds = Counter(row["kind"] for row in rows)
    assert min(kinds.values()) >= 6
    assert set(kinds) == {
        "emotion", "intensity", "head", "count", "action", "gaze", "manner", "subject",
    }  # fmt: skip
    for row in rows:
        assert row["prompt"].count("{}") == 1
        assert len(row["words"]) == 2
        assert all(word.isalpha() for word in row["words"])


def test_plans_of_pairs_differ_in_the_item_that_is_named(rows):
    of_kind = {"intensity": "emotion", "count": None}
    for row in rows:
        one, other = (read_plan(row["plan"].format(key)) for key in row.get("keys", row["words"]))
        wanted = [
            {(item.kind, item.name, item.count, item.grade) for item in items(plan)}
            for plan in (one, other)
        ]
        found = {kind for kind, *_ in wanted[0] ^ wanted[1]}
        if row["kind"] == "subject":
            assert one == other
        elif row["kind"] == "count":
            assert found in ({"head"}, {"action"})
        else:
            assert found == {of_kind.get(row["kind"], row["kind"])}
