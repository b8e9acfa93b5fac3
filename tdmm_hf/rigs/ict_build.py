"""From a release of ICT FaceKit to a MeshRig: materials painted, hidden parts dropped, necks bent.

>>> from tdmm_hf.rigs.ict_build import build_rig
>>> build_rig(read_release("ICT-FaceKit.zip")).name  # doctest: +SKIP
'ict'

The release colours a face in one material. Here lips, brows, irises and pupils are cut out of it
along the landmarks, with vertices on the border, so that no border is jagged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.path import Path as Outline
from scipy.interpolate import make_interp_spline
from scipy.sparse import csr_matrix, identity

from ..parameters import get_space
from .ict_release import Release, table
from .mesh import Eyeball, MeshRig
from .surface import (
    cut,
    distance_to_line,
    regions_by_motion,
    sides,
    triangulate,
    used_vertices,
)

MATERIALS = ("skin", "lips", "brow", "sclera", "iris", "pupil", "teeth", "gums", "tongue")
# iBUG landmarks.
RIGHT_BROW, LEFT_BROW = slice(17, 22), slice(22, 27)
MOUTH = slice(48, 60)
LEFT_CORNER = 6  # of the mouth, in its outline
UPPER_REGIONS = ("brows", "eyes")
FAR = 1000.0  # a level far above every border
STEPS = 8  # of a smooth line, from one landmark to the next


@dataclass
class _Mesh:
    """Triangles while they are painted; ``mix`` (V, vertices of the release) makes their points."""

    faces: np.ndarray
    materials: np.ndarray
    mix: csr_matrix

    def paint(self, level: np.ndarray, old: str, new: str) -> None:
        """Give ``new`` to what is ``old`` below the zero line of a level on the release."""
        level = self.mix @ level
        faces, parents, mix = cut(self.faces, level)
        materials = self.materials[parents]
        below = sides(faces, mix @ level) & (materials == MATERIALS.index(old))
        materials[below] = MATERIALS.index(new)
        self.faces, self.materials, self.mix = faces, materials, mix @ self.mix


def build_rig(release: Release) -> MeshRig:
    """The rig of space ``arkit``, as described by ``ict.yaml``."""
    mesh = _painted(release)
    used, faces = used_vertices(mesh.faces)
    mix = mesh.mix[used]
    space = get_space("arkit")
    basis = _basis(release, mix, space)
    regions = _regions(basis, space, faces, mesh.materials)
    return MeshRig(
        name="ict",
        space=space,
        regions=regions,
        neutral=_moved(mix, release.neutral),
        basis=basis,
        neck_pivot=np.array(table()["neck_pivot"], float),
        faces=faces,
        uv=_moved(mix, release.uv),
        materials=MATERIALS,
        face_materials=mesh.materials.astype(np.int32),
        eyeballs=tuple(_eyeball(release, side, mix) for side in ("Left", "Right")),
        neck_weights=_neck_weights(_moved(mix, release.neutral)),
        identity_basis=_identities(release, mix),
        landmarks=_renamed(release.landmarks, used),
        vertex_sets=_vertex_sets(faces, mesh.materials, regions),
    )


def _painted(release: Release) -> _Mesh:
    """The triangles that are drawn, in this package's materials."""
    names = [table()["materials"][name] for name in release.materials]
    of_polygons = np.array([-1 if name is None else MATERIALS.index(name) for name in names])
    faces, owners = triangulate(release.polygons, release.neutral)
    materials = of_polygons[release.polygon_materials[owners]]
    materials[_within(faces, "tongue") & (materials == MATERIALS.index("gums"))] = MATERIALS.index(
        "tongue"
    )
    materials[_within(faces, "mouth_socket")] = MATERIALS.index("gums")
    shown = materials >= 0
    mesh = _Mesh(faces[shown], materials[shown], identity(len(release.neutral), format="csr"))
    mesh.paint(_brow_level(release), "skin", "brow")
    mesh.paint(_lip_level(release), "skin", "lips")
    mesh.paint(_eye_level(release, table()["iris_degrees"]), "sclera", "iris")
    mesh.paint(_eye_level(release, table()["pupil_degrees"]), "iris", "pupil")
    return mesh


def _part(name: str) -> np.ndarray:
    first, last = table()["parts"][name]
    return np.arange(first, last + 1)


def _within(faces: np.ndarray, part: str) -> np.ndarray:
    first, last = table()["parts"][part]
    return ((faces >= first) & (faces <= last)).all(axis=1)


def _outside() -> np.ndarray:
    """A level that is nowhere below its border."""
    return np.full(table()["vertices"], FAR)


def _brow_level(release: Release) -> np.ndarray:
    """(V,) distance from the brows' lines, less half their height there."""
    level, face = _outside(), _part("face")
    radii = np.array(table()["brow_radii"])
    points = release.neutral[face]
    outer_to_inner = (release.landmarks[RIGHT_BROW], release.landmarks[LEFT_BROW][::-1])
    for line in outer_to_inner:
        away, along = distance_to_line(points, _curve(release.neutral[line]))
        height = np.interp(along / STEPS, np.arange(len(radii)), radii)
        level[face] = np.minimum(level[face], away - height)
    return level


def _lip_level(release: Release) -> np.ndarray:
    """(V,) distance from the lips' outline seen from the front, negative inside."""
    level, face = _outside(), _part("face")
    outline = release.neutral[release.landmarks[MOUTH]]
    points = release.neutral[face]
    upper, lower = outline[: LEFT_CORNER + 1], np.r_[outline[LEFT_CORNER:], outline[:1]]
    closed = np.concatenate([_curve(upper), _curve(lower)[1:]])[:, :2]
    away, _ = distance_to_line(points[:, :2], closed)
    inside = Outline(closed).contains_points(points[:, :2])
    near = points[:, 2] > outline[:, 2].min() - table()["lip_depth"]
    level[face[near]] = np.where(inside, -away, away)[near]
    return level


def _curve(corners: np.ndarray) -> np.ndarray:
    """A smooth line through corners, in ``STEPS`` pieces from one to the next."""
    at = np.arange(len(corners))
    fine = np.linspace(0, at[-1], at[-1] * STEPS + 1)
    return make_interp_spline(at, corners, k=3)(fine)


def _eye_level(release: Release, degrees: float) -> np.ndarray:
    """(V,) angle from straight ahead, seen from the centre of the eye, less ``degrees``."""
    level = _outside()
    for side in ("left", "right"):
        ball = _part(f"sclera_{side}")
        arms = release.neutral[ball] - _eye_center(release, side)
        ahead = np.arctan2(np.linalg.norm(arms[:, :2], axis=1), arms[:, 2])
        level[ball] = np.degrees(ahead) - degrees
    return level


def _eye_center(release: Release, side: str) -> np.ndarray:
    """(3,) centre of the sphere that fits the eyeball's back, where no cornea bulges."""
    ball = release.neutral[_part(f"sclera_{side}")].astype(float)
    back = ball[ball[:, 2] < np.median(ball[:, 2])]
    system = np.c_[2 * back, np.ones(len(back))]
    return np.linalg.lstsq(system, (back**2).sum(1), rcond=None)[0][:3]


def _eyeball(release: Release, side: str, mix: csr_matrix) -> Eyeball:
    of_ball = np.zeros(table()["vertices"])
    of_ball[_part(f"sclera_{side.lower()}")] = 1
    return Eyeball(
        side=side,
        vertices=np.flatnonzero(mix @ of_ball > 0.5),
        center=_eye_center(release, side.lower()),
    )


def _basis(release: Release, mix: csr_matrix, space) -> np.ndarray:
    """(C, V, 3) float32; the head's channels and what the head lacks are zero."""
    basis = np.zeros((len(space.channels), mix.shape[0], 3), np.float32)
    for channel, meshes in table()["channels"].items():
        offset = sum(release.shapes[mesh] for mesh in meshes)
        basis[space.index(channel)] = _moved(mix, offset)
    return basis


def _identities(release: Release, mix: csr_matrix) -> np.ndarray:
    """(I, V, 3) float32, in the release's order, largest first."""
    names = [name for name in release.shapes if name.startswith("identity")]
    if not names:
        return np.zeros((0, mix.shape[0], 3), np.float32)
    return np.stack([_moved(mix, release.shapes[name]) for name in names])


def _moved(mix: csr_matrix, data: np.ndarray) -> np.ndarray:
    return np.asarray(mix @ data, np.float32)


def _renamed(vertices: np.ndarray, used: np.ndarray) -> np.ndarray:
    return np.searchsorted(used, vertices).astype(np.int32)


def _neck_weights(points: np.ndarray) -> np.ndarray:
    """(V,) share of the head's turn: 0 at the shoulders, 1 from the chin and nape up."""
    fixed, (behind, front) = table()["neck"]["fixed"], table()["neck"]["free"]
    free = np.interp(points[:, 2], (0, 80), (behind, front))
    share = np.clip((points[:, 1] - fixed) / (free - fixed), 0, 1)
    return share * share * (3 - 2 * share)


def _regions(basis: np.ndarray, space, faces: np.ndarray, materials: np.ndarray) -> tuple[str, ...]:
    regions = np.array(regions_by_motion(basis, space))
    for region, names in (("gaze", ("sclera", "iris", "pupil")), ("tongue", ("tongue",))):
        regions[_vertices_of(faces, materials, names)] = region
    return tuple(regions.tolist())


def _vertices_of(faces: np.ndarray, materials: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    chosen = np.isin(materials, [MATERIALS.index(name) for name in names])
    return np.unique(faces[chosen])


def _vertex_sets(
    faces: np.ndarray, materials: np.ndarray, regions: tuple[str, ...]
) -> dict[str, np.ndarray]:
    return {
        "lips": _vertices_of(faces, materials, ("lips",)),
        "brows": _vertices_of(faces, materials, ("brow",)),
        "upper_face": np.flatnonzero(np.isin(regions, UPPER_REGIONS)),
    }
