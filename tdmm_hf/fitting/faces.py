"""Faces found in single frames, linked into tracks; and which track to follow.

    >>> import numpy as np
    >>> from tdmm_hf.fitting.faces import Face, link_faces, main_track
    >>> near = Face(np.array([100.0, 100.0]), 80.0, np.zeros(51), np.eye(4))
    >>> far = Face(np.array([300.0, 90.0]), 20.0, np.zeros(51), np.eye(4))
    >>> tracks = link_faces([[near, far], [far], [near]])
    >>> [sorted(track) for track in tracks], sorted(main_track(tracks))
    ([[0, 2], [0, 1]], [0, 2])
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
        scores: (51,) blendshape scores, in the order of OBSERVED_CHANNELS.
        matrix: (4, 4) head to camera, rotation and centimetres.
    """

    center: np.ndarray
    size: float
    scores: np.ndarray
    matrix: np.ndarray


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
