"""The Face Landmarker model file: where it is, or one checked download.

    >>> from tdmm_hf.fitting.model_file import landmarker_path
    >>> landmarker_path("face_landmarker.task")  # doctest: +SKIP
    PosixPath('face_landmarker.task')

An explicit path goes before the environment variable ``TDMM_FACE_LANDMARKER``, which goes before
the cache; only where none of them is given is the file downloaded, once.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..cache import cache_folder
from ..download import download

MODEL_VARIABLE = "TDMM_FACE_LANDMARKER"
MODEL_URL = (
    "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/"
    "float16/1/face_landmarker.task"
)
MODEL_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"


def landmarker_path(model: str | os.PathLike | None = None) -> Path:
    """The model file: ``model``, or the environment's, or the cached one, or a download.

    Raises:
        ValueError: the path given, or the environment's, is no file.
        OSError: no model at hand and it could not be downloaded, or it arrived damaged.
    """
    for source, given in (("model", model), (MODEL_VARIABLE, os.environ.get(MODEL_VARIABLE))):
        if given:
            if not Path(given).is_file():
                raise ValueError(f"{source} must be a Face Landmarker file, none at {given}")
            return Path(given)
    cached = cache_path()
    if not cached.is_file():
        _download(cached)
    return cached


def cache_path() -> Path:
    """Where the downloaded model is kept: under ``XDG_CACHE_HOME`` or ``~/.cache``."""
    return cache_folder() / "face_landmarker.task"


def _download(target: Path) -> None:
    try:
        download(MODEL_URL, target, sha256=MODEL_SHA256)
    except OSError as error:
        raise OSError(
            f"no Face Landmarker model at hand and {MODEL_URL} cannot be had ({error}): "
            f"fetch that file elsewhere and give it with --model or {MODEL_VARIABLE}"
        ) from error
