"""Videos, animated pictures and strips: what is in the file, or that there is none."""

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from tdmm_hf.video import write_gif, write_strip, write_video
from tdmm_hf.video.files import check_file


def shades(count: int, width: int = 64, height: int = 64) -> list[np.ndarray]:
    """Frames that go from dark to light, one half of each redder."""
    frames = []
    for shade in np.linspace(40, 200, count).astype(np.uint8):
        frame = np.full((height, width, 3), shade, dtype=np.uint8)
        frame[:, : width // 2, 0] += 50
        frames.append(frame)
    return frames


@pytest.mark.parametrize("fps", [25.0, 29.97, 60.0])
def test_a_video_has_the_frames_at_the_rate(tmp_path, fps):
    av = pytest.importorskip("av")
    frames, path = shades(12), tmp_path / "clip.mp4"
    write_video(iter(frames), path, fps)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert float(stream.average_rate) == pytest.approx(fps, rel=1e-5)
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    assert len(decoded) == 12
    apart = np.abs(np.stack(decoded).astype(int) - np.stack(frames))
    assert np.median(apart) <= 3
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_video_can_start_before_it_is_all_there(tmp_path):
    pytest.importorskip("av")
    write_video(shades(5), tmp_path / "clip.mp4", 25)
    data = (tmp_path / "clip.mp4").read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_the_same_frames_give_the_same_bytes(tmp_path):
    pytest.importorskip("av")
    for name in ("a.mp4", "b.mp4"):
        write_video(shades(30), tmp_path / name, 25)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize(("fps", "shown"), [(25, 12), (30, 12), (100, 6)])
def test_an_animated_picture_keeps_time(tmp_path, fps, shown):
    write_gif(iter(shades(12)), tmp_path / "clip.gif", fps)
    durations = []
    with Image.open(tmp_path / "clip.gif") as picture:
        assert picture.info["loop"] == 0
        for at in range(picture.n_frames):
            picture.seek(at)
            durations.append(picture.info["duration"])
    assert len(durations) == shown
    assert sum(durations) == pytest.approx(12 / fps * 1000, abs=10)
    assert min(durations) >= 20


def test_an_animated_picture_has_the_colours(tmp_path):
    frames = shades(4)
    write_gif(frames, tmp_path / "clip.gif", 25)
    with Image.open(tmp_path / "clip.gif") as picture:
        for at, frame in enumerate(frames):
            picture.seek(at)
            assert np.abs(np.asarray(picture.convert("RGB")).astype(int) - frame).max() <= 8


def test_a_strip_is_the_frames_side_by_side(tmp_path):
    frames = shades(3)
    write_strip(iter(frames), tmp_path / "strip.png")
    with Image.open(tmp_path / "strip.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), np.hstack(frames))


def _broken():
    yield from shades(3)
    raise RuntimeError("out of film")


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (lambda frames, path: write_video(frames, path, 25), "a.mp4"),
        (lambda frames, path: write_gif(frames, path, 25), "a.gif"),
        (write_strip, "a.png"),
    ],
)
def test_nothing_is_left_of_a_file_that_failed(tmp_path, write, name):
    with pytest.raises(RuntimeError, match="out of film"):
        write(_broken(), tmp_path / name)
    with pytest.raises(ValueError, match="at least one frame"):
        write(iter([]), tmp_path / name)
    with pytest.raises(FileNotFoundError):
        write(shades(2), tmp_path / "nowhere" / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("write", "rule"),
    [
        (lambda: check_file("a.avi", 64), r"unknown picture suffix '\.avi' of 'a\.avi'"),
        (lambda: check_file("a.MP4", 65), r"size must be even for \.mp4, got 65"),
        (lambda: write_video(shades(2, width=63), "a.mp4", 25), "sides must be even, got 63x64"),
        (
            lambda: write_video(shades(2), "a.mp4", 0),
            r"fps of a video must be in 0\.01\.\.1000, got 0",
        ),
        (lambda: write_gif(shades(2), "a.gif", -1), "fps must be positive, got -1"),
    ],
)
def test_mistakes_are_named(write, rule, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=rule):
        write()
    assert not list(tmp_path.iterdir())


def test_a_rate_is_exact_as_a_fraction(tmp_path):
    av = pytest.importorskip("av")
    write_video(shades(3), tmp_path / "clip.mp4", 30000 / 1001)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        assert container.streams.video[0].average_rate == Fraction(30000, 1001)
