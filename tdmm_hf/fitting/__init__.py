"""Video to face motion.

    >>> from tdmm_hf.fitting import fit_video
    >>> result = fit_video("clip.mp4")  # doctest: +SKIP
    >>> result.motion.duration, result.notes  # doctest: +SKIP
    (4.04, ('13 of 97 frames show no face: marked invalid, ...',))

Needs ``pip install 'tdmm-hf[video]'`` and MediaPipe's Face Landmarker model (see ``model_file``).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..formats.timing import EvenFrames, fill_invalid, spread_evenly
from ..motion import FaceMotion
from ..parameters import HEAD_CHANNELS, get_space
from .faces import Face, Track, link_faces, main_track
from .model_file import landmarker_path
from .tracker import OBSERVED_WEIGHTS, FaceTracker
from .video import Video, open_video

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class FitResult:
    """What a video showed.

    Attributes:
        motion: ``arkit`` motion at the video's mean rate; frames without a face are invalid, their
            values interpolated; tongueOut is unobserved.
        notes: plain sentences about what the user should know.
        frames_without_face: decoded frames in which the followed face was not seen.
        num_faces: faces seen anywhere in the video.
    """

    motion: FaceMotion
    notes: tuple[str, ...]
    frames_without_face: int
    num_faces: int


@dataclass
class _Sighting:
    """Everything found in a video: rising times in seconds, and the faces of each frame."""

    rate: float
    times: list[float] = field(default_factory=list)
    faces: list[list[Face]] = field(default_factory=list)
    damaged_after: float | None = None


def fit_video(
    path: str | os.PathLike,
    model: str | os.PathLike | None = None,
    progress: Progress | None = None,
) -> FitResult:
    """Per-frame ``arkit`` parameters of the face in a video.

    Values are MediaPipe's scores and head angles, the mean of the frame and its mirror image, with
    no smoothing. Of several faces the largest and steadiest is followed.

    Args:
        path: any video file that FFmpeg reads.
        model: Face Landmarker file; by default from the environment, the cache or a download.
        progress: called after each frame with (frames done, frames expected or 0).

    Raises:
        ValueError: not a video, no video stream, no face, or a model path that is no model.
        OSError: the file cannot be opened, or no model is at hand and none can be downloaded.
        ImportError: PyAV or MediaPipe, or a system library it needs, is missing.
    """
    name = Path(path).name
    with open_video(path) as video, FaceTracker(landmarker_path(model)) as tracker:
        seen = _watch(video, tracker, progress)
    tracks = link_faces(seen.faces)
    if not tracks:
        raise ValueError(f"{name}: no face found in {len(seen.times)} frames")
    track = main_track(tracks)
    even = _even_frames(track, seen)
    space = get_space("arkit")
    motion = FaceMotion(
        values=space.clip(even.values),
        fps=seen.rate,
        valid=even.valid,
        observed=np.array([c in OBSERVED_WEIGHTS.union(HEAD_CHANNELS) for c in space.channels]),
    )
    return FitResult(
        motion=motion,
        notes=_notes(seen, tracks, track, even.moved),
        frames_without_face=len(seen.times) - len(track),
        num_faces=len(tracks),
    )


def _watch(video: Video, tracker: FaceTracker, progress: Progress | None) -> _Sighting:
    seen = _Sighting(rate=video.rate)
    for frame in video.frames():
        seen.times.append(frame.time)
        seen.faces.append(tracker.detect(frame.image, frame.time))
        if progress:
            progress(len(seen.times), video.expected_frames)
    seen.damaged_after = video.damaged_after
    return seen


def _even_frames(track: Track, seen: _Sighting) -> EvenFrames:
    """The followed face at the container's mean rate, gaps filled in."""
    frames = list(track)
    valid = np.zeros(len(seen.times), dtype=bool)
    valid[frames] = True
    values = np.zeros((len(valid), len(get_space("arkit").channels)))
    values[frames] = [face.values for face in track.values()]
    return spread_evenly(np.array(seen.times), fill_invalid(values, valid), valid, seen.rate)


def _notes(seen: _Sighting, tracks: list[Track], track: Track, resampled: bool) -> tuple[str, ...]:
    frames, missing = len(seen.times), len(seen.times) - len(track)
    notes = []
    if len(tracks) > 1:
        notes.append(f"{len(tracks)} faces seen: the largest and steadiest is followed")
    if missing:
        notes.append(
            f"{missing} of {frames} frames show no face: marked invalid, filled in from neighbours"
        )
    if resampled:
        notes.append(f"uneven timestamps: resampled to the mean rate of {seen.rate:g} fps")
    if seen.damaged_after is not None:
        notes.append(f"the file is damaged: nothing readable after {seen.damaged_after:g} s")
    return tuple(notes)
