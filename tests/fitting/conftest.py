"""The tracker's model and the real clips, where they are at hand."""

import itertools

import numpy as np
import pytest

av = pytest.importorskip("av", reason="PyAV is not installed")

from small_videos import SHARED  # noqa: E402


@pytest.fixture(scope="session")
def landmarker():
    pytest.importorskip("mediapipe", reason="MediaPipe is not installed")
    model = SHARED / "face_landmarker.task"
    if not model.exists():
        pytest.skip("no ../shared/data/face_landmarker.task")
    return model


@pytest.fixture(scope="session")
def clip_frames():
    """(20, 480, 832, 3) uint8: the start of a clip with a turned, speaking face."""
    path = SHARED / "clips" / "av_00002.mp4"
    if not path.exists():
        pytest.skip("no ../shared/data/clips")
    with av.open(str(path)) as container:
        frames = itertools.islice(container.decode(video=0), 20)
        return np.stack([frame.to_ndarray(format="rgb24") for frame in frames])
