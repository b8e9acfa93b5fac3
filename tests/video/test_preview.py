"""Previews of fits: every frame at its time, drawn where the landmarks are, honest about gaps."""

import sys
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from tdmm_hf.cli import main
from tdmm_hf.fitting import FitResult
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import get_space
from tdmm_hf.video.overlay import draw_face, draw_no_face, style
from tdmm_hf.video.panel import Panel, families, strongest
from tdmm_hf.video.preview import check_preview, layout, preview_frames, write_preview

ARKIT = get_space("arkit")
GREY = 90
WIDTH, HEIGHT = 128, 96
FACE = (44, 34)  # left and top of the landmarks' box, 40 pixels wide and high


def landmarks(at=FACE) -> np.ndarray:
    """(478, 3) scattered over a box, the corners of the eyes where a face has them."""
    points = np.random.default_rng(0).uniform(0, 40, (478, 3))
    points[[362, 263, 33, 133]] = [[22, 12, 0], [34, 12, 0], [6, 12, 0], [18, 12, 0]]
    return (points + np.array([*at, 0])).astype(np.float32)


def fit_of(frames=6, valid=None, fps=25.0, size=(WIDTH, HEIGHT)) -> FitResult:
    values = np.zeros((frames, 55), np.float32)
    values[:, ARKIT.index("jawOpen")] = np.linspace(0, 0.8, frames)
    values[:, ARKIT.index("headYaw")] = 0.3
    motion = FaceMotion(values, fps=fps, valid=valid)
    return FitResult(
        motion=motion,
        notes=(),
        frames_without_face=int((~motion.valid).sum()),
        num_faces=1,
        landmarks=np.stack([landmarks()] * frames),
        matrices=np.tile(np.eye(4, dtype=np.float32), (frames, 1, 1)),
        image_size=size,
    )


def write(path, frames=6, times=None, size=(WIDTH, HEIGHT), rotation=0):
    """A grey video; ``times`` in milliseconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height = size if not rotation % 180 else size[::-1]
        if rotation:
            stream.set_display_rotation(rotation)
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for i in range(frames):
            image = np.full((stream.height, stream.width, 3), GREY, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = times[i], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture
def video(tmp_path):
    return write(tmp_path / "clip.mp4")


def changed(picture: np.ndarray) -> np.ndarray:
    return (np.abs(picture.astype(int) - GREY) > 12).any(axis=-1)


def test_a_canvas_holds_pictures_of_any_shape():
    for size in [(832, 480), (1080, 1920), (512, 512), (4000, 300), (2, 3000)]:
        place = layout(size)
        assert all(side % 2 == 0 for side in (*place.picture, *place.panel))
        assert place.panel[1] >= place.picture[1]
        assert place.picture[0] <= style()["canvas"]["widest"]
        if max(size) < 5 * min(size):
            assert place.picture[0] / place.picture[1] == pytest.approx(size[0] / size[1], rel=0.01)


def test_contours_lie_where_the_landmarks_are():
    picture = Image.new("RGB", (WIDTH, HEIGHT), (GREY,) * 3)
    draw_face(picture, landmarks(), np.zeros(55))
    drawn = changed(np.asarray(picture))
    assert drawn[FACE[1] : FACE[1] + 40, FACE[0] : FACE[0] + 40].mean() > 0.3
    assert not drawn[:10].any()
    outside = Image.new("RGB", (WIDTH, HEIGHT), (GREY,) * 3)
    draw_face(outside, landmarks((500, 500)), np.zeros(55))
    draw_face(outside, landmarks((-500, 0)), np.zeros(55))
    assert not changed(np.asarray(outside)).any()


def test_axes_turn_with_the_head():
    """Red goes to the right of the picture; blue, out of the face, to where the head turns."""

    def middle_of(color, yaw):
        values = np.zeros(55)
        values[ARKIT.index("headYaw")] = yaw
        picture = Image.new("RGB", (400, 400))
        draw_face(picture, np.zeros((478, 3)) + landmarks((180, 180)) * [1, 1, 1], values)
        rgb = np.array(style()["colors"][color].lstrip("#"))
        wanted = np.array([int(str(rgb)[i : i + 2], 16) for i in (0, 2, 4)])
        near = np.abs(np.asarray(picture).astype(int) - wanted).max(axis=-1) < 25
        return near.nonzero()[1].mean() - landmarks((180, 180))[4, 0]

    assert middle_of("pitch", 0.0) > 3
    assert middle_of("roll", 0.8) > 3
    assert middle_of("roll", -0.8) < -3


def test_a_picture_without_a_face_says_so():
    picture = Image.new("RGB", (640, 200), (GREY,) * 3)
    draw_no_face(picture, "the face leaves the picture " * 20)
    pixels = np.asarray(picture)
    unseen = np.array([255, 82, 82])
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        np.testing.assert_array_equal(edge, np.broadcast_to(unseen, edge.shape))
    assert not changed(pixels[60:-8, 8:-8]).any()
    assert not changed(pixels[8:60, 600:-8]).any()  # too long a cause is cut


def test_families_join_sides_but_not_ways():
    every = families(FaceMotion(np.zeros((2, 55))))
    assert [ARKIT.channels[i] for i in every["mouthSmile"]] == ["mouthSmileLeft", "mouthSmileRight"]
    assert [len(every[name]) for name in ("jawLeft", "mouthRight", "jawOpen")] == [1, 1, 1]
    assert not any(name.startswith(("eyeLook", "head")) for name in every)
    observed = np.array([name != "tongueOut" for name in ARKIT.channels])
    assert "tongueOut" not in families(FaceMotion(np.zeros((2, 55)), observed=observed))


def test_the_strongest_are_those_of_frames_with_a_face():
    values = np.zeros((50, 55), np.float32)
    values[:, ARKIT.index("mouthSmileRight")] = 0.6
    values[40:, ARKIT.index("jawOpen")] = 1.0
    values[:, ARKIT.index("browInnerUp")] = 0.3
    seen = np.arange(50) < 40
    assert strongest(FaceMotion(values, valid=seen), 3) == ["browInnerUp", "mouthSmile"]
    assert strongest(FaceMotion(values), 2) == ["jawOpen", "mouthSmile"]


def test_bars_are_as_long_as_weights():
    panel = Panel(fit_of(5).motion, (360, 400), head=False, unit=1.0)
    color = tuple(int(style()["colors"]["middle"][i : i + 2], 16) for i in (1, 3, 5))
    lengths = [
        (np.asarray(panel.draw(frame)) == color).all(axis=-1).sum(axis=1).max()
        for frame in range(5)
    ]
    full = 360 - 2 * 16 - style()["panel"]["name"] - style()["panel"]["number"]
    np.testing.assert_allclose(lengths, np.linspace(0, 0.8, 5) * full, atol=1.5)


def test_every_frame_is_shown_at_its_time(tmp_path):
    times = [0, 40, 100, 300, 340, 400]
    video = write(tmp_path / "uneven.mkv", times=times)
    fit = fit_of(frames=11)
    write_preview(video, fit, tmp_path / "p.mp4", rig=None, height=200)
    with av.open(str(tmp_path / "p.mp4")) as container:
        shown = [frame.time for frame in container.decode(video=0)]
    np.testing.assert_allclose(shown, np.array(times) / 1000, atol=1e-4)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.mp4", "uneven.mkv"]


def test_rotated_videos_are_shown_upright(tmp_path):
    video = write(tmp_path / "turned.mp4", size=(96, 128), rotation=90)
    fit = fit_of(size=(96, 128))
    frames = [picture for _, picture in preview_frames(video, fit, rig=None, height=240)]
    place = layout((96, 128), 240)
    assert frames[0].shape == (240, place.canvas[0], 3)
    with pytest.raises(ValueError, match="must be what was fitted: 128x96, got 96x128"):
        next(preview_frames(video, fit_of(), rig=None))


def test_frames_without_a_face_are_marked_and_bare(video):
    fit = fit_of(valid=[True, True, False, False, True, True])
    place = layout((WIDTH, HEIGHT), 240)
    pictures = [
        picture[:, : place.picture[0]]
        for _, picture in preview_frames(video, fit, rig=None, height=240)
    ]
    corners = [(picture[0, 0] == [255, 82, 82]).all() for picture in pictures]
    assert corners == [False, False, True, True, False, False]
    middle = [changed(picture[80:160, 110:210]).any() for picture in pictures]
    assert middle == [True, True, False, False, True, True]


def test_a_head_beside_the_picture_moves_as_the_fit_says(video, head):
    place = layout((WIDTH, HEIGHT), 240)
    shown = [
        picture[: place.panel[0], place.picture[0] :]
        for _, picture in preview_frames(video, fit_of(), rig=head, height=240)
    ]
    assert np.abs(shown[0].astype(int) - shown[5]).mean() > 0.1


def test_names_that_no_preview_can_have(tmp_path, video):
    with pytest.raises(ValueError, match=r"a preview must be \.mp4, got 'p\.gif'"):
        check_preview(tmp_path / "p.gif", video)
    with pytest.raises(ValueError, match="must not replace the video that it shows"):
        check_preview(video, video)


def test_the_command_refuses_before_it_tracks(tmp_path, video, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    out = str(tmp_path / "m.npz")
    for options, told in [
        (["--preview", str(tmp_path / "p.mov")], "a preview must be .mp4"),
        (["--preview", str(video)], "must not replace the video"),
        (["--preview", str(tmp_path / "p.mp4"), "--preview-rig", "nobody"], "unknown rig 'nobody'"),
    ]:
        assert main(["fit", str(video), "--out", out, *options]) == 2
        message = capsys.readouterr().err
        assert told in message
        assert message.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
