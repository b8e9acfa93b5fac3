"""What a tracker hears of one channel in the others: an ICT FaceKit head, driven and tracked.

    pip install 'tdmm-hf[video,render]'
    python benchmarks/crosstalk.py FACEKIT --model face_landmarker.task

``FACEKIT`` is a folder or an archive of ICT FaceKit's release; by default the installed one. Every
channel, both sides of it together, goes from 0 to 1 on six identities; MediaPipe scores the
pictures. Prints what other scores rise or fall, mean of the identities, and writes it into
``tdmm_hf/performer/tracking.json``, from which ``tdmm_hf.performer.tracking.augment`` takes it.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import numpy as np
from common import LANDMARKER, load_rig, print_table, write_json
from driving import SIDEWAYS, SIZE, families, pose, scores
from tqdm import tqdm

from tdmm_hf.fitting.tracker import FaceTracker
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import ARKIT_BLENDSHAPES
from tdmm_hf.performer.tracking import NUM_WEIGHTS, TRACKING_FILE, shape_family
from tdmm_hf.rigs.ict import ICT_VARIABLE
from tdmm_hf.rigs.mesh import MeshRig
from tdmm_hf.video import render

IDENTITIES = 6  # the neutral head and random ones
IDENTITY_SPREAD = 0.8
HEARD = 0.05  # a rise that counts


def driven_families() -> list[str]:
    """Gaze sideways is left out, since one eye looks in where the other looks out."""
    return [name for name in families() if name not in SIDEWAYS]


def people(rig: MeshRig) -> np.ndarray:
    """(identities, directions) of the neutral head and of random ones."""
    rng = np.random.default_rng(0)
    found = IDENTITY_SPREAD * rng.standard_normal((IDENTITIES, len(rig.identity_basis)))
    found[0] = 0
    return found


def rises(rig: MeshRig, tracker: FaceTracker) -> np.ndarray:
    """(families, 52) what each score rises by when a family goes to 1, mean of the identities."""
    driven = [pose(**dict.fromkeys(families()[name].driven, 1.0)) for name in driven_families()]
    motion = FaceMotion(np.stack([pose(), *driven]))
    heard = []
    for person in tqdm(people(rig), desc="people", leave=False):
        pictures = render(motion, rig, size=SIZE, identity=person)
        rows = np.stack([scores(tracker, picture)[:NUM_WEIGHTS] for picture in pictures])
        heard.append(rows[1:] - rows[0])
    return np.nanmean(heard, axis=0)


def crosstalk(rises_by_family: np.ndarray) -> dict[str, dict[str, float]]:
    """Rise of every other family's score, where heard, for each family driven.

    Args:
        rises_by_family: (families, 52) as from ``rises``.
    """
    scored = np.array([shape_family(channel) for channel in ARKIT_BLENDSHAPES])
    found = {}
    for name, row in zip(driven_families(), rises_by_family, strict=True):
        heard = {f: row[scored == f].mean() for f in dict.fromkeys(scored.tolist()) if f != name}
        found[name] = {f: round(float(rise), 2) for f, rise in heard.items() if abs(rise) >= HEARD}
    return {name: heard for name, heard in found.items() if heard}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("facekit", type=Path, nargs="?", help="folder or archive of the release")
    parser.add_argument("--model", type=Path, default=LANDMARKER)
    parser.add_argument("--out", type=Path, default=TRACKING_FILE)
    options = parser.parse_args()
    if options.facekit:
        os.environ[ICT_VARIABLE] = str(options.facekit)
    with FaceTracker(options.model) as tracker:
        found = crosstalk(rises(load_rig("ict"), tracker))
    rows = [(f, g, rise) for f, heard in found.items() for g, rise in heard.items()]
    print_table(("driven", "heard in", "rise"), rows)
    tracking = json.loads(TRACKING_FILE.read_text(encoding="utf-8"))
    tracking["response"]["crosstalk"]["families"] = found
    write_json(options.out, tracking)


if __name__ == "__main__":
    main()
