"""Small videos made on the spot, and the real clips where they are at hand."""

import itertools
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av", reason="PyAV is not installed")

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


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


def write_video(path, images, rate=25, times=None, rotation=0):
    """Write (frames, height, width, 3) images; ``times`` in milliseconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.height, stream.width = images[0].shape[:2]
        stream.bit_rate = 8_000_000
        if rotation:
            stream.set_display_rotation(rotation)
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for i, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = int(times[i]), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
