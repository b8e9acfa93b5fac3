"""Faces found in single frames, linked into tracks; and which track to follow.

>>> import numpy as np
>>> from tdmm_hf.fitting.faces import Face, link_faces, main_track
>>> near = Face(np.array([100.0, 100.0]), 80.0, np.zeros(55))
>>> far = Face(np.array([300.0, 90.0]), 20.0, np.zeros(55))
>>> tracks = link_faces([[near, far], [far], [near]])
>>> [sorted(track) for track in tracks], sorted(main_track(tracks))
([[0, 2], [0, 1]], [0, 2])
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np

from ..parameters import get_space

NUM_LANDMARKS = 478
LANDMARK_MIRROR_FILE = Path(__file__).with_name("landmark_mirror.json")

# A face is the one seen before if it moved less than its own size, and this share of it more for
# every frame in which it was not seen.
REACH_PER_MISSED_FRAME = 0.1

Track = dict[int, "Face"]


@dataclass(frozen=True, eq=False)
class Face:
    """One face in one frame.

    Args:
        center: (2,) middle of its box in pixels.
        size: square root of its box's area in pixels.
        values: (55,) in the ``arkit`` space; 0 for channels that are not observed.
        landmarks: (478, 3) MediaPipe's face mesh and irises: x to the right and y down in pixels
            of the image, z away from the camera in the scale of x.
        matrix: (4, 4) the face in the camera's space: axes of ``FaceMotion``, centimetres.
    """

    center: np.ndarray
    size: float
    values: np.ndarray
    landmarks: np.ndarray = field(default_factory=lambda: np.zeros((NUM_LANDMARKS, 3), np.float32))
    matrix: np.ndarray = field(default_factory=lambda: np.eye(4))

    def mirror(self, width: int) -> Face:
        """The face as it is in the mirrored image; ``width`` of the image in pixels."""
        space = get_space("arkit")
        center = np.array([width - self.center[0], self.center[1]])
        values = self.values[list(space.mirror_index)] * np.array(space.mirror_sign)
        landmarks = self.landmarks[landmark_mirror()] * np.float32([-1, 1, 1])
        landmarks[:, 0] += width
        matrix = self.matrix * _MIRRORED_MATRIX
        return Face(center, self.size, values, landmarks, matrix)


# Of S M S with S = diag(-1, 1, 1, 1): a matrix seen in a mirror that swaps left and right.
_MIRRORED_MATRIX = np.outer([-1, 1, 1, 1], [-1, 1, 1, 1])


@cache
def landmark_mirror() -> np.ndarray:
    """(478,) the landmark that stands for each one in a mirror; its own inverse.

    Measured by ``benchmarks/landmark_mirror.py``.
    """
    mirror = np.array(json.loads(LANDMARK_MIRROR_FILE.read_text(encoding="utf-8"))["mirror"])
    mirror.flags.writeable = False
    return mirror


def merge_faces(faces: list[Face], others: list[Face]) -> list[Face]:
    """Two lists of one frame's faces: the means of pairs that lie within half their size.

    A face that only one list has is left out: it is a profile about to be lost, or no face.
    """
    left, merged = list(others), []
    for face in faces:
        near = [one for one in left if np.linalg.norm(one.center - face.center) < face.size / 2]
        if near:
            twin = min(near, key=lambda one: np.linalg.norm(one.center - face.center))
            left.remove(twin)
            merged.append(_mean(face, twin))
    return merged


def _mean(face: Face, twin: Face) -> Face:
    """The place of the first; values, landmarks and matrix between both."""
    return replace(
        face,
        values=(face.values + twin.values) / 2,
        landmarks=(face.landmarks + twin.landmarks) / 2,
        matrix=(face.matrix + twin.matrix) / 2,
    )


def link_faces(frames: list[list[Face]]) -> list[Track]:
    """Tracks (frame index to face): each face goes to the nearest track within its reach."""
    tracks: list[Track] = []
    for index, faces in enumerate(frames):
        free = list(tracks)
        for face in sorted(faces, key=lambda face: -face.size):
            near = [track for track in free if _distance(track, index, face) < 1]
            if near:
                track = min(near, key=lambda track: _distance(track, index, face))
                free.remove(track)
            else:
                track = {}
                tracks.append(track)
            track[index] = face
    return tracks


def main_track(tracks: list[Track]) -> Track:
    """The largest and steadiest face: the greatest sum of box areas over all frames."""
    return max(tracks, key=lambda track: sum(face.size**2 for face in track.values()))


def _distance(track: Track, index: int, face: Face) -> float:
    """How far the face is from where the track was last seen, in units of its reach."""
    last = max(track)
    reach = track[last].size * (1 + REACH_PER_MISSED_FRAME * (index - last - 1))
    return float(np.linalg.norm(face.center - track[last].center)) / reach
