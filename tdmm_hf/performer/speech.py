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
and the mouth is at the weighted mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from .envelope import Layer, ease, plateau, slow_noise
from .tables import ARKIT, columns, table, vector

_REST = 0.12


@dataclass(frozen=True, eq=False)
class Vocal:
    """What a manner does: a layer, activity (frames,) in 0..1 and head (frames, 3) in degrees."""

    layer: Layer
    activity: np.ndarray
    head: np.ndarray


@dataclass(frozen=True, eq=False)
class Syllables:
    """Starts and lengths in seconds and stresses around 1, each (syllables,)."""

    starts: np.ndarray
    lengths: np.ndarray
    stresses: np.ndarray


@dataclass(frozen=True, eq=False)
class Sounds:
    """Sounds of one kind: names, dominance, spread, (n,); shapes (n, 55); share (n,) sums to 1."""

    dominance: np.ndarray
    spread: np.ndarray
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
        share=share / share.sum(),
        shapes=np.stack([vector(row["channels"]) for row in rows]),
    )


def articulate(times, duration: float, manner: dict, rng, style: dict | None = None) -> Vocal:
    """Speech or song in a manner; ``style`` multiplies speech_rate, jaw and lips."""
    style = {"speech_rate": 1.0, "jaw": 1.0, "lips": 1.0} | (style or {})
    syllables = syllabify(duration, manner, style["speech_rate"], rng)
    shape, voiced = _coarticulate(times, syllables, manner, style, rng)
    if "ripple" in manner:
        rate, depth = manner["ripple"]
        held = voiced * _held(times, syllables)
        ripple = depth * np.sin(2 * np.pi * rate * times + rng.uniform(0, 2 * np.pi)) * held
        for channel, share in (("jawOpen", 1.0), ("mouthLowerDown", 0.5)):
            shape[:, list(columns(channel))] += share * ripple[:, None]
    shape += voiced[:, None] * vector(manner.get("pose", {})) * (1 - shape)
    layer = Layer(len(times))
    layer.values[:] = np.clip(shape, 0.0, 1.0)
    layer.hold[:] = layer.values
    head = _punctuate(layer, times, syllables, manner["accent"], rng)
    head += min(manner["accent"], 1.0) * _sway_with_speech(times, voiced, rng)
    return Vocal(layer, voiced, head)


def syllabify(duration: float, manner: dict, rate_factor: float, rng) -> Syllables:
    """Phrases and pauses that fill the duration."""
    rate = manner["rate"] * rate_factor
    at = rng.uniform(0.1, 0.35)
    starts, lengths, stresses = [], [], []
    while at < duration - 0.25:
        count = rng.integers(manner["phrase"][0], manner["phrase"][1] + 1)
        spans = np.exp(rng.normal(scale=0.2, size=count)) / rate
        spans[-1] *= 1.35
        begins = at + np.cumsum(spans) - spans
        fits = begins + spans < duration + 0.1
        starts.append(begins[fits])
        lengths.append(spans[fits])
        fall = 1.1 - 0.3 * np.arange(count) / count
        stresses.append((np.exp(rng.normal(scale=0.4, size=count) - 0.08) * fall)[fits])
        at = begins[-1] + spans[-1] + rng.uniform(*manner["pause"])
    if not starts:
        return Syllables(np.zeros(0), np.zeros(0), np.zeros(0))
    return Syllables(np.concatenate(starts), np.concatenate(lengths), np.concatenate(stresses))


def _coarticulate(times, syllables: Syllables, manner: dict, style: dict, rng):
    """Mouth shapes (frames, 55) and how voiced each frame is (frames,)."""
    vowels, consonants = sounds("vowels"), sounds("consonants")
    count = len(syllables.starts)
    vowel = rng.choice(len(vowels.share), size=count, p=vowels.share)
    consonant = rng.choice(len(consonants.share), size=count, p=consonants.share)
    hold = manner.get("hold", 0.0)
    pulls = np.concatenate(
        [
            _pull(times, syllables, vowels, vowel, centre=0.58, width=0.3, flat=hold),
            _pull(times, syllables, consonants, consonant, centre=0.08, width=0.2 - 0.12 * hold),
        ],
        axis=1,
    )
    targets = np.concatenate([vowels.shapes[vowel], consonants.shapes[consonant]])
    scale = np.full(targets.shape, manner["lips"] * style["lips"])
    jaw = ARKIT.index("jawOpen")
    open_by = manner["jaw"] * style["jaw"] * np.minimum(syllables.stresses, 1.8)
    scale[:, jaw] = np.concatenate([open_by, np.full(count, min(manner["jaw"], 1.0))])
    total = pulls.sum(axis=1)
    shape = pulls @ (targets * scale) / (total + _REST)[:, None]
    return shape, total / (total + _REST)


def _pull(times, syllables: Syllables, kind: Sounds, chosen, centre, width, flat=0.0):
    """Dominance of each sound at each time, (frames, sounds): a bell, flatter when held."""
    middle = syllables.starts + centre * syllables.lengths
    reach = np.maximum(width * syllables.lengths, 0.045) * kind.spread[chosen]
    apart = np.abs(times[:, None] - middle) / (reach * (1 + 0.35 * flat))
    return kind.dominance[chosen] * np.exp(-(apart ** (2.0 + 2.0 * flat)))


def _held(times, syllables: Syllables) -> np.ndarray:
    """Where a vowel has been sustained long enough for vibrato to set in, (frames,) 0..1."""
    start = syllables.starts + 0.2 * syllables.lengths
    stay = np.maximum(0.7 * syllables.lengths - 0.3, 0.0)
    inside = plateau(times[:, None], start, 0.2, stay, 0.15)
    return np.clip(inside.sum(axis=1), 0.0, 1.0)


def _punctuate(layer: Layer, times, syllables: Syllables, strength: float, rng) -> np.ndarray:
    """Brow flashes and small head dips on stressed syllables; the dips, (frames, 3) degrees."""
    stressed = syllables.stresses > 1.25
    marked = stressed & (rng.random(len(stressed)) < 0.55)
    at, size = syllables.starts[marked], np.minimum(syllables.stresses[marked] - 0.6, 1.2)
    flash = plateau(times[:, None], at - 0.1, 0.16, 0.1, 0.3) @ (0.16 * strength * size)
    flash = np.minimum(flash, 0.3)
    layer.mix("browInnerUp", flash)
    layer.mix("browOuterUp", 0.8 * flash)
    dip = plateau(times[:, None], at - 0.05, 0.2, 0.05, 0.35) @ (1.3 * strength * size)
    return np.minimum(dip, 1.7)[:, None] * (1.0, 0.0, 0.15)


def _sway_with_speech(times, voiced: np.ndarray, rng) -> np.ndarray:
    """The livelier head of someone talking, (frames, 3) degrees."""
    return voiced[:, None] * slow_noise(times, rng, 3, 0.4, 0.9) * (0.5, 1.0, 0.7)


def pulse_train(times, starts, length: float, sharp: float = 0.4) -> np.ndarray:
    """Pulses of one length at given starts, (frames, pulses)."""
    up, down = sharp * length, (1 - sharp) * length
    return ease((times[:, None] - starts) / up) - ease((times[:, None] - starts - up) / down)
