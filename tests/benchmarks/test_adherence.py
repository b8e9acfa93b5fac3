"""The adherence scores, over motions made by hand and a pipeline that only looks like one."""

import adherence
import numpy as np
import pytest
from common import DATA, load_yaml

from tdmm_hf.evaluation.cues import Baseline, clauses, load_cues
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import get_space

ARKIT = get_space("arkit")
CUES = load_cues(DATA / "cues.yaml")
FAMILIES = {
    "joy",
    "affection",
    "pride",
    "sadness",
    "anger",
    "fear",
    "surprise",
    "disgust",
    "contempt",
    "confusion",
    "boredom",
    "pain",
    "shame",
    "interest",
    "determination",
    "tiredness",
    "pouting",
    "calm",
}
HEAD_KEYS = {
    "natural",
    "still",
    "nod",
    "shake",
    "bob",
    "sway",
    "tilt_left",
    "tilt_right",
    "turn_left",
    "turn_right",
    "raise",
    "lower",
    "circle",
    "look_around",
}


def motion_of(frames=50, **curves) -> FaceMotion:
    values = np.zeros((frames, len(ARKIT.channels)))
    for channel, curve in curves.items():
        values[:, ARKIT.index(channel)] = curve
    return FaceMotion(values)


def smiling(weight: float) -> FaceMotion:
    return motion_of(mouthSmileLeft=weight, mouthSmileRight=weight)


STILL = Baseline([motion_of(), motion_of()])


def test_prompts_are_many_distinct_and_cover_the_families():
    entries = load_yaml("prompts")
    assert len(entries) >= 100
    assert len({entry["prompt"] for entry in entries}) == len(entries)
    assert {entry["family"] for entry in entries} == FAMILIES | {"action"}
    assert all(clauses(entry, CUES) for entry in entries + load_yaml("long_prompts"))


def test_ladders_have_five_steps_and_known_cues():
    ladders = load_yaml("ladders")
    assert len(ladders) >= 20
    assert all(len(ladder["steps"]) == 5 for ladder in ladders)
    assert {name for ladder in ladders for name in ladder["strength"]} <= set(CUES)


def test_head_prompts_name_known_keys():
    entries = load_yaml("head_prompts")
    assert len(entries) == 40
    assert {key for entry in entries for key in entry["key"]} <= HEAD_KEYS


def test_prompt_adherence_counts_prompts_times_seeds():
    entries = [
        {"family": "joy", "prompt": "happy", "cues": ["smile"]},
        {"family": "anger", "prompt": "angry", "cues": ["brows_down"]},
    ]
    motions = [[smiling(0.5), motion_of()], [smiling(0.01), motion_of(browDownLeft=0.5)]]
    result = adherence.prompt_adherence(entries, motions, STILL, CUES)
    assert result["adherence_percent"] == 50.0
    assert result["chance_percent"] == 0.0
    assert result["families"] == {"joy": 50.0, "anger": 50.0}
    assert result["failing"][0] == {"prompt": "happy", "missed": [[], ["smile"]]}


def test_ladder_pairs_must_rise():
    ladders = [
        {"strength": ["smile"], "steps": ["a", "b", "c"]},
        {"strength": ["brows_down"], "steps": ["d", "e"]},
    ]
    takes = [smiling(0.1), smiling(0.3), smiling(0.3), motion_of(), motion_of(browDownLeft=0.4)]
    result = adherence.ladder_adherence(ladders, [takes, takes], CUES)
    assert result["pairs"] == 3
    assert result["rising_percent"] == pytest.approx(66.7)


def test_long_motions_must_keep_moving_and_keep_the_cue():
    moving = 0.4 + 0.1 * np.sin(np.arange(90))
    kept = motion_of(90, mouthSmileLeft=moving, mouthSmileRight=moving)
    faded = np.where(np.arange(90) < 45, moving, 0.0)
    entry = {"prompt": "happy", "cues": ["smile"]}
    row = adherence.long_row(entry, kept, 3.6, STILL, CUES)
    assert (row["exact_frames"], row["still_moving"], row["missed"]) == (True, True, [])
    lost = motion_of(90, mouthSmileLeft=faded, mouthSmileRight=faded)
    row = adherence.long_row(entry, lost, 4.0, STILL, CUES)
    assert (row["exact_frames"], row["still_moving"], row["missed"]) == (False, False, ["smile"])
