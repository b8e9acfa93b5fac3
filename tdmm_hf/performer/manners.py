"""Manners other than speech and song: laughing, sobbing, yawning, chewing and silence.

>>> import numpy as np
>>> from tdmm_hf.performer.manners import vocalise
>>> vocal = vocalise(np.arange(125) / 25, 5.0, "laughs", np.random.default_rng(0))
>>> bool(vocal.activity.max() > 0.5)
True
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .envelope import Layer, plateau, pulse_train, slow_noise
from .speech import Vocal, articulate, empty_vocal
from .tables import table

_QUIVERS = ("mouthShrugLower", "mouthFrown", "mouthStretch")
_PAUSED = 0.5  # how far the emotion's mouth still gives way in the pauses


@dataclass(frozen=True, eq=False)
class Bouts:
    """Pulses in bouts.

    Args:
        starts, sizes, lengths: (pulses,) seconds, shares of a full pulse, seconds.
        ends, pauses: (bouts,) seconds at which each is over, and of silence after it.
        presence: (frames,) 0..1, within a bout.
    """

    starts: np.ndarray
    sizes: np.ndarray
    lengths: np.ndarray
    ends: np.ndarray
    pauses: np.ndarray
    presence: np.ndarray


def vocalise(times, duration: float, name: str, rng, style: dict | None = None) -> Vocal:
    """What a manner does over (frames,) times, the emotion's mouth giving way where it must."""
    manner = table("manners")["manners"][name]
    vocal = _KINDS[manner["kind"]](times, duration, manner, rng, style)
    busy = 0.0 if manner["kind"] == "silent" else _PAUSED + (1 - _PAUSED) * vocal.activity
    for channel, share in table("manners")["yields"].items():
        vocal.layer.clear(channel, share * busy * manner.get("yielding", 1.0))
    return vocal


def _silent(times, duration, manner, rng, style) -> Vocal:
    return empty_vocal(len(times))


def _pulses(times, duration: float, manner: dict, rng, style) -> Vocal:
    """Bouts of pulses that die away, in a posture that partly stays between them: laughter in a
    smiling face, sobs in a crying one, panting, sniffling."""
    bouts = _bouts(times, duration, manner, rng)
    curves = pulse_train(times, bouts.starts, bouts.lengths, manner.get("sharp", 0.4))
    pulses = np.minimum(curves @ bouts.sizes, 1.2)
    stays = manner["stays"]
    layer = _posed(times, manner["pose"], stays + (1 - stays) * bouts.presence)
    for channel, weight in manner["pulse"].items():
        layer.mix(channel, weight * pulses)
    breath = plateau(times[:, None], bouts.ends, 0.5, 0.1, 0.4) @ np.clip(bouts.pauses, 0, 1)
    for channel, weight in manner.get("breath", {}).items():
        layer.mix(channel, weight * np.clip(breath, 0.0, 1.0))
    _shake(layer, times, manner, bouts.presence, rng)
    beat, lean, turn = manner["jolt"]
    lag = plateau(times, 0.1, 0.5, duration, 0.5) * bouts.presence
    head = (beat * pulses + lean * lag)[:, None] * (1.0, 0.1, 0.22)
    head += turn * (0.3 + 0.7 * bouts.presence)[:, None] * slow_noise(times, rng, 3, 0.3, 1.1)
    return Vocal(layer, bouts.presence, head, np.zeros(len(times)))


def _shake(layer: Layer, times, manner: dict, presence: np.ndarray, rng) -> None:
    """Chin and lips that quiver, all the while and more in a bout."""
    if "tremor" not in manner:
        return
    low, high, depth = manner["tremor"]
    shaking = np.abs(slow_noise(times, rng, 3, low, high)) * (0.4 + 0.6 * presence)[:, None]
    for channel, curve in zip(
        ("mouthShrugLower", "mouthFrown", "mouthStretch"), shaking.T, strict=True
    ):
        layer.mix(channel, depth * curve)


def _yawn(times, duration: float, manner: dict, rng, style) -> Vocal:
    """Openings with the eyes closing, one in every few seconds: slow to open, stretched at the
    widest, quick to close, and a swallow after."""
    count = max(1, round(duration / manner["every"]))
    slot = duration / count
    length = np.minimum(rng.uniform(*manner["length"], size=count), 0.9 * slot)
    starts = np.arange(count) * slot + rng.uniform(0.15, 0.85, count) * (slot - length)
    sizes = rng.uniform(0.93, 1.0, count)
    curves = plateau(times[:, None], starts, 0.48 * length, 0.24 * length, 0.28 * length)
    shape = curves @ sizes
    late = plateau(times[:, None], starts + 0.3 * length, 0.3 * length, 0.12 * length, 0.2 * length)
    layer = _posed(times, manner["pose"], shape)
    for channel, weight in manner.get("peak", {}).items():
        layer.mix(channel, weight * late.sum(axis=1))
    after = plateau(times[:, None], starts + 0.97 * length, 0.15, 0.15, 0.3).sum(axis=1)
    for channel, weight in (("mouthPress", 0.3), ("mouthRollLower", 0.2), ("mouthShrugLower", 0.2)):
        layer.mix(channel, weight * after)
    head = -manner["lift"] * shape[:, None] * (1.0, 0.0, 0.15)
    return Vocal(layer, np.clip(shape, 0, 1), head, np.zeros(len(times)))


def _chew(times, duration: float, manner: dict, rng, style) -> Vocal:
    """Jaw cycles that swing to the working side, with pauses to swallow."""
    bouts = _bouts(times, duration, manner, rng)
    train = pulse_train(times, bouts.starts, bouts.lengths, 0.45)
    drop = np.minimum(train @ bouts.sizes, 1.2)
    delayed = pulse_train(times, bouts.starts + 0.12 / manner["rate"], bouts.lengths, 0.5)
    side = -1.0 if rng.random() < 0.5 else 1.0
    alternate = np.where(np.arange(len(bouts.starts)) % 4 == 3, -0.6, 1.0)
    swing = manner["sideways"] * side * (delayed @ (bouts.sizes * alternate))
    layer = _posed(times, manner["pose"], bouts.presence)
    layer.mix("jawOpen", manner["jaw"] * drop)
    layer.mix("mouthClose", manner.get("closed", 0.9) * manner["jaw"] * drop)
    for channel, weight in manner.get("pulse", {}).items():
        layer.mix(channel, weight * drop)
    for channel, sign in (("Left", 1.0), ("Right", -1.0)):
        layer.mix(f"jaw{channel}", np.maximum(sign * swing, 0.0))
        layer.mix(f"mouth{channel}", np.maximum(0.4 * sign * swing, 0.0))
    head = (0.6 * drop)[:, None] * (1.0, 0.0, 0.3 * side)
    return Vocal(layer, bouts.presence, head, np.zeros(len(times)))


def _sigh(times, duration: float, manner: dict, rng, style) -> Vocal:
    """A breath drawn in with the head rising, let out through loose lips as it sinks."""
    count = max(1, round(duration / manner["every"]))
    slot = duration / count
    length = np.minimum(rng.uniform(*manner["length"], size=count), 0.92 * slot)
    starts = np.arange(count) * slot + rng.uniform(0.1, 0.9, count) * (slot - length)
    drawn = plateau(times[:, None], starts, 0.32 * length, 0.04 * length, 0.14 * length)
    let_out = plateau(
        times[:, None], starts + 0.38 * length, 0.12 * length, 0.15 * length, 0.35 * length
    )
    inward, outward = drawn.sum(axis=1), let_out.sum(axis=1)
    layer = _posed(times, manner["pose"], inward)
    for channel, weight in manner["pulse"].items():
        layer.mix(channel, weight * outward)
    head = (manner["drop"] * outward - manner["lift"] * inward)[:, None] * (1.0, 0.0, 0.2)
    return Vocal(layer, np.clip(inward + outward, 0, 1), head, np.zeros(len(times)))


def _bouts(times, duration: float, manner: dict, rng) -> Bouts:
    """Bouts that weaken by ``fade`` and slow down by ``slowing``, their pulses scattered."""
    at = rng.uniform(0.05, 0.3)
    fade, slowing = manner.get("fade", 0.1), manner.get("slowing", 0.0)
    scatter, spans = manner.get("scatter", 0.0), []
    starts, sizes, lengths = [np.zeros(0)], [np.zeros(0)], [np.zeros(0)]
    while at < duration - 0.2:
        rate = manner["rate"] * rng.uniform(0.93, 1.07)
        count = max(manner.get("least", 2), round(rng.uniform(*manner["bout"]) * rate))
        share = np.arange(count) / count
        gaps = (1 + slowing * (share - 0.5)) / rate
        starts.append(at + np.cumsum(gaps) - gaps + rng.uniform(-scatter, scatter, count))
        sizes.append((1 - fade * share) * rng.uniform(0.75, 1.15, count))
        lengths.append(manner.get("share", 0.95) * gaps)
        pause = rng.uniform(*manner["pause"])
        spans.append((at, gaps.sum(), pause))
        at += gaps.sum() + pause
    begin, length, pause = np.array(spans or [(0.0, duration, 0.0)]).T
    presence = plateau(times[:, None], begin - 0.1, 0.2, np.maximum(length - 0.1, 0), 0.3)
    return Bouts(
        *(np.concatenate(parts) for parts in (starts, sizes, lengths)),
        begin + length,
        pause,
        np.clip(presence.sum(axis=1), 0, 1),
    )


def _posed(times, pose: dict, level: np.ndarray) -> Layer:
    layer = Layer(len(times))
    for channel, weight in pose.items():
        layer.mix(channel, weight * level)
    return layer


_KINDS = {
    "silent": _silent,
    "articulate": articulate,
    "pulses": _pulses,
    "yawn": _yawn,
    "chew": _chew,
    "sigh": _sigh,
}
