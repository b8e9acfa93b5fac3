"""What a whole clip shows of a face is its own shape, where nothing else tells.

    >>> import numpy as np
    >>> from tdmm_hf.fitting.habits import settle
    >>> weights = np.zeros((50, 52))
    >>> weights[:, 49] = 0.3  # noseSneerLeft, all the time
    >>> float(settle(weights)[:, 49].max().round(2))
    0.06

How high an iris rests between its lids, and how a nose is wrinkled at rest, differ from person to
person, and from rendered people to real ones, by as much as expressions move them; MediaPipe's
scores do not speak of them, or are wrong. So most of what never leaves a clip is taken for the
person's own. Gaze to the sides is not: who looks past the camera does so for a whole clip.
"""

from __future__ import annotations

import numpy as np

from ..parameters import ARKIT_BLENDSHAPES

OWN_SHARE = 0.8  # of what is there all the time
ALL_THE_TIME = 5  # percentile of a weight's frames
UNHEARD = ("noseSneer", "cheekPuff", "cheekSquint")  # by MediaPipe's scores
_SIDES = ("Left", "Right")


def settle(weights: np.ndarray, valid: np.ndarray | None = None) -> np.ndarray:
    """Weights (frames, 52) of a clip without what is the person's own; ``valid`` (frames,)."""
    settled = np.array(weights, dtype=np.float64)
    seen = slice(None) if valid is None else np.asarray(valid)
    for index, name in enumerate(ARKIT_BLENDSHAPES):
        if name.startswith(UNHEARD):
            floor = np.percentile(settled[seen, index], ALL_THE_TIME)
            settled[:, index] = np.maximum(settled[:, index] - OWN_SHARE * floor, 0)
    for side in _SIDES:
        up, down = (ARKIT_BLENDSHAPES.index(f"eyeLook{way}{side}") for way in ("Up", "Down"))
        height = settled[:, up] - settled[:, down]
        height = height - OWN_SHARE * np.median(height[seen])
        settled[:, up], settled[:, down] = np.maximum(height, 0), np.maximum(-height, 0)
    return settled
