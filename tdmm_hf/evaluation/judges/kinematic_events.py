"""Counting what happens: micro-actions and head motions found in time.

    >>> from tdmm_hf.evaluation.judges.kinematic_events import find_actions, find_head_motions
    >>> from tdmm_hf.performer import perform
    >>> from tdmm_hf.performer.plan import read_plan
    >>> motion = perform(read_plan("calm 2, wink left 2, nod 3"), seed=1)
    >>> len(find_actions(motion, "wink_left")), len(find_head_motions(motion, "nod"))
    (2, 3)

An action's curve is how far its channels have come towards the weights of its row in
``performer/data/actions.yaml``, less what the other side does where it is one-sided; that of a head
motion is the angle along its row's axis. An event is a peak that is high enough, stands out, and
lasts about as long as the row says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from ...motion import FaceMotion
from ...performer.tables import ARKIT, HEAD, mirrored, table, vector
from .kinematic_items import action_channels, head_channels

HIGH, PROMINENT = 0.55, 0.3  # share of the row's weights
SHORTEST, LONGEST = 0.4, 2.2  # factors of the row's own length
_FULL = 1.2  # share beyond which a channel counts no more
_SMOOTHING, _APEX = 0.06, 0.06  # seconds; of an apex, to either side
_RESTING = 1 / 3  # share of a motion
_MOMENTS = (0.17, 0.5, 0.83)  # shares of a motion
_PROMINENT_SWING, _PROMINENT_GESTURE = 0.5, 0.65  # shares of a head motion's least size


@dataclass(frozen=True, eq=False)
class Events:
    """When and how far: (events,) seconds of the peaks, and shares of the row's own size."""

    times: np.ndarray
    sizes: np.ndarray

    def __len__(self) -> int:
        return len(self.times)


def action_curve(motion: FaceMotion, name: str) -> np.ndarray:
    """How far an action's channels have come towards its row's weights, (frames,) about 0 to 1.

    Of a row whose side is drawn, the side that comes further.
    """
    face = vector(table("actions")[name]["channels"])
    named = [ARKIT.index(channel) for channel in action_channels(name)]
    mask = np.isin(np.arange(len(face)), named)
    curves = [_towards(motion, face, mask)]
    if table("actions")[name].get("sided", False):
        curves.append(_towards(motion, mirrored(face), mask[list(ARKIT.mirror_index)]))
    return max(curves, key=lambda curve: float(curve.max()))


def _towards(motion: FaceMotion, face: np.ndarray, named: np.ndarray) -> np.ndarray:
    """Weighed mean share of the named weights, less what their one-sided partners show."""
    values = motion.values.astype(np.float64)
    shares = np.clip(values[:, named] / face[named], 0.0, _FULL)
    curve = shares @ face[named] / face[named].sum()
    other = np.array(ARKIT.mirror_index)
    idle = named & (face[other] < 0.5 * face)  # whose partner is to stay
    if idle.any():
        more = np.maximum(values[:, other[idle]] - face[other[idle]], 0.0)
        curve = curve - (more @ face[idle]) / face[named].sum()
    return curve


def find_actions(motion: FaceMotion, name: str) -> Events:
    """Every time that an action is seen."""
    row = table("actions")[name]
    length = row["hold"] + 0.5 * (row["onset"] + row["offset"])
    curve = action_curve(motion, name)
    seconds = (SHORTEST * length, LONGEST * length)
    events = _peaks(curve, motion.fps, PROMINENT, seconds, min(float(curve.min()), 0.0))
    high = events.sizes >= HIGH
    return Events(events.times[high], events.sizes[high])


def action_features(motion: FaceMotion, name: str, absent: bool = False) -> np.ndarray:
    """How far every blendshape is from its rest while an action is at its apex, (52,).

    At rest is the third of the motion that looks least like the action. Where none is found, at the
    likeliest moment; ``absent``: at moments spread over the motion, of
    one that was made without it.
    """
    curve, times = action_curve(motion, name), find_actions(motion, name).times
    if absent:
        times = motion.duration * np.array(_MOMENTS)
    elif not len(times):
        times = np.array([curve.argmax() / motion.fps])
    values = motion.values[:, : HEAD.start].astype(np.float64)
    near = max(1, round(_APEX * motion.fps))
    frames = np.round(times * motion.fps).astype(int)[:, None] + np.arange(-near, near + 1)
    shown = values[np.clip(frames, 0, motion.num_frames - 1)].mean(axis=(0, 1))
    return shown - values[curve <= np.quantile(curve, _RESTING)].mean(axis=0)


def _peaks(
    curve: np.ndarray, fps: float, prominence: float, seconds: tuple[float, float], rest: float
) -> Events:
    """Peaks over what lies beside them, their width at half prominence within ``seconds``; before
    and after the motion the curve is at ``rest``."""
    padded = np.pad(curve, 1, constant_values=rest)
    width = (seconds[0] * fps, seconds[1] * fps)
    found, _ = find_peaks(padded, prominence=prominence, width=width, rel_height=0.5)
    return Events((found - 0.5) / fps, padded[found])


def find_head_motions(motion: FaceMotion, name: str) -> Events:
    """Every time that a counted head motion is seen: a dip, a full cycle, a gesture."""
    row, axes = table("head")[name], head_channels(name)
    channel = max(axes, key=lambda axis: abs(axes[axis]))
    degrees = np.degrees(motion.channel(channel).astype(np.float64))
    curve = gaussian_filter1d(degrees, _SMOOTHING * motion.fps, mode="nearest")
    curve = (curve - np.median(curve)) / _least(row, axes[channel])
    if row["kind"] == "cycles":
        return _cycles(curve, motion.fps, row)
    signed = np.abs(curve) if row.get("either") else np.sign(axes[channel]) * curve
    prominent = _PROMINENT_GESTURE if row["kind"] == "gestures" else _PROMINENT_SWING
    return _peaks(signed, motion.fps, prominent, _lengths(row), float(signed.min()))


def _least(row: dict, size: float) -> float:
    """The least that the motion goes along its main axis, in degrees."""
    share = abs(np.degrees(size)) / np.mean(row["degrees"])
    return float(row["degrees"][0] * share)


def _lengths(row: dict) -> tuple[float, float]:
    """Seconds at half height, from the quickest to the slowest."""
    seconds = row["seconds"]
    known = seconds.values() if isinstance(seconds, dict) else (seconds,)
    return 0.1 * min(known), 0.9 * max(known)


def _cycles(curve: np.ndarray, fps: float, row: dict) -> Events:
    """Half the turns to either side, each cycle at the first of its two turns."""
    sides = [_peaks(sign * curve, fps, _PROMINENT_SWING, _lengths(row), 0.0) for sign in (1, -1)]
    times = np.concatenate([side.times for side in sides])
    sizes = np.concatenate([side.sizes for side in sides])[np.argsort(times)]
    return Events(np.sort(times)[::2], sizes[::2])
