"""The wide axes: every action, head motion and gaze shows what it is, as often as asked."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tdmm_hf.evaluation.head import count_moves, head_angles
from tdmm_hf.performer import perform, vocabulary
from tdmm_hf.performer.eyes import look
from tdmm_hf.performer.plan import read_plan, tracks, write_plan
from tdmm_hf.performer.tables import columns, table
from tdmm_hf.prompts import suite
from tdmm_hf.prompts.attributes import SPEEDS, Action, HeadMotion
from tdmm_hf.prompts.vocabulary import load_vocabulary

FPS = 25
COUNTED = [key for key, row in table("head").items() if "apart" in row]
# How to see one of each: axis, sides (0: either) and degrees; and how often that is in one.
SEEN = {
    "nod_up": ("pitch", -1, 6.0, 1),
    "toss": ("pitch", -1, 9.0, 1),
    "jerk_back": ("pitch", -1, 8.0, 1),
    "bow": ("pitch", 1, 17.0, 1),
    "wobble": ("roll", 0, 6.0, 2),
    "double_take": ("yaw", 0, 7.0, 2),
    "glance_over_left": ("yaw", 1, 16.0, 1),
    "glance_over_right": ("yaw", -1, 16.0, 1),
    "dip_left": ("roll", -1, 9.0, 1),
    "dip_right": ("roll", 1, 9.0, 1),
    "half_roll": ("roll", 0, 11.0, 2),
    "flinch_away": ("yaw", 0, 12.0, 1),
}


def test_keys_can_stand_in_plans():
    keys = {kind: list(group) for kind, group in vocabulary().items()}
    everything = [key for group in keys.values() for key in group]
    assert len(set(everything)) == len(everything)
    for kind, group in keys.items():
        for key in group:
            assert re.fullmatch("[a-z_]+", key), key
            assert not key.endswith(("_at", "_slow", "_quick")), key
            assert not key.startswith(tuple(f"{track}_" for track in tracks())), (kind, key)


def test_actions_move_channels_that_there_are():
    for name, row in table("actions").items():
        moved = [row["channels"], *row.get("stages", ())]
        for weights in moved:
            assert all(columns(channel) for channel in weights), name
            assert all(0 < weight <= 1 for weight in weights.values()), name
        assert all(columns(channel) for channel in row["clears"]), name
        assert "mouthClose" not in {channel for weights in moved for channel in weights}


def _changes(prompt, name, seeds):
    """What an action adds to faces of several moods at ten moments of it, (seeds, 10 x 52)."""
    frames = np.round(FPS * (1.95 + 0.16 * np.arange(10))).astype(int)
    shown = []
    for seed in seeds:
        mood = ("neutral", "calm", "curious", "determined")[seed % 4]
        with_it, without = (
            perform(prompt(mood, actions=actions, head=HeadMotion("still")), seed).values
            for actions in ((Action(name, 1, start=2.0),), ())
        )
        shown.append((with_it - without)[frames, :52].ravel())
    return np.array(shown)


def test_actions_are_told_apart(prompt):
    """By the nearest of what other people make of them."""
    names = sorted(vocabulary()["action"])
    known = np.array([_changes(prompt, name, range(4)).mean(axis=0) for name in names])
    wrong = []
    for i, name in enumerate(names):
        for shown in _changes(prompt, name, (20, 21)):
            nearest = ((known - shown) ** 2).sum(axis=1).argmin()
            wrong += [] if nearest == i else [(name, names[nearest])]
    assert len(wrong) <= 1, wrong


@pytest.mark.parametrize("name", sorted(SEEN))
def test_counted_head_motions_show_their_count(prompt, name):
    axis, side, degrees, each = SEEN[name]
    right = 0
    for seed in range(12):
        count = 1 + seed % 3
        start = None if seed % 2 else 0.4
        asked = prompt(duration=9.0, head=HeadMotion(name, count, start=start))
        motion = perform(asked, seed)
        sides = (side,) if side else (-1, 1)
        seen = sum(count_moves(motion, axis, sign, degrees) for sign in sides)
        right += seen == each * count
    assert right >= 11


def test_every_counted_head_motion_is_seen_in_a_test():
    assert set(COUNTED) == {*SEEN, "nod", "shake"}


def _head_features(motion):
    """Where the head is, how far and fast it goes, how often it turns round, what goes together."""
    angles = head_angles(motion)
    rest, speeds = np.median(angles, axis=0), np.abs(np.diff(angles, axis=0)) * FPS
    third = len(angles) // 3
    pitch, yaw, roll = (angles - angles.mean(axis=0)).T
    scale = np.prod([angles.std(axis=0)[[0, 0, 1]], angles.std(axis=0)[[1, 2, 2]]], axis=0) + 4.0
    together = np.abs([(pitch * yaw).mean(), (pitch * roll).mean(), (yaw * roll).mean()]) / scale
    swept = abs((pitch[:-1] * np.diff(yaw) - yaw[:-1] * np.diff(pitch)).sum()) / len(yaw)
    turns = [
        sum(count_moves(motion, axis, sign, 5.0) for sign in (-1, 1)) / motion.duration
        for axis in ("pitch", "yaw", "roll")
    ]
    return np.concatenate(
        [
            rest,
            angles[:third].mean(axis=0),
            angles[-third:].mean(axis=0),
            np.log1p(np.maximum(angles - rest, 0).max(axis=0)),
            np.log1p(np.maximum(rest - angles, 0).max(axis=0)),
            np.log1p(angles.std(axis=0)),
            np.log1p(speeds.max(axis=0)),
            np.log1p(speeds.mean(axis=0)),
            together,
            [np.log1p(swept)],
            turns,
        ]
    )


def _asked_heads(prompt, names, seeds):
    for name in names:
        for seed in seeds:
            rng = np.random.default_rng([seed, 3])
            count = int(rng.integers(1, 3)) if name in COUNTED else None
            yield perform(prompt(duration=6.0, head=HeadMotion(name, count)), seed)


def test_head_motions_are_told_apart(prompt):
    """By linear discriminants of simple measures, on people not seen before."""
    names = sorted(vocabulary()["head motion"])
    seen, new = range(10), range(100, 104)
    train, test = (
        np.array([_head_features(m) for m in _asked_heads(prompt, names, seeds)]).reshape(
            len(names), len(seeds), -1
        )
        for seeds in (seen, new)
    )
    means = train.mean(axis=1)
    within = (train - means[:, None]).reshape(-1, train.shape[-1])
    spread = within.T @ within / len(within)
    white = np.linalg.cholesky(np.linalg.inv(spread + 1e-3 * np.diag(np.diag(spread))))
    apart = ((test[:, :, None] - means) @ white) ** 2  # (names, seeds, names, measures)
    nearest = apart.sum(axis=-1).argmin(axis=-1)
    right = nearest == np.arange(len(names))[:, None]
    wrong = [(names[i], names[j]) for i, row in enumerate(nearest) for j in row if i != j]
    assert right.mean() >= 0.95, wrong
    assert right.mean(axis=1).min() >= 0.6, wrong


def test_a_jerk_is_faster_than_a_nod_and_a_bow_slower(prompt):
    def speed(name):
        takes = [perform(prompt(head=HeadMotion(name, 1)), seed) for seed in range(6)]
        return np.mean([np.abs(np.diff(head_angles(take)[:, 0])).max() * FPS for take in takes])

    assert speed("jerk_back") > 1.4 * speed("nod_up")
    sizes = {
        name: np.mean([np.ptp(head_angles(perform(prompt(head=HeadMotion(name, 1)), s))[:, 0])
                       for s in range(6)])
        for name in ("nod", "bow")
    }  # fmt: skip
    assert sizes["bow"] > 1.6 * sizes["nod"]


def test_a_head_droops_until_the_end_and_perks_up_at_once(prompt):
    for seed in range(6):
        pitch = head_angles(perform(prompt(head=HeadMotion("droop")), seed))[:, 0]
        fifths = [part.mean() for part in np.array_split(pitch, 5)]
        assert (np.diff(fifths) > 0.5).all()
        assert fifths[-1] - fifths[0] > 12
        pitch = head_angles(perform(prompt(head=HeadMotion("perk_up")), seed))[:, 0]
        assert pitch[:20].mean() - pitch[-20:].mean() > 12
        assert np.abs(np.diff(pitch)).max() * FPS > 25


def _gaze_features(name, seed):
    gaze = look(np.arange(150) / FPS, 6.0, name, np.random.default_rng(seed))[10:]
    steps = np.abs(np.diff(gaze, axis=0))
    reversals = [(np.diff(np.sign(axis)) != 0).sum() for axis in gaze.T]
    jumps = (steps.max(axis=1) > 1.5).sum()
    return np.concatenate([np.median(gaze, axis=0), gaze.std(axis=0), reversals, [jumps]])


def test_gazes_are_told_apart():
    names = sorted(vocabulary()["gaze"])
    train = np.array([[_gaze_features(name, seed) for seed in range(20)] for name in names])
    test = np.array([[_gaze_features(name, seed) for seed in range(50, 60)] for name in names])
    scale = train.std(axis=1).mean(axis=0) + 0.3
    apart = (((test[:, :, None, None] - train) / scale) ** 2).sum(axis=-1)
    nearest = apart.min(axis=-1).argmin(axis=-1)  # (names, seeds)
    right = nearest == np.arange(len(names))[:, None]
    wrong = [(names[i], names[j]) for i, row in enumerate(nearest) for j in row if i != j]
    assert right.mean() >= 0.93, wrong


def test_who_stares_hardly_blinks_and_does_not_look_away(prompt):
    def shut(gaze):
        takes = [perform(prompt(duration=12.0, gaze=gaze), seed) for seed in range(8)]
        return np.mean([(take.channel("eyeBlinkLeft") > 0.5).mean() for take in takes])

    assert shut("stare") < 0.4 * shut("camera")
    assert look(np.arange(200) / FPS, 8.0, "stare", np.random.default_rng(0)).std() < 0.3


def test_eyes_roll_upward_from_side_to_side(prompt):
    asked = prompt(actions=(Action("eye_roll", 1, start=1.0),), head=HeadMotion("still"))
    motion = perform(asked, 0).crop(1.0, 2.2)
    assert motion.channel("eyeLookUpLeft").max() > 0.9
    sides = [motion.channel(f"eyeLook{way}Left") for way in ("In", "Out")]
    assert min(side.max() for side in sides) > 0.5
    assert abs(int(sides[0].argmax()) - int(sides[1].argmax())) > 8


# What the suite asks for fits what is performed.


def test_the_suite_leaves_time_for_what_it_counts():
    repeats = suite._settings()["repeats"]
    asked = load_vocabulary().head_motions
    assert set(repeats) == set(COUNTED)
    assert set(COUNTED) == {key for key, head in asked.items() if head.counted.train}
    for name, asks in repeats.items():
        row = table("head")[name]
        for speed in SPEEDS if asked[name].speeds else ("normal",):
            needs, given = (
                s[speed] if isinstance(s, dict) else s for s in (row["seconds"], asks["seconds"])
            )
            assert given >= 0.98 * needs * row["apart"], (name, speed)
        assert asked[name].speeds == isinstance(row["seconds"], dict)


def test_the_eyes_go_with_heads_that_lead_them():
    leading = {name for name, row in table("head").items() if row["eyes"] < 0}
    assert set(suite._settings()["leads_eyes"]) == leading


def test_counted_head_motions_have_lasting_words_too():
    for key, head in load_vocabulary().head_motions.items():
        assert len(head.lasting.train) >= 3, key
        assert len(head.counted.train) != 1, key


def _starts(asked):
    """All times that a plan says."""
    return [float(time) for time in re.findall(r" at ([\d.]+)", write_plan(asked))]


@settings(max_examples=150, deadline=None)
@given(
    head=st.builds(
        HeadMotion,
        st.sampled_from(COUNTED),
        st.integers(1, 4),
        st.just("normal"),
        st.none() | st.integers(1, 20).map(lambda tenths: tenths / 10),
    ),
    action=st.sampled_from(sorted(vocabulary()["action"])),
    count=st.integers(1, 2),
    gaze=st.sampled_from(sorted(vocabulary()["gaze"])),
    manner=st.sampled_from(sorted(vocabulary()["manner"])),
)
def test_plans_read_as_they_were_written(prompt, head, action, count, gaze, manner):
    asked = prompt(
        duration=9.0, head=head, actions=(Action(action, count),), gaze=gaze, manner=manner
    )
    read = read_plan(write_plan(asked), asked.duration)
    assert (read.manner, read.gaze, read.actions) == (manner, gaze, asked.actions)
    assert (read.head.name, read.head.count) == (head.name, head.count)
    for one, again in zip(_starts(asked), _starts(read), strict=True):
        assert again == pytest.approx(one, abs=0.11)  # plans say tenths of a second


@pytest.mark.parametrize("name", sorted(vocabulary()["head motion"] - {"natural"}))
def test_plans_of_lasting_head_motions(prompt, name):
    speeds = SPEEDS if load_vocabulary().head_motions[name].speeds else ("normal",)
    for speed in speeds:
        asked = prompt(head=HeadMotion(name, speed=speed))
        assert read_plan(write_plan(asked)).head == asked.head
