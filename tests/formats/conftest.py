"""A small head with all that 3D files hold: a neck that follows, lips and jaw, eyes that turn."""

import numpy as np
import pytest

from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import get_space
from tdmm_hf.rigs.mesh import Eyeball, MeshRig

ARKIT = get_space("arkit")


def _grid(columns: int = 15, rows: int = 21) -> tuple[np.ndarray, np.ndarray]:
    """Points (V, 3) of a bulging mask 140 mm wide and 240 high, and its triangles facing +z."""
    across, up = np.meshgrid(np.linspace(-1, 1, columns), np.linspace(-1, 1, rows))
    points = np.stack([70 * across, 120 * up, 40 - 60 * across**2 - 20 * up**2], axis=-1)
    at = np.arange(columns * rows).reshape(rows, columns)
    a, b, c, d = at[:-1, :-1], at[:-1, 1:], at[1:, 1:], at[1:, :-1]
    faces = np.stack([a, b, c, a, c, d], axis=-1).reshape(-1, 3)
    return points.reshape(-1, 3), faces.astype(np.int32)


def _eyeball(side: str, start: int) -> tuple[Eyeball, np.ndarray, np.ndarray]:
    """An octahedron of 12 mm about the eye's centre."""
    center = np.array([32.0 if side == "Left" else -32.0, 40.0, 10.0])
    corners = 12 * np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
    faces = [[a, b, c] if (a + b + c) % 2 == 0 else [a, c, b]
             for a in (0, 1) for b in (2, 3) for c in (4, 5)]  # fmt: skip
    return Eyeball(side, start + np.arange(6), center), center + corners, start + np.array(faces)


def _basis(points: np.ndarray) -> np.ndarray:
    """(C, V, 3): the jaw drops the lower part, smiles draw each side out, sparsely."""
    basis = np.zeros((len(ARKIT.channels), len(points), 3))
    basis[ARKIT.index("jawOpen"), points[:, 1] < -40] = [0, -18, -6]
    for side, sign in (("Left", 1), ("Right", -1)):
        cheek = (sign * points[:, 0] > 15) & (points[:, 1] < 0)
        basis[ARKIT.index(f"mouthSmile{side}"), cheek] = [6 * sign, 5, -2]
    return basis


@pytest.fixture(scope="session")
def small_head() -> MeshRig:
    points, faces = _grid()
    mask = len(points)
    left, left_points, left_faces = _eyeball("Left", mask)
    right, right_points, right_faces = _eyeball("Right", mask + 6)
    neutral = np.concatenate([points, left_points, right_points])
    basis = np.concatenate([_basis(points), np.zeros((len(ARKIT.channels), 12, 3))], axis=1)
    follow = np.clip((neutral[:, 1] + 120) / 80, 0, 1)
    lips = (np.abs(points[faces].mean(axis=1)[:, 1] + 40) < 15).astype(int)
    return MeshRig(
        name="mask",
        space=ARKIT,
        regions=("mouth",) * len(neutral),
        neutral=neutral,
        basis=basis,
        neck_pivot=np.array([0.0, -90.0, -60.0]),
        faces=np.concatenate([faces, left_faces, right_faces]).astype(np.int32),
        uv=(neutral[:, :2] - neutral[:, :2].min(axis=0)) / np.ptp(neutral[:, :2], axis=0),
        materials=("skin", "lips", "sclera"),
        face_materials=np.concatenate([lips, np.full(16, 2)]),
        eyeballs=(left, right),
        neck_weights=follow,
        identity_basis=np.stack([neutral * [0.05, 0, 0], neutral * [0, 0.02, 0.1]]),
        landmarks=np.zeros(0, dtype=int),
        vertex_sets={},
    )


@pytest.fixture(scope="session")
def lively() -> FaceMotion:
    """Everything moves; some frames show no face, some channels are not observed."""
    rng = np.random.default_rng(4)
    values = rng.random((20, 55))
    values[:, 52:] = rng.uniform(-0.7, 0.7, (20, 3))
    return FaceMotion(values, 29.97, valid=rng.random(20) > 0.3, observed=rng.random(55) > 0.2)
