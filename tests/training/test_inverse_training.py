"""Training the fit's inverse on people made up of a linear response."""

import numpy as np
import pytest
import torch

from tdmm_hf.fitting.inverse import NUM_WEIGHTS, InverseResponse
from tdmm_hf.training.filming import Filmed, load_people, poses
from tdmm_hf.training.inverse import Frames, InverseSettings, shape_basis, train_inverse

SETTINGS = InverseSettings(steps=30, clips=8, frames=8, components=12, hidden=16)


def made_up(person, count=24):
    """A face whose landmarks answer every weight along a fixed direction."""
    fixed, rng = np.random.default_rng(0), np.random.default_rng([1, person])
    face, ways = fixed.standard_normal((478, 3)), fixed.standard_normal((NUM_WEIGHTS, 478, 3))
    truth = np.zeros((count, 55), np.float32)
    truth[1:, :NUM_WEIGHTS] = rng.random((count - 1, NUM_WEIGHTS)) * (
        rng.random((count - 1, NUM_WEIGHTS)) < 0.1
    )
    own = face + 0.05 * rng.standard_normal(face.shape)
    landmarks = own + 0.05 * np.tensordot(truth[:, :NUM_WEIGHTS], ways, axes=1)
    scores = 0.5 * truth[:, :NUM_WEIGHTS]
    matrices = np.tile(np.eye(4, dtype=np.float32), (count, 1, 1))
    return Filmed(truth, 100 * landmarks.astype(np.float32), scores, matrices, "tdmm", person)


@pytest.fixture(scope="module")
def people():
    return [made_up(person) for person in range(8)]


def test_training_learns_the_response(people, tmp_path):
    settings = InverseSettings(
        steps=150,
        clips=16,
        frames=8,
        components=40,
        hidden=32,
        moved_shapes=0.2,
        moved_scores=0.2,
        noise=0.02,
    )
    model = train_inverse(people, settings, tmp_path / "inverse.safetensors", progress=False)
    unseen = made_up(99)
    seen, angles = model.observe(unseen.landmarks, unseen.scores, unseen.matrices)
    with torch.no_grad():  # as it is: a face of random landmarks has no mirror image
        found = model(seen[None], angles[None])[0][-1][0].clamp(0, 1).numpy()
    blind = np.abs(unseen.truth[:, :NUM_WEIGHTS]).mean()
    assert np.abs(found - unseen.truth[:, :NUM_WEIGHTS]).mean() < 0.85 * blind


def test_same_seed_same_file(people, tmp_path):
    for name in ("one", "two"):
        train_inverse(people, SETTINGS, tmp_path / name, progress=False)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert InverseResponse.load(tmp_path / "one").sizes["components"] == 12


def test_clips_begin_from_the_persons_own_rest(people):
    frames = Frames(people, shape_basis(people, 12))
    seen, angles, truth, resting = frames.clips(np.random.default_rng(0), 20, 6)
    assert seen.shape == (20, 6, 12 + NUM_WEIGHTS)
    assert angles.shape == (20, 6, 3)
    still = truth.abs().sum(dim=2) == 0
    assert (seen - resting[:, None])[still].abs().max() < 1e-5


def test_poses_rest_first_and_close_no_closed_mouth():
    rows = poses(np.random.default_rng(0), 12)
    assert rows.shape == (12, 55)
    assert not rows[0].any()


def test_nobody_filmed(tmp_path):
    with pytest.raises(ValueError, match="nobody was filmed"):
        load_people(tmp_path)
