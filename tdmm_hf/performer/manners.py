"""Manners other than speech and song: laughing, sobbing, yawning, chewing and silence.

>>> import numpy as np
>>> from tdmm_hf.performer.manners import vocalise
>>> vocal = vocalise(np.arange(125) / 25, 5.0, "laughs", np.random.default_rng(0))
>>> bool(vocal.activity.max() > 0.5)
True
"""

from __future__ import annotations

import numpy as np

from .envelope import Layer, plateau
from .speech import Vocal, articulate, pulse_train
from .tables import table

_PAUSED = 0.5  # how far the emotion's mouth still gives way in the pauses


def vocalise(times, duration: float, name: str, rng, style: dict | None = None) -> Vocal:
    """What a manner does over (frames,) times, the emotion's mouth giving way where it must."""
    manner = table("manners")["manners"][name]
    if manner["kind"] == "articulate":
        vocal = articulate(times, duration, manner, rng, style)
    else:
        vocal = _KINDS[manner["kind"]](times, duration, manner, rng)
    busy = 0.0 if manner["kind"] == "silent" else _PAUSED + (1 - _PAUSED) * vocal.activity
    for channel, share in table("manners")["yields"].items():
        vocal.layer.clear(channel, share * busy)
    return vocal


def _silent(times, duration, manner, rng) -> Vocal:
    return Vocal(Layer(len(times)), np.zeros(len(times)), np.zeros((len(times), 3)))


def _laugh(times, duration: float, manner: dict, rng) -> Vocal:
    """Bouts of pulses that die away; the smile stays between them."""
    starts, sizes, presence = _bouts(times, duration, manner, rng, fade=0.5)
    pulses = pulse_train(times, starts, 0.95 / manner["rate"]) @ sizes
    layer = _posed(times, manner["pose"], 0.55 + 0.45 * presence)
    layer.mix("jawOpen", manner["jaw"] * pulses)
    layer.mix("cheekSquint", 0.5 * manner["jaw"] * pulses)
    layer.mix("eyeSquint", 0.5 * manner["jaw"] * pulses)
    layer.mix("mouthUpperUp", 0.5 * manner["jaw"] * pulses)
    slow = plateau(times, 0.1, 0.5, duration, 0.5) * presence
    head = -manner["jolt"] * (0.5 * pulses + 0.7 * slow)
    return Vocal(layer, presence, head[:, None] * (1.0, 0.1, 0.25))


def _sob(times, duration: float, manner: dict, rng) -> Vocal:
    """Jerky out-breaths in a crying face, with a long shaky breath between bouts."""
    starts, sizes, presence = _bouts(times, duration, manner, rng, fade=0.25)
    starts = starts + rng.uniform(-0.06, 0.06, len(starts))
    pulses = np.minimum(pulse_train(times, starts, 0.8 / manner["rate"], 0.3) @ sizes, 1.2)
    layer = _posed(times, manner["pose"], 0.7 + 0.3 * presence)
    layer.mix("jawOpen", manner["jaw"] * pulses)
    layer.mix("mouthShrugLower", 0.35 * pulses)
    layer.mix("eyeSquint", 0.3 * pulses)
    layer.mix("mouthStretch", 0.25 * pulses)
    head = manner["jolt"] * (0.7 * pulses + 0.8 * presence)
    return Vocal(layer, presence, head[:, None] * (1.0, 0.0, 0.2))


def _yawn(times, duration: float, manner: dict, rng) -> Vocal:
    """Slow wide openings with the eyes closing, one in every few seconds."""
    count = max(1, round(duration / manner["every"]))
    slot = duration / count
    length = np.minimum(rng.uniform(*manner["length"], size=count), 0.9 * slot)
    starts = np.arange(count) * slot + rng.uniform(0.15, 0.85, count) * (slot - length)
    shape = plateau(times[:, None], starts, 0.45 * length, 0.2 * length, 0.35 * length).sum(axis=1)
    layer = _posed(times, manner["pose"], shape)
    return Vocal(layer, shape, -manner["lift"] * shape[:, None] * (1.0, 0.0, 0.15))


def _chew(times, duration: float, manner: dict, rng) -> Vocal:
    """Closed-lip jaw cycles that swing to the working side, with pauses to swallow."""
    starts, sizes, presence = _bouts(times, duration, manner, rng, fade=0.1)
    train = pulse_train(times, starts, 0.95 / manner["rate"], 0.45)
    drop = np.minimum(train @ sizes, 1.2)
    delayed = pulse_train(times, starts + 0.12 / manner["rate"], 0.95 / manner["rate"], 0.5)
    side = -1.0 if rng.random() < 0.5 else 1.0
    alternate = np.where(np.arange(len(starts)) % 4 == 3, -0.6, 1.0)
    swing = manner["sideways"] * side * (delayed @ (sizes * alternate))
    layer = _posed(times, manner["pose"], presence)
    layer.mix("jawOpen", manner["jaw"] * drop)
    layer.mix("mouthClose", 0.9 * manner["jaw"] * drop)
    for channel, sign in (("Left", 1.0), ("Right", -1.0)):
        layer.mix(f"jaw{channel}", np.maximum(sign * swing, 0.0))
        layer.mix(f"mouth{channel}", np.maximum(0.4 * sign * swing, 0.0))
    return Vocal(layer, presence, np.zeros((len(times), 3)))


def _bouts(times, duration: float, manner: dict, rng, fade: float):
    """Pulse starts and sizes, (pulses,), in bouts that weaken by ``fade``, and the bouts' presence
    (frames,)."""
    at = rng.uniform(0.05, 0.3)
    starts, sizes, edges = [np.zeros(0)], [np.zeros(0)], []
    while at < duration - 0.2:
        length = rng.uniform(*manner["bout"])
        rate = manner["rate"] * rng.uniform(0.93, 1.07)
        count = max(2, round(length * rate))
        starts.append(at + np.arange(count) / rate)
        falls = 1 - fade * np.arange(count) / count
        sizes.append(falls * rng.uniform(0.8, 1.15, count))
        edges.append((at, count / rate))
        at += count / rate + rng.uniform(*manner["pause"])
    begin, length = np.array(edges or [(0.0, duration)]).T
    presence = plateau(times[:, None], begin - 0.1, 0.2, np.maximum(length - 0.1, 0), 0.3)
    return np.concatenate(starts), np.concatenate(sizes), np.clip(presence.sum(axis=1), 0, 1)


def _posed(times, pose: dict, level: np.ndarray) -> Layer:
    layer = Layer(len(times))
    for channel, weight in pose.items():
        layer.mix(channel, weight * level)
    return layer


_KINDS = {"silent": _silent, "laugh": _laugh, "sob": _sob, "yawn": _yawn, "chew": _chew}
