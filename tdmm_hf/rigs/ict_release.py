"""ICT FaceKit as released (OBJ meshes in a folder or an archive), read into arrays.

>>> from tdmm_hf.rigs.ict_release import read_release
>>> release = read_release("ICT-FaceKit.zip")  # doctest: +SKIP
>>> release.shapes["jawOpen"].shape            # doctest: +SKIP
(26719, 3)

The release is in centimetres; here the one conversion to millimetres is made. Its axes are this
package's. See https://github.com/ICT-VGL/ICT-FaceKit (MIT).
"""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath

import numpy as np
import yaml

from .archive import read_members

MILLIMETRES_PER_CENTIMETRE = 10
NOTICE_MARK = "Permission is hereby granted"
NO_VERTEX = -1

Progress = Callable[[int, int], None]


@cache
def table() -> dict:
    """``ict.yaml``: the mapping of meshes to channels, materials, parts; not to be changed."""
    return yaml.safe_load((Path(__file__).parent / "ict.yaml").read_text(encoding="utf-8"))


def expression_names() -> list[str]:
    """The release's expression meshes that are kept, used by a channel or not."""
    used = [mesh for meshes in table()["channels"].values() for mesh in meshes]
    return [*used, *table()["unused"]]


@dataclass(frozen=True, eq=False)
class Release:
    """What a release says, vertex by vertex, in millimetres.

    Args:
        neutral: (V, 3) float32.
        uv: (V, 2) float32 within the material's tile; of the first corner where there are several.
        polygons: (F, 4) int32, ``NO_VERTEX`` in the last column of triangles.
        materials: names as released.
        polygon_materials: (F,) int32.
        landmarks: (68,) int32 vertices of the iBUG points.
        shapes: (V, 3) float32 offsets from the neutral mesh by name: expressions and identities.
        notice: the licence, as the neutral mesh's file opens with it.
    """

    neutral: np.ndarray
    uv: np.ndarray
    polygons: np.ndarray
    materials: tuple[str, ...]
    polygon_materials: np.ndarray
    landmarks: np.ndarray
    shapes: dict[str, np.ndarray]
    notice: str


def read_release(source: str | os.PathLike, progress: Progress | None = None) -> Release:
    """Read a release from a folder or an archive.

    Args:
        source: a folder with the OBJ files somewhere in it, or an archive of one.
        progress: called with the meshes read and those expected at most.

    Raises:
        ValueError: no such source, an archive that breaks a rule, or not a whole release.
    """
    files = _Files(progress)
    for path, data in read_members(source, files.wanted):
        files.add(path, data)
    return files.release()


@dataclass
class _Files:
    """Meshes as they come from the archive, by the folder that they are in."""

    progress: Progress | None
    neutrals: dict[PurePosixPath, str] = field(default_factory=dict)
    points: dict[PurePosixPath, np.ndarray] = field(default_factory=dict)
    indices: dict[PurePosixPath, bytes] = field(default_factory=dict)

    def wanted(self, path: PurePosixPath) -> bool:
        known = path.stem in {table()["neutral"], *expression_names()}
        mesh = path.suffix == ".obj" and (known or _is_identity(path.stem))
        return mesh or path.name == table()["indices"]

    def add(self, path: PurePosixPath, data: bytes) -> None:
        if path.name == table()["indices"]:
            self.indices[path.parent] = data
            return
        text = _decoded(data, path)
        self.points[path] = _points(text, path)
        if path.stem == table()["neutral"]:
            self.neutrals[path.parent] = text
        if self.progress:
            self.progress(len(self.points), len(expression_names()) + 101)

    def release(self) -> Release:
        if len(self.neutrals) != 1:
            raise ValueError(
                f"source must hold one {table()['neutral']}.obj, got {len(self.neutrals)}"
            )
        ((folder, text),) = self.neutrals.items()
        meshes = {path.stem: p for path, p in self.points.items() if path.parent == folder}
        neutral = meshes.pop(table()["neutral"])
        missing = [name for name in expression_names() if name not in meshes]
        if missing:
            raise ValueError(f"release must hold every expression mesh, lacks {missing}")
        return Release(
            neutral=neutral,
            landmarks=_landmarks(self.indices.get(folder)),
            shapes={name: meshes[name] - neutral for name in sorted(meshes)},
            notice=_notice(text),
            **_surface(text),
        )


def _is_identity(name: str) -> bool:
    return re.fullmatch(table()["identity_pattern"], name) is not None


def _decoded(data: bytes, path: PurePosixPath) -> str:
    try:
        return data.decode("ascii")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} must be an OBJ file in ASCII: {error}") from error


def _points(text: str, path: PurePosixPath) -> np.ndarray:
    """(V, 3) float32 millimetres."""
    rows = [line[2:] for line in text.splitlines() if line.startswith("v ")]
    if len(rows) != table()["vertices"]:
        raise ValueError(f"{path.name} must have {table()['vertices']} vertices, got {len(rows)}")
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # numpy's way to say: not a number
        try:
            points = np.fromstring(" ".join(rows), dtype=np.float32, sep=" ").reshape(-1, 3)
        except (ValueError, DeprecationWarning) as error:
            raise ValueError(f"{path.name} must have three numbers a vertex ({error})") from error
    if len(points) != len(rows) or not np.isfinite(points).all():
        raise ValueError(f"{path.name} must have three finite numbers a vertex")
    return points * MILLIMETRES_PER_CENTIMETRE


def _landmarks(data: bytes | None) -> np.ndarray:
    if data is None:
        raise ValueError(f"release must hold {table()['indices']}, got none beside its meshes")
    try:
        found = np.array(json.loads(data)["idx_to_landmark_verts"], dtype=np.int32)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(
            f"{table()['indices']} must list idx_to_landmark_verts: {error}"
        ) from error
    _check_indices("landmarks", found)
    if found.shape != (table()["landmarks"],):
        raise ValueError(f"landmarks must be {table()['landmarks']}, got shape {found.shape}")
    return found


def _notice(text: str) -> str:
    """The comment that the file opens with, without its frame."""
    opening = text.partition("\nmtllib")[0].splitlines()
    lines = [line.strip("# ") for line in opening if line.startswith("#")]
    notice = "\n".join(lines).strip()
    if NOTICE_MARK not in notice:
        raise ValueError(
            f"{table()['neutral']}.obj must open with its licence, got {notice[:60]!r}"
        )
    return notice


def _surface(text: str) -> dict:
    """Polygons, their materials and the vertices' texture coordinates."""
    try:
        tiles, polygons, corners, materials, names = _parsed_surface(text)
        coordinates = np.array(tiles, np.float32).reshape(-1, 2)
    except (ValueError, IndexError) as error:
        raise ValueError(f"neutral mesh must have faces written v/vt ({error})") from error
    if not polygons or not all(3 <= len(polygon) <= 4 for polygon in polygons):
        raise ValueError("neutral mesh must have triangles and quads, and only those")
    unknown = set(names) - set(table()["materials"])
    if min(materials) < 0 or unknown:
        raise ValueError(f"materials must be those of ict.yaml, got {sorted(unknown) or 'none'}")
    padded = _padded(polygons)
    _check_indices("polygons", padded[padded != NO_VERTEX])
    return {
        "polygons": padded,
        "uv": _uv(coordinates, padded, _padded(corners)),
        "materials": tuple(names),
        "polygon_materials": np.array(materials, np.int32),
    }


def _parsed_surface(text: str) -> tuple[list, list, list, list, list]:
    """Texture coordinates; of each face vertices, coordinates and material; names of materials."""
    tiles, polygons, corners, materials, names = [], [], [], [], []
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "vt":
            tiles.append(rest.split()[:2])
        elif kind == "usemtl":
            names.append(rest.strip())
        elif kind == "f":
            pairs = [corner.split("/") for corner in rest.split()]
            polygons.append([int(pair[0]) - 1 for pair in pairs])
            corners.append([int(pair[1]) - 1 for pair in pairs])
            materials.append(len(names) - 1)
    return tiles, polygons, corners, materials, names


def _padded(rows: list[list[int]]) -> np.ndarray:
    return np.array([row + [NO_VERTEX] * (4 - len(row)) for row in rows], np.int32)


def _uv(tiles: np.ndarray, polygons: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(V, 2) of each vertex's first corner, within the tile of u that its polygon lies in."""
    used = polygons != NO_VERTEX
    if corners[used].min() < 0 or corners[used].max() >= len(tiles):
        raise ValueError("texture coordinates of the neutral mesh must exist, got others")
    tile = np.floor(tiles[corners[:, :3], 0].mean(axis=1))
    within = tiles[corners] - np.stack([tile, np.zeros_like(tile)], axis=-1)[:, None]
    vertices, first = np.unique(polygons[used], return_index=True)
    uv = np.zeros((table()["vertices"], 2), np.float32)
    uv[vertices] = within[used][first]
    return uv


def _check_indices(what: str, indices: np.ndarray) -> None:
    count = table()["vertices"]
    if indices.size and (indices.min() < 0 or indices.max() >= count):
        raise ValueError(f"{what} must name vertices 0 to {count - 1}")
