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
    merge_faces,
)
from tdmm_hf.fitting.tracker import head_angles
from tdmm_hf.parameters import get_space


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
    np.testing.assert_allclose(head_angles(matrix), angles, atol=1e-12)


def test_directions_of_the_head_angles():
    """+y up, +z out of the face, +x to the subject's left."""
    left = head_angles(Rotation.from_euler("Y", 0.5).as_matrix())
    assert (Rotation.from_euler("Y", 0.5).apply([0, 0, 1]))[0] > 0
    assert left[1] == pytest.approx(0.5)
    assert (Rotation.from_euler("X", 0.5).apply([0, 0, 1]))[1] < 0
    assert (Rotation.from_euler("Z", 0.5).apply([-1, 0, 0]))[1] < 0


def test_mirror_swaps_sides_and_place():
    space = get_space("arkit")
    values = np.zeros(55)
    values[space.indices(["eyeBlinkLeft", "headYaw", "headPitch"])] = 0.9, 0.3, 0.1
    mirrored = Face(np.array([100.0, 50.0]), 40.0, values).mirror(width=640)
    assert mirrored.center.tolist() == [540, 50]
    seen = mirrored.values[space.indices(["eyeBlinkRight", "eyeBlinkLeft", "headYaw", "headPitch"])]
    assert seen.tolist() == [0.9, 0, -0.3, 0.1]


def test_merged_faces_are_means_of_pairs():
    ones = Face(np.array([110.0, 100.0]), 50.0, np.ones(55))
    merged = merge_faces([face(100), face(300)], [face(500), ones])
    assert [one.center[0] for one in merged] == [100]
    assert merged[0].values.tolist() == [0.5] * 55


def test_landmarks_pair_left_with_right():
    mirror = landmark_mirror()
    np.testing.assert_array_equal(np.sort(mirror), np.arange(NUM_LANDMARKS))
    np.testing.assert_array_equal(mirror[mirror], np.arange(NUM_LANDMARKS))
    # Eyes' outer corners, mouth corners, iris centres; chin and nose tip are in the middle.
    assert mirror[[33, 61, 468, 152, 1]].tolist() == [263, 291, 473, 152, 1]
    assert (mirror == np.arange(NUM_LANDMARKS)).sum() == 28


def random_face(seed):
    rng = np.random.default_rng(seed)
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("YXZ", [0.5, 0.2, -0.1]).as_matrix()
    matrix[:3, 3] = 3, -2, -40
    landmarks = rng.uniform(50, 150, (NUM_LANDMARKS, 3)).astype(np.float32)
    return Face(np.array([100.0, 100.0]), 50.0, rng.uniform(size=55), landmarks, matrix)


def test_mirrored_twice_is_the_same_face():
    one = random_face(0)
    back = one.mirror(640).mirror(640)
    np.testing.assert_allclose(back.landmarks, one.landmarks, atol=1e-4)
    np.testing.assert_array_equal(back.matrix, one.matrix)


def test_mirror_turns_landmarks_and_matrix():
    one = random_face(0)
    mirrored = one.mirror(640)
    np.testing.assert_allclose(
        mirrored.landmarks[263], one.landmarks[33] * [-1, 1, 1] + [640, 0, 0]
    )
    assert mirrored.matrix[:3, 3].tolist() == [-3, -2, -40]
    np.testing.assert_allclose(
        head_angles(mirrored.matrix), head_angles(one.matrix) * [1, -1, -1], atol=1e-12
    )


def test_merging_means_landmarks_and_matrices():
    one, other = random_face(0), random_face(1)
    merged = merge_faces([one], [other])[0]
    np.testing.assert_allclose(merged.landmarks, (one.landmarks + other.landmarks) / 2)
    np.testing.assert_allclose(merged.matrix, one.matrix)
