"""What formats without masks lose of a motion, in words.

>>> import numpy as np
>>> from tdmm_hf.formats.loss import lost_masks
>>> from tdmm_hf.motion import FaceMotion
>>> lost_masks(FaceMotion(np.zeros((3, 55)), valid=[True, False, False]))
['2 frames without a face become frames with one']
"""

from __future__ import annotations

import numpy as np

from ..motion import FaceMotion


def lost_masks(motion: FaceMotion, kept: np.ndarray | None = None) -> list[str]:
    """A clause for each mask that says something.

    Args:
        motion: the motion.
        kept: (channels,) bool, the channels that the format has; all by default.
    """
    lost = []
    hidden = int((~motion.valid).sum())
    if hidden:
        lost.append(f"{count(hidden, 'frame')} without a face become frames with one")
    unknown = ~motion.observed if kept is None else ~motion.observed & kept
    if unknown.any():
        lost.append(f"{count(int(unknown.sum()), 'unobserved channel')} become observed")
    return lost


def count(number: int, noun: str) -> str:
    """``1 frame``, ``2 frames``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
