"""Manners, eyes and micro-actions: what is asked can be measured on the motion."""

import numpy as np
import pytest
from scipy.signal import find_peaks

from tdmm_hf.parameters import get_space
from tdmm_hf.performer import perform, vocabulary
from tdmm_hf.performer.tables import columns, table
from tdmm_hf.prompts.attributes import Action, HeadMotion

ARKIT = get_space("arkit")
SPEAKING = ("speaks_steadily", "speaks_bursts", "speaks_slowly", "speaks_rapidly", "shouts")


def jaws(prompt, manner, seeds=10, duration=8.0):
    asked = prompt(duration=duration, manner=manner)
    return np.array([perform(asked, seed).channel("jawOpen") for seed in range(seeds)])


def beats(curves, prominence=0.03):
    """Peaks a second."""
    peaks = sum(len(find_peaks(curve, prominence=prominence)[0]) for curve in curves)
    return peaks / (curves.size / 25)


def test_the_silent_mouth_stays_closed(prompt):
    assert jaws(prompt, "silent").max() < 0.02


def test_speech_opens_the_jaw_as_tracked_speech_does(prompt):
    """Tracked talking heads: mean 0.09 to 0.10, deviation 0.10 to 0.12."""
    curves = jaws(prompt, "speaks_steadily", seeds=30)
    assert 0.07 < curves.mean() < 0.14
    assert 0.07 < curves.std() < 0.14


def test_speech_rates_are_ordered(prompt):
    rates = [beats(jaws(prompt, m)) for m in ("speaks_slowly", "speaks_steadily", "speaks_rapidly")]
    assert rates[0] * 1.3 < rates[1] < rates[2] / 1.3


def test_bursts_are_short_with_clear_gaps(prompt):
    def silence(manner):
        return (jaws(prompt, manner, duration=10.0) < 0.015).mean()

    assert silence("speaks_bursts") > 0.3
    assert silence("speaks_bursts") > 2 * silence("speaks_steadily")


def test_loudness_orders_the_jaw(prompt):
    sizes = [jaws(prompt, m).mean() for m in ("whispers", "speaks_steadily", "shouts")]
    assert sizes[0] * 1.8 < sizes[1] < sizes[2] / 1.8


def test_song_holds_its_vowels(prompt):
    for manner in ("sings", "sings_softly"):
        assert beats(jaws(prompt, manner), 0.05) < 0.5 * beats(jaws(prompt, "speaks_steadily"))


@pytest.mark.parametrize(
    ("manner", "low", "high"),
    [("sings_vibrato", 5.0, 6.0), ("laughs", 4.0, 5.2), ("chews", 1.2, 1.8)],
)
def test_rhythms(prompt, manner, low, high):
    """The strongest frequency above the phrasing lies where the manner has it."""
    curves = jaws(prompt, manner, duration=10.0)
    power = (np.abs(np.fft.rfft(curves - curves.mean(axis=1, keepdims=True))) ** 2).mean(axis=0)
    hertz = np.fft.rfftfreq(curves.shape[1], 1 / 25)
    above = hertz > 0.75 * low
    assert low - 0.2 <= hertz[above][power[above].argmax()] <= high + 0.2


def test_yawns_are_wide_and_close_the_eyes(prompt):
    motion = perform(prompt(duration=5.0, manner="yawns"), 1)
    widest = motion.channel("jawOpen").argmax()
    assert motion.channel("jawOpen")[widest] > 0.8
    assert motion.channel("eyeBlinkLeft")[widest] > 0.7


def test_chewing_keeps_the_lips_closed(prompt):
    motion = perform(prompt(manner="chews"), 1)
    assert (motion.channel("jawOpen") - motion.channel("mouthClose")).max() < 0.1
    assert max(motion.channel("jawLeft").max(), motion.channel("jawRight").max()) > 0.15


@pytest.mark.parametrize("manner", SPEAKING)
def test_a_smile_stays_visible_while_speaking(prompt, manner):
    silent = perform(prompt("happy"), 4).channel("mouthSmileLeft")[25:].mean()
    speaking = perform(prompt("happy", manner=manner), 4).channel("mouthSmileLeft")[25:]
    assert speaking.mean() > 0.7 * silent


def test_lips_never_close_further_than_the_jaw_opens():
    assert all("mouthClose" not in row["channels"] for row in table("actions").values())


def test_blinks_are_brief_and_as_frequent_as_people_s(prompt):
    closures, seconds, lengths = 0, 0.0, []
    for seed in range(20):
        shut = perform(prompt(duration=20.0), seed).channel("eyeBlinkLeft") > 0.4
        edges = np.flatnonzero(np.diff(np.concatenate([[0], shut, [0]])))
        closures += len(edges) // 2
        lengths += list((edges[1::2] - edges[::2]) / 25)
        seconds += 20.0
    assert 10 <= closures / seconds * 60 <= 35
    assert max(lengths) <= 0.4


def test_both_eyes_turn_together(prompt):
    for seed, gaze in enumerate(sorted(vocabulary()["gaze"])):
        motion = perform(prompt(gaze=gaze), seed)
        for one, other in (
            ("eyeLookOutLeft", "eyeLookInRight"),
            ("eyeLookInLeft", "eyeLookOutRight"),
            ("eyeLookUpLeft", "eyeLookUpRight"),
            ("eyeLookDownLeft", "eyeLookDownRight"),
        ):
            assert np.array_equal(motion.channel(one), motion.channel(other))


@pytest.mark.parametrize(
    ("gaze", "channel"),
    [
        ("left", "eyeLookOutLeft"),
        ("right", "eyeLookInLeft"),
        ("up", "eyeLookUpLeft"),
        ("down", "eyeLookDownLeft"),
    ],
)
def test_eyes_go_where_they_are_asked(prompt, gaze, channel):
    asked = prompt(gaze=gaze, head=HeadMotion("still"))
    assert perform(asked, 1).channel(channel)[20:].mean() > 0.4


def test_lids_follow_the_eyes_down(prompt):
    still = HeadMotion("still")
    lids = [
        np.median(perform(prompt(gaze=gaze, head=still), 1).channel("eyeBlinkRight"))
        for gaze in ("camera", "down")
    ]
    assert lids[1] > lids[0] + 0.15


@pytest.mark.parametrize("name", sorted(vocabulary()["action"]))
@pytest.mark.parametrize("manner", ["silent", "speaks_steadily"])
def test_an_action_shows_its_count(prompt, name, manner):
    """Its main channel goes up and down the asked number of times, also on a busy face."""
    channels = table("actions")[name]["channels"]
    main = max(channels, key=channels.get)
    sides = columns(main) if name != "smirk" else columns("mouthSmile")  # on the leading side
    for seed, count in enumerate((1, 2, 3)):
        asked = prompt(duration=8.0, manner=manner, actions=(Action(name, count),))
        values = perform(asked, seed).values[:, list(sides)]
        curve = np.concatenate([[0.0], values.max(axis=1), [0.0]])
        peaks, _ = find_peaks(curve, height=0.7 * channels[main], prominence=0.4, plateau_size=2)
        assert len(peaks) == count


def test_a_started_action_starts_there(prompt):
    motion = perform(prompt(actions=(Action("cheek_puff", 1, start=2.0),)), 0)
    puff = motion.channel("cheekPuff")
    assert puff[:50].max() < 0.05
    assert puff[60:70].max() > 0.9


def test_actions_keep_clear_of_one_another(prompt):
    actions = (Action("tongue_out", 2), Action("cheek_puff", 2), Action("brow_raise", 1))
    motion = perform(prompt(duration=8.0, actions=actions), 0)
    both = np.minimum(motion.channel("tongueOut"), motion.channel("cheekPuff"))
    assert both.max() < 0.05
