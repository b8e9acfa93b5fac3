"""BVH: bones where the rig has them, turned as an independent reader turns them."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tdmm_hf.formats import bvh, load, losses, save
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import HEAD_CHANNELS, get_space
from tdmm_hf.rigs import head_rotation

ARKIT = get_space("arkit")


def one_channel(**channels):
    values = np.zeros((3, 55))
    for name, value in channels.items():
        values[:, ARKIT.index(name)] = value
    return FaceMotion(values)


@pytest.fixture
def written(lively, small_head, tmp_path):
    bvh.write(lively, tmp_path / "m.bvh", rig=small_head)
    return tmp_path / "m.bvh"


def test_head_and_gaze_come_back(written, lively):
    back = bvh.read(written)
    assert back.fps == lively.fps
    for name in HEAD_CHANNELS:
        np.testing.assert_allclose(back.channel(name), lively.channel(name), atol=1e-6)
    for side in ("Left", "Right"):
        for one, other in (("In", "Out"), ("Up", "Down")):
            of = [
                m.channel(f"eyeLook{one}{side}") - m.channel(f"eyeLook{other}{side}")
                for m in (back, lively)
            ]
            np.testing.assert_allclose(*of, atol=1e-6)
    assert {n for n, seen in zip(ARKIT.channels, back.observed, strict=True) if seen} == {*bvh.KEPT}
    assert back.valid.all()


def test_an_independent_reader_turns_the_bones_alike(written, small_head, lively):
    """Where the pupils are, from bvhsdk's forward kinematics and from the rig."""
    bvhsdk = pytest.importorskip("bvhsdk", reason="bvhsdk is not installed")
    animation = bvhsdk.ReadFile(str(written))
    assert animation.frametime == pytest.approx(1 / lively.fps)
    assert animation.frames == lively.num_frames
    vertices = small_head.vertices(lively)
    for frame in (0, 9, 19):
        for eye in small_head.eyeballs:
            joint = animation.getJoint(f"{eye.side}Eye")
            pupil = eye.vertices[4]  # 12 mm in front of the eye's centre, as the bone's end
            np.testing.assert_allclose(
                np.array(joint.getEndSitePosition(frame)) * 10, vertices[frame, pupil], atol=1e-3
            )


def test_layout(written, small_head):
    lines = [line.strip() for line in written.read_text().splitlines()]
    assert lines[:4] == [
        "HIERARCHY",
        "ROOT Neck",
        "{",
        "OFFSET 0.000000 0.000000 0.000000",
    ]
    assert lines[4] == "CHANNELS 6 Xposition Yposition Zposition Yrotation Xrotation Zrotation"
    assert lines.count("CHANNELS 3 Yrotation Xrotation Zrotation") == 3
    assert "OFFSET 3.200000 13.000000 7.000000" in lines  # the left eye, from the head's joint
    assert lines[lines.index("MOTION") + 1] == "Frames: 20"
    assert lines[-1].startswith("0.0000000 -12.0000000 -6.0000000 0.0000000 ")  # the neck's foot


@pytest.mark.parametrize("order", ["YXZ", "ZXY", "XYZ", "ZYX"])
def test_any_order_of_rotation_is_read(tmp_path, order):
    angles = np.array([0.3, -0.5, 0.2])  # pitch, yaw, roll
    turn = Rotation.from_matrix(head_rotation(angles)).as_euler(order, degrees=True)
    channels = " ".join(f"{axis}rotation" for axis in order)
    (tmp_path / "m.bvh").write_text(
        f"HIERARCHY\nROOT Hips\n{{\nOFFSET 0 0 0\nCHANNELS 3 Xposition Yposition Zposition\n"
        f"JOINT head\n{{\nOFFSET 0 1 0\nCHANNELS 3 {channels}\nEnd Site\n{{\nOFFSET 0 1 0\n"
        f"}}\n}}\n}}\nMOTION\nFrames: 1\nFrame Time: 0.0333333\n"
        f"1 2 3 {' '.join(map(str, turn))}\n"
    )
    back = bvh.read(tmp_path / "m.bvh")
    assert back.fps == 30
    np.testing.assert_allclose([back.channel(n)[0] for n in HEAD_CHANNELS], angles, atol=1e-6)
    assert back.observed.sum() == 3


@pytest.mark.parametrize("fps", [25, 29.97, 23.976, 60, 59.94, 30.001, 120, 0.5])
def test_frame_rate_survives(small_head, tmp_path, fps):
    bvh.write(FaceMotion(np.zeros((2, 55)), fps=fps), tmp_path / "m.bvh", rig=small_head)
    assert bvh.read(tmp_path / "m.bvh").fps == fps
    assert bvh.read(tmp_path / "m.bvh", fps=12).fps == 12


def test_another_person_has_eyes_elsewhere(small_head, lively, tmp_path):
    for name, identity in (("a.bvh", None), ("b.bvh", np.array([2.0, 0.0])), ("c.bvh", 1)):
        save(lively, tmp_path / name, rig=small_head, identity=identity)
    contents = {file.read_text() for file in tmp_path.iterdir()}
    assert len(contents) == 3
    assert load(tmp_path / "a.bvh") == load(tmp_path / "b.bvh")


def test_what_is_lost_is_listed(lively):
    still = FaceMotion(np.zeros((3, 55)))
    assert losses(still, "m.bvh") == []
    assert losses(one_channel(headYaw=0.5, eyeLookUpLeft=0.5), "m.bvh") == []
    assert losses(one_channel(jawOpen=0.5), "m.bvh") == ["all but head and gaze: 1 moving channel"]
    assert losses(one_channel(eyeLookUpLeft=0.5, eyeLookDownLeft=0.1), "m.bvh") == [
        "of eyeLookUp/DownLeft only the difference is kept"
    ]
    assert any("without a face" in clause for clause in losses(lively, "m.bvh"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("HIERARCHY", "HIRARCHY", "must begin with HIERARCHY"),
        ("JOINT Head", "JOINT Skull", "needs a joint 'Head', got neck, skull"),
        ("JOINT LeftEye", "JOINT Head", "joint 'Head' is doubled"),
        ("MOTION", "MOTOIN", "must have 'Frames:', 'Frame Time:'"),
        ("Frames: 20", "Frames: 21", "must have 21 frames as it says, got 20"),
        ("Frame Time: ", "Frame Time: -", "Frame Time must be positive seconds"),
        ("Frame Time: 0", "Frame Time: nan0", "could not convert|must be positive|Invalid"),
        ("CHANNELS 3 ", "CHANNELS 2 ", "frame 1 must have 12 numbers, got 15"),
        ("Frames: 20", "Frames: x", "invalid literal"),
    ],
)
def test_unfit_files_name_the_rule(written, tmp_path, old, new, message):
    text = written.read_text()
    assert old in text
    (tmp_path / "bad.bvh").write_text(text.replace(old, new))
    with pytest.raises(ValueError, match=message) as caught:
        bvh.read(tmp_path / "bad.bvh")
    assert str(caught.value).startswith("bad.bvh: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("cell", ["nan", "inf", "up"])
def test_numbers_are_checked(written, cell):
    lines = written.read_text().splitlines()
    lines[-1] = " ".join([cell, *lines[-1].split()[1:]])
    written.write_text("\n".join(lines))
    with pytest.raises(
        ValueError, match=r"^m\.bvh: (all numbers must be finite|could not convert)"
    ):
        bvh.read(written)


def test_binary_and_missing_files(tmp_path):
    (tmp_path / "bad.bvh").write_bytes(bytes(range(256)))
    with pytest.raises(ValueError, match=r"^bad\.bvh: "):
        bvh.read(tmp_path / "bad.bvh")
    with pytest.raises(FileNotFoundError):
        bvh.read(tmp_path / "absent.bvh")
