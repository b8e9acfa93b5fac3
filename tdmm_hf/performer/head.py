"""Head motion in degrees: natural drift, nods, shakes, swings, gestures, held poses.

>>> import numpy as np
>>> from tdmm_hf.performer.head import move_head
>>> from tdmm_hf.prompts.attributes import HeadMotion
>>> pose = move_head(np.arange(125) / 25, 5.0, HeadMotion("nod", 2), np.random.default_rng(0))
>>> pose.shape, bool(pose[:, 0].max() > 8)
((125, 3), True)
"""

from __future__ import annotations

import numpy as np

from ..prompts.attributes import HeadMotion
from .envelope import ease, rise, slow_noise
from .tables import table

_AXES = {"pitch": 0, "yaw": 1, "roll": 2}
_DRIFT_DEGREES = np.array([2.4, 3.0, 2.4])


def move_head(times: np.ndarray, duration: float, head: HeadMotion, rng) -> np.ndarray:
    """Pitch, yaw and roll in degrees, (frames, 3), without drift."""
    row = table("head")[head.name]
    return _KINDS[row["kind"]](times, duration, head, row, rng)


def event_starts(duration: float, head: HeadMotion) -> np.ndarray:
    """When each of a counted motion begins, at medium pace: (count,) seconds; else none."""
    row = table("head")[head.name]
    if head.count is None or "apart" not in row:
        return np.zeros(0)
    return _starts(duration, head, _seconds(row, head), row)[0]


def _seconds(row: dict, head: HeadMotion) -> float:
    """The usual length of one motion; some know no speeds."""
    seconds = row["seconds"]
    return seconds[head.speed] if isinstance(seconds, dict) else seconds


def drift(times: np.ndarray, rng, restlessness: float) -> np.ndarray:
    """The slow wandering of a head at ease, (frames, 3) degrees."""
    slow = slow_noise(times, rng, 3, 0.06, 0.36)
    breath = 0.25 * np.sin(2 * np.pi * 0.27 * times + rng.uniform(0, 2 * np.pi))
    return restlessness * _DRIFT_DEGREES * slow + breath[:, None] * (1.0, 0.0, 0.0)


def _on_axis(curve: np.ndarray, axis: str) -> np.ndarray:
    pose = np.zeros((len(curve), 3))
    pose[:, _AXES[axis]] = curve
    return pose


def _rest(times, duration, head, row, rng) -> np.ndarray:
    return np.zeros((len(times), 3))


def _starts(duration: float, head: HeadMotion, length: float, row: dict):
    """Starts of equal motions and their length, shortened where the clip is too short.

    Without a count they recur throughout; with one they come in a row from the start that is asked
    for, or spread evenly.
    """
    in_a_row = head.count is not None and head.start is not None
    usable = 0.92 * duration - 0.1
    count = head.count or max(2, round(usable / (row["throughout"] * length)))
    length = min(length, usable / (count * row["apart"]))
    step = length * row["apart"] if in_a_row else usable / count
    spare = 0.1 + usable - (count - 1) * step - length
    first = min(head.start, spare) if in_a_row else (0.1 + spare) / 2
    return first + step * np.arange(count), length


def _pulses(times, duration, head: HeadMotion, row, rng) -> np.ndarray:
    """Nods: dips from the resting pose and back."""
    seconds = _seconds(row, head) * rng.uniform(0.92, 1.08)
    starts, length = _starts(duration, head, seconds, row)
    size = rng.uniform(*row["degrees"]) * rng.uniform(0.9, 1.08, len(starts))
    since = (times[:, None] - starts) / length
    dips = ease(since / 0.45) - ease((since - 0.45) / 0.55)
    return _on_axis(row["sign"] * (dips @ size), row["axis"])


def _cycles(times, duration, head: HeadMotion, row, rng) -> np.ndarray:
    """Shakes: full turns to one side, to the other and back."""
    seconds = _seconds(row, head) * rng.uniform(0.92, 1.08)
    starts, length = _starts(duration, head, seconds, row)
    size = rng.uniform(*row["degrees"]) * rng.uniform(0.92, 1.05, len(starts))
    size *= 1.0 if rng.random() < 0.5 else -1.0
    since = np.clip((times[:, None] - starts) / length, 0.0, 1.0)
    return _on_axis(np.sin(2 * np.pi * since) @ size, row["axis"])


def _gestures(times, duration, head: HeadMotion, row, rng) -> np.ndarray:
    """From the resting pose through those of ``path`` and back, again and again.

    Where ``either`` is set, yaw and roll go to a side that is drawn for each.
    """
    seconds = _seconds(row, head) * rng.uniform(0.92, 1.08)
    starts, length = _starts(duration, head, seconds, row)
    size = rng.uniform(*row["degrees"]) * rng.uniform(0.92, 1.06, len(starts))
    sides = rng.choice((-1.0, 1.0), len(starts)) if row.get("either") else np.ones(len(starts))
    shares, *axes = np.array([[0.0, 0.0, 0.0, 0.0], *row["path"]]).T
    since = (times[:, None] - starts) / length
    moves = ease((since[..., None] - shares[:-1]) / np.diff(shares))  # (frames, count, legs)
    gains = np.stack([size, size * sides, size * sides])
    curves = [(moves @ np.diff(axis)) @ gain for axis, gain in zip(axes, gains, strict=True)]
    return np.stack(curves, axis=1)


def _swing(times, duration, head: HeadMotion, row, rng) -> np.ndarray:
    """Up and down or side to side, throughout."""
    seconds = min(_seconds(row, head) * rng.uniform(0.93, 1.07), 0.6 * duration)
    size = rng.uniform(*row["degrees"]) * (1 + 0.08 * slow_noise(times, rng, 1, 0.1, 0.4)[:, 0])
    phase = 2 * np.pi * (times / seconds + rng.random())
    return _on_axis(size * np.sin(phase) * rise(times, 0.0, 0.4), row["axis"])


def _hold(times, duration, head: HeadMotion, row, rng) -> np.ndarray:
    """To a pose, and held there."""
    start, length = rng.uniform(0.0, 0.35), rng.uniform(0.45, 0.8)
    size = row["sign"] * rng.uniform(*row["degrees"])
    return _on_axis(size * rise(times, start, min(length, duration / 3)), row["axis"])


def _circle(times, duration, head: HeadMotion, row, rng) -> np.ndarray:
    seconds = min(_seconds(row, head) * rng.uniform(0.93, 1.07), 0.9 * duration)
    turn = 1.0 if rng.random() < 0.5 else -1.0
    phase = 2 * np.pi * (turn * times / seconds + rng.random())
    size = rng.uniform(*row["degrees"]) * rise(times, 0.0, 0.5)
    return size[:, None] * np.stack([np.sin(phase), np.cos(phase), 0 * phase], axis=1)


def _eight(times, duration, head: HeadMotion, row, rng) -> np.ndarray:
    """A lying figure of eight: up and down twice for each time left and right."""
    seconds = min(_seconds(row, head) * rng.uniform(0.93, 1.07), 0.9 * duration)
    phase = 2 * np.pi * (times / seconds + rng.random())
    turn = 1.0 if rng.random() < 0.5 else -1.0
    size = rng.uniform(*row["degrees"]) * rise(times, 0.0, 0.5)
    flat = [0.6 * np.sin(2 * phase), turn * np.sin(phase), 0 * phase]
    return size[:, None] * np.stack(flat, axis=1)


def _tremble(times, duration, head: HeadMotion, row, rng) -> np.ndarray:
    """Small quick shaking that swells and ebbs, in yaw and a little in pitch."""
    hertz = rng.uniform(*row["hertz"])
    swells = 1 + 0.25 * slow_noise(times, rng, 1, 0.3, 0.8)[:, 0]
    size = rng.uniform(*row["degrees"]) * swells * rise(times, 0.0, 0.3)
    phase = 2 * np.pi * (hertz * times + rng.random())
    phase = phase + 0.6 * slow_noise(times, rng, 1, 0.5, 1.2)[:, 0]
    return np.stack([0.3 * size * np.cos(phase), size * np.sin(phase), 0 * phase], axis=1)


def _sink(times, duration, head: HeadMotion, row, rng) -> np.ndarray:
    """Down little by little, in steps as of someone falling asleep, until the end."""
    share = np.clip(times / (0.96 * duration), 0.0, 1.0)
    steps = max(2, round(duration / 1.6))
    stepped = share - 0.7 * np.sin(2 * np.pi * steps * share) / (2 * np.pi * steps)
    return _on_axis(row["sign"] * rng.uniform(*row["degrees"]) * stepped, row["axis"])


def _perk(times, duration, head: HeadMotion, row, rng) -> np.ndarray:
    """Hanging from the start on, then up at once and a little too far."""
    low, start = rng.uniform(*row["degrees"]), rng.uniform(0.35, 0.5) * duration
    quick = min(_seconds(row, head), 0.2 * duration)
    up = 1.28 * rise(times, start, quick) - 0.12 * rise(times, start + quick, 1.5 * quick)
    return _on_axis(row["sign"] * low * (1.0 - up), row["axis"])


def _look(times, duration, head: HeadMotion, row, rng) -> np.ndarray:
    """One place after another, left and right in turn."""
    step = min(_seconds(row, head), 0.35 * duration)
    starts = 0.15 + np.cumsum(rng.uniform(0.8, 1.2, int(duration / (0.8 * step)) + 2)) * step
    starts = np.concatenate([[rng.uniform(0.05, 0.25)], starts])
    sides = np.where(np.arange(len(starts)) % 2, 1.0, -1.0) * (1.0 if rng.random() < 0.5 else -1.0)
    places = np.stack(
        [rng.uniform(-6, 7, len(starts)), sides * rng.uniform(*row["degrees"], len(starts))], axis=1
    )
    moves = rise(times[:, None], starts, 0.4 * step) @ np.diff(places, axis=0, prepend=0.0)
    return np.concatenate([moves, 0.12 * moves[:, 1:]], axis=1)


_KINDS = {
    "drift": _rest,
    "pulses": _pulses,
    "cycles": _cycles,
    "gestures": _gestures,
    "swing": _swing,
    "hold": _hold,
    "circle": _circle,
    "eight": _eight,
    "tremble": _tremble,
    "sink": _sink,
    "perk": _perk,
    "look": _look,
}
