"""The page on loopback, with the embedded checkpoint, in folders of the tests' own."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import get_space

pytest.importorskip("gradio", reason="gradio is not installed")
pytest.importorskip("plotly", reason="plotly is not installed")

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
ARKIT = get_space("arkit")


@pytest.fixture(scope="session")
def smile():
    """Two seconds of a growing smile and a turning head."""
    values = np.zeros((50, len(ARKIT.channels)))
    for side in ("Left", "Right"):
        values[:, ARKIT.index(f"mouthSmile{side}")] = np.linspace(0, 0.9, 50)
    values[:, ARKIT.index("jawOpen")] = 0.1
    values[:, ARKIT.index("headYaw")] = np.sin(np.linspace(0, 6, 50)) / 3
    return FaceMotion(values)


@pytest.fixture(scope="session")
def scratch(tmp_path_factory):
    """Where gradio keeps what is uploaded and shown."""
    return tmp_path_factory.mktemp("gradio")


@pytest.fixture(scope="session")
def address(scratch):
    """The address of the page, served in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(scratch))
        patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
        from tdmm_hf.spaces_demo.page import build, launch

        page = build()
        launch(page, server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
        yield page.local_url
        page.close()


@pytest.fixture(scope="session")
def landmarker():
    """Sets MediaPipe's model for this process, which serves the page."""
    pytest.importorskip("mediapipe", reason="MediaPipe is not installed")
    model = SHARED / "face_landmarker.task"
    if not model.exists():
        pytest.skip("no ../shared/data/face_landmarker.task")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TDMM_FACE_LANDMARKER", str(model))
        yield model


@pytest.fixture(scope="session")
def clip():
    """A filmed face."""
    path = SHARED / "clips" / "av_00002.mp4"
    if not path.exists():
        pytest.skip("no ../shared/data/clips")
    return path


@pytest.fixture(scope="session")
def face_video(clip, tmp_path_factory):
    """The first half second of it, as a file of one's own."""
    import av

    path = tmp_path_factory.mktemp("video") / "face.mp4"
    with av.open(str(clip)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=25)
        shown = source.streams.video[0]
        stream.width, stream.height = shown.width, shown.height
        for frame in itertools.islice(source.decode(video=0), 12):
            target.mux(stream.encode(frame.reformat(format="yuv420p")))
        target.mux(stream.encode())
    return path
