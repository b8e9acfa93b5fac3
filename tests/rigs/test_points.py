"""Points of a surface: where they are, and that they move as it does."""

import numpy as np
import pytest

from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import HEAD_CHANNELS
from tdmm_hf.rigs import get_rig
from tdmm_hf.rigs.points import EACH, get_points


@pytest.fixture(scope="module")
def head():
    return get_rig("tdmm")


def test_a_sparse_rig_is_its_own_points():
    assert get_points("sparse") is get_rig("sparse")
    with pytest.raises(ValueError, match="unknown rig 'none'"):
        get_points("none")


def test_every_region_has_points_of_its_own(head):
    points = get_points("tdmm")
    assert set(points.regions) == set(head.regions)
    counts = {region: points.regions.count(region) for region in set(points.regions)}
    assert max(counts.values()) == EACH
    assert min(counts.values()) >= EACH // 2
    assert len(np.unique(points.neutral, axis=0)) == len(points.neutral)


def test_points_lie_apart(head):
    points = get_points("tdmm")
    mouth = points.neutral[np.array(points.regions) == "mouth"]
    near = np.linalg.norm(mouth[:, None] - mouth[None], axis=-1) + 1e3 * np.eye(len(mouth))
    assert near.min() > 2.0


@pytest.mark.parametrize(
    "channel", ["jawOpen", "eyeLookOutLeft", "eyeLookUpRight", "mouthSmileLeft"]
)
def test_points_move_as_the_surface_does(head, channel):
    """To the first order, at a tenth of the channel."""
    points = get_points("tdmm")
    values = np.zeros((1, 55), np.float32)
    values[0, head.space.index(channel)] = 0.1
    surface = head.vertices(FaceMotion(values))[0]
    at = [int(np.linalg.norm(head.neutral - p, axis=1).argmin()) for p in points.neutral]
    face = np.array([region != "head" for region in points.regions])
    moved = np.tensordot(values[0], points.linear_geometry, axes=1)
    np.testing.assert_allclose(moved[face], (surface - head.neutral)[at][face], atol=0.05)
    assert np.abs(moved[~face]).max() == 0.0
    assert np.abs(moved[face]).max() > 0.1


def test_the_pose_moves_the_head_and_leaves_the_face(head):
    points = get_points("tdmm")
    frame = np.array([region == "head" for region in points.regions])
    for channel in HEAD_CHANNELS:
        moved = np.abs(points.linear_geometry[head.space.index(channel)]).max(axis=-1)
        assert moved[frame].max() > 50  # millimetres a radian
        assert moved[~frame].max() == 0.0
