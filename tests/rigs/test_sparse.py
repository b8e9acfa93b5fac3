"""The sparse rig: symmetric, every channel moves what it should, the head turns the right way."""

import numpy as np
import pytest

from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import GROUPS, get_space
from tdmm_hf.rigs import get_rig, head_rotation

RIG = get_rig("sparse")
ARKIT = get_space("arkit")


def _motion(**channels) -> FaceMotion:
    values = np.zeros((1, 55))
    for name, value in channels.items():
        values[0, ARKIT.index(name)] = value
    return FaceMotion(values)


def _moved(point: str, **channels) -> np.ndarray:
    at = RIG.point_names.index(point)
    return RIG.vertices(_motion(**channels))[0, at] - RIG.neutral[at]


def _other_side(name: str) -> str:
    if name.endswith("_left"):
        return name.removesuffix("_left") + "_right"
    return name.removesuffix("_right") + "_left" if name.endswith("_right") else name


def test_rest_is_neutral():
    np.testing.assert_allclose(RIG.vertices(_motion())[0], RIG.neutral, atol=1e-12)


def test_every_blendshape_moves_points_and_every_region_has_some():
    assert (np.linalg.norm(RIG.basis[:52], axis=-1).max(axis=1) > 1).all()
    assert not RIG.basis[52:].any()
    assert set(RIG.regions) == set(GROUPS)
    assert 80 <= len(RIG.point_names) <= 120


def test_left_and_right_are_mirror_images():
    order = [RIG.point_names.index(_other_side(name)) for name in RIG.point_names]
    mirror = np.array([-1, 1, 1])
    np.testing.assert_array_equal(RIG.neutral[order] * mirror, RIG.neutral)
    swapped = RIG.basis[list(ARKIT.mirror_index)][:, order] * mirror
    np.testing.assert_array_equal(swapped, RIG.basis)


def test_a_mirrored_motion_gives_the_mirrored_face():
    motion = FaceMotion(np.random.default_rng(0).uniform(0, 0.5, (4, 55)))
    order = [RIG.point_names.index(_other_side(name)) for name in RIG.point_names]
    mirrored = RIG.vertices(motion)[:, order] * [-1, 1, 1]
    np.testing.assert_allclose(RIG.vertices(motion.mirror()), mirrored, atol=1e-5)


@pytest.mark.parametrize(
    ("point", "channels", "axis", "sign"),
    [
        ("chin", {"jawOpen": 1}, 1, -1),
        ("chin", {"jawLeft": 1}, 0, 1),
        ("lip_corner_left", {"mouthSmileLeft": 1}, 1, 1),
        ("lip_corner_right", {"mouthSmileRight": 1}, 0, -1),
        ("lid_upper_middle_left", {"eyeBlinkLeft": 1}, 1, -1),
        ("iris_left", {"eyeLookInLeft": 1}, 0, -1),
        ("iris_right", {"eyeLookInRight": 1}, 0, 1),
        ("tongue_tip", {"tongueOut": 1}, 2, 1),
        ("nose_tip", {"headYaw": 0.3}, 0, 1),
        ("nose_tip", {"headPitch": 0.3}, 1, -1),
        ("head_side_right", {"headRoll": 0.3}, 1, -1),
    ],
)
def test_directions(point, channels, axis, sign):
    assert np.sign(_moved(point, **channels)[axis]) == sign


def test_rotation_is_yaw_then_pitch_then_roll():
    pitch, yaw, roll = 0.3, -0.5, 0.2
    single = np.diag([pitch, yaw, roll])
    about_x, about_y, about_z = head_rotation(single)
    np.testing.assert_allclose(
        head_rotation([pitch, yaw, roll]), about_y @ about_x @ about_z, atol=1e-12
    )


def test_linear_geometry_is_the_first_order_of_vertices():
    small = _motion(headPitch=1e-4, headYaw=-2e-4, headRoll=1e-4)
    linear = np.tensordot(small.values[0], RIG.linear_geometry, axes=1)
    frame = np.array(RIG.regions) == "head"
    exact = RIG.vertices(small)[0] - RIG.neutral
    np.testing.assert_allclose(linear[frame], exact[frame], atol=1e-5)
    assert not linear[~frame].any()


def test_unknown_rig_and_wrong_space_are_named():
    with pytest.raises(ValueError, match="unknown rig 'none'"):
        get_rig("none")
    with pytest.raises(ValueError, match="needs space 'arkit', got 'flame'"):
        RIG.vertices(FaceMotion(np.zeros((1, 58)), space="flame"))
