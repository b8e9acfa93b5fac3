"""From a tracked clip to its parameters: weights, one identity, a camera, the head's turns.

    >>> from tdmm_hf.fitting.solver import solve
    >>> fit = solve(scores, landmarks, matrices, valid, image_size)  # doctest: +SKIP
    >>> fit.values.shape, fit.head.identity.shape                    # doctest: +SKIP
    ((125, 55), (34,))

1. Weights by the inverse of the tracker's response (``inverse``), steadied where the face is still
   (``smoothing``), without what is the person's own (``habits``).
2. The package's own head laid over the landmarks (``anatomy``): identity, lens and place, the error
   that is left, and the head's yaw, which the tracker's own matrix reads too small. Its pitch and
   roll are the matrix's: what a face looks like from a little above is also a shape of face.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .anatomy import Head, fit_head
from .habits import settle
from .inverse import InverseResponse, load_inverse
from .smoothing import noise_of, steady
from .upright import head_angles

MOST_NOISE = 0.02  # of weights: what varies by more is taken for motion
MOST_TURN_NOISE = np.radians(0.4)
# Landmarks of a far turned head lean to the front. Of filmed people of two rigs 0.29 and 0.46.
FAR_YAW, FAR_SHARE = np.radians(40), 0.4


class Solution(NamedTuple):
    """Parameters of a clip: ``values`` (frames, 55) in the ``arkit`` space, and the head."""

    values: np.ndarray
    head: Head


def solve(
    scores: np.ndarray,
    landmarks: np.ndarray,
    matrices: np.ndarray,
    valid: np.ndarray,
    image_size: tuple[int, int],
    inverse: InverseResponse | None = None,
) -> Solution:
    """Fit a tracked clip of one person.

    Args:
        scores: (frames, 52) of MediaPipe.
        landmarks: (frames, 478, 3) in pixels, as in ``Face``.
        matrices: (frames, 4, 4) the head in the camera's space.
        valid: (frames,) that show a face; the others are filled in.
        image_size: width and height in pixels.
        inverse: the package's own by default.
    """
    inverse = inverse or load_inverse()
    weights = inverse.weights(landmarks, scores, matrices, valid)
    weights = settle(steady(weights, noise_of(weights, MOST_NOISE), valid), valid)
    head = fit_head(landmarks, weights, matrices, valid, image_size)
    angles = head_angles(matrices)
    angles[:, 1] = far_yaw(head.angles[:, 1])
    angles = steady(angles, noise_of(angles, MOST_TURN_NOISE), valid)
    return Solution(np.concatenate([weights, angles], axis=1), head)


def far_yaw(yaw: np.ndarray) -> np.ndarray:
    """Yaw in radians with what far turns lose given back."""
    return yaw + FAR_SHARE * np.sign(yaw) * np.maximum(np.abs(yaw) - FAR_YAW, 0)
