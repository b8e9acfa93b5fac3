"""A model in FLAME's format whose parameters are known in ``arkit``: a stand-in for FLAME.

    double = make_double(get_rig("ict"), Path("double"), seed=1)
    retarget(double.parameters(values), "arkit", flame=double.rig)

FLAME itself may not be passed on. The double is another head's surface, moved to another place,
size and turn, in metres, with joints; its 50 expressions are a random mixture of that head's
blendshapes, its jaw is turned by a joint, its blinks are SMIRK's eyelids. So what a motion is in
``arkit`` is known, and neither vertices nor directions say which blendshape is which.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from tdmm_hf.fitting.correspondence import jaw_share
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import get_space
from tdmm_hf.rigs.flame import EXPRESSIONS, SHAPES, FlameRig, flame_rig
from tdmm_hf.rigs.mesh import MeshRig

ARKIT, FLAME = get_space("arkit"), get_space("flame")
SURFACE = ("skin", "lips", "lid_rim", "sclera", "iris", "pupil", "limbus")
BLINKS = ("eyeBlinkLeft", "eyeBlinkRight")
# What FLAME's expressions are mixed of; gaze and tongue it has none.
MIXED = tuple(
    name
    for name in ARKIT.channels
    if not name.startswith(("eyeLook", "eyeBlink", "head")) and name not in ("tongueOut", "jawOpen")
)
DEVIATION = 1 / 3  # of a blendshape that one unit of an expression is worth
REGRESSED_FROM = 40  # vertices that a joint is the mean of


@dataclass(frozen=True, eq=False)
class Double:
    """The model and how it is driven.

    Args:
        path: of its file.
        rig: it, as this package loads FLAME.
        vertices: (V,) which of the head's vertices its own are.
        mixture: (50, blendshapes) orthonormal columns.
        jaw: (3,) turn of the jaw in radians that opens it as jawOpen does.
    """

    path: Path
    rig: FlameRig
    vertices: np.ndarray
    mixture: np.ndarray
    jaw: np.ndarray

    def parameters(self, values: np.ndarray, fps: float = 25.0) -> FaceMotion:
        """(frames, 55) ``arkit`` values as a motion in ``flame``; gaze and tongue are lost."""
        out = np.zeros((len(values), len(FLAME.channels)))
        expressions = values[:, ARKIT.indices(MIXED)] @ self.mixture.T / DEVIATION
        out[:, :EXPRESSIONS] = expressions
        out[:, FLAME.indices(["jaw_0", "jaw_1", "jaw_2"])] = (
            values[:, [ARKIT.index("jawOpen")]] * self.jaw
        )
        out[:, FLAME.indices(["eyelid_left", "eyelid_right"])] = values[:, ARKIT.indices(BLINKS)]
        turns = values[:, ARKIT.indices(["headYaw", "headPitch", "headRoll"])]
        out[:, FLAME.indices(["head_0", "head_1", "head_2"])] = Rotation.from_euler(
            "YXZ", turns
        ).as_rotvec()
        return FaceMotion(out, fps, "flame")


def make_double(
    head: MeshRig,
    folder: Path,
    seed: int = 0,
    person: np.ndarray | None = None,
    size: float = 1.0,
    pitch: float = 0.0,
) -> Double:
    """Write a double of a head into a folder, and load it.

    Args:
        head: with two eyeballs, in ``arkit``.
        folder: made where there is none; gets ``flame.npz`` and the eyelids' files.
        seed: of the mixture.
        person: (I,) whose shape; the neutral one by default.
        size: how many times as large as the head.
        pitch: radians by which it rests nodded.
    """
    rng = np.random.default_rng(seed)
    shape = head.neutral if person is None else head.neutral + _moved(head, person)
    kept = np.isin(np.array(head.materials)[head.face_materials], SURFACE)
    vertices, faces = np.unique(head.faces[kept], return_inverse=True)
    turn = Rotation.from_rotvec([pitch, 0, 0])
    joint, jaw = _hinge(head, shape)
    mixture = np.linalg.qr(rng.standard_normal((EXPRESSIONS, EXPRESSIONS)))[0][:, : len(MIXED)]
    blendshapes = head.basis[ARKIT.indices(MIXED)][:, vertices]
    mixed = DEVIATION * np.tensordot(mixture, blendshapes, axes=1)

    def metres(points: np.ndarray) -> np.ndarray:
        return size * turn.apply(points.reshape(-1, 3)).reshape(points.shape) / 1000

    directions = np.zeros((len(vertices), 3, SHAPES + EXPRESSIONS))
    directions[..., SHAPES:] = np.moveaxis(metres(mixed), 0, -1)
    folder.mkdir(parents=True, exist_ok=True)
    regressor, weights = _skeleton(head, shape, joint, vertices, rng)
    np.savez(
        folder / "flame.npz",
        v_template=metres(shape)[vertices] + [0.0, 0.03, -0.02],
        f=faces.reshape(-1, 3),
        shapedirs=directions,
        J_regressor=regressor,
        weights=weights,
    )
    for channel, name in zip(BLINKS, ("l_eyelid.npy", "r_eyelid.npy"), strict=True):
        np.save(folder / name, metres(head.basis[ARKIT.index(channel)])[vertices])
    path = folder / "flame.npz"
    return Double(path, flame_rig(path), vertices, mixture, turn.apply(jaw))


def _moved(head: MeshRig, person: np.ndarray) -> np.ndarray:
    return np.tensordot(person, head.identity_basis, axes=1)


def _hinge(head: MeshRig, shape: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The point and the turn (radians) by which jawOpen opens the jaw, as far as it is rigid."""
    offsets = head.basis[ARKIT.index("jawOpen")]
    reach = np.linalg.norm(offsets, axis=1)
    chin = reach > 0.85 * reach.max()
    before, after = shape[chin], (shape + offsets)[chin]
    turn, _ = Rotation.align_vectors(after - after.mean(0), before - before.mean(0))
    matrix, axis = turn.as_matrix(), turn.as_rotvec()
    shift = after.mean(0) - matrix @ before.mean(0)
    fixed = np.linalg.lstsq(np.eye(3) - matrix, shift, rcond=1e-6)[0]
    return fixed + axis * ((before.mean(0) - fixed) @ axis) / (axis @ axis), axis


def _skeleton(head: MeshRig, shape, joint, vertices, rng) -> tuple[np.ndarray, np.ndarray]:
    """FLAME's joints from vertices (5, V), and how far each vertex follows each (V, 5)."""
    regressor = np.zeros((5, len(shape)))
    for row, point in ((0, head.neck_pivot), (1, head.neck_pivot), (2, joint)):
        chosen = rng.choice(vertices, REGRESSED_FROM, replace=False)
        system = np.vstack([shape[chosen].T, np.ones(REGRESSED_FROM)])
        regressor[row, chosen] = np.linalg.lstsq(system, np.append(point, 1.0), rcond=None)[0]
    weights = np.zeros((len(shape), 5))
    weights[:, 2] = jaw_share(head)
    weights[:, 1] = 1 - weights[:, 2]
    for row, eye in enumerate(head.eyeballs, start=3):
        regressor[row, eye.vertices] = 1 / len(eye.vertices)
        weights[eye.vertices] = np.eye(5)[row]
    return regressor[:, vertices], weights[vertices]
