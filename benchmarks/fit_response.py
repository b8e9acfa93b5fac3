"""How the fit answers a face, as ``response.py`` and ``tracking.py`` measure it of the scores.

    python benchmarks/fit_response.py PEOPLE [../shared/data/clips] --model face_landmarker.task

``PEOPLE`` is the folder of filmed people that ``tdmm train-fit`` makes and learns from. Some poses
of each, after the resting face, stand for a clip and are fitted; real clips say where the fit rests
and how it trembles. Writes ``tdmm_hf/performer/tracking_fit.json``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from common import LANDMARKER, SHARED_DATA, print_table, write_json
from response import Answers, summary
from tqdm import tqdm
from tracking import note_clips

from tdmm_hf.fitting import fit_video
from tdmm_hf.fitting.solver import solve
from tdmm_hf.performer.tracking import NUM_WEIGHTS, TRACKERS
from tdmm_hf.training.filming import SIZE, load_people

CLIP_POSES = 14
SEED = 0


def clips_of(person, rng: np.random.Generator) -> list[np.ndarray]:
    """Rows of a person's poses, each with the resting face first."""
    order = 1 + rng.permutation(len(person.truth) - 1)
    parts = np.array_split(order, max(1, len(order) // CLIP_POSES))
    return [np.concatenate([[0], part]) for part in parts]


def answers(folder: Path) -> Answers:
    """Every other person's poses and how they are fitted; a clip counts as a person."""
    rng = np.random.default_rng(SEED)
    found = []
    for person in tqdm(list(load_people(folder))[::2], desc="people", leave=False):
        for rows in clips_of(person, rng):
            seen = np.ones(len(rows), dtype=bool)
            tracked = (person.scores[rows], person.landmarks[rows], person.matrices[rows])
            fit = solve(*tracked, seen, (SIZE, SIZE))
            found.append((person.truth[rows], fit.values[:, :NUM_WEIGHTS]))
    truth, fitted = zip(*found, strict=True)
    number = np.repeat(np.arange(len(found)), list(map(len, truth)))
    return Answers(np.concatenate(truth), np.concatenate(fitted), number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("people", type=Path)
    parser.add_argument("clips", type=Path, nargs="?", default=SHARED_DATA / "clips")
    parser.add_argument("--model", type=Path, default=LANDMARKER, help="Face Landmarker file")
    parser.add_argument("--out", type=Path, default=TRACKERS["fit"])
    options = parser.parse_args()
    tracking = json.loads(TRACKERS["fit"].read_text(encoding="utf-8"))
    found = summary(answers(options.people))
    print_table(("explained of people not seen", "share"), list(found["explained"].items()))
    response = {**found, "source": tracking["response"]["source"]}
    tracking["response"] = {**response, "angles": tracking["response"]["angles"]}
    paths = sorted(options.clips.glob("*.mp4"))
    motions = [fit_video(path, options.model).motion for path in tqdm(paths, desc="clips")]
    note_clips(tracking, motions)
    write_json(options.out, tracking)


if __name__ == "__main__":
    main()
