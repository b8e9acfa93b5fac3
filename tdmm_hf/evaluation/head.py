"""Reading head motion back from a motion: nods and shakes counted, the kind of motion named.

    >>> import numpy as np
    >>> from tdmm_hf.evaluation.head import classify_head, count_nods
    >>> from tdmm_hf.motion import FaceMotion
    >>> values = np.zeros((100, 55))
    >>> values[20:36, 52] = values[50:66, 52] = np.radians(12) * np.hanning(16)  # headPitch
    >>> motion = FaceMotion(values)
    >>> count_nods(motion), classify_head(motion)
    (2, 'nod')

Plain peak counting on lightly smoothed angles, so that it judges performed, generated and tracked
motion alike. Pitch down, yaw to the subject's left and roll to the subject's right are positive.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from ..motion import FaceMotion

# what `classify_head` tells apart; the performer knows more, which differ in count, side and size
HEAD_KINDS = (
    "natural", "still", "nod", "shake", "bob", "sway", "tilt_left", "tilt_right",
    "turn_left", "turn_right", "raise", "lower", "circle", "look_around",
)  # fmt: skip

_AXES = ("pitch", "yaw", "roll")
_SMOOTHING = 0.06  # seconds
_NOD_PROMINENCE, _NOD_WIDTH = 5.0, 0.6  # degrees; seconds
_SHAKE_PROMINENCE, _SHAKE_WIDTH = 5.0, 0.6
_TOP_SHARE = 0.3  # of the prominence, where a peak's width is taken
_STILL = 0.7  # degrees of standard deviation
_HELD = 9.0  # degrees from straight ahead
_SWING, _LOOKS = 8.0, 16.0  # degrees
_CIRCLING = 0.6
_BOB_SECONDS, _BOB_SHARE = 2.2, 0.43  # longest period, and the least share of it spent down
_POSES = (("raise", "lower"), ("turn_right", "turn_left"), ("tilt_left", "tilt_right"))


def head_angles(motion: FaceMotion) -> np.ndarray:
    """Pitch, yaw and roll in degrees, lightly smoothed, (frames, 3)."""
    raw = np.stack([motion.channel(f"head{axis}") for axis in ("Pitch", "Yaw", "Roll")], axis=1)
    return gaussian_filter1d(np.degrees(raw), _SMOOTHING * motion.fps, axis=0, mode="nearest")


def _peaks(curve: np.ndarray, fps: float, prominence: float, width: float) -> np.ndarray:
    """Frames of peaks that stand out by ``prominence``, their tops no wider than ``width`` s."""
    found, _ = find_peaks(
        curve, prominence=prominence, width=(None, width * fps), rel_height=_TOP_SHARE
    )
    return found


def count_nods(motion: FaceMotion) -> int:
    """Dips of the head: brief peaks of pitch of at least 5 degrees."""
    return len(_nods(head_angles(motion)[:, 0], motion.fps))


def _nods(pitch: np.ndarray, fps: float) -> np.ndarray:
    return _peaks(pitch, fps, _NOD_PROMINENCE, _NOD_WIDTH)


def count_shakes(motion: FaceMotion) -> int:
    """Full left-right cycles of yaw: half the number of brief turns to either side."""
    return round(len(_turns(head_angles(motion)[:, 1], motion.fps)) / 2)


def _turns(yaw: np.ndarray, fps: float) -> np.ndarray:
    sides = [_peaks(sign * yaw, fps, _SHAKE_PROMINENCE, _SHAKE_WIDTH) for sign in (1, -1)]
    return np.sort(np.concatenate(sides))


def count_moves(motion: FaceMotion, axis: str, sign: int, degrees: float = 8.0) -> int:
    """How often the head goes at least so far to one side of an axis and back.

    Args:
        axis: ``pitch``, ``yaw`` or ``roll``.
        sign: 1 for down, the subject's left, or the shoulder on the subject's right; -1 the other.
        degrees: how far each must stand out.
    """
    if axis not in _AXES:
        raise ValueError(f"axis must be one of {', '.join(_AXES)}, got {axis!r}")
    curve = np.pad(sign * head_angles(motion)[:, _AXES.index(axis)], 1, mode="edge")
    return len(find_peaks(curve, height=0.6 * degrees, prominence=degrees)[0])


def classify_head(motion: FaceMotion) -> str:
    """The kind of head motion, one of ``HEAD_KINDS``: the first rule that fits."""
    angles = head_angles(motion)
    pitch, yaw, roll = angles.T
    if angles.std(axis=0).max() < _STILL:
        return "still"
    if _circling(pitch, yaw) > _CIRCLING:
        return "circle"
    if count_shakes(motion):
        return "shake"
    if len(_reversals(roll, _SWING)) >= 2:
        return "sway"
    if np.ptp(yaw) > _LOOKS and len(_reversals(yaw, 0.5 * _LOOKS)):
        return "look_around"
    if _bobbing(pitch, motion.fps):
        return "bob"
    return "nod" if count_nods(motion) else _held_pose(angles)


def _reversals(curve: np.ndarray, prominence: float) -> np.ndarray:
    """Frames where a curve turns round, by peaks and troughs that stand out by ``prominence``."""
    sides = [find_peaks(sign * curve, prominence=prominence)[0] for sign in (1, -1)]
    return np.sort(np.concatenate(sides))


def _circling(pitch: np.ndarray, yaw: np.ndarray) -> float:
    """How steadily the face goes round one way: 0 back and forth or small, 1 a circle."""
    p, y = pitch - pitch.mean(), yaw - yaw.mean()
    if min(p.std(), y.std()) < 4.0:
        return 0.0
    swept = p[:-1] * np.diff(y) - y[:-1] * np.diff(p)
    travelled = np.hypot(p[:-1], y[:-1]) * np.hypot(np.diff(p), np.diff(y))
    return float(abs(swept.sum()) / travelled.sum())


def _bobbing(pitch: np.ndarray, fps: float) -> bool:
    """Up and down throughout, rather than dips from a resting pose.

    A nod is brief and the rest between two nods longer; a bobbing head is as long down as up.
    """
    down, up = (_half_widths(sign * pitch) / fps for sign in (1, -1))
    if not (len(down) and len(up)):
        return False
    period = np.median(down) + np.median(up)
    turns = _reversals(pitch, _SWING) / fps
    throughout = turns[-1] - turns[0] + period > 0.6 * len(pitch) / fps
    return bool(throughout and period < _BOB_SECONDS and np.median(down) > _BOB_SHARE * period)


def _half_widths(curve: np.ndarray) -> np.ndarray:
    """Frames that each swing stays beyond half its height."""
    return find_peaks(curve, prominence=_SWING, width=0, rel_height=0.5)[1]["widths"]


def _held_pose(angles: np.ndarray) -> str:
    """The pose that the second half rests in."""
    rest = np.median(angles[len(angles) // 2 :], axis=0)
    axis = int(np.abs(rest).argmax())
    if abs(rest[axis]) < _HELD:
        return "natural"
    return _POSES[axis][int(rest[axis] > 0)]
