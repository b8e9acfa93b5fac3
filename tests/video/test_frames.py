"""What the pictures show, in both renderers."""

from dataclasses import replace

import numpy as np
import pytest

from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import get_space
from tdmm_hf.video import gl, render
from tdmm_hf.video.studio import backdrop

ARKIT = get_space("arkit")
BLACK = "#000000"


def motion(frames: int = 1, **channels) -> FaceMotion:
    values = np.zeros((frames, len(ARKIT.channels)))
    for name, value in channels.items():
        values[:, ARKIT.index(name)] = value
    return FaceMotion(values)


@pytest.fixture(params=["gl", "software"])
def renderer(request) -> str:
    if request.param == "gl":
        needs_gl()
    return request.param


def needs_gl() -> None:
    try:
        gl.open_context().release()
    except OSError as error:
        pytest.skip(str(error))


def first(*args, **options) -> np.ndarray:
    return next(iter(render(*args, **options))).astype(int)


def patch_center(picture: np.ndarray) -> tuple[float, float]:
    """Mean column and row, -1..1 to the right and up, of what is bluer than red."""
    rows, columns = np.nonzero(picture[..., 2] > picture[..., 0] + 10)
    half = len(picture) / 2
    return (columns.mean() + 0.5) / half - 1, 1 - (rows.mean() + 0.5) / half


def test_every_frame_is_a_picture(head, renderer):
    frames = list(render(motion(20), rig=head, size=64, renderer=renderer))
    assert len(frames) == 20
    assert all(frame.shape == (64, 64, 3) and frame.dtype == np.uint8 for frame in frames)
    np.testing.assert_array_equal(frames[0], frames[-1])


def test_the_head_is_in_the_middle_before_the_background(head, renderer):
    picture = first(motion(), rig=head, size=96, background="#102030", renderer=renderer)
    behind = (picture == [0x10, 0x20, 0x30]).all(axis=-1)
    assert behind[0].all()
    assert behind[:, [0, -1]].all()
    _, columns = np.nonzero(~behind)
    assert columns.min() == 95 - columns.max()
    assert not behind[44:52, 44:52].any()
    assert 0.5 < (~behind).mean() * 4 / np.pi * (96 / (np.ptp(columns) + 1)) ** 2 < 1.01


@pytest.mark.parametrize(
    ("camera", "side"), [("front", 1), ("left45", 1), ("profile", 0), (135, -1), ("20", 1)]
)
def test_cameras_go_round_to_the_subjects_left(head, renderer, camera, side):
    picture = first(
        motion(), rig=head, size=128, camera=camera, background=BLACK, renderer=renderer
    )
    across, up = patch_center(picture)
    assert np.sign(np.round(across, 1)) == side
    assert abs(up) < 0.15


def test_the_subjects_left_is_out_of_sight_from_the_right(head, renderer):
    picture = first(
        motion(), rig=head, size=128, camera="right45", background=BLACK, renderer=renderer
    )
    assert not (picture[..., 2] > picture[..., 0] + 10).any()


def test_the_head_turns_and_the_jaw_drops(head, renderer):
    def shown(**channels):
        return first(motion(**channels), rig=head, size=128, background=BLACK, renderer=renderer)

    assert patch_center(shown(headYaw=-0.6))[0] < patch_center(shown())[0] - 0.05
    lowest = [np.nonzero(shown(jawOpen=x).any(axis=(1, 2)))[0].max() for x in (0, 1)]
    assert lowest[1] > lowest[0] + 3


def test_only_thin_things_are_seen_from_inside(head, renderer):
    inside_out = replace(head, faces=head.faces[:, ::-1])
    lashes = replace(inside_out, materials=("lash", "lash", "lash"))
    hollow, thin = (
        first(motion(), rig=rig, size=64, background="#00b140", renderer=renderer)
        for rig in (inside_out, lashes)
    )
    assert hollow[32, 32, 0] > 60, "the far wall of the ball, seen through its front"
    assert thin[32, 32].max() < 80


def test_two_films_can_be_shot_at_once(head, renderer):
    alone = [first(motion(headYaw=yaw), rig=head, size=64, renderer=renderer) for yaw in (0, 1)]
    takes = [render(motion(2, headYaw=yaw), rig=head, size=64, renderer=renderer) for yaw in (0, 1)]
    for _ in range(2):
        for take, expected in zip(takes, alone, strict=True):
            np.testing.assert_array_equal(next(take), expected)


def test_the_two_renderers_draw_the_same_picture(head):
    needs_gl()
    nodding = motion(2, headPitch=0.3, headYaw=0.4, jawOpen=0.5)
    for camera in ("front", "left45"):
        one, other = (
            np.stack(list(render(nodding, rig=head, size=160, camera=camera, renderer=name)))
            for name in ("gl", "software")
        )
        apart = np.abs(one.astype(int) - other)
        assert apart.mean() < 0.3
        assert np.percentile(apart, 99) <= 3


def test_our_own_head_is_drawn_alike_by_both():
    needs_gl()
    laughing = motion(jawOpen=0.5, mouthSmileLeft=1, mouthSmileRight=1, eyeLookOutLeft=0.6)
    one, other = (
        first(laughing, size=128, camera=30, identity=2, renderer=name)
        for name in ("gl", "software")
    )
    apart = np.abs(one - other)
    assert apart.mean() < 0.6
    assert np.percentile(apart, 99) < 8
    red, green, blue = one[64, 64]
    assert red > green > blue


def test_frames_without_a_face_hold_the_last_pose_in_grey(head):
    values = motion(4).values.copy()
    values[:, ARKIT.index("headYaw")] = [0.5, 0.0, -0.5, 0.3]
    seen = FaceMotion(values, valid=[False, True, False, True])
    options = {"rig": head, "size": 64, "renderer": "software"}
    frames = [frame.astype(int) for frame in render(seen, **options)]
    whole = [frame.astype(int) for frame in render(replace(seen, valid=None), **options)]
    np.testing.assert_array_equal(frames[1], whole[1])
    np.testing.assert_array_equal(frames[3], whole[3])
    np.testing.assert_array_equal(frames[0], frames[2])
    assert np.ptp(frames[2], axis=-1).max() == 0
    assert np.abs(frames[2][..., 0] - whole[1] @ [0.299, 0.587, 0.114]).max() <= 1


def test_seeds_are_people(head):
    def shown(identity, **options):
        return first(motion(), rig=head, size=64, identity=identity, renderer="software", **options)

    assert (shown(3) == shown(3)).all()
    assert (shown(3) != shown(4)).any()
    assert (shown(3, look="umber") != shown(3, look="ivory")).any()
    chosen = shown(head.random_identity(3), look="umber")
    np.testing.assert_array_equal(chosen, shown(3, look="umber"))


def test_auto_falls_back_where_there_is_no_opengl(head, monkeypatch):
    def nothing():
        raise OSError("no OpenGL off screen")

    monkeypatch.setattr(gl, "open_context", nothing)
    options = {"rig": head, "size": 64}
    fallback, forced = (first(motion(), renderer=name, **options) for name in ("auto", "software"))
    np.testing.assert_array_equal(fallback, forced)
    with pytest.raises(OSError, match="no OpenGL"):
        render(motion(), renderer="gl", **options)


def test_no_context_says_what_to_install(monkeypatch):
    import moderngl

    def fail(**options):
        raise Exception("libEGL.so not loaded")

    monkeypatch.setattr(moderngl, "create_context", fail)
    with pytest.raises(OSError, match=r"libEGL\.so not loaded.*apt-get install libegl1"):
        gl.open_context()


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"size": 63}, r"size must be in 64\.\.2160 pixels, got 63"),
        ({"size": 2161}, "got 2161"),
        ({"camera": "above"}, "camera must be one of front, .*got 'above'"),
        ({"camera": "nan"}, "camera must be"),
        ({"background": "#12345"}, "background must be one of studio, .*got '#12345'"),
        ({"renderer": "vulkan"}, "renderer must be one of auto, gl, software, got 'vulkan'"),
        ({"look": "green"}, "look must be one of rose, .*got 'green'"),
        ({"rig": "none"}, "unknown rig 'none'"),
        ({"rig": "sparse"}, "surface to be rendered, got 'sparse'"),
        ({"identity": np.zeros(9)}, r"identity must have shape \(2,\)"),
    ],
)
def test_mistakes_are_named_before_the_first_frame(head, options, rule):
    with pytest.raises(ValueError, match=rule):
        render(motion(), **{"rig": head, "renderer": "software", **options})


def test_another_space_is_refused(head):
    with pytest.raises(ValueError, match="needs space 'arkit', got 'flame'"):
        render(FaceMotion(np.zeros((1, 58)), space="flame"), rig=head)


def test_backdrops_go_from_centre_to_edge():
    picture = backdrop("studio", 100).astype(int)
    assert picture[45, 50].sum() > picture[0, 0].sum() + 50
    assert (np.diff(picture[45, 50:], axis=0) <= 0).all()
