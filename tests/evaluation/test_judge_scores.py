"""Scores of the offline judge: what each part of the rubric takes away."""

import dataclasses

import numpy as np
import pytest

from tdmm_hf.evaluation.judges import OfflineJudge
from tdmm_hf.evaluation.judges.reading import read_caption
from tdmm_hf.evaluation.judges.scoring import likeness, score
from tdmm_hf.evaluation.judges.verdicts import (
    HIGHEST,
    LOWEST,
    SCORES,
    JudgeInfo,
    Judgement,
    Verdict,
    load_rubric,
)
from tdmm_hf.prompts.attributes import Action, Attributes, EmotionSpan, HeadMotion
from tdmm_hf.prompts.suite import iter_attributes
from tdmm_hf.prompts.vocabulary import load_vocabulary
from tdmm_hf.prompts.wording import describe

SAD = Attributes(
    5.0,
    "woman",
    (EmotionSpan("sad", "sad", 2, 0.0, 5.0),),
    manner="whispers",
    actions=(Action("blink", 2),),
    head=HeadMotion("nod", count=2),
    gaze="down",
)
TWO = dataclasses.replace(
    SAD,
    emotions=(EmotionSpan("angry", "angry", 4, 0, 2), EmotionSpan("calm", "calm", 2, 2, 5)),
    transition="then",
)
FLASH = dataclasses.replace(TWO, transition="flash")


def scores(caption: str, truth: Attributes) -> tuple[int, int, int]:
    verdict = score(read_caption(caption), truth)
    return verdict.emotion, verdict.motion, verdict.intensity


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("Slightly sad, she whispers, nods twice, blinks twice and looks down.", (5, 5, 5)),
        ("She looks a bit gloomy, whispers, nods twice, blinks twice, eyes down.", (5, 5, 5)),
        ("She is extremely sad.", (5, 1, 2)),
        ("She is slightly happy and whispers, nods twice, blinks twice, looks down.", (1, 5, 5)),
        ("She isn't sad; she whispers, nods three times, blinks twice and looks down.", (1, 5, 1)),
        ("Slightly sad and very proud, she whispers.", (3, 2, 5)),
        ("She shouts, shakes her head and looks up.", (1, 1, 1)),
        ("", (1, 1, 1)),
    ],
)
def test_one_emotion(caption, expected):
    assert scores(caption, SAD) == expected


@pytest.mark.parametrize(
    ("truth", "caption", "expected"),
    [
        (TWO, "very angry, then slightly calm", 5),
        (TWO, "very angry, slowly fading into slight calm", 5),
        (TWO, "slightly calm, then very angry", 4),
        (TWO, "very angry", 3),
        (TWO, "very angry, with a brief flash of calm", 4),
        (TWO, "very sad, then very bored", 1),
        (FLASH, "very angry, with a brief flash of calm", 5),
        (FLASH, "very angry", 4),
        (FLASH, "slightly calm", 2),
    ],
)
def test_two_emotions(truth, caption, expected):
    assert scores(caption, truth)[0] == expected


@pytest.mark.parametrize(
    ("caption", "expected"),
    [("sad", 4), ("a hint of sadness", 4), ("very sad", 3), ("utterly sad", 2), ("nods", 1)],
)
def test_intensity_falls_a_point_a_step(caption, expected):
    assert scores(caption, SAD)[2] == expected


def test_where_nothing_moves_nothing_need_be_told():
    still = dataclasses.replace(SAD, manner="silent", actions=(), head=HeadMotion(), gaze="camera")
    assert scores("slightly sad", still) == (5, 5, 5)
    assert scores("slightly sad, saying nothing", still) == (5, 5, 5)
    assert scores("slightly sad, singing", still)[1] == 1


def test_a_mirrored_motion_is_half_wrong_at_most_of_its_kind():
    left = dataclasses.replace(
        SAD, manner="silent", actions=(), head=HeadMotion("tilt_left"), gaze="camera"
    )
    assert scores("sad, head tilted to the left", left)[1] == 5
    assert scores("sad, head tilted to one side", left)[1] == 5
    assert scores("sad, head tilted to the right", left)[1] == 1


def test_reasons_name_what_is_wrong():
    verdict = score(read_caption("very proud, nods three times"), SAD)
    assert verdict.reasons == (
        "emotion: says proud, is sad",
        "manner: says nothing, is whispers",
        "head: says 3 times, are 2",
        "gaze: says nothing, is down",
        "action: blink left out",
        "intensity: says 4 of sad, is 2",
    )


def test_likeness_is_symmetric_and_highest_for_itself():
    keys = list(load_vocabulary().emotions)[::9]
    for one in keys:
        assert likeness(one, one) == 1.0
        assert all(
            likeness(one, other) == likeness(other, one) < 1.0 for other in keys if other != one
        )


def test_true_descriptions_score_high_and_another_clips_low():
    clips = list(iter_attributes(seed=5, count=40))
    texts = [describe(clip, np.random.default_rng(0)) for clip in clips]
    judge = OfflineJudge()
    own = judge.judge(texts, clips).summary()
    others = judge.judge(texts[1:] + texts[:1], clips).summary()
    for label in SCORES.values():
        assert own[label]["mean"] > 4.7
        assert own[label]["mean"] > others[label]["mean"] + 1
    assert own["judge"] == {"name": "offline", "model": "caption reader 1", "rubric": "1"}


def test_summary_counts_what_was_unreadable():
    info = JudgeInfo("llm", "m", "1")
    summary = Judgement(info, (Verdict(5, 3, 1), None, Verdict(3, 3, 1))).summary()
    assert (summary["captions"], summary["unreadable"]) == (2, 1)
    assert summary["CorE"] == {"mean": 4.0, "ci95": 1.96}
    assert summary["CorM"] == {"mean": 3.0, "ci95": 0.0}
    assert Judgement(info, (None,)).summary()["CorI"] == {"mean": None, "ci95": None}


def test_bad_arguments():
    with pytest.raises(ValueError, match="captions and truths must be as many, got 1 and 0"):
        OfflineJudge().judge(["x"], [])
    with pytest.raises(ValueError, match="a truth must have an emotion, got none in the one at 0"):
        OfflineJudge().judge(["x"], [dataclasses.replace(SAD, emotions=())])
    with pytest.raises(ValueError, match="motion must be 1 to 5, got 6"):
        Verdict(5, 6, 1)


def test_the_rubric_names_every_level_and_only_keys_of_the_vocabulary():
    rubric, vocabulary = load_rubric(), load_vocabulary()
    for name in SCORES:
        assert sorted(rubric["levels"][name]) == list(range(LOWEST, HIGHEST + 1))
    tables = {
        "head": vocabulary.head_motions, "action": vocabulary.actions, "gaze": vocabulary.gazes
    }  # fmt: skip
    for about, rows in rubric["related"].items():
        assert {key for row in rows for key in row} <= set(tables[about])
