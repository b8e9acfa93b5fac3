"""Linking faces into tracks, and head angles from a matrix."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tdmm_hf.fitting.faces import (
    NUM_LANDMARKS,
    Face,
    landmark_mirror,
    link_faces,
    main_track,
)
from tdmm_hf.fitting.upright import head_angles


def face(x, size=50.0):
    return Face(np.array([x, 100.0]), size, np.zeros(55))


def test_two_moving_faces_stay_apart_in_any_order():
    frames = [[face(100 + 5 * i), face(400 - 5 * i)] for i in range(20)]
    shuffled = [faces[::-1] if i % 3 else faces for i, faces in enumerate(frames)]
    left, right = link_faces(shuffled)
    assert [left[i].center[0] for i in range(20)] == [100 + 5 * i for i in range(20)]
    assert [right[i].center[0] for i in range(20)] == [400 - 5 * i for i in range(20)]


def test_a_lost_face_is_found_again_nearby_but_not_elsewhere():
    gone = [[]] * 10
    assert len(link_faces([[face(100)], *gone, [face(160)]])) == 1
    assert len(link_faces([[face(100)], *gone, [face(400)]])) == 2


def test_large_and_long_beats_small_or_short():
    large, small, brief = face(100, 80), face(300, 30), face(500, 120)
    frames = [[large, small] for _ in range(20)]
    frames[3] = [*frames[3], brief]
    assert main_track(link_faces(frames))[0] is large


@pytest.mark.parametrize("angles", [(0.3, -0.7, 0.2), (-0.4, 1.2, -0.5), (0, 0, 0)])
def test_head_angles_invert_yaw_pitch_roll(angles):
    pitch, yaw, roll = angles
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("YXZ", [yaw, pitch, roll]).as_matrix()
    np.testing.assert_allclose(head_angles(matrix), angles, atol=1e-6)


def test_directions_of_the_head_angles():
    """+y up, +z out of the face, +x to the subject's left."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("Y", 0.5).as_matrix()
    left = head_angles(matrix)
    assert (Rotation.from_euler("Y", 0.5).apply([0, 0, 1]))[0] > 0
    assert left[1] == pytest.approx(0.5)
    assert (Rotation.from_euler("X", 0.5).apply([0, 0, 1]))[1] < 0
    assert (Rotation.from_euler("Z", 0.5).apply([-1, 0, 0]))[1] < 0


def test_landmarks_pair_left_with_right():
    mirror = landmark_mirror()
    np.testing.assert_array_equal(np.sort(mirror), np.arange(NUM_LANDMARKS))
    np.testing.assert_array_equal(mirror[mirror], np.arange(NUM_LANDMARKS))
    # Eyes' outer corners, mouth corners, iris centres; chin and nose tip are in the middle.
    assert mirror[[33, 61, 468, 152, 1]].tolist() == [263, 291, 473, 152, 1]
    assert (mirror == np.arange(NUM_LANDMARKS)).sum() == 28
