import shutil

import numpy as np
import pytest

import tdmm_hf
from tdmm_hf.motion import FaceMotion
from tdmm_hf.spaces_demo import uploads


@pytest.fixture
def sent(tmp_path, smile):
    """A function of a file name to an uploaded smile."""

    def send(name):
        path = tmp_path / name
        tdmm_hf.save(smile, path)
        return path

    return send


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".json"])
def test_a_motion_is_read_and_its_file_deleted(sent, smile, suffix):
    path = sent(f"smile{suffix}")
    upload = uploads.Inbox().take_in(path)
    assert np.allclose(upload.motion.values, smile.values, atol=1e-6)
    assert upload.summary == f"smile{suffix}: 2.0 s, 50 frames at 25 a second"
    assert not path.exists()


def test_equal_files_of_two_visitors_are_both_read(sent):
    inbox = uploads.Inbox()
    path = sent("smile.npz")
    assert inbox.take_in(path) == inbox.take_in(path)


def test_a_file_that_is_sent_again_is_read_again(sent, smile):
    inbox = uploads.Inbox()
    inbox.take_in(sent("smile.npz"))
    path = sent("smile.npz")
    tdmm_hf.save(smile.mirror(), path)
    assert inbox.take_in(path).motion == smile.mirror()


def test_no_more_than_some_uploads_are_remembered(sent, tmp_path):
    inbox = uploads.Inbox()
    original = sent("smile.npz")
    for i in range(uploads.REMEMBERED + 1):
        copy = tmp_path / f"{i}.npz"
        shutil.copyfile(original, copy)
        inbox.take_in(copy)
    with pytest.raises(FileNotFoundError):
        inbox.take_in(tmp_path / "0.npz")
    inbox.take_in(tmp_path / "1.npz")


@pytest.mark.parametrize(
    ("name", "rule"),
    [("virus.exe", "got '.exe'"), ("noise.csv", "noise.csv"), ("noise.npz", "noise.npz")],
)
def test_what_cannot_be_read_is_refused_and_deleted(tmp_path, name, rule):
    path = tmp_path / name
    path.write_bytes(bytes(range(256)) * 40)
    with pytest.raises(ValueError, match=rule):
        uploads.Inbox().take_in(path)
    assert not path.exists()


def test_a_motion_that_is_too_long_is_refused(tmp_path):
    path = tmp_path / "day.npz"
    tdmm_hf.save(FaceMotion(np.zeros((1600, 55))), path)
    with pytest.raises(ValueError, match=r"at most 60 s, got 64\.0 s"):
        uploads.Inbox().take_in(path)


def test_a_broken_video_is_refused_and_deleted(tmp_path, landmarker):
    path = tmp_path / "broken.mp4"
    path.write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(5000))
    with pytest.raises(ValueError, match=r"broken\.mp4"):
        uploads.Inbox().take_in(path)
    assert not path.exists()


def test_a_video_that_is_too_long_is_refused(tmp_path, landmarker, clip, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_VIDEO_FRAMES", 5)
    path = tmp_path / "film.mp4"
    shutil.copyfile(clip, path)
    with pytest.raises(ValueError, match="at most 5 frames"):
        uploads.Inbox().take_in(path)
