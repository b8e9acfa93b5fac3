"""FLAME as a rig for the ``flame`` space: the user's own licensed file, loaded without trusting it.

    >>> from tdmm_hf.rigs.flame import flame_rig
    >>> rig = flame_rig("generic_model.pkl")  # doctest: +SKIP
    >>> rig.vertices(motion).shape            # doctest: +SKIP
    (125, 5023, 3)

FLAME may not be passed on: get it from https://flame.is.tue.mpg.de and name the file in
``TDMM_FLAME``. What FLAME is not packed with is read from beside it where it is there: SMIRK's
``l_eyelid.npy`` and ``r_eyelid.npy`` (without them the eyelid channels move nothing), and
``FLAME_masks.pkl`` of the same site (without it lips, brows and upper face are unknown). Its axes
are this package's; metres become millimetres here. The head turns by an axis-angle vector about
FLAME's root, the jaw about its joint (Li et al. 2017, https://doi.org/10.1145/3130800.3130813).
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from ..motion import FaceMotion
from ..parameters import get_space
from .mesh import MeshRig
from .pickled_arrays import read_arrays

logger = logging.getLogger(__name__)

FLAME_VARIABLE = "TDMM_FLAME"
MILLIMETRES_PER_METRE = 1000
JOINTS = 5
ROOT, JAW, LEFT_EYE, RIGHT_EYE = 0, 2, 3, 4  # 1 is the neck, which the space does not turn
SHAPES = 300  # of FLAME's directions; its expressions follow
EXPRESSIONS = 50
IDENTITIES = 100  # of the shapes; the rest is below a millimetre
EYELID_FILES = {"eyelid_left": "l_eyelid.npy", "eyelid_right": "r_eyelid.npy"}
MASK_FILE = "FLAME_masks.pkl"
# FLAME's masks in this package's regions; of masks that overlap the later goes before.
MASK_REGIONS = {
    "forehead": "brows",
    "eye_region": "eyes",
    "nose": "nose",
    "lips": "mouth",
    "left_eyeball": "gaze",
    "right_eyeball": "gaze",
}
MATERIALS = ("skin", "lips", "sclera", "iris", "pupil")
IRIS_DEGREES, PUPIL_DEGREES = 29, 12  # seen from the eye's centre, to the side of straight ahead
BROW_HEIGHT = 10  # brows begin this far above the eyes' centres, millimetres


@dataclass(frozen=True, eq=False, kw_only=True)
class FlameRig(MeshRig):
    """FLAME: linear expressions, a jaw by blend skinning, a head turned as a whole.

    Args:
        joint_regressor: (5, V) joints from vertices: root, neck, jaw, left eye, right eye.
        jaw_weights: (V,) how much of the jaw's turn each vertex follows.
        jaw_correctives: (V, 3, 9) displacement for each entry of the jaw's rotation less identity.
    """

    joint_regressor: np.ndarray
    jaw_weights: np.ndarray
    jaw_correctives: np.ndarray

    @cached_property
    def _jaw_channels(self) -> np.ndarray:
        return self.space.indices([f"jaw_{i}" for i in range(3)])

    def local(self, values: np.ndarray, identity: np.ndarray | None = None) -> np.ndarray:
        """Positions with the head at rest, (..., C) to (..., V, 3)."""
        values = np.asarray(values)
        shaped = self._shaped(values, identity)
        rotation = _rotations(values[..., self._jaw_channels])
        entries = (rotation - np.eye(3)).reshape(*values.shape[:-1], 9)
        posed = shaped + np.tensordot(entries, np.moveaxis(self.jaw_correctives, -1, 0), axes=1)
        joint = (self.joint_regressor[JAW] @ shaped)[..., None, :]
        turned = (posed - joint) @ np.swapaxes(rotation, -1, -2) + joint
        return posed + self.jaw_weights[:, None] * (turned - posed)

    def displacements(self, values: np.ndarray) -> np.ndarray:
        """Movement of the points within the head, the jaw's rotation exact."""
        return self.local(values) - self.neutral

    def vertices(self, motion: FaceMotion, identity: np.ndarray | None = None) -> np.ndarray:
        """Positions in the world, (frames, V, 3) in millimetres.

        Raises:
            ValueError: the motion is in another space, or the identity has the wrong length.
        """
        self.check_space(motion)
        self.check_identity(identity)
        rotation = _rotations(motion.values[:, self.space.indices([f"head_{i}" for i in range(3)])])
        shaped = self._shaped(motion.values, identity)
        root = (self.joint_regressor[ROOT] @ shaped)[:, None]
        local = self.local(motion.values, identity)
        return (local - root) @ rotation.transpose(0, 2, 1) + root

    def _shaped(self, values: np.ndarray, identity: np.ndarray | None) -> np.ndarray:
        """(..., V, 3) before any joint turns: identity, expression, eyelids."""
        straight = np.array(values)
        straight[..., self._jaw_channels] = 0
        shape = self.neutral
        if identity is not None:
            shape = shape + np.tensordot(identity, self.identity_basis, axes=1)
        return shape + np.tensordot(straight, self.basis, axes=1)


def flame_rig(path: str | os.PathLike | None = None) -> FlameRig:
    """The rig of a FLAME file, a ``.pkl`` or ``.npz``; by default that of ``TDMM_FLAME``.

    Raises:
        ValueError: no file, one that asks for code, or one that holds no FLAME; one line.
    """
    path = path or os.environ.get(FLAME_VARIABLE)
    if not path:
        raise ValueError(
            f"rig 'flame' needs your own FLAME file (https://flame.is.tue.mpg.de): name its "
            f"generic_model.pkl in {FLAME_VARIABLE}"
        )
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{FLAME_VARIABLE} must name a FLAME file, none at {path}")
    return _load(path, path.stat().st_mtime_ns)


@cache
def _load(path: Path, modified: int) -> FlameRig:
    model = _read_model(path)
    masks = _read_masks(path.parent / MASK_FILE, len(model["v_template"]))
    space = get_space("flame")
    faces = model["f"].astype(np.int32)
    return FlameRig(
        name="flame",
        space=space,
        regions=_regions(model, masks),
        neutral=model["v_template"],
        basis=_basis(model, space, _read_eyelids(path.parent, len(model["v_template"]))),
        neck_pivot=model["J_regressor"][ROOT] @ model["v_template"],
        faces=faces,
        uv=np.zeros((len(model["v_template"]), 2), np.float32),
        materials=MATERIALS,
        face_materials=_face_materials(model, faces, masks),
        eyeballs=(),
        neck_weights=np.ones(len(model["v_template"])),
        identity_basis=np.moveaxis(model["shapedirs"][..., :IDENTITIES], -1, 0),
        landmarks=np.zeros(0, np.int32),
        vertex_sets=_vertex_sets(model, masks),
        joint_regressor=model["J_regressor"],
        jaw_weights=model["weights"][:, JAW],
        jaw_correctives=model["posedirs"],
    )


def _read_model(path: Path) -> dict[str, np.ndarray]:
    """FLAME's arrays, lengths in millimetres, ``posedirs`` of the jaw alone."""
    needed = ("v_template", "f", "shapedirs", "J_regressor", "weights")
    model = read_arrays(path, (*needed, "posedirs"))
    missing = [name for name in needed if name not in model]
    if missing:
        raise ValueError(f"{path.name} must hold FLAME's arrays, lacks {missing}")
    count = np.size(model["v_template"]) // 3
    model.setdefault("posedirs", np.zeros((count, 3, 36)))
    shapes = {
        "v_template": (count, 3),
        "J_regressor": (JOINTS, count),
        "weights": (count, JOINTS),
        "posedirs": (count, 3, 9 * (JOINTS - 1)),
    }
    for name, shape in shapes.items():
        if model[name].shape != shape:
            raise ValueError(f"FLAME's {name} must have shape {shape}, got {model[name].shape}")
    least = SHAPES + EXPRESSIONS
    if model["shapedirs"].ndim != 3 or model["shapedirs"].shape[2] < least:
        got = model["shapedirs"].shape
        raise ValueError(f"FLAME's shapedirs must have at least {least} directions, got {got}")
    _check_faces(model["f"], count)
    first = 9 * (JAW - 1)
    model["posedirs"] = MILLIMETRES_PER_METRE * model["posedirs"][..., first : first + 9]
    for name in ("v_template", "shapedirs"):
        model[name] = MILLIMETRES_PER_METRE * model[name].astype(np.float64)
    return model


def _check_faces(faces: np.ndarray, count: int) -> None:
    if faces.ndim != 2 or faces.shape[1] != 3 or not ((faces >= 0) & (faces < count)).all():
        raise ValueError(f"FLAME's f must be triangles of {count} vertices, got {faces.shape}")


def _read_eyelids(folder: Path, count: int) -> dict[str, np.ndarray]:
    """(V, 3) millimetres by channel, of SMIRK's files beside the model where they are there."""
    found = {}
    for channel, name in EYELID_FILES.items():
        if not (folder / name).is_file():
            logger.warning("no %s beside the FLAME file: %s moves nothing", name, channel)
            continue
        try:
            offset = np.load(folder / name, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise ValueError(f"{name} is no readable npy of plain numbers ({error})") from error
        if offset.shape not in ((count, 3), (1, count, 3)):
            raise ValueError(f"{name} must have shape ({count}, 3), got {offset.shape}")
        found[channel] = MILLIMETRES_PER_METRE * offset.reshape(count, 3)
    return found


def _read_masks(path: Path, count: int) -> dict[str, np.ndarray]:
    """Vertices by FLAME's names of face parts; none where there is no such file."""
    if not path.is_file():
        return {}
    masks = read_arrays(path, list(MASK_REGIONS))
    for name, vertices in masks.items():
        if vertices.ndim != 1 or ((vertices < 0) | (vertices >= count)).any():
            raise ValueError(f"mask {name!r} must list vertices below {count}")
    return {name: vertices.astype(int) for name, vertices in masks.items()}


def _basis(model: dict, space, eyelids: dict[str, np.ndarray]) -> np.ndarray:
    """(58, V, 3): expressions, the jaw's first order, eyelids; the head's rows are zero."""
    basis = np.zeros((len(space.channels), *model["v_template"].shape))
    expressions = model["shapedirs"][..., SHAPES : SHAPES + EXPRESSIONS]
    first = space.index("expression_00")
    basis[first : first + EXPRESSIONS] = np.moveaxis(expressions, -1, 0)
    arms = model["v_template"] - model["J_regressor"][JAW] @ model["v_template"]
    for i, axis in enumerate(np.eye(3)):
        turned = np.cross(axis, arms)
        generator = np.cross(axis, np.eye(3)).T.ravel()  # of the rotation, row by row
        basis[space.index(f"jaw_{i}")] = (
            model["weights"][:, [JAW]] * turned + model["posedirs"] @ generator
        )
    for channel, offset in eyelids.items():
        basis[space.index(channel)] = offset
    return basis


def _regions(model: dict, masks: dict[str, np.ndarray]) -> tuple[str, ...]:
    regions = np.where(model["weights"][:, JAW] > 0.5, "jaw", "head").astype("<U8")
    regions[(model["weights"][:, [LEFT_EYE, RIGHT_EYE]] > 0.5).any(1)] = "gaze"
    for name, region in MASK_REGIONS.items():
        if name in masks:
            regions[masks[name]] = region
    return tuple(regions.tolist())


def _face_materials(model: dict, faces: np.ndarray, masks: dict[str, np.ndarray]) -> np.ndarray:
    """(F,) eyes by their joints, irises by the angle from straight ahead, lips by their mask."""
    materials = np.zeros(len(faces), np.int32)
    in_lips = np.isin(faces, masks.get("lips", [])).all(axis=1)
    materials[in_lips] = MATERIALS.index("lips")
    joints = model["J_regressor"] @ model["v_template"]
    centres = model["v_template"][faces].mean(axis=1)
    for joint in (LEFT_EYE, RIGHT_EYE):
        ball = (model["weights"][:, joint] > 0.5)[faces].all(axis=1)
        arms = centres - joints[joint]
        ahead = np.degrees(np.arctan2(np.linalg.norm(arms[:, :2], axis=1), arms[:, 2]))
        materials[ball] = MATERIALS.index("sclera")
        materials[ball & (ahead < IRIS_DEGREES)] = MATERIALS.index("iris")
        materials[ball & (ahead < PUPIL_DEGREES)] = MATERIALS.index("pupil")
    return materials


def _vertex_sets(model: dict, masks: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Lips, brows and upper face by FLAME's masks; empty without them."""
    eyes = (model["J_regressor"] @ model["v_template"])[[LEFT_EYE, RIGHT_EYE], 1].mean()
    around = masks.get("eye_region", np.zeros(0, int))
    upper = np.union1d(around, masks.get("forehead", around))
    return {
        "lips": masks.get("lips", np.zeros(0, int)),
        "brows": around[model["v_template"][around, 1] > eyes + BROW_HEIGHT],
        "upper_face": upper,
    }


def _rotations(vectors: np.ndarray) -> np.ndarray:
    """(..., 3, 3) of axis-angle vectors (..., 3) in radians."""
    flat = np.reshape(vectors, (-1, 3)).astype(np.float64)
    return Rotation.from_rotvec(flat).as_matrix().reshape(*np.shape(vectors)[:-1], 3, 3)
