"""MediaPipe Face Landmarker: images in, faces out.

    >>> from tdmm_hf.fitting.tracker import FaceTracker
    >>> with FaceTracker("face_landmarker.task") as tracker:  # doctest: +SKIP
    ...     faces = tracker.detect(image, time=0.0)

Scores, landmarks and face matrix are MediaPipe's own, with its rest levels, its reach and its
leaning to one side; ``fitting.inverse`` undoes them.

Its face matrix has this package's axes (+y up, +z out of the face towards the camera, +x to the
subject's left), so the head angles, relative to the camera, are read straight from it.
"""

from __future__ import annotations

import os
import sys
import zipfile
from contextlib import contextmanager, suppress
from functools import partial

import numpy as np

from ..import_utils import require_package
from ..parameters import ARKIT_BLENDSHAPES
from .faces import Face
from .upright import head_angles

MAX_FACES = 4
# MediaPipe scores every ARKit blendshape but one.
OBSERVED_WEIGHTS = frozenset(name for name in ARKIT_BLENDSHAPES if name != "tongueOut")


class FaceTracker:
    """Finds up to ``MAX_FACES`` faces in successive frames of one video; a context manager.

    With several faces allowed, MediaPipe does not smooth over time: there is no lag.

    Args:
        model: path of the Face Landmarker bundle.

    Raises:
        ImportError: MediaPipe, or a system library that it needs, is missing.
        ValueError: the model file is not a Face Landmarker bundle.
    """

    def __init__(self, model: str | os.PathLike):
        self._mediapipe, vision, base = _import_mediapipe()
        options = vision.FaceLandmarkerOptions(
            base_options=base.BaseOptions(model_asset_path=str(model)),
            running_mode=vision.RunningMode.VIDEO,
            num_faces=MAX_FACES,
            output_face_blendshapes=True,
            output_facial_transformation_matrixes=True,
        )
        self._create = partial(vision.FaceLandmarker.create_from_options, options)
        self._model = model
        self._last_timestamp = -1

    def __enter__(self) -> FaceTracker:
        _check_bundle(self._model)
        try:
            with _quiet_stderr():
                self._landmarker = self._create()
        except OSError as error:
            raise _system_library_error(error) from error
        except (RuntimeError, ValueError) as error:
            raise ValueError(f"model {self._model} is not a Face Landmarker bundle") from error
        return self

    def __exit__(self, *exception) -> None:
        with _quiet_stderr():
            self._landmarker.close()

    def detect(self, image: np.ndarray, time: float) -> list[Face]:
        """Faces in one frame.

        Args:
            image: (height, width, 3) uint8 RGB.
            time: seconds, not before those of the last call.
        """
        timestamp = max(round(time * 1000), self._last_timestamp + 1)
        self._last_timestamp = timestamp
        picture = self._mediapipe.Image(
            image_format=self._mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(image)
        )
        result = self._landmarker.detect_for_video(picture, timestamp)
        found = zip(
            result.face_landmarks,
            result.face_blendshapes,
            result.facial_transformation_matrixes,
            strict=True,
        )
        return [_face(*parts, image.shape) for parts in found]


def _check_bundle(model: str | os.PathLike) -> None:
    """``ValueError`` for a damaged bundle, which is a zip file: MediaPipe may hang on one."""
    try:
        with zipfile.ZipFile(model) as bundle:
            damaged = bundle.testzip()
    except zipfile.BadZipFile as error:
        raise ValueError(f"model {model} is not a Face Landmarker bundle ({error})") from error
    if damaged:
        raise ValueError(f"model {model} is not a Face Landmarker bundle ({damaged} is damaged)")


def _face(landmarks, blendshapes, matrix, shape: tuple[int, ...]) -> Face:
    scale = (shape[1], shape[0], shape[1])
    points = np.array([(p.x, p.y, p.z) for p in landmarks]) * scale
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    score = {one.category_name: one.score for one in blendshapes}
    weights = [score[name] if name in OBSERVED_WEIGHTS else 0.0 for name in ARKIT_BLENDSHAPES]
    return Face(
        center=(low + high) / 2,
        size=float(np.sqrt(np.prod(high - low))),
        values=np.concatenate([weights, head_angles(np.asarray(matrix))]),
        landmarks=points.astype(np.float32),
        matrix=np.asarray(matrix, dtype=float),
    )


def _import_mediapipe():
    """The package, its vision tasks and its task core; says which system packages it lacks."""
    try:
        return (
            require_package("mediapipe", extra="video"),
            require_package("mediapipe.tasks.python.vision", extra="video"),
            require_package("mediapipe.tasks.python.core.base_options", extra="video"),
        )
    except (ImportError, OSError) as error:
        if "cannot open shared object" not in str(error):
            raise
        raise _system_library_error(error) from error


def _system_library_error(error: Exception) -> ImportError:
    return ImportError(
        f"MediaPipe cannot load a system library ({error.__cause__ or error}): "
        "on Debian, apt-get install libegl1 libgles2"
    )


@contextmanager
def _quiet_stderr():
    """Silence what MediaPipe's C++ part writes to file descriptor 2; no setting of its does."""
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
