"""Every manner moves in its own way, speech has the timing of speech, emotion colours it."""

from collections import Counter

import numpy as np
from scipy.signal import find_peaks

from tdmm_hf.evaluation.kinematics import blinks, head_speed, mean_speed, spectrum_centroid
from tdmm_hf.parameters import get_space
from tdmm_hf.performer import perform, vocabulary
from tdmm_hf.performer.rhythm import syllabify
from tdmm_hf.performer.tables import columns, table
from tdmm_hf.prompts.vocabulary import load_vocabulary

ARKIT = get_space("arkit")
MANNERS = sorted(vocabulary()["manner"])
SHAPES = (
    "mouthSmile", "mouthPress", "mouthPucker", "mouthStretch", "mouthFrown", "mouthLowerDown",
    "mouthUpperUp", "mouthRollLower", "mouthShrugLower", "noseSneer", "cheekSquint", "cheekPuff",
    "browInnerUp", "eyeWide", "mouthClose",
)  # fmt: skip


def syllables(name, seed=0, duration=60.0):
    manner = table("manners")["manners"][name]
    return syllabify(duration, manner, {"speech_rate": 1.0}, np.random.default_rng(seed))


def test_there_are_at_least_forty_in_the_known_classes():
    assert len(MANNERS) >= 40
    rows, asked = table("manners")["manners"], load_vocabulary().manners
    assert {name: rows[name]["class"] for name in MANNERS} == {
        name: asked[name].manner_class for name in MANNERS
    }
    assert {row["class"] for row in rows.values()} == {
        *("silent", "speaking", "whispering", "shouting", "singing"),
        *("laughing", "crying", "yawning", "chewing"),
    }


def signature(motion):
    """Jaw, mouth, brows and head in a few figures."""
    jaw = motion.channel("jawOpen").astype(float)
    centroid = spectrum_centroid(jaw, motion.fps) if jaw.std() > 0.005 else 0.0
    shapes = [motion.values[:, list(columns(name))] for name in SHAPES]
    sideways = np.abs(motion.channel("jawLeft") - motion.channel("jawRight")).mean()
    quiet = (jaw < 0.02).mean()
    mouth = np.abs(np.diff(motion.values[:, list(ARKIT.groups["mouth"])], axis=0)).mean() * 25
    beats = len(find_peaks(jaw, prominence=0.03)[0]) / motion.duration
    return np.array(
        [
            *(jaw.mean(), np.log(jaw.std() + 0.01), centroid, quiet, beats, sideways),
            *(shape.mean() for shape in shapes),
            *(np.log(shape.std(axis=0).mean() + 0.01) for shape in shapes),
            *(np.log(mouth + 0.01), np.log(head_speed(motion).mean() + 0.1)),
        ]
    )


def test_each_manner_is_known_by_its_dynamics(prompt):
    """The nearest of all manners' means, over other people's performances."""
    rows = {
        name: np.array(
            [signature(perform(prompt(duration=8.0, manner=name), seed)) for seed in range(14)]
        )
        for name in MANNERS
    }
    spread = np.sqrt(np.mean([found.var(axis=0) for found in rows.values()], axis=0))
    means = np.array([rows[name][:8].mean(axis=0) for name in MANNERS]) / spread
    right = Counter()
    for name in MANNERS:
        for row in rows[name][8:] / spread:
            right[name] += MANNERS[((row - means) ** 2).sum(axis=1).argmin()] == name
    assert right.total() >= 0.85 * 6 * len(MANNERS), right
    assert min(right.values()) >= 3, right


def test_stressed_syllables_are_longer_and_phrases_end_long():
    found = syllables("speaks_steadily")
    strong, weak = found.stresses > 1.15, found.stresses < 0.8
    assert found.lengths[strong].mean() > 1.15 * found.lengths[weak].mean()
    ends = np.flatnonzero(np.diff(found.starts) - found.lengths[:-1] > 0.2)
    assert found.lengths[ends].mean() > 1.2 * found.lengths.mean()


def test_a_breath_is_drawn_before_most_phrases():
    found = syllables("speaks_steadily")
    ends, lengths = found.breaths
    assert len(ends) > 0.9 * len(found.phrases)
    assert all(np.abs(found.phrases - end).min() < 1e-9 for end in ends[1:-1])
    assert lengths.min() > 0.1


def test_counting_is_even_and_speech_is_not():
    gaps = {name: np.diff(syllables(name).starts) for name in ("counts_aloud", "speaks_steadily")}
    uneven = {name: found.std() / found.mean() for name, found in gaps.items()}
    assert uneven["counts_aloud"] < 0.1
    assert uneven["speaks_steadily"] > 0.25


def test_a_monotone_has_no_stress():
    assert syllables("speaks_monotone").stresses.std() < 0.1
    assert syllables("speaks_steadily").stresses.std() > 0.3


def test_verse_is_stressed_in_its_meter():
    stresses = syllables("recites").stresses
    assert stresses[0:8:2].min() > stresses[1:8:2].max()


def test_stutterers_repeat_and_the_hesitant_say_uh():
    assert syllables("stutters").repeated.sum() > 15
    assert syllables("speaks_hesitantly").empty.sum() > 8
    for name in ("speaks_steadily", "recites"):
        assert not (syllables(name).repeated | syllables(name).empty).any()


def levels(prompt, category, manner, channel, seeds=12):
    asked = prompt(category, 5, manner=manner)
    both = list(columns(channel))
    return np.mean([perform(asked, seed).values[:, both].mean() for seed in range(seeds)])


def test_anger_speaks_with_tight_lips_and_joy_with_wide_ones(prompt):
    pressed, smiling = (
        {c: levels(prompt, c, "speaks_steadily", shape) for c in ("angry", "happy", "sad")}
        for shape in ("mouthPress", "mouthSmile")
    )
    assert pressed["angry"] > 2 * pressed["happy"]
    assert smiling["happy"] > 3 * max(smiling["angry"], smiling["sad"])


def test_sadness_speaks_slackly(prompt):
    def lips(category):
        asked = prompt(category, 5, manner="speaks_steadily")
        values = [perform(asked, seed).values for seed in range(12)]
        return np.mean([np.abs(np.diff(v[:, list(ARKIT.groups["mouth"])], axis=0)) for v in values])

    assert lips("sad") < 0.75 * lips("happy")


def test_a_smile_comes_and_goes_with_the_sounds(prompt):
    """Tracked smiles while speaking swing by a fifth and more; those of silent people do not."""
    swing = {}
    for manner in ("silent", "speaks_steadily"):
        smiles = [
            perform(prompt("happy", manner=manner), seed).channel("mouthSmileLeft")[25:]
            for seed in range(8)
        ]
        swing[manner] = np.mean([np.abs(np.diff(smile)).mean() * 25 for smile in smiles])
    assert swing["speaks_steadily"] > 3 * swing["silent"]


def test_knit_brows_mark_stress_by_knitting_further(prompt):
    def swing(category, channel):
        asked = prompt(category, 4, 8.0, manner="speaks_excitedly")
        return np.mean([np.ptp(perform(asked, s).channel(channel)[25:]) for s in range(8)])

    assert swing("calm", "browOuterUpLeft") > swing("angry", "browOuterUpLeft") + 0.1
    assert swing("angry", "browDownLeft") > swing("calm", "browDownLeft") + 0.05


def test_a_face_at_rest_is_alive(prompt):
    for seed in range(6):
        motion = perform(prompt(duration=10.0), seed)
        for name in ("browInnerUp", "mouthPressLeft", "eyeSquintLeft", "mouthSmileRight"):
            curve = motion.channel(name)
            assert 0.004 < curve.std() < 0.12, name
            assert (np.diff(curve) != 0).mean() > 0.5, name
        assert 0.03 < mean_speed(motion) < 0.2
        assert len(blinks(motion).starts) >= 1


def test_the_eyes_turn_down_and_tighten_in_a_blink(prompt):
    motion = perform(prompt(duration=20.0), 3)
    shut = motion.channel("eyeBlinkLeft") > 0.7
    for channel in ("eyeLookDownLeft", "eyeSquintLeft"):
        curve = motion.channel(channel)
        assert curve[shut].mean() > curve[~shut].mean() + 0.1


def timing(prompt, seed, intensity, manner="speaks_steadily"):
    motion = perform(prompt("interested", intensity, 6.0, manner=manner), seed)
    return motion.channel("jawOpen")


def test_one_seed_is_one_person_at_any_intensity(prompt):
    own = [np.corrcoef(timing(prompt, s, 2), timing(prompt, s, 5))[0, 1] for s in range(12)]
    others = [np.corrcoef(timing(prompt, s, 5), timing(prompt, s + 1, 5))[0, 1] for s in range(12)]
    assert np.mean(own) > 0.75
    assert np.mean(others) < 0.25


def test_two_people_differ_in_size_sides_and_rhythm(prompt):
    asked = prompt("delighted", 4, 6.0, manner="speaks_steadily")
    motions = [perform(asked, seed) for seed in range(24)]
    smile = np.array([m.values[25:, list(columns("mouthSmile"))].mean(axis=0) for m in motions])
    assert 0.08 < smile.mean(axis=1).std() / smile.mean() < 0.4
    assert np.abs(smile[:, 0] - smile[:, 1]).mean() > 0.02
    speeds = np.array([head_speed(motion).mean() for motion in motions])
    assert speeds.std() / speeds.mean() > 0.15
    jaws = np.array([motion.channel("jawOpen").mean() for motion in motions])
    assert jaws.std() / jaws.mean() > 0.15


def test_one_side_leads(prompt):
    """The moments at which the sides of a smile pass half their height differ by up to 60 ms."""
    asked, lags = prompt("happy", 5, 3.0), []
    for seed in range(16):
        motion = perform(asked, seed, fps=200)
        sides = motion.values[:160, list(columns("mouthSmile"))]
        lags.append(np.subtract(*((side > 0.5 * side.max()).argmax() for side in sides.T)) / 200)
    assert max(np.abs(lags)) < 0.12
    assert np.std(lags) > 0.01
