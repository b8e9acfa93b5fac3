"""The fit without a video: shapes from the front, the inverse, the head laid over, smoothing."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tdmm_hf.fitting.anatomy import fit_head, head_points
from tdmm_hf.fitting.faces import NUM_LANDMARKS
from tdmm_hf.fitting.inverse import NUM_WEIGHTS, load_inverse
from tdmm_hf.fitting.smoothing import noise_of, steady
from tdmm_hf.fitting.solver import far_yaw, solve
from tdmm_hf.fitting.upright import head_angles, mirrored, upright
from tdmm_hf.parameters import get_space

MIRROR = list(get_space("arkit").mirror_index[:NUM_WEIGHTS])
SIZE = (640, 480)


def turns(angles):
    """Matrices (frames, 4, 4) of pitch, yaw, roll in radians (frames, 3)."""
    matrices = np.tile(np.eye(4), (len(angles), 1, 1))
    matrices[:, :3, :3] = Rotation.from_euler("YXZ", angles[:, [1, 0, 2]]).as_matrix()
    return matrices


def seen_by_a_camera(angles, identity=None, weights=None, lens=30.0, away=600.0):
    """Landmarks in pixels of the package's own head, whose own turns are ``angles``."""
    head = head_points()
    shapes = np.tile(head.resting, (len(angles), 1, 1))
    if identity is not None:
        shapes = shapes + np.tensordot(identity, head.identity, axes=1)
    if weights is not None:
        shapes = shapes + np.tensordot(weights, head.expression, axes=1)
    points = shapes @ turns(angles)[:, :3, :3].transpose(0, 2, 1) - [0, 0, away]
    focal = 0.5 / np.tan(np.radians(lens) / 2) * SIZE[1]
    x = SIZE[0] / 2 + focal * points[..., 0] / -points[..., 2]
    y = SIZE[1] / 2 - focal * points[..., 1] / -points[..., 2]
    return np.stack([x, y, -points[..., 2] * focal / away], axis=-1).astype(np.float32)


@pytest.fixture(scope="module")
def clip():
    """Scores, landmarks, matrices, valid of a person who nods and opens the mouth."""
    rng = np.random.default_rng(3)
    angles = np.zeros((30, 3))
    angles[:, 0], angles[:, 1] = 0.1 * np.sin(np.arange(30) / 4), 0.2
    weights = np.zeros((30, NUM_WEIGHTS))
    weights[10:20, get_space("arkit").index("jawOpen")] = 0.7
    landmarks = seen_by_a_camera(angles, rng.standard_normal(34) * 0.5, weights)
    scores = np.clip(0.6 * weights + 0.01 * rng.standard_normal(weights.shape), 0, 1)
    return scores, landmarks, turns(angles), np.ones(30, dtype=bool)


def test_upright_shapes_do_not_know_place_size_and_turn():
    rng = np.random.default_rng(0)
    shape = rng.standard_normal((1, NUM_LANDMARKS, 3)).astype(np.float32)
    flat = shape * [1, -1, -1]
    turn = turns(np.array([[0.3, -0.6, 0.1]]))
    moved = 40 * (shape @ turn[:, :3, :3].transpose(0, 2, 1)) * [1, -1, -1] + [200, 100, 0]
    expected = upright(flat, turns(np.zeros((1, 3))))
    np.testing.assert_allclose(upright(moved, turn), expected, atol=1e-4)
    assert np.linalg.norm(expected[0, 33] - expected[0, 263]) == pytest.approx(1, abs=1e-5)


def test_a_mirror_twice_changes_nothing(clip):
    scores, landmarks, matrices, _ = clip
    once = mirrored(landmarks, scores, matrices)
    back = mirrored(*(once[0], once[1], once[2]))
    for found, given in zip(back, (landmarks, scores, matrices), strict=True):
        np.testing.assert_allclose(found, given, atol=1e-4)
    np.testing.assert_allclose(head_angles(once[2]), head_angles(matrices) * [1, -1, -1], atol=1e-6)


def test_a_mirrored_face_gives_the_mirrored_weights(clip):
    scores, landmarks, matrices, valid = clip
    inverse = load_inverse()
    straight = inverse.weights(landmarks, scores, matrices, valid)
    other = inverse.weights(*mirrored(landmarks, scores, matrices), valid)
    np.testing.assert_allclose(other[:, MIRROR], straight, atol=2e-4)
    assert straight.shape == (30, NUM_WEIGHTS)
    assert straight.min() >= 0
    assert straight.max() <= 1


def test_an_open_mouth_is_read(clip):
    scores, landmarks, matrices, valid = clip
    jaw = load_inverse().weights(landmarks, scores, matrices, valid)
    jaw = jaw[:, get_space("arkit").index("jawOpen")]
    assert jaw[10:20].mean() > jaw[:10].mean() + 0.3


def test_frames_without_a_face_have_no_say(clip):
    scores, landmarks, matrices, valid = clip
    inverse = load_inverse()
    some = valid.copy()
    some[20:] = False
    strange = landmarks.copy()
    strange[20:] = landmarks[20:, ::-1]
    one = inverse.weights(landmarks, scores, matrices, some)[:20]
    other = inverse.weights(strange, scores, matrices, some)[:20]
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_head_is_laid_over_its_own_landmarks():
    rng = np.random.default_rng(1)
    identity = 0.6 * rng.standard_normal(34)
    angles = rng.uniform(-1, 1, (12, 3)) * [0.2, 0.5, 0.15]
    landmarks = seen_by_a_camera(angles, identity)
    start = turns(angles + rng.normal(0, 0.06, angles.shape))
    valid = np.ones(12, dtype=bool)
    head = fit_head(landmarks, np.zeros((12, NUM_WEIGHTS)), start, valid, SIZE)
    assert head.lens == 30.0
    assert head.reprojection.max() < 0.6
    assert np.degrees(np.abs(head.angles - angles)).mean() < 1.0
    assert np.corrcoef(head.identity, identity)[0, 1] > 0.7
    np.testing.assert_allclose(head.points, landmarks[..., :2], atol=3)


def test_a_few_wrong_landmarks_do_not_turn_the_head():
    angles = np.zeros((4, 3))
    landmarks = seen_by_a_camera(angles)
    landmarks[:, :30, :2] += 60
    head = fit_head(
        landmarks, np.zeros((4, NUM_WEIGHTS)), turns(angles), np.ones(4, dtype=bool), SIZE
    )
    assert np.degrees(np.abs(head.angles)).max() < 3


def test_solve_gives_bounded_weights_and_the_turn(clip):
    fit = solve(*clip, SIZE)
    assert fit.values.shape == (30, 55)
    assert np.degrees(np.abs(fit.values[:, 53] - 0.2)).mean() < 2
    assert np.isfinite(fit.values).all()
    assert fit.head.reprojection.mean() < 3


def test_far_turns_are_given_back_and_keep_their_order():
    yaw = np.radians(np.arange(-80, 81))
    assert (np.diff(far_yaw(yaw)) > 0).all()
    np.testing.assert_array_equal(far_yaw(yaw)[45:116], yaw[45:116])
    np.testing.assert_allclose(far_yaw(-yaw), -far_yaw(yaw))


def test_noise_is_taken_away_and_a_blink_stays():
    rng = np.random.default_rng(0)
    curves = 0.01 * rng.standard_normal((100, 8))
    curves[50:55, 0] += [0.3, 0.7, 1.0, 0.7, 0.3]
    noise = noise_of(curves, 0.02)
    assert noise == pytest.approx([0.01] * 8, rel=0.6)
    smooth = steady(curves, noise)
    assert smooth[:, 1:].std() < 0.4 * curves[:, 1:].std()
    assert smooth[52, 0] == pytest.approx(curves[52, 0], abs=0.02)


def test_a_steady_movement_is_not_held_back():
    ramp = np.linspace(0, 1, 40)[:, None] * np.ones(4)
    np.testing.assert_allclose(steady(ramp, 0.005), ramp, atol=0.01)


def test_invalid_frames_do_not_speak_for_their_neighbours():
    curves = np.zeros((20, 3))
    curves[10:] = 0.01
    valid = np.arange(20) < 10
    np.testing.assert_array_equal(steady(curves, 0.05, valid)[:10], 0)


def test_too_short_for_noise():
    assert noise_of(np.zeros((2, 5)), 0.02).tolist() == [0] * 5
