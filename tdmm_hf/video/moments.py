"""The frames that tell a motion best: far apart in pose, in the order of time.

>>> import numpy as np
>>> from tdmm_hf.motion import FaceMotion
>>> from tdmm_hf.video.moments import highlights
>>> values = np.zeros((60, 55)); values[25:35, 24] = 1
>>> highlights(FaceMotion(values), 3).values[:, 24].tolist()
[0.0, 1.0, 0.0]
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..motion import FaceMotion

_TURN = 3.0  # a head's angle of a third of a radian counts as much as a whole blendshape
_GAZE = 0.3
_CLOSED = 2.0  # what closed eyes cost: a face seen in mid-blink tells little
_UNSEEN = 100.0  # what it costs that no face was seen


def highlights(motion: FaceMotion, count: int) -> FaceMotion:
    """The frames that tell the motion best, as a motion of ``count`` frames, or fewer."""
    shown = moments(motion, count)
    return replace(motion, values=motion.values[shown], valid=motion.valid[shown])


def moments(motion: FaceMotion, count: int) -> list[int]:
    """Indices of ``count`` frames (fewer if the motion has fewer), in the order of time.

    Each differs from the one before as much as can be, and none is nearer to it than half of an
    even spacing.
    """
    total = motion.num_frames
    count = min(count, total)
    poses = motion.values * _weights(motion)
    across = np.linalg.norm(poses[:, None] - poses, axis=-1)  # (frames, frames)
    gap = max(1, total // (2 * count))
    at = np.arange(total)
    across[at[:, None] - at < gap] = -np.inf  # (later, earlier)
    worth = -_CLOSED * _closed(motion) - _UNSEEN * ~motion.valid
    best, came_from = worth, []
    for _ in range(count - 1):
        score = across + best
        came_from.append(score.argmax(axis=1))
        best = score.max(axis=1) + worth
    path = [int(best.argmax())]
    for earlier in reversed(came_from):
        path.append(int(earlier[path[-1]]))
    return path[::-1]


def _weights(motion: FaceMotion) -> np.ndarray:
    """(C,) how much each channel counts."""
    weights = np.ones(len(motion.channels), dtype=np.float32)
    for at, (name, unit) in enumerate(zip(motion.channels, motion.space.units, strict=True)):
        if unit == "radian":
            weights[at] = _TURN
        elif name.startswith("eyeLook"):
            weights[at] = _GAZE
        elif name.startswith("eyeBlink"):
            weights[at] = 0
    return weights


def _closed(motion: FaceMotion) -> np.ndarray:
    """(frames,) how far the eyes are shut."""
    blinks = [at for at, name in enumerate(motion.channels) if name.startswith("eyeBlink")]
    return motion.values[:, blinks].max(axis=1, initial=0)
