"""Articulation: phrases of syllables, their visemes and how neighbours colour each other.

    >>> import numpy as np
    >>> from tdmm_hf.performer.speech import articulate
    >>> from tdmm_hf.performer.tables import table
    >>> times = np.arange(125) / 25
    >>> manner = table("manners")["manners"]["speaks_steadily"]
    >>> speech = articulate(times, 5.0, manner, np.random.default_rng(0))
    >>> speech.layer.values.shape, speech.activity.shape
    ((125, 55), (125,))

Coarticulation by dominance functions after Cohen and Massaro, "Modeling coarticulation in synthetic
visual speech", 1993: each sound pulls the mouth to its shape with a strength that fades with time,
and the mouth is at the weighted mean. A syllable is an onset, a vowel and now and then a coda; what
is not stressed is short and half swallowed, so the jaw opens wide for few of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from .envelope import Layer, plateau, slow_noise
from .rhythm import Syllables, syllabify
from .tables import ARKIT, columns, table, vector

_REST = 0.12
_CODA = 0.3  # share of syllables that end in a consonant
_FULL = 0.4  # share of unstressed syllables that keep a full vowel
_STRESSED = 1.15
_MOST = 1.4  # degrees of emphasis: a stressed syllable is no nod
_WIDEST = 0.62  # jaw of a speaker whose jaw factor is 1
_SLACK = 0.035  # much of speech is said with the teeth all but closed
_JAW = ARKIT.index("jawOpen")
_PARTED = ARKIT.indices(
    ("mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight")
)
_ROUND = ARKIT.indices(("mouthFunnel", "mouthPucker"))
_SHUT = ARKIT.indices(("mouthPressLeft", "mouthPressRight", "mouthRollLower"))
# What a smile or a sneer cannot keep while the lips are rounded or shut: share given up.
_GIVES_WAY = {"mouthSmile": (0.65, 0.4), "mouthStretch": (0.7, 0.3), "mouthUpperUp": (0.4, 0.6)}
_STYLE = {"speech_rate": 1.0, "jaw": 1.0, "lips": 1.0, "rhythm": 1.0, "lively": 1.0}


@dataclass(frozen=True, eq=False)
class Vocal:
    """What a manner does over (frames,) times.

    Args:
        layer: the mouth, and what goes with it elsewhere.
        activity: (frames,) 0..1, how busy the mouth is.
        head: (frames, 3) degrees.
        accents: (frames,) 0..1, emphasis that the brows mark.
    """

    layer: Layer
    activity: np.ndarray
    head: np.ndarray
    accents: np.ndarray


@dataclass(frozen=True, eq=False)
class Sounds:
    """Sounds of one kind: dominance, spread, ahead, share (n,), shapes (n, 55); share sums to 1."""

    dominance: np.ndarray
    spread: np.ndarray
    ahead: np.ndarray
    share: np.ndarray
    shapes: np.ndarray


@cache
def sounds(kind: str) -> Sounds:
    """The ``vowels`` or the ``consonants`` of ``data/visemes.yaml``."""
    rows = list(table("visemes")[kind].values())
    share = np.array([row["share"] for row in rows])
    return Sounds(
        dominance=np.array([row["dominance"] for row in rows]),
        spread=np.array([row["spread"] for row in rows]),
        ahead=np.array([row.get("ahead", 1.0) for row in rows]),
        share=share / share.sum(),
        shapes=np.stack([vector(row["channels"]) for row in rows]),
    )


def articulate(times, duration: float, manner: dict, rng, style: dict | None = None) -> Vocal:
    """Speech or song in a manner.

    Args:
        times: (frames,) seconds.
        manner: a row of ``data/manners.yaml``.
        style: factors ``speech_rate``, ``jaw``, ``lips``, ``rhythm`` (how uneven), ``lively`` (how
            much of the emphasis), and ``tone``, (frames, 55) posture of the voiced mouth.
    """
    style = _STYLE | (style or {})
    syllables = syllabify(duration, manner, style, rng)
    shape, voiced = _coarticulate(times, syllables, manner, style, rng)
    _tremble(shape, times, voiced * _held(times, syllables), manner, rng)
    pose = vector(manner.get("pose", {})) + style.get("tone", 0.0)
    shape += voiced[:, None] * pose * (1 - shape)
    layer = Layer(len(times))
    layer.values[:] = np.clip(shape, 0.0, 1.0)
    layer.hold[:] = layer.values
    _breathe(layer, times, syllables, manner)
    _give_way(layer, shape)
    lively = manner["accent"] * style["lively"]
    accents, head = _punctuate(times, syllables, lively, rng)
    head += min(lively, 1.1) * _sway_with_speech(times, syllables, voiced, rng)
    return Vocal(layer, voiced, head, accents)


def _coarticulate(times, syllables: Syllables, manner: dict, style: dict, rng):
    """Mouth shapes (frames, 55) and how voiced each frame is (frames,)."""
    vowels, consonants = sounds("vowels"), sounds("consonants")
    count = len(syllables.starts)
    vowel, onset, coda = _choose(syllables, rng)
    hold = manner.get("hold", 0.0)
    short = 0.2 - 0.12 * hold
    ends = np.flatnonzero(coda >= 0)
    parts = [
        _pull(times, syllables, vowels, vowel, centre=0.56, width=0.3, flat=hold),
        _pull(times, syllables, consonants, onset, centre=0.08, width=short),
        _pull(times, syllables.at(ends), consonants, coda[ends], centre=0.94, width=short),
    ]
    targets = np.concatenate(
        [vowels.shapes[vowel], consonants.shapes[onset], consonants.shapes[coda[ends]]]
    )
    scale = np.full(targets.shape, manner["lips"] * style["lips"])
    open_by = manner["jaw"] * style["jaw"] * np.minimum(syllables.stresses, 2.0)
    shut_by = np.full(count + len(ends), min(manner["jaw"], 1.0))
    scale[:, _JAW] = np.concatenate([open_by, shut_by])
    scale[:count, _PARTED] *= 0.55 + 0.5 * np.minimum(syllables.stresses, 1.8)[:, None]
    pulls = np.concatenate(parts, axis=1)
    total = pulls.sum(axis=1)
    shape = pulls @ (targets * scale) / (total + _REST)[:, None]
    shape[:, _JAW] **= 2
    shape[:, _JAW] /= np.sqrt(shape[:, _JAW]) + _SLACK
    widest = min(_WIDEST * manner["jaw"] ** 0.5, 0.95)
    shape[:, _JAW] = widest * np.tanh(shape[:, _JAW] / widest)
    return shape, total / (total + _REST)


def _choose(syllables: Syllables, rng) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vowel, onset and coda of each syllable, (syllables,); -1 for no coda.

    Stressed syllables have full vowels; a syllable that is repeated has the onset of the next.
    """
    vowels, consonants = sounds("vowels"), sounds("consonants")
    count, last = len(syllables.starts), len(vowels.share) - 1  # schwa stands last
    full = vowels.share[:last] / vowels.share[:last].sum()
    vowel = rng.choice(last, size=count, p=full)
    weak = (syllables.stresses < _STRESSED) & (rng.random(count) > _FULL)
    vowel[weak | syllables.empty] = last
    onset = rng.choice(len(consonants.share), size=count, p=consonants.share)
    for i in np.flatnonzero(syllables.repeated[:-1])[::-1]:
        onset[i] = onset[i + 1]
    coda = rng.choice(len(consonants.share), size=count, p=consonants.share)
    coda[(rng.random(count) > _CODA) | syllables.repeated] = -1
    return vowel, onset, coda


def _pull(times, syllables: Syllables, kind: Sounds, chosen, centre, width, flat=0.0):
    """Dominance of each sound at each time, (frames, sounds): a bell, flatter when held, that
    reaches further ahead than back for sounds the lips prepare."""
    middle = syllables.starts + centre * syllables.lengths
    reach = np.maximum(width * syllables.lengths, 0.04) * kind.spread[chosen]
    reach = reach * (1 + 0.35 * flat)
    before = times[:, None] < middle
    apart = np.abs(times[:, None] - middle) / np.where(before, reach * kind.ahead[chosen], reach)
    return kind.dominance[chosen] * np.exp(-(apart ** (2.0 + 2.0 * flat)))


def _held(times, syllables: Syllables) -> np.ndarray:
    """Where a vowel has been sustained long enough for vibrato to set in, (frames,) 0..1."""
    start = syllables.starts + 0.2 * syllables.lengths
    stay = np.maximum(0.7 * syllables.lengths - 0.3, 0.0)
    inside = plateau(times[:, None], start, 0.2, stay, 0.15)
    return np.clip(inside.sum(axis=1), 0.0, 1.0)


def _tremble(shape: np.ndarray, times, held: np.ndarray, manner: dict, rng) -> None:
    """The vibrato of held notes, or the shaking of a voice near tears, in place."""
    if "ripple" in manner:
        rate, depth = manner["ripple"]
        ripple = depth * np.sin(2 * np.pi * rate * times + rng.uniform(0, 2 * np.pi)) * held
        for channel, share in (("jawOpen", 1.0), ("mouthLowerDown", 0.5)):
            shape[:, list(columns(channel))] += share * ripple[:, None]
    if "tremor" in manner:
        low, high, depth = manner["tremor"]
        shaking = depth * slow_noise(times, rng, 2, low, high)
        for channel, curve in zip(("mouthShrugLower", "mouthStretch"), shaking.T, strict=True):
            shape[:, list(columns(channel))] += np.abs(curve)[:, None]


def _breathe(layer: Layer, times, syllables: Syllables, manner: dict) -> None:
    """Lips part and the jaw sinks a little for the breath before a phrase."""
    ends, lengths = syllables.breaths
    breath = plateau(times[:, None], ends - lengths, 0.5 * lengths, 0.1 * lengths, 0.4 * lengths)
    level = np.clip(breath @ np.minimum(lengths / 0.35, 1.3), 0.0, 1.3) * manner.get("breath", 1.0)
    for channel, weight in (("jawOpen", 0.055), ("mouthLowerDown", 0.06), ("noseSneer", 0.05)):
        layer.mix(channel, weight * level)
    layer.mix("mouthUpperUp", 0.03 * level)


def _give_way(layer: Layer, shape: np.ndarray) -> None:
    """A smile comes and goes with the sounds: none on rounded or closed lips."""
    rounded = np.clip(shape[:, _ROUND].sum(axis=1) / 0.5, 0.0, 1.0)
    shut = np.clip(shape[:, _SHUT].sum(axis=1) / 0.6, 0.0, 1.0)
    for channel, (round_share, shut_share) in _GIVES_WAY.items():
        layer.clear(channel, 1 - (1 - round_share * rounded) * (1 - shut_share * shut))


def _punctuate(times, syllables: Syllables, strength: float, rng) -> tuple:
    """Emphasis on stressed syllables: accents (frames,) 0..1 for the brows, and the head's dips
    and turns (frames, 3) in degrees."""
    stressed = syllables.stresses > _STRESSED
    marked = stressed & (rng.random(len(stressed)) < 0.6)
    nodded = stressed & (rng.random(len(stressed)) < 0.7)
    size = np.minimum(syllables.stresses - 0.6, 1.3)
    starts = syllables.starts
    flash = plateau(times[:, None], starts[marked] - 0.1, 0.16, 0.1, 0.35) @ size[marked]
    dips = plateau(times[:, None], starts[nodded] - 0.06, 0.18, 0.04, 0.32)
    ways = rng.normal(size=(nodded.sum(), 3)) * (0.4, 0.9, 0.9) + (1.2, 0.0, 0.0)
    head = _MOST * np.tanh(strength * dips @ (size[nodded][:, None] * ways) / _MOST)
    return np.clip(0.55 * strength * flash, 0.0, 1.0), head


def _sway_with_speech(times, syllables: Syllables, voiced: np.ndarray, rng) -> np.ndarray:
    """The livelier head of someone talking, (frames, 3) degrees: a place for every phrase, and
    wandering while the voice goes on."""
    places = rng.normal(size=(len(syllables.phrases), 3)).clip(-1.8, 1.8) * (0.7, 1.2, 1.2)
    moves = np.diff(places, axis=0, prepend=0.0)
    lengths = 0.35 + 0.3 * rng.random(len(places))
    since = (times[:, None] - syllables.phrases + 0.15) / lengths
    posture = np.clip(since, 0.0, 1.0)
    posture = posture * posture * (3 - 2 * posture) @ moves
    wander = slow_noise(times, rng, 3, 0.4, 1.2) * (0.5, 0.9, 1.0)
    return posture + (0.3 + 0.7 * voiced)[:, None] * wander


def empty_vocal(frames: int) -> Vocal:
    """Nothing done by the mouth."""
    return Vocal(Layer(frames), np.zeros(frames), np.zeros((frames, 3)), np.zeros(frames))
