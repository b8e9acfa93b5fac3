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
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

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


@cache
def landmark_mirror() -> np.ndarray:
    """(478,) the landmark that stands for each one in a mirror; its own inverse.

    Measured by ``benchmarks/landmark_mirror.py``.
    """
    mirror = np.array(json.loads(LANDMARK_MIRROR_FILE.read_text(encoding="utf-8"))["mirror"])
    mirror.flags.writeable = False
    return mirror


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
