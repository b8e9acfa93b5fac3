"""What counts as a right reading of a prompt."""

import leads
import pytest


@pytest.mark.parametrize(
    ("plan", "family", "right"),
    [
        ("furious 4, shouts", "anger", True),
        ("calm 2 then furious 4", "anger", False),
        ("furious", "anger", False),
        ("", "calm", False),
    ],
)
def test_the_first_emotion_names_the_family(plan, family, right):
    assert leads.names_family(plan, family) == right


@pytest.mark.parametrize(
    ("plan", "right"),
    [
        ("happy 3, nod 2 at 1.5, blink", True),
        ("happy 3, bob", True),
        ("happy 3, nod 4", False),
        ("happy 3, shake 2", False),
        ("happy 3", False),
        ("happy", False),
    ],
)
def test_a_head_motion_and_its_count(plan, right):
    twice, any_number = ({"key": ["nod", "bob"], "count": count} for count in (2, None))
    assert leads.plans_head(plan, any_number) == (right or plan == "happy 3, nod 4")
    assert leads.plans_head(plan, twice) == (right and "nod" in plan)


def test_the_strongest_emotion_counts():
    assert leads.strongest("calm 2 fade afraid 5, nod 4") == 5
    assert leads.strongest("nonsense") == 0
