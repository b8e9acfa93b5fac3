"""What a tracker hears of one channel in the others: an ICT FaceKit head, driven and tracked.

    pip install pyvista
    python benchmarks/crosstalk.py FACEKIT --model face_landmarker.task

``FACEKIT`` is a folder or an archive of ICT FaceKit meshes (OBJ, as released). Every channel, both
sides of it together, goes from 0 to 1 on six identities; MediaPipe scores the pictures. Prints what
other scores rise or fall, mean of the identities, and writes it into
``tdmm_hf/performer/tracking.json``, from which ``tdmm_hf.performer.tracking.augment`` takes it.
"""

from __future__ import annotations

import argparse
import json
import tarfile
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyvista as pv
from common import SHARED_DATA, print_table, write_json
from matplotlib.path import Path as Outline
from scipy.spatial.transform import Rotation
from tqdm import tqdm

from tdmm_hf.fitting.tracker import FaceTracker
from tdmm_hf.parameters import ARKIT_BLENDSHAPES
from tdmm_hf.performer.tracking import NUM_WEIGHTS, TRACKING_FILE, shape_family

IDENTITIES = 6  # the neutral head and random ones
IDENTITY_SPREAD = 0.8
HEARD = 0.05  # a rise that counts
HIDDEN = ("M_LacrimalFluid", "M_EyeOcclusion", "M_EyeBlend", "M_EyeLashes")
COLOURS = {
    "M_Face": (224, 172, 140),
    "M_BackHead": (200, 150, 120),
    "M_GumsTongue": (170, 70, 75),
    "M_Teeth": (235, 230, 215),
}
BROW, LIPS = (70, 45, 35), (190, 95, 90)
WHITE, IRIS, PUPIL = (240, 238, 235), (90, 60, 40), (10, 10, 10)
BROW_RADIUS, IRIS_RADIUS, PUPIL_RADIUS = 0.28, 0.58, 0.25  # centimetres
# FaceKit's gaze shapes move the lids alone: degrees of yaw and pitch that turn the eyeballs.
GAZE = {"eyeLookUp": (0, -25), "eyeLookDown": (0, 25)}
SIDEWAYS = ("eyeLookIn", "eyeLookOut")


class Head:
    """FaceKit's head in a window of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        lines = (folder / "generic_neutral_mesh.obj").read_text().splitlines()
        self.neutral = _vertices(lines)
        self.faces, materials = _faces(lines)
        landmarks = json.loads((folder / "vertex_indices.json").read_text())
        self.landmarks = self.neutral[landmarks["idx_to_landmark_verts"]]
        self.eyes = [self._eye(materials, side) for side in ("Left", "Right")]
        colours = self._colours(materials)
        shown = ~np.isin(materials, HIDDEN)
        cells = [[len(self.faces[i]), *self.faces[i]] for i in np.flatnonzero(shown)]
        mesh = pv.PolyData(self.neutral.copy(), np.concatenate(cells))
        mesh.cell_data["colour"] = colours[shown]
        self.window = pv.Plotter(off_screen=True, window_size=(480, 480), lighting="none")
        self.window.set_background((120, 130, 140))
        self.actor = self.window.add_mesh(
            mesh, scalars="colour", rgb=True, ambient=0.35, diffuse=0.75, specular=0.05
        )
        for place, strength in (((20, 30, 60), 0.7), ((-40, 10, 50), 0.45)):
            self.window.add_light(pv.Light(position=place, intensity=strength))
        self.window.camera_position = [(0, 1, 62), (0, 1, 0), (0, 1, 0)]
        self.window.camera.view_angle = 28

    def offset(self, name: str) -> np.ndarray:
        """What a mesh of the release adds to the neutral one, (vertices, 3) centimetres."""
        return _vertices((self.folder / f"{name}.obj").read_text().splitlines()) - self.neutral

    def picture(self, offset: np.ndarray, yaw: float = 0.0, pitch: float = 0.0) -> np.ndarray:
        """(480, 480, 3) uint8 of the head, eyeballs turned by degrees."""
        vertices = self.neutral + offset
        turn = Rotation.from_euler("YX", (yaw, pitch), degrees=True).as_matrix().T
        for centre, members in self.eyes:
            vertices[members] = (vertices[members] - centre) @ turn + centre
        self.actor.mapper.dataset.points = vertices
        self.window.render()
        return np.ascontiguousarray(self.window.screenshot(return_img=True))

    def _eye(self, materials: np.ndarray, side: str) -> tuple[np.ndarray, np.ndarray]:
        """Centre and vertices of an eyeball."""

        def of(*names):
            members = np.flatnonzero(np.isin(materials, names))
            return np.unique(np.concatenate([self.faces[i] for i in members]))

        ball = self.neutral[of(f"M_Sclera{side}")]
        return (ball.max(0) + ball.min(0)) / 2, of(f"M_Sclera{side}", f"M_Iris{side}")

    def _colours(self, materials: np.ndarray) -> np.ndarray:
        """(faces, 3) uint8: skin, brows along the landmarks, lips within them, eyes by distance."""
        centres = np.array([self.neutral[face].mean(axis=0) for face in self.faces])
        colours = np.array([COLOURS.get(m, WHITE) for m in materials], np.uint8)
        skin = materials == "M_Face"
        brows = [self.landmarks[i : i + 2] for i in (17, 18, 19, 20, 22, 23, 24, 25)]
        near = np.min([_distance(centres, *ends) for ends in brows], axis=0) < BROW_RADIUS
        colours[skin & near] = BROW
        mouth = self.landmarks[48:60]
        inside = Outline(mouth[:, :2]).contains_points(centres[:, :2])
        colours[skin & inside & (centres[:, 2] > mouth[:, 2].min() - 1)] = LIPS
        for (centre, _), side in zip(self.eyes, ("Left", "Right"), strict=True):
            front = np.isin(materials, (f"M_Sclera{side}", f"M_Iris{side}"))
            front &= centres[:, 2] > centre[2]
            away = np.linalg.norm(centres[:, :2] - centre[:2], axis=1)
            colours[front & (away < IRIS_RADIUS)] = IRIS
            colours[front & (away < PUPIL_RADIUS)] = PUPIL
        return colours


def _vertices(lines: list[str]) -> np.ndarray:
    return np.array([line.split()[1:4] for line in lines if line.startswith("v ")], dtype=float)


def _faces(lines: list[str]) -> tuple[list[list[int]], np.ndarray]:
    """Vertex numbers of each face, and its material."""
    faces, materials, material = [], [], None
    for line in lines:
        if line.startswith("usemtl"):
            material = line.split()[1]
        elif line.startswith("f "):
            faces.append([int(corner.split("/")[0]) - 1 for corner in line.split()[1:]])
            materials.append(material)
    return faces, np.array(materials)


def _distance(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Of points (n, 3) from a line between two."""
    along = np.clip((points - start) @ (end - start) / ((end - start) @ (end - start)), 0, 1)
    return np.linalg.norm(points - start - along[:, None] * (end - start), axis=1)


def channels() -> dict[str, list[str]]:
    """Families to drive and the meshes that drive them; gaze sideways is left out, since one eye
    looks in where the other looks out."""
    found = defaultdict(list)
    for channel in ARKIT_BLENDSHAPES:
        family = shape_family(channel)
        if channel == "tongueOut" or family in SIDEWAYS:
            continue
        if family in ("browInnerUp", "cheekPuff"):
            found[family] = [f"{family}_L", f"{family}_R"]
        else:
            found[family].append(
                channel if family == channel else f"{family}_{channel[len(family)]}"
            )
    return dict(found)


def scores(tracker: FaceTracker, pictures: list[np.ndarray]) -> np.ndarray:
    """(pictures, 52) of the face in each; nan where none is found."""
    rows = []
    for picture in pictures:
        faces = tracker.detect(picture, time=0.0)
        rows.append(faces[0].values[:NUM_WEIGHTS] if faces else np.full(NUM_WEIGHTS, np.nan))
    return np.stack(rows)


def measure(folder: Path, tracker: FaceTracker) -> dict[str, dict[str, float]]:
    """Rise of every family's score, where heard, for each family driven from 0 to 1."""
    head = Head(folder)
    rng = np.random.default_rng(0)
    names = sorted(path.stem for path in folder.glob("identity*.obj"))
    basis = np.stack([head.offset(name) for name in names])
    people = IDENTITY_SPREAD * rng.standard_normal((IDENTITIES, len(basis)))
    people[0] = 0
    bodies = np.tensordot(people, basis, axes=1)
    rest = scores(tracker, [head.picture(body) for body in bodies])
    families = np.array([shape_family(channel) for channel in ARKIT_BLENDSHAPES])
    found = {}
    for family, meshes in tqdm(channels().items(), leave=False):
        shape = sum(head.offset(mesh) for mesh in meshes)
        gaze = GAZE.get(family, (0, 0))
        driven = scores(tracker, [head.picture(body + shape, *gaze) for body in bodies])
        rise = np.nanmean(driven - rest, axis=0)
        heard = {f: rise[families == f].mean() for f in dict.fromkeys(families) if f != family}
        found[family] = {f: round(float(r), 2) for f, r in heard.items() if abs(r) >= HEARD}
    return {family: heard for family, heard in found.items() if heard}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "facekit", type=Path, nargs="?", default=SHARED_DATA / "ict_facekit_subset.tar.xz"
    )
    parser.add_argument("--model", type=Path, default=SHARED_DATA / "face_landmarker.task")
    parser.add_argument("--out", type=Path, default=TRACKING_FILE)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.facekit
        if not folder.is_dir():
            with tarfile.open(folder) as archive:
                archive.extractall(scratch, filter="data")
            folder = next(Path(scratch).rglob("generic_neutral_mesh.obj")).parent
        with FaceTracker(options.model) as tracker:
            families = measure(folder, tracker)
    rows = [(f, g, rise) for f, heard in families.items() for g, rise in heard.items()]
    print_table(("driven", "heard in", "rise"), rows)
    tracking = json.loads(options.out.read_text(encoding="utf-8"))
    tracking["response"]["crosstalk"]["families"] = families
    write_json(options.out, tracking)


if __name__ == "__main__":
    main()
