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
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..formats.timing import EvenFrames, fill_invalid, spread_evenly
from ..motion import FaceMotion
from ..parameters import HEAD_CHANNELS, get_space
from .anatomy import Head
from .faces import NUM_LANDMARKS, Face, Track, link_faces, main_track
from .inverse import NUM_WEIGHTS
from .model_file import landmarker_path
from .quality import Quality, assess
from .solver import solve
from .tracker import OBSERVED_WEIGHTS, FaceTracker
from .video import Video, open_video

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class FitResult:
    """What a video showed.

    Attributes:
        motion: ``arkit`` motion at the video's mean rate, as ``solver`` fits it; frames without a
            face are invalid, their values interpolated; tongueOut is unobserved.
        tracked: the same as MediaPipe scores it.
        head: the package's own head laid over the landmarks: identity, lens, place, and the error
            that is left.
        notes: plain sentences about what the user should know.
        frames_without_face: decoded frames in which the followed face was not seen.
        num_faces: faces seen anywhere in the video.
        landmarks: (frames, 478, 3) float32 at the motion's frames, as in ``Face``; where no face
            was seen, interpolated as the values are.
        matrices: (frames, 4, 4) float32 the head in the camera's space, as in ``Face``: a rotation
            and a translation in centimetres.
        image_size: width and height in pixels of the upright picture.
        quality: what the fit can be trusted for, and why not.
    """

    motion: FaceMotion
    notes: tuple[str, ...]
    frames_without_face: int
    num_faces: int
    tracked: FaceMotion | None = None
    head: Head | None = None
    landmarks: np.ndarray | None = None
    matrices: np.ndarray | None = None
    image_size: tuple[int, int] | None = None
    quality: Quality | None = None


@dataclass
class _Sighting:
    """Everything found in a video: rising times in seconds, and the faces of each frame."""

    rate: float
    image_size: tuple[int, int] = (0, 0)
    times: list[float] = field(default_factory=list)
    faces: list[list[Face]] = field(default_factory=list)
    damaged_after: float | None = None
    damaged_frames: int = 0
    left_out: int = 0


def fit_video(
    path: str | os.PathLike,
    model: str | os.PathLike | None = None,
    progress: Progress | None = None,
) -> FitResult:
    """Per-frame ``arkit`` parameters of the face in a video.

    Of several faces the largest and steadiest is followed. What the tracker says of it is inverted
    and a head laid over it, see ``solver``.

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
    values, landmarks, matrices = _unpack(even.values)
    fit = solve(values[:, :NUM_WEIGHTS], landmarks, matrices, even.valid, seen.image_size)
    tracked = FaceMotion(
        values=space.clip(values),
        fps=seen.rate,
        valid=even.valid,
        observed=np.array([c in OBSERVED_WEIGHTS.union(HEAD_CHANNELS) for c in space.channels]),
    )
    motion = replace(tracked, values=space.clip(fit.values))
    error = float(fit.head.reprojection[even.valid].mean())
    return FitResult(
        motion=motion,
        notes=_notes(seen, tracks, track, even.moved),
        frames_without_face=len(seen.times) - len(track),
        num_faces=len(tracks),
        tracked=tracked,
        head=fit.head,
        landmarks=landmarks,
        matrices=matrices,
        image_size=seen.image_size,
        quality=assess(
            replace(tracked, values=values), landmarks, matrices, seen.image_size, error
        ),
    )


def _watch(video: Video, tracker: FaceTracker, progress: Progress | None) -> _Sighting:
    seen = _Sighting(rate=video.rate)
    for frame in video.frames():
        seen.image_size = frame.image.shape[1::-1]
        seen.times.append(frame.time)
        seen.faces.append(tracker.detect(frame.image, frame.time))
        if progress:
            progress(len(seen.times), video.expected_frames)
    seen.damaged_after = video.damaged_after
    seen.damaged_frames = video.damaged_frames
    seen.left_out = video.left_out
    return seen


def _even_frames(track: Track, seen: _Sighting) -> EvenFrames:
    """The followed face at the container's mean rate, gaps filled in; see ``_unpack``."""
    frames = list(track)
    valid = np.zeros(len(seen.times), dtype=bool)
    valid[frames] = True
    packed = np.array([_pack(face) for face in track.values()])
    values = np.zeros((len(valid), packed.shape[1]))
    values[frames] = packed
    return spread_evenly(np.array(seen.times), fill_invalid(values, valid), valid, seen.rate)


def _pack(face: Face) -> np.ndarray:
    """(1505,) values, landmarks and matrix in a row."""
    return np.concatenate([face.values, face.landmarks.ravel(), face.matrix.ravel()])


def _unpack(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values (frames, 55), landmarks (frames, 478, 3), matrices (frames, 4, 4) of packed rows."""
    channels = len(get_space("arkit").channels)
    values, landmarks, matrices = np.split(rows, [channels, channels + 3 * NUM_LANDMARKS], axis=1)
    matrices = matrices.reshape(-1, 4, 4)
    left, _, right = np.linalg.svd(matrices[:, :3, :3])
    matrices[:, :3, :3] = left @ right  # the nearest rotation: means of two are none
    landmarks = landmarks.reshape(-1, NUM_LANDMARKS, 3)
    return values, landmarks.astype(np.float32), matrices.astype(np.float32)


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
    if seen.left_out:
        notes.append(f"{seen.left_out} frames left out: their timestamps do not rise")
    if seen.damaged_frames:
        notes.append(f"{seen.damaged_frames} frames are missing or smeared: the file is damaged")
    if seen.damaged_after is not None:
        notes.append(f"the file is damaged: nothing readable after {seen.damaged_after:g} s")
    return tuple(notes)
