"""Where MediaPipe's landmarks lie on the package's own head.

    pip install 'tdmm-hf[video,render]'
    python benchmarks/landmark_places.py --model face_landmarker.task

Resting people are filmed from three sides and tracked; every landmark goes to the vertex, of skin
or for the irises' of the eyeballs, that lies nearest to it in the mean over the pictures. Written
to ``tdmm_hf/fitting/landmark_places.json``, which ``tdmm_hf.fitting.anatomy`` reads.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from common import LANDMARKER, write_json
from tqdm import tqdm

from tdmm_hf.fitting.anatomy import PLACES_FILE
from tdmm_hf.fitting.tracker import FaceTracker
from tdmm_hf.fitting.upright import OUTER_EYE_CORNERS
from tdmm_hf.motion import FaceMotion
from tdmm_hf.rigs import get_rig
from tdmm_hf.rigs.mesh import MeshRig
from tdmm_hf.rigs.normals import vertex_normals
from tdmm_hf.video import render
from tdmm_hf.video.studio import view

SIZE = 720
PEOPLE = (None, 11, 12, 13, 14, 15, 16)  # the neutral head, and seeds
CAMERAS = {0: 1.0, -25: 0.5, 25: 0.5}  # degrees, and how much they count
FARTHEST = 0.05  # of squared distances: beyond, all count alike
TURNED_AWAY = 0.002  # added to them for a vertex that the camera cannot see
SKIN, EYES = ("skin", "lips", "lid_rim"), ("iris", "pupil", "limbus")
FIRST_IRIS = 468


def made_of(rig: MeshRig, materials: tuple[str, ...]) -> np.ndarray:
    """(V,) bool: the vertices of these materials."""
    chosen = np.isin(np.array(rig.materials)[rig.face_materials], materials)
    found = np.zeros(len(rig.neutral), dtype=bool)
    found[rig.faces[chosen].ravel()] = True
    return found


def distances(rig: MeshRig, tracker: FaceTracker, person: int | None, camera: int) -> np.ndarray:
    """(478, V) squared, in distances between the eyes."""
    rest = FaceMotion(np.zeros((1, 55), np.float32))
    identity = None if person is None else rig.random_identity(person)
    points = rig.vertices(rest, identity)[0]
    picture = next(iter(render(rest, rig, size=SIZE, identity=person, camera=camera)))
    landmarks = tracker.detect(picture, 0.0)[0].landmarks[:, :2]
    shot = view(rig, points, camera, "studio", SIZE)
    clip = np.c_[points, np.ones(len(points))] @ shot.projection.T
    pixels = (clip[:, :2] / clip[:, 3:] * [1, -1] + 1) / 2 * SIZE
    eyes = np.linalg.norm(np.subtract(*landmarks[list(OUTER_EYE_CORNERS)]))
    apart = ((landmarks[:, None] - pixels) ** 2).sum(axis=-1) / eyes**2
    facing = (vertex_normals(points[None], rig.faces)[0] * (shot.eye - points)).sum(axis=1) > 0
    return np.minimum(apart, FARTHEST) + TURNED_AWAY * ~facing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=LANDMARKER)
    parser.add_argument("--out", type=Path, default=PLACES_FILE)
    options = parser.parse_args()
    rig, total = get_rig("tdmm"), 0.0
    with FaceTracker(options.model) as tracker:
        for person in tqdm(PEOPLE, desc="people", leave=False):
            for camera, weight in CAMERAS.items():
                total = total + weight * distances(rig, tracker, person, camera)
    mean = total / (len(PEOPLE) * sum(CAMERAS.values()))
    iris = np.arange(len(mean))[:, None] >= FIRST_IRIS
    mean[np.where(iris, ~made_of(rig, EYES), ~made_of(rig, SKIN))] = np.inf
    print(f"mean distance: {100 * np.sqrt(mean.min(axis=1)).mean():.2f} % of that of the eyes")
    source = {"measured_by": "benchmarks/landmark_places.py", "rig": rig.name}
    write_json(options.out, {**source, "vertices": mean.argmin(axis=1).tolist()}, indent=None)
    print(f"written: {options.out}")


if __name__ == "__main__":
    main()
