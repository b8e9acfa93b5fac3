"""The kinematic judge on performances of which we know what they are."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tdmm_hf.evaluation.cues import Baseline
from tdmm_hf.evaluation.judges.kinematic import KinematicJudge
from tdmm_hf.evaluation.judges.kinematic_events import find_actions, find_head_motions
from tdmm_hf.evaluation.judges.kinematic_items import (
    action_channels,
    emotion_channels,
    gaze_channels,
    head_channels,
    items,
    manner_channels,
)
from tdmm_hf.evaluation.judges.kinematic_order import best_split, parted
from tdmm_hf.evaluation.judges.kinematic_verdicts import ItemVerdict, KinematicVerdict
from tdmm_hf.evaluation.judges.kinematic_words import grade_of, reasons
from tdmm_hf.motion import FaceMotion
from tdmm_hf.performer import perform
from tdmm_hf.performer.plan import read_plan
from tdmm_hf.performer.tables import ARKIT, expressions, table
from tdmm_hf.prompts.vocabulary import load_vocabulary

JUDGE = KinematicJudge()
SECONDS = 4.0


def played(plan: str, seed: int = 11) -> FaceMotion:
    return perform(read_plan(plan, SECONDS), seed)


def seen(plan: str, motion: FaceMotion, place: int = 0) -> ItemVerdict:
    return JUDGE.judge(motion, plan).items[place]


@pytest.mark.parametrize(
    ("plan", "other", "place"),
    [
        ("happy 4", "angry 4", 0),
        ("sad 2, nod 2", "sad 2, shake 2", 1),
        ("calm 3, wink left", "calm 3, wink right", 1),
        ("angry 3, gaze left", "angry 3, gaze right", 1),
        ("happy 3, sobs", "happy 3, speaks steadily", 1),
        ("sad 3, turn left", "sad 3, turn right", 1),
        ("proud 3, jaw left 2", "proud 3, cheek puff 2", 1),
    ],
)
def test_yes_to_what_is_there_and_no_to_another(plan, other, place):
    assert seen(plan, played(plan), place).holds
    assert not seen(plan, played(other), place).shown


@pytest.mark.parametrize("plan", ["happy 3, nod 2", "sad 3, tongue out 2", "happy 3, wobble 2"])
def test_a_number_is_counted(plan):
    right, more = played(plan), played(plan.replace(" 2", " 3"))
    assert (seen(plan, right, 1).counted, seen(plan, more, 1).counted) == (2, 3)
    assert seen(plan, right, 1).holds
    assert not seen(plan, more, 1).holds
    assert seen(plan, more, 1).reasons == ("seen 3 times instead of 2",)


@pytest.mark.parametrize("transition", ["then", "fade"])
def test_order_counts(transition):
    asked = f"happy 4 {transition} sad 4 at 2"
    motion = played(asked)
    turned = played(f"sad 4 {transition} happy 4 at 2")
    assert [item.holds for item in JUDGE.judge(motion, asked).items] == [True, True]
    assert [item.order for item in JUDGE.judge(turned, asked).items] == [False, False]


def test_a_passage_may_come_at_another_time():
    verdict = JUDGE.judge(played("happy 4 then sad 4 at 2.8"), "happy 4 then sad 4 at 1.6")
    assert verdict.holds


def test_a_flash_that_stays_is_none():
    asked = "happy 4 flash angry 4 at 1.4"
    assert JUDGE.judge(played(asked), asked).holds
    assert not JUDGE.judge(played("happy 4 then angry 4 at 1.4"), asked).holds


def test_amounts_rise_with_the_intensity():
    steps = [f"surprised {grade}" for grade in range(1, 6)]
    amounts = JUDGE.ladder([played(step) for step in steps], steps)
    assert list(amounts) == sorted(amounts)
    assert amounts[-1] == pytest.approx(1.0, abs=0.3)


def test_a_weak_expression_is_called_weak():
    verdict = seen("happy 5", played("happy 2"))
    assert verdict.shown
    assert not verdict.holds
    assert verdict.graded < 4
    assert verdict.score < seen("happy 5", played("happy 5")).score
    assert "weak" in verdict.reasons[0]


def test_neutral_asks_for_nothing():
    assert seen("neutral 3", played("neutral 3")).shown
    busy = seen("neutral 3", played("happy 4"))
    assert not busy.shown
    assert "mouthSmile" in busy.reasons[0]
    assert seen("neutral 3, laughs", played("neutral 3, laughs")).shown


def test_what_nobody_could_tell_does_not_count():
    verdict = JUDGE.judge(played("calm 1, shouts"), "calm 1, shouts")
    assert [item.told for item in verdict.items] == [False, True]
    assert verdict.score == verdict.items[1].score


def test_start_is_that_of_the_action_and_not_its_peak():
    verdict = seen("sad 3, cheek puff at 2", played("sad 3, cheek puff at 2"), 1)
    assert verdict.started == pytest.approx(2.0, abs=0.15)


def test_the_baseline_takes_off_a_resting_face():
    rest = np.zeros(len(ARKIT.channels))
    rest[ARKIT.indices(("mouthSmileLeft", "mouthSmileRight"))] = 0.3
    neutral = [played("neutral 3", seed) for seed in (21, 22, 23)]

    def smiling(motion):
        return replace(motion, values=motion.values + rest)

    judge = KinematicJudge(Baseline([smiling(motion) for motion in neutral]))
    plain = KinematicJudge(Baseline(neutral)).judge(played("sad 4"), "sad 4").items[0]
    assert judge.judge(smiling(played("sad 4")), "sad 4").items[0].amount == pytest.approx(
        plain.amount, abs=1e-3
    )


def test_unseen_frames_are_bridged_and_unknown_channels_left_out():
    motion = played("happy 4, nod 2")
    valid, values = np.ones(motion.num_frames, dtype=bool), motion.values.copy()
    valid[40:44], values[40:44] = False, 0.0
    assert JUDGE.judge(replace(motion, values=values, valid=valid), "happy 4, nod 2").holds
    observed = np.ones(len(ARKIT.channels), dtype=bool)
    observed[ARKIT.index("tongueOut")] = False
    blind = replace(played("happy 4, tongue out"), observed=observed)
    assert not seen("happy 4, tongue out", blind, 1).shown


def test_what_it_refuses():
    motion = played("happy 3")
    with pytest.raises(ValueError, match="as long as the motion"):
        JUDGE.judge(motion, read_plan("happy 3", 9.0))
    with pytest.raises(ValueError, match="a plan must"):
        JUDGE.judge(motion, "no plan")
    with pytest.raises(ValueError, match="space 'arkit', got 'flame'"):
        JUDGE.judge(FaceMotion(np.zeros((50, 58)), space="flame"), "happy 3")
    unseen = replace(motion, valid=np.zeros(motion.num_frames, dtype=bool))
    with pytest.raises(ValueError, match="two seen frames, got 0"):
        JUDGE.judge(unseen, "happy 3")
    with pytest.raises(ValueError, match="1 motions and 1 steps"):
        JUDGE.ladder([motion], ["happy 3"])


def test_every_key_names_channels_of_the_space():
    vocabulary = load_vocabulary()
    named = [emotion_channels(key, 5) for key in expressions() if key != "neutral"]
    named += [action_channels(key) for key in vocabulary.actions]
    named += [manner_channels(key) for key in vocabulary.manners if key != "silent"]
    named += [head_channels(key) for key, row in table("head").items() if row["kind"] != "drift"]
    named += [gaze_channels(key) for key in vocabulary.gazes if key not in ("camera", "stare")]
    assert all(named)
    assert {channel for one in named for channel in one} <= set(ARKIT.channels)


def test_named_channels_say_which_way():
    assert head_channels("raise")["headPitch"] < 0 < head_channels("lower")["headPitch"]
    assert set(gaze_channels("left")) == {"eyeLookOutLeft", "eyeLookInRight"}
    assert len(gaze_channels("shifty")) == 4
    assert next(iter(action_channels("wink_right"))) == "eyeBlinkRight"


def test_items_leave_out_defaults():
    assert [item.kind for item in items(read_plan("happy 3", SECONDS))] == ["emotion"]
    kinds = [item.kind for item in items(read_plan("happy 3, sings, bob, blink, gaze up", SECONDS))]
    assert kinds == ["emotion", "manner", "head", "action", "gaze"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_counts_of_head_motions_and_actions(seed):
    asked = read_plan("bored 2, shake 3 quick, brow raise 2", 5.0)
    motion = perform(asked, seed)
    assert len(find_head_motions(motion, "shake")) == 3
    assert len(find_actions(motion, "brow_raise")) == 2
    assert len(find_actions(motion, "tongue_out")) == 0


def test_best_split_parts_the_second_from_the_first():
    which = np.repeat([0.0, 1.0], [30, 70])
    assert best_split(which) == 30
    assert parted(which, 30) == 1.0


def test_scores():
    shown = ItemVerdict("head", "nod", True, 1.0, 1.0)
    assert replace(shown, amount=0.35).score == pytest.approx(0.5)
    assert replace(shown, amount=3.4).score == pytest.approx(0.5)
    assert replace(shown, order=False).score == 0.5
    assert replace(shown, count=2, counted=5).score == 0.0
    assert replace(shown, shown=False).score == 0.0
    untold = replace(shown, shown=False, told=False)
    assert KinematicVerdict((shown, untold)).holds
    assert KinematicVerdict((untold,)).score is None


def test_verdicts_are_plain_data_and_words():
    verdict = JUDGE.judge(played("happy 4, nod 2"), "happy 4, nod 2")
    assert json.loads(json.dumps(verdict.to_dict()))["holds"] is True
    assert verdict.lines()[-1] == f"score {verdict.score:.2f}"
    smile = verdict.items[0].moves[0]
    assert (smile.channel, smile.moved) == ("mouthSmile", True)


def test_reasons_and_grades():
    late = ItemVerdict(
        "action", "blink", True, 1.0, 1.0, count=1, counted=1, start=1.0, started=3.0
    )
    assert reasons(late) == ("at 3.0 s instead of 1.0 s",)
    assert reasons(replace(late, told=False))[0].startswith("cannot be told")
    assert [grade_of(5, amount) for amount in (0.2, 0.6, 1.0)] == [1, 3, 5]
