"""A small head: a ball of skin with a blue patch on the subject's left and a red nose in front."""

import numpy as np
import pytest

from tdmm_hf.parameters import get_space
from tdmm_hf.rigs.mesh import MeshRig

RADIUS = 100.0
ARKIT = get_space("arkit")


def _ball(rings: int = 24, around: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (V, 3) and faces (F, 3) of a closed ball, counter-clockwise from outside."""
    polar = np.linspace(0, np.pi, rings + 1)[1:-1]
    azimuth = np.arange(around) / around * 2 * np.pi
    ring = np.stack([np.sin(azimuth), np.zeros(around), np.cos(azimuth)], axis=1)
    inner = np.sin(polar)[:, None, None] * ring + np.cos(polar)[:, None, None] * [0, 1, 0]
    points = np.concatenate([[[0, 1, 0]], inner.reshape(-1, 3), [[0, -1, 0]]])
    here = 1 + np.arange((rings - 1) * around).reshape(rings - 1, around)
    right = np.roll(here, -1, axis=1)
    a, b, c, d = here[:-1], here[1:], right[1:], right[:-1]
    quads = np.stack([a, b, c, a, c, d], axis=-1).reshape(-1, 3)
    top = np.stack([np.zeros_like(here[0]), here[0], right[0]], axis=-1)
    bottom = np.stack([np.full_like(here[0], len(points) - 1), right[-1], here[-1]], axis=-1)
    return points, np.concatenate([top, quads, bottom]).astype(np.int32)


@pytest.fixture(scope="session")
def ball() -> tuple[np.ndarray, np.ndarray]:
    return _ball()


@pytest.fixture(scope="session")
def head(ball) -> MeshRig:
    points, faces = ball
    middle = points[faces].mean(axis=1)
    materials = np.where(middle[:, 0] > 0.85, 1, np.where(middle[:, 2] > 0.93, 2, 0))
    basis = np.zeros((len(ARKIT.channels), len(points), 3))
    basis[ARKIT.index("jawOpen"), points[:, 1] < -0.5, 1] = -20
    return MeshRig(
        name="ball",
        space=ARKIT,
        regions=("jaw",) * len(points),
        neutral=points * RADIUS,
        basis=basis,
        neck_pivot=np.zeros(3),
        faces=faces,
        uv=np.zeros((len(points), 2)),
        materials=("skin", "iris", "lips"),
        face_materials=materials,
        eyeballs=(),
        neck_weights=np.ones(len(points)),
        identity_basis=np.stack([points * 5, points * [8, 0, 0]]),
        landmarks=np.zeros(0, dtype=int),
        vertex_sets={},
    )
