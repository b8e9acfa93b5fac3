"""Video in, motion out: real frames where they are at hand, made ones for every error."""

import wave

import numpy as np
import pytest
from small_videos import SHARED, write_video

from tdmm_hf.fitting import fit_video
from tdmm_hf.fitting.tracker import FaceTracker, _system_library_error, head_angles
from tdmm_hf.fitting.video import open_video
from tdmm_hf.parameters import get_space

ARKIT = get_space("arkit")


def blank(frames=5, size=(96, 128)):
    return np.full((frames, *size, 3), 90, np.uint8)


@pytest.fixture(scope="module")
def fitted(clip_frames, landmarker, tmp_path_factory):
    path = write_video(tmp_path_factory.mktemp("fit") / "face.mp4", clip_frames)
    return fit_video(path, landmarker)


def test_fit_of_a_real_face(fitted):
    motion = fitted.motion
    assert (motion.num_frames, motion.fps, motion.space.name) == (20, 25.0, "arkit")
    assert motion.valid.all()
    assert [c for c, seen in zip(motion.channels, motion.observed, strict=True) if not seen] == [
        "tongueOut"
    ]
    assert fitted.notes == ()
    assert fitted.num_faces == 1
    # The girl looks out of the picture's right side with eyes on the camera, smiling at first.
    assert np.degrees(motion.channel("headYaw").mean()) == pytest.approx(16, abs=4)
    assert motion.channel("eyeLookInLeft")[0] > 0.15 > 0.05 > motion.channel("eyeLookOutLeft")[0]
    assert motion.channel("mouthSmileLeft")[:3].mean() > 0.3


def test_landmarks_and_matrices_go_with_the_motion(fitted):
    assert fitted.landmarks.shape == (20, 478, 3)
    assert fitted.image_size == (832, 480)
    x, y = fitted.landmarks[..., 0], fitted.landmarks[..., 1]
    # The subject's right eye is on the left of the picture, the chin below the eyes.
    assert (x[:, 33] < x[:, 263]).all()
    assert (y[:, 33] < y[:, 152]).all()
    rotations = fitted.matrices[:, :3, :3]
    np.testing.assert_allclose(
        rotations @ rotations.transpose(0, 2, 1), np.tile(np.eye(3), (20, 1, 1)), atol=1e-5
    )
    angles = fitted.motion.values[:, ARKIT.indices(["headPitch", "headYaw", "headRoll"])]
    off = np.degrees(np.abs(head_angles(fitted.matrices) - angles)).mean(axis=0)
    assert (off < [0.5, 6, 0.5]).all()  # the matrix reads yaw too small


def test_a_good_clip_is_kept(fitted):
    assert fitted.quality.reasons == ()
    assert fitted.quality.score > 0.5
    assert (fitted.quality.seen, fitted.quality.cuts, fitted.quality.gaps) == (1.0, 0, ())


def test_mirrored_video_gives_the_mirrored_motion(clip_frames, fitted, landmarker, tmp_path):
    path = write_video(tmp_path / "mirror.mp4", clip_frames[:, :, ::-1].copy())
    off = fit_video(path, landmarker).motion.mirror().values - fitted.motion.values
    assert np.abs(off).mean() < 0.03


def test_rotation_of_the_container_is_honoured(clip_frames, fitted, landmarker, tmp_path):
    sideways = np.rot90(clip_frames[:6], -1, axes=(1, 2)).copy()
    turned = fit_video(
        write_video(tmp_path / "turned.mp4", sideways, rotation=90), landmarker
    ).motion
    for name in ("headYaw", "headRoll", "headPitch"):
        expected = fitted.motion.channel(name)[:6].mean()
        assert turned.channel(name).mean() == pytest.approx(expected, abs=0.06)


def test_frames_without_a_face_are_invalid_and_filled(clip_frames, landmarker, tmp_path):
    images = clip_frames[:12].copy()
    images[5:8] = 90
    calls = []
    path = write_video(tmp_path / "gap.mp4", images)
    result = fit_video(path, landmarker, progress=lambda done, total: calls.append((done, total)))
    assert result.frames_without_face == 3
    assert np.flatnonzero(~result.motion.valid).tolist() == [5, 6, 7]
    assert result.notes[0].startswith("3 of 12 frames show no face")
    yaw = result.motion.channel("headYaw")
    np.testing.assert_allclose(yaw[4:9], np.linspace(yaw[4], yaw[8], 5), atol=1e-3)
    assert calls[-1] == (12, 12)


def test_the_larger_of_two_faces_is_followed(clip_frames, fitted, landmarker, tmp_path):
    near = clip_frames[:6, :, 130:610]
    far = np.full((6, 480, 352, 3), 90, np.uint8)
    far[:, 120:360] = clip_frames[:6, ::2, ::-2][:, :, 32:384]
    both = np.concatenate([far, near], axis=2)
    result = fit_video(write_video(tmp_path / "two.mp4", both), landmarker)
    assert result.num_faces == 2
    assert "2 faces seen: the largest and steadiest is followed" in result.notes
    # Mirrored, the small face looks the other way.
    assert result.motion.channel("headYaw").mean() > 0.05


def test_uneven_timestamps_are_resampled_to_the_mean_rate(clip_frames, landmarker, tmp_path):
    times = [0, 40, 80, 120, 160, 400, 440, 480, 520, 560]
    path = write_video(tmp_path / "uneven.mkv", clip_frames[:10], times=times)
    with open_video(path) as video:
        rate, seen = video.rate, [frame.time for frame in video.frames()]
    np.testing.assert_allclose(np.array(seen) * 1000, times, atol=1)
    result = fit_video(path, landmarker)
    assert result.motion.fps == pytest.approx(rate)
    assert result.motion.num_frames == round(0.56 * rate) + 1
    assert any(note.startswith("uneven timestamps") for note in result.notes)


def test_truncated_video_keeps_what_is_readable(clip_frames, landmarker, tmp_path):
    path = write_video(tmp_path / "cut.mkv", clip_frames)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 1 <= fit_video(path, landmarker).motion.num_frames < 20


def test_nothing_is_written_to_stderr(clip_frames, landmarker, tmp_path, capfd):
    fit_video(write_video(tmp_path / "quiet.mp4", clip_frames[:2]), landmarker)
    assert capfd.readouterr().err == ""


def test_video_without_a_face(landmarker, tmp_path):
    path = write_video(tmp_path / "wall.mp4", blank())
    with pytest.raises(ValueError, match=r"^wall\.mp4: no face found in 5 frames$"):
        fit_video(path, landmarker)


def write_wave(path):
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(1600))


def test_files_that_are_no_video(tmp_path):
    (tmp_path / "text.mp4").write_text("not a video, only words\n" * 50)
    (tmp_path / "empty.mp4").write_bytes(b"")
    write_wave(tmp_path / "sound.wav")
    rules = {"text.mp4": "not a video", "empty.mp4": "not a video", "sound.wav": "no video stream"}
    for name, rule in rules.items():
        with pytest.raises(ValueError, match=f"^{name}: .*{rule}") as caught:
            fit_video(tmp_path / name, "unused")
        assert "\n" not in str(caught.value)
    with pytest.raises(FileNotFoundError):
        fit_video(tmp_path / "absent.mp4", "unused")


def test_wrong_model_files(landmarker, tmp_path):
    path = write_video(tmp_path / "wall.mp4", blank())
    with pytest.raises(ValueError, match="model must be a Face Landmarker file, none at"):
        fit_video(path, tmp_path / "absent.task")
    (tmp_path / "words.task").write_text("words")
    with pytest.raises(ValueError, match=r"words\.task is not a Face Landmarker bundle") as caught:
        fit_video(path, tmp_path / "words.task")
    assert "\n" not in str(caught.value)


def test_missing_system_libraries_are_named(monkeypatch):
    def no_library(name, extra):
        raise ImportError(f"{name} (libEGL.so.1: cannot open shared object file: No such file)")

    monkeypatch.setattr("tdmm_hf.fitting.tracker.require_package", no_library)
    with pytest.raises(ImportError, match=r"libEGL\.so\.1.*apt-get install libegl1 libgles2"):
        FaceTracker("unused")
    assert "libgles2" in str(_system_library_error(OSError("libGLESv2.so.2: cannot open")))


def test_a_face_lost_in_profile_is_reported(landmarker):
    path = SHARED / "clips" / "00002.mp4"
    if not path.exists():
        pytest.skip("no ../shared/data/clips")
    result = fit_video(path, landmarker)
    lost = np.flatnonzero(~result.motion.valid)
    assert 5 <= len(lost) == result.frames_without_face <= 25
    assert lost.min() > 60
    # She turns to her right.
    assert np.degrees(result.motion.channel("headYaw")[-1]) < -60
