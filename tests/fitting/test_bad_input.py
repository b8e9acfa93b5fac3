"""``tdmm fit`` on what people bring: read right, or one line, status 2 and nothing written."""

import os
import resource
import shutil
from fractions import Fraction

import av
import numpy as np
import pytest
from small_videos import SHARED, write_video

from tdmm_hf.cli import main
from tdmm_hf.fitting import fit_video
from tdmm_hf.fitting.tracker import FaceTracker
from tdmm_hf.fitting.video import open_video

NOBODY = 65534


def blank(frames=4, height=96, width=128):
    return np.full((frames, height, width, 3), 90, np.uint8)


def refused(capsys, video, *options):
    """The one line that ``tdmm fit`` says; it must leave the folder as it was."""
    before = sorted(video.parent.iterdir())
    out = video.parent / "fitted.csv"
    status = main(["fit", str(video), "--out", str(out), *map(str, options)])
    errors = capsys.readouterr().err.splitlines()
    assert (status, len(errors)) == (2, 1)
    assert sorted(video.parent.iterdir()) == before
    return errors[0]


def with_codec(path, images, codec, pix_fmt):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width, stream.pix_fmt = *images[0].shape[:2], pix_fmt
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return path


def with_sound_and_cover(path, picture):
    """A second of silence with a still picture, as music files have."""
    with av.open(str(path), "w", format="mp4") as container:
        sound = container.add_stream("aac", rate=8000, layout="mono")
        cover = container.add_stream("mjpeg", rate=1)
        cover.height, cover.width, cover.pix_fmt = *picture.shape[:2], "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        container.mux(cover.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate, frame.time_base, frame.pts = 8000, Fraction(1, 8000), 0
        container.mux(sound.encode(frame))
        container.mux([*sound.encode(), *cover.encode()])
    return path


def test_ten_bits_are_read(clip_frames, tmp_path):
    path = with_codec(tmp_path / "deep.mkv", clip_frames[:2], "ffv1", "yuv420p10le")
    with open_video(path) as video:
        first = next(iter(video.frames())).image
    assert first.dtype == np.uint8
    assert np.abs(first.astype(int) - clip_frames[0]).mean() < 4


def test_portrait_of_a_turned_phone(clip_frames, landmarker, tmp_path):
    portrait = np.rot90(clip_frames[:2, :, 130:610], -1, axes=(1, 2))[:, :, 40:440].copy()
    result = fit_video(write_video(tmp_path / "phone.mp4", portrait, rotation=90), landmarker)
    assert result.image_size == (480, 400)
    assert result.motion.valid.all()
    x, y = result.landmarks[0, 1, :2]
    assert 0 < x < 480
    assert 0 < y < 400


def test_4k(clip_frames, landmarker, tmp_path):
    large = clip_frames[:2].repeat(4, axis=1).repeat(4, axis=2)
    small = fit_video(write_video(tmp_path / "small.mp4", clip_frames[:2]), landmarker)
    result = fit_video(write_video(tmp_path / "4k.mp4", large), landmarker)
    assert result.image_size == (3328, 1920)
    assert result.quality.face_size == pytest.approx(4 * small.quality.face_size, rel=0.05)


def test_damage_in_the_middle_is_read_past(tmp_path):
    path = write_video(
        tmp_path / "hit.mp4",
        np.random.default_rng(0).integers(0, 255, (40, 96, 128, 3), dtype=np.uint8),
    )
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 20000] = bytes(20000)
    path.write_bytes(data)
    with open_video(path) as video:
        times = [frame.time for frame in video.frames()]
    assert video.damaged_frames > 0
    assert len(times) >= 30
    assert times[-1] > 1.4


def test_music_with_a_cover_is_no_video(tmp_path, capsys):
    path = with_sound_and_cover(tmp_path / "song.m4a", blank()[0])
    assert "song.m4a: the file has no video stream" in refused(capsys, path)


@pytest.mark.parametrize("content", [b"", b"\0" * 5000, b"only words\n" * 99])
def test_files_without_any_video(content, tmp_path, capsys):
    path = tmp_path / "no.mp4"
    path.write_bytes(content)
    assert "no.mp4: not a video that can be read" in refused(capsys, path)


def test_a_video_cut_off_before_its_index(tmp_path, capsys):
    path = write_video(tmp_path / "half.mp4", blank(20))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "half.mp4: not a video that can be read" in refused(capsys, path)


def test_nobody_there(tmp_path, landmarker, capsys):
    path = write_video(tmp_path / "wall.mp4", blank())
    message = refused(capsys, path, "--model", landmarker)
    assert message.endswith("wall.mp4: no face found in 4 frames")


def test_folders_and_absent_files(tmp_path, capsys):
    (tmp_path / "clips.mp4").mkdir()
    assert "Is a directory" in refused(capsys, tmp_path / "clips.mp4")
    assert "No such file" in refused(capsys, tmp_path / "absent.mp4")


@pytest.mark.parametrize("damage", ["cut short", "changed"])
def test_a_damaged_model_is_refused_and_does_not_hang(damage, landmarker, tmp_path):
    data = bytearray(landmarker.read_bytes())
    if damage == "changed":
        data[100_000:102_000] = bytes(2000)
    else:
        del data[-1000:]
    (tmp_path / "damaged.task").write_bytes(data)
    with (
        pytest.raises(ValueError, match=r"damaged\.task is not a Face Landmarker bundle"),
        FaceTracker(tmp_path / "damaged.task"),
    ):
        pass


@pytest.fixture
def unprivileged(tmp_path):
    """The rights of an ordinary user, also where root runs the tests."""
    if os.geteuid() != 0:
        yield
        return
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    os.seteuid(NOBODY)
    yield
    os.seteuid(0)


def test_a_video_that_may_not_be_read(tmp_path, capsys, unprivileged, monkeypatch):
    monkeypatch.chdir("/")
    path = write_as_owner(tmp_path / "secret.mp4", mode=0o000)
    assert main(["fit", str(path), "--out", "/nowhere.csv"]) == 2
    assert "Permission denied" in capsys.readouterr().err


def write_as_owner(path, mode):
    user = os.geteuid()
    os.seteuid(os.getuid())
    path.write_bytes(b"video")
    path.chmod(mode)
    os.seteuid(user)
    return path


def test_a_folder_that_may_not_be_written_is_said_before_tracking(
    tmp_path, capsys, unprivileged, monkeypatch
):
    monkeypatch.setattr("tdmm_hf.fitting.fit_video", None)
    path = write_as_owner(tmp_path / "clip.mp4", mode=0o644)
    if os.getuid() != 0:
        tmp_path.chmod(0o500)
    assert main(["fit", str(path), "--out", str(tmp_path / "new" / "a.csv")]) == 2
    assert "Permission denied" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_full_disk_leaves_nothing(clip_frames, landmarker, tmp_path, capsys):
    path = write_video(tmp_path / "face.mp4", clip_frames[:12])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, hard))
    try:
        message = refused(capsys, path, "--model", landmarker)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "File too large" in message


def test_a_real_clip_says_span_and_reason(landmarker, tmp_path, capsys):
    clip = SHARED / "clips" / "00002.mp4"
    if not clip.exists():
        pytest.skip("no ../shared/data/clips")
    shutil.copyfile(clip, tmp_path / "turn.mp4")
    out = tmp_path / "turn.npz"
    assert (
        main(["fit", str(tmp_path / "turn.mp4"), "--out", str(out), "--model", str(landmarker)])
        == 0
    )
    shown = capsys.readouterr()
    assert "of 97 frames show no face" in shown.err
    assert "without a gap from 0.00 to 2." in shown.out
    assert "degrees away" in shown.out
