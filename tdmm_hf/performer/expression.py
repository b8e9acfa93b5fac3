"""The emotion on the face: facial-action prototypes with onset, apex, slow fluctuation and offset.

>>> import numpy as np
>>> from tdmm_hf.performer.expression import express
>>> from tdmm_hf.performer.person import Person
>>> from tdmm_hf.prompts.attributes import Attributes, EmotionSpan
>>> happy = Attributes(2.0, "man", (EmotionSpan("happy", "happy", 4, 0.0, 2.0),))
>>> express(np.arange(50) / 25, happy, Person.from_seed(0), 0).face.shape
(50, 55)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from ..prompts.attributes import Attributes
from .envelope import plateau, rise, slow_noise
from .person import Person, stream
from .tables import (
    ARKIT,
    HEAD,
    STYLE_KEYS,
    Expression,
    expressions,
    gain,
    mirrored,
    table,
    vector,
)

_JOIN = 0.5
_RELEASE = 0.6
_KNEE = 0.75
# Depth of the renewals by region, in depths of the slow fluctuation.
_RENEWAL = {"brows": 1.4, "eyes": 1.2, "mouth": 2.6}
_EVERY = 1.5  # seconds from one renewal to the next
_ONE_WAY = ("mouthLeft", "jawLeft")  # shapes of their own, not a side of one


@dataclass(frozen=True, eq=False)
class Expressed:
    """face (frames, 55) weights; lean (frames, 3) head degrees; gaze (frames, 2) degrees; tone
    (frames, 55) posture of the mouth that speaks; style: multipliers of behaviour."""

    face: np.ndarray
    lean: np.ndarray
    gaze: np.ndarray
    tone: np.ndarray
    style: dict[str, float]


def express(times: np.ndarray, attributes: Attributes, person: Person, seed: int) -> Expressed:
    """The emotion spans of a performance over (frames,) times."""
    rng = stream(seed, "expression")
    spans = attributes.emotions
    chosen = [expressions()[span.category] for span in spans]
    onsets, start_level = [one.onset * person.pace for one in chosen], rng.uniform(0.0, 0.3)
    levels = span_levels(times, attributes, onsets, start_level)
    follows = span_levels(times - person.lag, attributes, onsets, start_level)
    behind = _right_side() if person.leads_left else _left_side()
    face, tone = (np.zeros((len(times), len(ARKIT.channels))) for _ in range(2))
    gaze = np.zeros((len(times), 2))
    for span, one, level, late in zip(spans, chosen, levels, follows, strict=True):
        apex, look = _sided(one, person.leads_left)
        course = gain(span.intensity) * _course(times, span.start, one)
        sides = np.where(behind, late[:, None], level[:, None]) * course[:, None]
        face += sides * _fluctuation(times, one.waver, rng) * apex
        gaze += (level * course)[:, None] * look
        tone += (level * course)[:, None] * _tone(one.family, person.leads_left)
    lean = face[:, HEAD].copy()
    face[:, HEAD] = 0.0
    face = _saturated(face * person.gains)
    return Expressed(face, lean, gaze, tone, _style(attributes, chosen))


def _saturated(face: np.ndarray) -> np.ndarray:
    """The last quarter of each channel's range, reached ever more slowly: never flat at 1."""
    over = np.maximum(face - _KNEE, 0.0) / (1 - _KNEE)
    return np.minimum(face, _KNEE) + (1 - _KNEE) * np.tanh(over)


def span_levels(times, attributes: Attributes, onsets, start_level: float) -> list[np.ndarray]:
    """How far each span's emotion is shown, (frames,) in 0..1 each, by the transition."""
    spans = attributes.emotions
    first = _onset(times, spans[0].start, onsets[0], start_level)
    if len(spans) == 1:
        return [first * _offset(times, spans[0].end, attributes.duration)]
    then = spans[1]
    if attributes.transition == "flash":
        length = max(then.end - then.start, 0.4)
        flash = plateau(times, then.start, 0.16, max(length - 0.4, 0.1), 0.24)
        first = first * _offset(times, spans[0].end, attributes.duration)
        return [first * (1 - 0.9 * flash), flash]
    begin, length = _join(spans, attributes)
    second = rise(times, begin, length)
    return [first * (1 - second), second * _offset(times, then.end, attributes.duration)]


def _onset(times, start: float, length: float, start_level: float) -> np.ndarray:
    level = start_level if start <= 0 else 0.0
    return level + (1 - level) * rise(times, start, length)


def _offset(times, end: float, duration: float) -> np.ndarray:
    """Release before ``end``; an emotion that lasts to the last frame is simply held."""
    if end >= duration - 0.1:
        return np.ones_like(times)
    return 1 - rise(times, end - _RELEASE, _RELEASE)


def _join(spans, attributes: Attributes) -> tuple[float, float]:
    """Start and length of the passage from the first emotion to the second."""
    low, high = sorted((spans[0].end, spans[1].start))
    if attributes.transition == "fade":
        length = max(high - low, 0.4 * attributes.duration, 0.8)
        return max((low + high - length) / 2, 0.1), length
    length = max(high - low, _JOIN)
    return (low + high - length) / 2, length


def _course(times, start: float, one: Expression) -> np.ndarray:
    """Settling after the first moment, and waves where the expression has them."""
    since = np.maximum(times - start - one.onset, 0.0)
    course = one.settle + (1 - one.settle) * np.exp(-since / 0.8)
    if one.pulses:
        every, length, depth = one.pulses
        phase = np.mod(times - start, every)
        wave = plateau(phase, 0.0, 0.25 * length, 0.3 * length, 0.45 * length)
        course = course * (1 - depth + depth * wave)
    return course


def _fluctuation(times, depth: float, rng) -> np.ndarray:
    """Unevenness of a held expression, (frames, 55): slow for the whole face, and by region it
    sinks and is renewed."""
    common = 0.5 + 0.25 * slow_noise(times, rng, 1, 0.15, 0.6)
    renewed = np.stack([_renewed(times, rng) for _ in _RENEWAL], axis=1)
    swing = depth * np.array(list(_RENEWAL.values()))
    regions = np.concatenate([1 + swing * (renewed - 0.6), np.ones_like(common)], axis=1)
    return (1 - depth * common) * regions[:, _region_of_channel()]


def _renewed(times, rng) -> np.ndarray:
    """How fresh a held movement is, (frames,) 0..1: taken up again every second or two."""
    gaps = _EVERY * rng.gamma(3.0, 1 / 3.0, int(3 * (times[-1] + 2) / _EVERY) + 4)
    starts = np.cumsum(gaps) - 2.0 * rng.random()
    starts = starts[starts < times[-1]]
    onsets, fades = rng.uniform(0.16, 0.4, len(starts)), rng.uniform(0.5, 1.6, len(starts))
    curves = plateau(times[:, None], starts, onsets, rng.uniform(0.1, 0.5, len(starts)), fades)
    return np.tanh(1.2 * curves @ rng.uniform(0.5, 1.1, len(starts)))


@cache
def _region_of_channel() -> np.ndarray:
    of = np.full(len(ARKIT.channels), len(_RENEWAL))
    for i, region in enumerate(_RENEWAL):
        of[list(ARKIT.groups[region])] = i
    return of


@cache
def _left_side() -> np.ndarray:
    """(55,) whether a channel is on the left."""
    return np.array([c.endswith("Left") and not c.startswith(_ONE_WAY) for c in ARKIT.channels])


def _right_side() -> np.ndarray:
    return _left_side()[list(ARKIT.mirror_index)]


def _tone(family: str, leads_left: bool) -> np.ndarray:
    """(55,) what a family at full strength does to a mouth that speaks."""
    pose = vector(table("manners")["tones"].get(family, {}).get("pose", {}))
    return pose if leads_left else mirrored(pose)


def _sided(one: Expression, leads_left: bool) -> tuple[np.ndarray, np.ndarray]:
    if leads_left:
        return one.face, one.gaze
    return mirrored(one.face), one.gaze * (-1.0, 1.0)


def _style(attributes: Attributes, chosen: list[Expression]) -> dict[str, float]:
    """Behaviour of the emotions, weighed by how long and how strongly each is shown."""
    spans = attributes.emotions
    lengths = np.array([max(span.end - span.start, 0.1) for span in spans])
    shares = lengths / lengths.sum() * [0.4 + 0.6 * gain(span.intensity) for span in spans]
    changes = [
        {key: share * (value - 1.0) for key, value in _behaviour(one).items()}
        for share, one in zip(shares, chosen, strict=True)
    ]
    return {key: 1.0 + sum(change.get(key, 0.0) for change in changes) for key in STYLE_KEYS}


def _behaviour(one: Expression) -> dict[str, float]:
    """An expression's own style, with what its family does to jaw and lips in speech."""
    tone = table("manners")["tones"].get(one.family, {})
    both = {key: one.style.get(key, 1.0) * tone.get(key, 1.0) for key in ("jaw", "lips")}
    return {**one.style, **both}
