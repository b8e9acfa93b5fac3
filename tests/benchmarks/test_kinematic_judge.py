"""The kinematic judge's benchmark on performances."""

import numpy as np
import pytest
from common import load_yaml
from kinematic_judge import (
    LADDERS,
    ladder_prompts,
    measure_judge,
    measure_words,
    pair_prompts,
    performed_takes,
)
from kinematic_variants import exchanged, miscounted, regraded, reordered

from tdmm_hf.evaluation.judges.kinematic import KinematicJudge
from tdmm_hf.evaluation.judges.kinematic_items import items
from tdmm_hf.performer.plan import read_plan
from tdmm_hf.prompts.vocabulary import family_of


@pytest.fixture(scope="module")
def rows():
    """The first pair of every kind but the emotions', which are many."""
    first = {row["kind"]: row for row in reversed(load_yaml("changed_words"))}
    return [first[kind] for kind in ("gaze", "action", "count", "subject")]


def test_performed_pairs_change_where_they_should(rows):
    found = measure_words(rows, performed_takes(rows, seeds=2), KinematicJudge())["kinds"]
    assert [found[kind]["changed_percent"] for kind in ("gaze", "action", "count")] == [100.0] * 3
    assert found["all"]["stayed_percent"] == 100.0
    assert found["subject"]["inside_ratio"] is None
    assert found["subject"]["outside_ratio"] == 0.0


def test_swapped_motions_change_everywhere(rows):
    takes = performed_takes(rows, seeds=2)
    swapped = dict(takes)
    for row in rows:
        swapped[pair_prompts(row)[1]] = swapped[pair_prompts(row)[1]][::-1]  # another take
    found = measure_words(rows, swapped, KinematicJudge())["kinds"]["all"]
    assert found["outside_ratio"] > 0.5


def test_the_judge_is_measured_by_kind():
    found = measure_judge(2)["kinds"]
    assert found["emotion"]["sensitivity"]["of"] >= 2
    assert all(0 <= row["percent"] <= 100 for kind in found.values() for row in kind.values())


def test_variants_change_one_thing():
    rng = np.random.default_rng(0)
    asked = read_plan("happy 1 then sad 3 at 2, nod 2, wink left, gaze up")
    happy, sad, nod, wink, gaze = items(asked)
    assert family_of(exchanged(happy, rng).emotions[0].category) != "joy"
    assert family_of(exchanged(happy, rng, sibling=True).emotions[0].category) == "joy"
    assert regraded(happy, rng).emotions[0].intensity >= 3
    assert miscounted(nod, rng).head.count in (1, 3)
    assert miscounted(wink, rng).actions[0].count == 2
    assert exchanged(gaze, rng).gaze not in ("up", "camera")
    assert [span.category for span in reordered(asked).emotions] == [sad.name, happy.name]


def test_ladders_have_five_steps():
    assert all(len(set(ladder_prompts(category))) == 5 for category in LADDERS)
