"""A rig small enough to work out errors by hand, and feature sets for property tests."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import get_space
from tdmm_hf.rigs.mesh import MeshRig

ARKIT = get_space("arkit")
# jawOpen moves the lips' two vertices down by 3 and 4 mm, browInnerUp the brow up by 2 mm.
LIPS, BROW = (0, 1), 2
FACE_VERTICES = 4  # the fourth, on the cheek, never moves


def hand_rig() -> MeshRig:
    """Four vertices of a face and one of the neck."""
    vertices = FACE_VERTICES + 1
    basis = np.zeros((55, vertices, 3))
    basis[ARKIT.index("jawOpen"), LIPS, 1] = -3.0, -4.0
    basis[ARKIT.index("browInnerUp"), BROW, 1] = 2.0
    sets = {"lips": list(LIPS), "upper_face": [BROW], "face": list(range(FACE_VERTICES))}
    return MeshRig(
        name="hand",
        space=ARKIT,
        regions=("mouth", "mouth", "brows", "cheeks", "head"),
        neutral=np.random.default_rng(0).normal(size=(vertices, 3)) * 50,
        basis=basis,
        neck_pivot=np.zeros(3),
        faces=np.array([[0, 1, 2], [2, 3, 4]], np.int32),
        uv=np.zeros((vertices, 2)),
        materials=("skin",),
        face_materials=np.zeros(2, np.int32),
        eyeballs=(),
        neck_weights=np.ones(vertices),
        identity_basis=np.zeros((0, vertices, 3)),
        landmarks=np.zeros(0, np.int32),
        vertex_sets={name: np.array(chosen) for name, chosen in sets.items()},
    )


def values(frames=4, **channels) -> np.ndarray:
    """(frames, 55) zeros but for the channels named, each a number or one for every frame."""
    found = np.zeros((frames, 55))
    for name, curve in channels.items():
        found[:, ARKIT.index(name)] = curve
    return found


def motion(frames=4, **channels) -> FaceMotion:
    return FaceMotion(values(frames, **channels))


def features(least=4, most=12, width=3):
    """Sets of feature vectors (motions, width) of modest size."""
    shapes = st.tuples(st.integers(least, most), st.just(width))
    sizes = st.floats(-10, 10, allow_nan=False, width=32)
    return shapes.flatmap(lambda shape: hnp.arrays(np.float64, shape, elements=sizes))
