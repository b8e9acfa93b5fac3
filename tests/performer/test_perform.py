from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tdmm_hf.motion import frame_count
from tdmm_hf.parameters import get_space
from tdmm_hf.performer import perform, vocabulary
from tdmm_hf.performer.head import move_head
from tdmm_hf.performer.tables import HEAD, expressions, gain, mirrored
from tdmm_hf.prompts.attributes import SPEEDS, Action, EmotionSpan, HeadMotion
from tdmm_hf.prompts.suite import iter_attributes
from tdmm_hf.prompts.vocabulary import load_vocabulary

ARKIT = get_space("arkit")


def key(kind):
    return st.sampled_from(sorted(vocabulary()[kind]))


def level(motion, channel, start=0.0, end=None):
    return float(motion.crop(start, end or motion.duration).channel(channel).mean())


def test_every_key_of_the_vocabulary_can_be_performed():
    asked = load_vocabulary()
    assert vocabulary() == {
        "category": set(asked.emotions),
        "manner": set(asked.manners),
        "action": set(asked.actions),
        "head motion": set(asked.head_motions),
        "gaze": set(asked.gazes),
    }


@settings(max_examples=60, deadline=None)
@given(
    category=key("category"),
    manner=key("manner"),
    head=st.builds(
        HeadMotion,
        key("head motion"),
        st.none() | st.integers(1, 6),
        st.sampled_from(SPEEDS),
        st.none() | st.floats(0.0, 0.3),
    ),
    gaze=key("gaze"),
    action=key("action"),
    count=st.integers(1, 4),
    intensity=st.integers(1, 5),
    duration=st.floats(0.3, 60.0),
    fps=st.sampled_from([24.0, 25.0, 30.0, 60.0]),
    seed=st.integers(0, 2**40),
)
def test_any_prompt_gives_exact_bounded_frames(
    prompt, category, manner, head, gaze, action, count, intensity, duration, fps, seed
):
    asked = prompt(
        category,
        intensity,
        duration,
        manner=manner,
        head=head,
        gaze=gaze,
        actions=(Action(action, count),),
    )
    motion = perform(asked, seed, fps)
    assert motion.num_frames == frame_count(duration, fps)
    assert (motion.values >= np.float32(ARKIT.lower)).all()
    assert (motion.values <= np.float32(ARKIT.upper)).all()


def test_same_prompt_and_seed_give_the_same_bytes():
    for index, asked in enumerate(iter_attributes(seed=0, count=40)):
        one, two = perform(asked, index), perform(asked, index)
        assert one.values.tobytes() == two.values.tobytes()
        assert not np.array_equal(one.values, perform(asked, index + 1).values)


@pytest.mark.parametrize("start", [0.4, 1.5, 2.5])
@pytest.mark.parametrize("name", ["nod", "shake"])
def test_head_motions_begin_when_asked(prompt, name, start):
    head = HeadMotion(name, 2, start=start)
    times = np.arange(125) / 25
    pose = move_head(times, 5.0, head, np.random.default_rng(0))
    moving = np.flatnonzero(np.abs(pose).max(axis=1) > 0.5)
    assert times[moving[0]] == pytest.approx(start, abs=0.2)
    assert np.abs(pose[times < start]).max() == 0.0


@pytest.mark.parametrize("start", [-0.1, 5.5, float("nan")])
def test_starts_lie_within_the_performance(prompt, start):
    with pytest.raises(ValueError, match=r"starts must lie in 0..5 s, got"):
        perform(prompt("happy", 3, 5.0, head=HeadMotion("nod", 2, start=start)), 0)


def test_another_frame_rate_is_the_same_performance(prompt):
    asked = prompt("angry", manner="speaks_slowly", head=HeadMotion("nod", 2, "slow"))
    slow, fast = perform(asked, 3, fps=25), perform(asked, 3, fps=100).resample(25)
    assert np.abs(slow.values - fast.values).mean() < 0.005


def test_strength_rises_with_intensity(prompt):
    """Over each category's own channels, for the same person, at every step of the ladder."""
    for category, expression in expressions().items():
        either_side = np.maximum(expression.face, mirrored(expression.face))
        strongest = np.flatnonzero(either_side[:52] >= 0.3)
        if not len(strongest):
            continue  # calm, neutral and relaxed faces have no apex
        shown = [
            perform(prompt(category, step, head=HeadMotion("still")), 5).values[:, strongest].mean()
            for step in range(1, 6)
        ]
        assert (np.diff(shown) > 0.02).all(), category


def prototypes():
    faces, families = [], []
    for expression in expressions().values():
        face = expression.face.copy()
        face[HEAD] = np.radians(face[HEAD])
        for step in range(1, 6):
            faces += [0.85 * gain(step) * face, 0.85 * gain(step) * mirrored(face)]
            families += [expression.family] * 2
    return np.array(faces), np.array(families)


def test_families_are_told_apart_by_the_mean_face(prompt):
    faces, families = prototypes()
    kept = np.array([not c.startswith("eyeLook") for c in ARKIT.channels])
    base = np.mean([perform(prompt(), seed).values.mean(axis=0) for seed in range(10)], axis=0)
    base[HEAD] = 0.0
    right = Counter()
    for seed, (category, expression) in enumerate(expressions().items()):
        for step in (1, 2, 4):
            motion = perform(prompt(category, step), seed)
            apart = motion.values.mean(axis=0) - (base + faces * (1 - base))
            nearest = families[(apart**2 * kept).sum(axis=1).argmin()]
            right[step] += nearest == expression.family
    assert right[1] >= 0.9 * len(expressions())
    assert min(right[2], right[4]) >= 0.95 * len(expressions())


@pytest.mark.parametrize("transition", ["then", "fade"])
def test_the_second_emotion_takes_over(prompt, transition):
    spans = (EmotionSpan("sad", "sad", 4, 0.0, 3.0), EmotionSpan("happy", "happy", 4, 3.0, 6.0))
    motion = perform(prompt(duration=6.0, emotions=spans, transition=transition), 2)
    for channel, early in (("mouthFrownLeft", True), ("mouthSmileLeft", False)):
        first, last = level(motion, channel, 0.5, 1.5), level(motion, channel, 5.0, 6.0)
        assert (first > 0.3 and last < 0.05) if early else (last > 0.4 and first < 0.05)


def test_a_flash_is_brief_and_the_first_emotion_returns(prompt):
    spans = (
        EmotionSpan("happy", "happy", 4, 0.0, 5.0),
        EmotionSpan("disgusted", "disgusted", 4, 2.0, 2.8),
    )
    motion = perform(prompt(emotions=spans, transition="flash"), 2)
    sneer = motion.channel("noseSneerLeft")
    assert sneer.max() > 0.5
    assert 0.3 < (sneer > 0.25).sum() / 25 < 1.0
    assert level(motion, "mouthSmileLeft", 3.5, 5.0) > 0.4


def test_an_expression_comes_at_once_and_lasts_a_minute(prompt):
    motion = perform(prompt("furious", 5, 60.0, manner="speaks_steadily"), 1)
    brow = motion.channel("browDownLeft")
    assert brow[15:].min() > 0.6
    assert brow[-500:].std() > 0.005
    assert motion.crop(40, 60).channel("jawOpen").std() > 0.05


def test_two_people_perform_one_prompt_differently(prompt):
    asked = prompt("surprised", 4, manner="speaks_steadily")
    means = np.array([perform(asked, seed).values.mean(axis=0) for seed in range(12)])
    brow = means[:, ARKIT.indices(["browOuterUpLeft", "browOuterUpRight"])]
    assert brow.std(axis=0).min() > 0.02
    assert np.abs(brow[:, 0] - brow[:, 1]).max() > 0.01
    assert brow.min() > 0.3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"manner": "hums"}, "unknown manner 'hums'"),
        ({"gaze": "inwards"}, "unknown gaze 'inwards'"),
        ({"head": HeadMotion("spin")}, "unknown head motion 'spin'"),
        ({"head": HeadMotion("nod", 0)}, "counts must be 1 or more"),
        ({"head": HeadMotion("nod", 1, "brisk")}, "head speed must be one of"),
        ({"actions": (Action("sneeze"),)}, "unknown action 'sneeze'"),
        ({"transition": "then"}, "needs 2 emotion spans, got 1"),
        ({"transition": "morph"}, "transition must be one of"),
        ({"emotions": (EmotionSpan("glad", "glad", 3, 0, 5),)}, "unknown category 'glad'"),
        ({"emotions": (EmotionSpan("happy", "happy", 6, 0, 5),)}, "intensity must be one of"),
        ({"emotions": (EmotionSpan("happy", "happy", 3, 2, 9),)}, "emotion span must satisfy"),
        ({"duration": 0.0}, "duration must give at least one frame"),
        ({"duration": float("nan")}, "duration must give at least one frame"),
    ],
)
def test_what_cannot_be_performed_is_named(prompt, changes, said):
    with pytest.raises(ValueError, match=said):
        perform(replace(prompt(), **changes), 0)


@pytest.mark.parametrize(("seed", "fps"), [(-1, 25.0), (0, 0.0), (0, float("inf"))])
def test_bad_seed_or_rate(prompt, seed, fps):
    with pytest.raises(ValueError, match=r"(seed|fps) must"):
        perform(prompt(), seed, fps)
