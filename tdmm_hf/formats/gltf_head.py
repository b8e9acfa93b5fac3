"""A head as glTF: all of a file but its animation.

    >>> from tdmm_hf.formats.gltf_head import gltf_head
    >>> from tdmm_hf.rigs import get_rig
    >>> head = gltf_head(get_rig("tdmm"))                        # doctest: +SKIP
    >>> head.nodes["LeftEye"], head.morphing                     # doctest: +SKIP
    (2, (4,))

What channels move is one skinned mesh with a primitive for each material and a morph target for
each weight channel. What only the head carries (the hair, each eye) is a mesh of its own on the
node that carries it. Lengths become metres.

A material has the look's colour; vertex colours multiply it: cheeks redder, creases and the inside
of the mouth darker, and the lighter of two materials that meet half as dark as the other there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..rigs.corneas import Corneas
from ..rigs.mesh import MeshRig
from ..rigs.openness import UNCOVERING, openness
from .gltf_container import INDICES, Binary, BinaryBuilder
from .scene import INFLUENCES, Scene, scene

METRES = 1e-3
# What morph targets leave out of a vertex is less than this with every channel at 1: millimetres,
# and the length of a change of its unit normal.
LEFT_OUT_OFFSET = 0.05
LEFT_OUT_NORMAL = 0.15
# How much light a surface loses that sees nothing of its surroundings; as in the renderer.
OCCLUSION = 0.80

_FACE, _SKELETON = "Face", "Skeleton"
_FIRST_EYE = 2  # joints before it are neck and head
_GREATEST = np.iinfo(np.uint16).max


@dataclass(frozen=True, eq=False)
class GltfHead:
    """All of a file but its animation.

    Args:
        document: the JSON, without accessors and buffer views.
        binary: those, and their bytes.
        nodes: joint name to node.
        morphing: the nodes whose weights the channels are.
    """

    document: dict
    binary: Binary
    nodes: dict[str, int]
    morphing: tuple[int, ...]


def gltf_head(
    rig: MeshRig, identity: int | np.ndarray | None = None, look: str | None = None
) -> GltfHead:
    """The head of a rig; kept, so that the next motion of the same head is written at once.

    Args:
        rig: with a surface.
        identity: whose head: a seed, (I,) standard deviations, or the neutral one.
        look: a name of materials.yaml; by default a seed picks one, else the first.

    Raises:
        ValueError: an unknown look, an identity of the wrong length.
    """
    if isinstance(identity, np.ndarray):
        return _kept_head(rig, tuple(identity.tolist()), look)
    return _kept_head(rig, identity, look)


@lru_cache(maxsize=4)
def _kept_head(rig: MeshRig, person: int | tuple | None, look: str | None) -> GltfHead:
    shown = scene(rig, np.array(person) if isinstance(person, tuple) else person, look)
    shade = 1 - OCCLUSION * (1 - _openness(rig, shown.points))
    return _HeadBuilder(shown, _wet_normals(rig, shown), shown.colors * shade[:, None]).head()


def _openness(rig: MeshRig, points: np.ndarray) -> np.ndarray:
    """(V,) how much of its surroundings a vertex sees, in 0..1, in a pose that uncovers it."""
    uncovered = rig.displacements(np.isin(rig.space.channels, UNCOVERING).astype(float))
    return np.maximum(openness(points, rig.faces), openness(points + uncovered, rig.faces))


def _wet_normals(rig: MeshRig, shown: Scene) -> np.ndarray:
    """(V, 3) normals at rest; those of the eyes as if they had corneas."""
    normals = shown.normals[None].copy()
    Corneas(rig, shown.points).bulge(shown.points[None], normals)
    return normals[0]


@dataclass(frozen=True, eq=False)
class _Part:
    """A mesh: ``faces`` (F,) bool; the ``joint`` it hangs from, or None if it follows several."""

    name: str
    faces: np.ndarray
    joint: int | None
    morphs: bool


@dataclass(frozen=True, eq=False)
class _Sparse:
    """``values`` (n, 3) of the vertices ``rows`` (n,), rising; the others have none."""

    rows: np.ndarray
    values: np.ndarray

    def within(self, vertices: np.ndarray) -> _Sparse:
        """The same for some vertices (m,), rising, which are counted from 0."""
        inside = np.isin(self.rows, vertices, assume_unique=True)
        return _Sparse(np.searchsorted(vertices, self.rows[inside]), self.values[inside])


class _HeadBuilder:
    """Turns a scene into meshes, nodes and materials.

    Args:
        shown: the head.
        normals: (V, 3) at rest.
        colors: (V, 3) linear, what every vertex shall look like.
    """

    def __init__(self, shown: Scene, normals: np.ndarray, colors: np.ndarray):
        self._scene, self._normals, self._colors = shown, normals, colors
        self._binary = BinaryBuilder()
        shapes = shown.blend_shapes.values()
        count = len(shown.points)
        self._offsets = _thinned(
            [_Sparse(s.vertices, s.offsets) for s in shapes], count, LEFT_OUT_OFFSET
        )
        self._turns = _thinned(
            [_Sparse(s.vertices, s.normals) for s in shapes], count, LEFT_OUT_NORMAL
        )

    def head(self) -> GltfHead:
        joints = self._joint_nodes()
        nodes, roots, morphing = [*joints], [0], []
        parts = list(self._parts())
        for mesh, part in enumerate(parts):
            if part.joint is None:
                roots.append(len(nodes))
                nodes.append({"name": part.name, "mesh": mesh, "skin": 0})
            elif part.joint >= _FIRST_EYE:
                nodes[part.joint]["mesh"] = mesh
            else:
                nodes[part.joint].setdefault("children", []).append(len(nodes))
                nodes.append({"name": part.name, "mesh": mesh})
            if part.morphs:
                morphing.append(len(nodes) - 1 if part.joint is None else part.joint)
        document = {
            "scene": 0,
            "scenes": [{"nodes": roots}],
            "nodes": nodes,
            "meshes": [self._mesh(part) for part in parts],
            "skins": [self._skin()],
            "materials": [_material(material) for material in self._scene.materials],
        }
        names = {joint["name"]: number for number, joint in enumerate(joints)}
        return GltfHead(document, self._binary.binary(), names, tuple(morphing))

    def _parts(self) -> Iterator[_Part]:
        """Each eye, then what moves with channels or neck, then what only the head carries."""
        first = self._scene.triangles[:, 0]
        joint_of = self._scene.joint_indices[first, 0]
        moved = np.zeros(len(self._scene.points), bool)
        for shape in self._scene.blend_shapes.values():
            moved[shape.vertices] = True
        for joint in range(_FIRST_EYE, len(self._scene.joints)):
            faces = joint_of == joint
            yield _Part(
                self._scene.joints[joint].name, faces, joint, bool(moved[first[faces]].any())
            )
        follows = moved | (self._scene.joint_weights[:, 0] < 1)
        rest = joint_of < _FIRST_EYE
        owners = self._scene.face_materials
        alive = np.unique(owners[rest & follows[self._scene.triangles].any(axis=1)])
        face = rest & np.isin(owners, alive)
        yield _Part(_FACE, face, None, True)
        if (rest & ~face).any():
            names = [self._scene.materials[m].name for m in np.unique(owners[rest & ~face])]
            yield _Part("_".join(names).capitalize(), rest & ~face, 1, False)

    def _joint_nodes(self) -> list[dict]:
        nodes = []
        for number, joint in enumerate(self._scene.joints):
            offset = np.array(joint.position, float)
            if joint.parent >= 0:
                offset -= self._scene.joints[joint.parent].position
                nodes[joint.parent].setdefault("children", []).append(number)
            nodes.append({"name": joint.name, "translation": _metres(offset).tolist()})
        return nodes

    def _skin(self) -> dict:
        """Neck and head; what is bound to them has its points in the world at rest."""
        matrices = np.tile(np.eye(4, dtype=np.float32), (_FIRST_EYE, 1, 1))
        for matrix, joint in zip(matrices, self._scene.joints, strict=False):
            matrix[3, :3] = -_metres(joint.position)  # column-major
        bound = self._binary.add("matrices", matrices.reshape(-1, 16))
        joints = list(range(_FIRST_EYE))
        return {"name": _SKELETON, "inverseBindMatrices": bound, "joints": joints, "skeleton": 0}

    def _mesh(self, part: _Part) -> dict:
        worn = np.unique(self._scene.face_materials[part.faces])
        mesh = {
            "name": part.name,
            "primitives": [self._primitive(part, int(material)) for material in worn],
        }
        if part.morphs:
            mesh["extras"] = {"targetNames": list(self._scene.blend_shapes)}
        return mesh

    def _primitive(self, part: _Part, material: int) -> dict:
        faces = self._scene.triangles[part.faces & (self._scene.face_materials == material)]
        vertices, corners = np.unique(faces, return_inverse=True)
        index = np.uint16 if len(vertices) <= _GREATEST else np.uint32
        primitive = {
            "attributes": self._attributes(part, material, vertices),
            "indices": self._binary.add(INDICES, corners.ravel().astype(index)),
            "material": material,
        }
        if part.morphs:
            primitive["targets"] = [
                self._target(offsets.within(vertices), turns.within(vertices), len(vertices))
                for offsets, turns in zip(self._offsets, self._turns, strict=True)
            ]
        return primitive

    def _attributes(self, part: _Part, material: int, vertices: np.ndarray) -> dict:
        origin = 0 if part.joint is None else self._scene.joints[part.joint].position
        points = _metres(self._scene.points[vertices] - origin)
        uv = self._scene.uv[vertices] * [1, -1] + [0, 1]  # glTF counts v downwards
        tint = self._colors[vertices] / np.maximum(self._scene.materials[material].color, 1e-6)
        rgba = np.column_stack([np.clip(tint, 0, 1), np.ones(len(vertices))])
        add = self._binary.add
        attributes = {
            "POSITION": add("POSITION", points, bounds=True),
            "NORMAL": add("NORMAL", self._normals[vertices].astype(np.float32)),
            "TEXCOORD_0": add("TEXCOORD_0", _unit(uv), normalized=True),
            "COLOR_0": add("COLOR_0", np.rint(rgba * 255).astype(np.uint8), normalized=True),
        }
        if part.joint is None:
            joints, weights = self._influences(vertices)
            attributes["JOINTS_0"] = add("JOINTS_0", joints)
            attributes["WEIGHTS_0"] = add("WEIGHTS_0", weights, normalized=True)
        return attributes

    def _influences(self, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, 4) uint8 joints and (n, 4) uint16 weights that sum to one; unused ones are 0."""
        first = _unit(self._scene.joint_weights[vertices, 0])
        joints = np.zeros((len(vertices), 4), np.uint8)
        weights = np.zeros((len(vertices), 4), first.dtype)
        joints[:, :INFLUENCES] = self._scene.joint_indices[vertices]
        weights[:, :INFLUENCES] = np.column_stack([first, _GREATEST - first])
        joints[weights == 0] = 0
        return joints, weights

    def _target(self, offsets: _Sparse, turns: _Sparse, count: int) -> dict:
        add = self._binary.add_deltas
        return {
            "POSITION": add(count, offsets.rows, _metres(offsets.values), bounds=True),
            "NORMAL": add(count, turns.rows, turns.values),
        }


def _material(material) -> dict:
    shown = {
        "name": material.name,
        "pbrMetallicRoughness": {
            "baseColorFactor": [*np.round(material.color, 5).tolist(), 1.0],
            "metallicFactor": 0.0,
            "roughnessFactor": material.roughness,
        },
    }
    return shown | {"doubleSided": True} if material.two_sided else shown


def _metres(millimetres: np.ndarray) -> np.ndarray:
    return (np.asarray(millimetres) * METRES).astype(np.float32)


def _unit(shares: np.ndarray) -> np.ndarray:
    """Numbers in 0..1 as normalized uint16."""
    return np.rint(np.clip(shares, 0, 1) * _GREATEST).astype(np.uint16)


def _thinned(shapes: list[_Sparse], count: int, left_out: float) -> list[_Sparse]:
    """The shapes without what is least: at each of ``count`` vertices it adds up to ``left_out``
    at most, however many channels are at 1."""
    sizes = np.zeros((len(shapes), count))
    for row, shape in zip(sizes, shapes, strict=True):
        row[shape.rows] = np.linalg.norm(shape.values, axis=1)
    order = np.argsort(sizes, axis=0)
    sums = np.cumsum(np.take_along_axis(sizes, order, axis=0), axis=0)
    kept = np.zeros(sizes.shape, bool)
    np.put_along_axis(kept, order, sums > left_out, axis=0)
    return [
        _Sparse(shape.rows[row[shape.rows]], shape.values[row[shape.rows]])
        for row, shape in zip(kept, shapes, strict=True)
    ]
