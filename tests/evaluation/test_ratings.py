"""Ratings: kept whole, added up by hand-checked figures."""

import json
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdmm_hf.evaluation.ratings import (
    FILMS,
    Answer,
    Answers,
    Clip,
    Pair,
    Study,
    load_study,
    report,
)


def answer(pair="p", fits="left", natural="equal", left=4, right=2, visit="v", **models):
    both = {"left_model": "ours", "right_model": "theirs", **models}
    return Answer(pair, *both.values(), fits, natural, left, right, visit)


SWAPPED = {"left_model": "theirs", "right_model": "ours"}


def test_rates_follow_the_model_not_the_side():
    answers = [answer(visit=str(i)) for i in range(6)]
    answers += [answer(fits="right", visit=f"s{i}", left=1, right=5, **SWAPPED) for i in range(2)]
    answers += [answer(fits="left", visit="t", left=3, right=3, **SWAPPED)]
    found = report(answers)
    (one,) = found.comparisons
    assert (one.model, one.other, one.answers, one.pairs) == ("ours", "theirs", 9, 1)
    assert (one.fits.wins, one.fits.losses, one.fits.equal) == (8, 1, 0)
    assert one.fits.rate == pytest.approx(8 / 9)
    assert (one.natural.equal, one.natural.rate, one.natural.interval) == (9, None, None)
    ours, theirs = found.scores
    assert ours.mean == pytest.approx((6 * 4 + 2 * 5 + 3) / 9)
    assert theirs.mean == pytest.approx((6 * 2 + 2 * 1 + 3) / 9)
    assert found.left.wins == 7
    assert found.visits == 9


def test_wilson_by_hand():
    """8 of 10: centre (0.8 + z²/20) / (1 + z²/10), z = 1.959964."""
    answers = [answer(fits="left" if i < 8 else "right", visit=str(i)) for i in range(10)]
    share = report(answers).comparisons[0].fits
    assert share.interval == pytest.approx((0.49016, 0.94332), abs=1e-4)
    assert share.p == pytest.approx(2 * 56 / 1024)


def test_scores_are_means_over_pairs_with_an_interval_over_pairs():
    many = [answer(pair="often", left=5, visit=str(i)) for i in range(30)]
    few = [answer(pair=f"once {i}", left=1 + i, visit="v") for i in range(3)]
    ours = report(many + few).scores[0]
    assert ours.mean == pytest.approx((5 + 1 + 2 + 3) / 4)
    assert 1 <= ours.interval[0] < ours.mean < ours.interval[1] <= 5
    assert report(many).scores[0].interval is None
    assert report(many + few) == report(many + few)


CHOICE = st.sampled_from(["left", "right", "equal"])


@given(st.lists(st.tuples(CHOICE, CHOICE, st.integers(1, 5), st.booleans()), min_size=1))
def test_exchanging_sides_changes_no_rate(rows):
    turned = {"left": "right", "right": "left", "equal": "equal"}
    one = [answer(fits=f, natural=n, left=s, visit=str(i)) for i, (f, n, s, _) in enumerate(rows)]
    other = [
        answer(fits=turned[f], natural=turned[n], left=2, right=s, visit=str(i), **SWAPPED)
        if turn
        else one[i]
        for i, (f, n, s, turn) in enumerate(rows)
    ]
    first, second = report(one), report(other)
    assert first.comparisons == second.comparisons
    assert first.scores == second.scores
    share = first.comparisons[0].fits
    assert share.wins + share.losses + share.equal == len(rows)
    if share.rate is not None:
        assert 0 <= share.interval[0] <= share.rate <= share.interval[1] <= 1


def test_answers_are_kept_and_not_twice(tmp_path):
    kept = Answers(tmp_path / "a.sqlite")
    assert kept.add(answer())
    assert not kept.add(answer(fits="right"))
    assert kept.add(answer(visit="w"))
    assert Answers(tmp_path / "a.sqlite").all() == [answer(), answer(visit="w")]


def test_nothing_personal_has_a_column(tmp_path):
    Answers(tmp_path / "a.sqlite")
    database = sqlite3.connect(tmp_path / "a.sqlite")
    columns = {row[1] for row in database.execute("PRAGMA table_info(answers)")}
    assert columns == set(vars(answer()))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"fits": "both"}, "fits must be one of left, right, equal, got 'both'"),
        ({"natural": None}, "natural must be one of"),
        ({"left": 0}, "left_score must be 1 to 5, got 0"),
        ({"right": 6}, "right_score must be 1 to 5, got 6"),
    ],
)
def test_what_is_no_answer_is_refused(change, rule):
    with pytest.raises(ValueError, match=rule):
        answer(**change)


def test_a_file_of_something_else_is_refused(tmp_path):
    (tmp_path / "a.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(ValueError, match=r"a\.sqlite is no file of answers"):
        Answers(tmp_path / "a.sqlite")
    with pytest.raises(OSError, match="must go into a folder"):
        Answers(tmp_path / "none" / "a.sqlite")
    with pytest.raises(ValueError, match="one answer at least"):
        report([])


@pytest.fixture
def study(tmp_path):
    (tmp_path / FILMS).mkdir()
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / FILMS / name).write_bytes(b"film")
    pair = Pair("0000", "She nods.", (Clip("ours", "a.mp4"), Clip("theirs", "b.mp4")))
    made = Study(tmp_path, (pair,))
    made.write()
    return made


def test_a_study_comes_back(study):
    assert load_study(study.folder) == study


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda found: found.update(version=2), "version must be 1, got 2"),
        (lambda found: found.update(pairs=3), "holds no study"),
        (lambda found: found.update(pairs=[]), "ids of their own, got 0"),
        (lambda found: found["pairs"].append(found["pairs"][0]), "ids of their own, got 2"),
        (lambda found: found["pairs"][0]["clips"].pop(), "holds no study"),
        (lambda found: found["pairs"][0].update(prompt=""), "must be told in texts"),
        (lambda found: found["pairs"][0]["clips"][0].update(film="c.mp4"), "not there: c.mp4"),
        (
            lambda found: found["pairs"][0]["clips"][0].update(film="../x"),
            "films must lie in films",
        ),
    ],
)
def test_what_is_no_study_is_refused(study, change, rule):
    path = study.folder / "study.json"
    found = json.loads(path.read_text())
    change(found)
    path.write_text(json.dumps(found))
    with pytest.raises(ValueError, match=rule) as caught:
        load_study(study.folder)
    assert "\n" not in str(caught.value)
