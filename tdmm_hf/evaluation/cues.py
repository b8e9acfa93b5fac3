"""Cues: does a motion show what the words of its prompt name?

    >>> import numpy as np
    >>> from tdmm_hf.evaluation.cues import Baseline, Cue
    >>> from tdmm_hf.motion import FaceMotion
    >>> smile = Cue("smile", up=("mouthSmileLeft", "mouthSmileRight"))
    >>> neutral, smiling = (FaceMotion(np.full((50, 55), x)) for x in (0.0, 0.4))
    >>> Baseline([neutral, neutral]).shows(smile, smiling)
    True

A cue is a small set of ARKit channels that a facial action moves (FACS). Its signal is the mean of
the channels that rise less the mean of those that fall. A motion shows it where its strength is
above what the same model does when asked for nothing: the mean over motions from neutral prompts,
plus the larger of two standard deviations and the measure's margin (``MARGINS``), which is what a
viewer would notice: a neutral face that never varies must not make the rule lax.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import yaml
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal import detrend

from ..motion import FaceMotion

WHOLE = (0.0, 1.0)
FIRST_HALF = (0.0, 0.5)
SECOND_HALF = (0.5, 1.0)
LAST_THIRD = (2 / 3, 1.0)

PEAK_SECONDS = 0.2
WINDOW_SECONDS = 1.0
# Weights are 0..1 (head channels radians): 0.08 held is a slight but visible action, 0.2 at the
# peak of a brief one is a plain one, 0.02 is a swing of about 0.06 peak to peak that goes on,
# 0.1 a wandering of about 6 degrees for gaze.
MARGINS = {"level": 0.08, "peak": 0.2, "activity": 0.02, "spread": 0.1}


def level(signal: np.ndarray, fps: float) -> float:
    """Mean over the frames: an expression that is held."""
    return float(signal.mean())


def peak(signal: np.ndarray, fps: float) -> float:
    """Highest mean over any 0.2 s: a brief action, but not one frame's jitter."""
    window = min(len(signal), max(1, round(PEAK_SECONDS * fps)))
    return float(np.convolve(signal, np.ones(window) / window, mode="valid").max())


def activity(signal: np.ndarray, fps: float) -> float:
    """Median over 1 s windows of the deviation from a straight line.

    Speech, song and chewing go on; a jaw that drops once, or an expression that comes and goes,
    fills too few windows to count.
    """
    window = min(len(signal), max(1, round(WINDOW_SECONDS * fps)))
    windows = detrend(sliding_window_view(signal, window))  # (windows, frames of a window)
    return float(np.median(windows.std(axis=1)))


def spread(signal: np.ndarray, fps: float) -> float:
    """Standard deviation: what wanders or comes and goes."""
    return float(signal.std())


MEASURES: dict[str, Callable[[np.ndarray, float], float]] = {
    "level": level,
    "peak": peak,
    "activity": activity,
    "spread": spread,
}


@dataclass(frozen=True)
class Cue:
    """A facial action as a signed group of channels.

    Args:
        name: the cue's name.
        up: channels whose mean raises the signal.
        down: channels whose mean lowers it (a wink is one eye without the other).
        measure: a key of ``MEASURES``: how the signal becomes one number.
        margin: the least rise over neutral that counts; ``MARGINS[measure]`` by default.

    Raises:
        ValueError: for an unknown measure or a cue without channels.
    """

    name: str
    up: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    measure: str = "level"
    margin: float | None = None

    def __post_init__(self):
        if self.measure not in MEASURES:
            raise ValueError(
                f"cue {self.name!r}: measure must be one of {', '.join(MEASURES)}, "
                f"got {self.measure!r}"
            )
        if not self.up and not self.down:
            raise ValueError(f"cue {self.name!r} must name at least one channel, got none")
        if self.margin is None:
            object.__setattr__(self, "margin", MARGINS[self.measure])

    def signal(self, motion: FaceMotion) -> np.ndarray:
        """mean(up) - mean(down), (frames,)."""
        total = np.zeros(motion.num_frames)
        for sign, channels in ((1, self.up), (-1, self.down)):
            if channels:
                total += sign * motion.values[:, motion.space.indices(channels)].mean(axis=1)
        return total

    def strength(self, motion: FaceMotion, span: tuple[float, float] = WHOLE) -> float:
        """The cue's measure over a span given as fractions of the motion."""
        first = round(span[0] * motion.num_frames)
        last = max(first + 1, round(span[1] * motion.num_frames))
        return MEASURES[self.measure](self.signal(motion)[first:last], motion.fps)

    def at_peak(self) -> Cue:
        """The same channels measured at their peak, for what only flashes."""
        return replace(self, measure="peak", margin=None)


class Baseline:
    """What a model's neutral motions do, against which a cue must show.

    Args:
        motions: at least two motions made from neutral prompts.
    """

    def __init__(self, motions: Iterable[FaceMotion]):
        self.motions = list(motions)
        if len(self.motions) < 2:
            raise ValueError(f"baseline needs at least two motions, got {len(self.motions)}")
        self._thresholds: dict[tuple, float] = {}

    def threshold(self, cue: Cue, span: tuple[float, float] = WHOLE) -> float:
        """Neutral mean plus the larger of two standard deviations and the cue's margin."""
        key = (cue, span)
        if key not in self._thresholds:
            strengths = [cue.strength(motion, span) for motion in self.motions]
            rise = max(2 * np.std(strengths, ddof=1), cue.margin)
            self._thresholds[key] = float(np.mean(strengths) + rise)
        return self._thresholds[key]

    def shows(self, cue: Cue, motion: FaceMotion, span: tuple[float, float] = WHOLE) -> bool:
        """Whether the cue's strength over the span is above its threshold."""
        return cue.strength(motion, span) > self.threshold(cue, span)


@dataclass(frozen=True)
class Clause:
    """One thing a prompt asks for: any of the alternatives shows, or none where not ``wanted``."""

    name: str
    alternatives: tuple[Cue, ...]
    span: tuple[float, float] = WHOLE
    wanted: bool = True

    def holds(self, motion: FaceMotion, baseline: Baseline) -> bool:
        shown = any(baseline.shows(cue, motion, self.span) for cue in self.alternatives)
        return shown == self.wanted


_WHEN = {
    "cues": WHOLE,
    "first": FIRST_HALF,
    "second": SECOND_HALF,
    "flash": WHOLE,
    "absent": WHOLE,
}


def clauses(entry: dict, cues: dict[str, Cue]) -> list[Clause]:
    """The clauses of a prompt entry of ``benchmarks/data/prompts.yaml``.

    Args:
        entry: lists of cue names under ``cues``, ``first``, ``second``, ``flash`` or ``absent``;
            a nested list means any one of them.
        cues: the cue table, see ``load_cues``.

    Raises:
        ValueError: for a cue that the table does not have, or an entry without clauses.
    """
    found = [
        _clause(when, [item] if isinstance(item, str) else item, cues)
        for when in _WHEN
        for item in entry.get(when, [])
    ]
    if not found:
        raise ValueError(f"a prompt must name at least one cue, got {entry}")
    return found


def _clause(when: str, names: list[str], cues: dict[str, Cue]) -> Clause:
    unknown = [name for name in names if name not in cues]
    if unknown:
        raise ValueError(f"unknown cue {unknown[0]!r}: the cue table does not have it")
    chosen = tuple(cues[name].at_peak() if when == "flash" else cues[name] for name in names)
    label = "|".join(names) + ("" if when == "cues" else f" ({when})")
    return Clause(label, chosen, _WHEN[when], wanted=when != "absent")


def failures(asked: Iterable[Clause], motion: FaceMotion, baseline: Baseline) -> list[str]:
    """Names of the clauses that a motion does not meet; empty for an adherent motion."""
    return [clause.name for clause in asked if not clause.holds(motion, baseline)]


def load_cues(path: str | Path) -> dict[str, Cue]:
    """A YAML cue table: name to ``up``, ``down``, ``measure``, ``margin`` (and ``au``, a note)."""
    table = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    return {
        name: Cue(
            name,
            tuple(row.get("up", ())),
            tuple(row.get("down", ())),
            row.get("measure", "level"),
            row.get("margin"),
        )
        for name, row in table.items()
    }
