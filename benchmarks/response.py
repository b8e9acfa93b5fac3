"""How a tracker answers a face: people of two rigs, posed and lit, scored and regressed.

    pip install 'tdmm-hf[video,render]'
    python benchmarks/response.py FACEKIT --model face_landmarker.task

``FACEKIT`` is a folder or an archive of ICT FaceKit's release; by default the installed one. Half
of the poses are frames of performances, half a few channels at random; the people have other
identities, colourings and cameras each. MediaPipe scores the pictures; a ridge regression from the
weights and the head's angles to what the scores rise by over the same person's resting face says
how each channel is heard in every score. Prints, for people that the regression has not seen, how
much of the scores' variance it explains, beside each score's own channel alone, and writes it into
``tdmm_hf/performer/tracking.json``, from which ``tdmm_hf.performer.tracking.augment`` takes it.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from common import LANDMARKER, load_rig, print_table, write_json
from driving import ARKIT, SIZE, scores
from tqdm import tqdm

from tdmm_hf.fitting.tracker import FaceTracker
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import ARKIT_BLENDSHAPES
from tdmm_hf.performer.tracking import NUM_WEIGHTS, TRACKING_FILE, head_features
from tdmm_hf.rigs.ict import ICT_VARIABLE
from tdmm_hf.rigs.mesh import MeshRig
from tdmm_hf.training.filming import CAMERA_DEGREES, poses
from tdmm_hf.video import render

PEOPLE, POSES = 48, 80
SEED = 7
IDENTITY_SPREAD = 0.8
RIDGE = 5.0
LIVES = 0.04  # standard deviation of a score that counts as live
HEARD = 0.03  # rises that are kept
DIGITS = 3


class Answers(NamedTuple):
    """Poses and how they were scored: truth (n, 55), scores (n, 52), person (n,)."""

    truth: np.ndarray
    scores: np.ndarray
    person: np.ndarray


def film(rigs: list[MeshRig], tracker: FaceTracker) -> Answers:
    """All people, of each rig in turn, posed and scored; where no face is found is left out."""
    truth, scored, person = [], [], []
    for number in tqdm(range(PEOPLE), desc="people", leave=False):
        rng = np.random.default_rng([SEED, number])
        rig, values = rigs[number % len(rigs)], poses(rng, POSES)
        who = number
        if rig.name == "ict":
            who = IDENTITY_SPREAD * rng.standard_normal(len(rig.identity_basis))
        camera = float(rng.uniform(-CAMERA_DEGREES, CAMERA_DEGREES))
        pictures = render(FaceMotion(values), rig, size=SIZE, identity=who, camera=camera)
        rows = np.stack([scores(tracker, picture)[:NUM_WEIGHTS] for picture in pictures])
        seen = np.isfinite(rows[:, 0])
        if seen[0]:
            truth.append(values[seen])
            scored.append(rows[seen])
            person.append(np.full(seen.sum(), number))
    return Answers(*map(np.concatenate, (truth, scored, person)))


def displacements(answers: Answers) -> np.ndarray:
    """(n, 52) what scores rise by over the same person's resting face."""
    resting = [np.flatnonzero(answers.person == p)[0] for p in answers.person]
    return answers.scores - answers.scores[resting]


def regress(answers: Answers, rises: np.ndarray) -> np.ndarray:
    """(52 + head features, 52) rise of each score for a weight of 1; both sides alike."""
    features = _features(answers)
    normal = features.T @ features + RIDGE * np.eye(features.shape[1])
    found = np.linalg.solve(normal, features.T @ rises)
    mirror = np.array(ARKIT.mirror_index[:NUM_WEIGHTS])
    weights = found[:NUM_WEIGHTS]
    found[:NUM_WEIGHTS] = (weights + weights[mirror][:, mirror]) / 2
    return found


def _features(answers: Answers) -> np.ndarray:
    angles = answers.truth[:, NUM_WEIGHTS:]
    return np.concatenate([answers.truth[:, :NUM_WEIGHTS], head_features(angles)], axis=1)


def explained(answers: Answers, rises: np.ndarray, response: np.ndarray) -> np.ndarray:
    """(52,) share of each score's variance that a response explains; nan where it is not live."""
    errors = rises - _features(answers) @ response
    live = np.where(rises.std(axis=0) > LIVES, rises.var(axis=0), np.nan)
    return 1 - errors.var(axis=0) / live


def own_only(response: np.ndarray) -> np.ndarray:
    """The same response without what one channel does to another's score, and the head."""
    kept = np.zeros_like(response)
    diagonal = np.arange(NUM_WEIGHTS)
    kept[diagonal, diagonal] = response[diagonal, diagonal]
    return kept


def halves(answers: Answers) -> list[tuple[np.ndarray, np.ndarray]]:
    """Two ways to part the people: rows to learn from, rows to judge by."""
    odd = answers.person // 2 % 2 == 1
    return [(odd, ~odd), (~odd, odd)]


def judge(answers: Answers, rises: np.ndarray) -> dict[str, float]:
    """Median explained share over live scores, for people not learned from."""
    found = {"whole": [], "own channel": []}
    for learn, test in halves(answers):
        response = regress(Answers(*(part[learn] for part in answers)), rises[learn])
        unseen = Answers(*(part[test] for part in answers))
        found["whole"].append(explained(unseen, rises[test], response))
        found["own channel"].append(explained(unseen, rises[test], own_only(response)))
    return {name: round(float(np.nanmedian(rows)), DIGITS) for name, rows in found.items()}


def summary(answers: Answers) -> dict:
    """All that ``tracking.json`` keeps of it."""
    rises = displacements(answers)
    response = regress(answers, rises)
    errors = rises - _features(answers) @ response
    first = [np.flatnonzero(answers.person == p)[0] for p in np.unique(answers.person)]
    weights, head = response[:NUM_WEIGHTS].T, response[NUM_WEIGHTS:].T
    return {
        "source": "MediaPipe Face Landmarker on people of two rigs, posed, rendered and regressed",
        "people": len(first),
        "pictures": len(answers.person),
        "explained": judge(answers, rises),
        "rest": _named(answers.scores[first].mean(axis=0)),
        "error": _named(errors.std(axis=0)),
        "weights": {
            name: {c: r for c, r in _named(row).items() if abs(r) >= HEARD}
            for name, row in zip(ARKIT_BLENDSHAPES, weights, strict=True)
        },
        "head": {
            name: np.round(row, DIGITS).tolist()
            for name, row in zip(ARKIT_BLENDSHAPES, head, strict=True)
        },
    }


def _named(row: np.ndarray) -> dict[str, float]:
    return {
        name: round(float(value), DIGITS)
        for name, value in zip(ARKIT_BLENDSHAPES, row, strict=True)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("facekit", type=Path, nargs="?", help="folder or archive of the release")
    parser.add_argument("--model", type=Path, default=LANDMARKER)
    parser.add_argument("--out", type=Path, default=TRACKING_FILE)
    options = parser.parse_args()
    if options.facekit:
        os.environ[ICT_VARIABLE] = str(options.facekit)
    with FaceTracker(options.model) as tracker:
        found = summary(film([load_rig("tdmm"), load_rig("ict")], tracker))
    print_table(("explained of people not seen", "share"), list(found["explained"].items()))
    rows = [(n, c, r) for n, heard in found["weights"].items() for c, r in heard.items() if n != c]
    print_table(("score", "hears", "rise"), sorted(rows, key=lambda row: -abs(row[2]))[:40])
    tracking = json.loads(TRACKING_FILE.read_text(encoding="utf-8"))
    angles = tracking["response"].get("angles", tracking["response"]["head"])
    tracking["response"] = {**found, "angles": angles}
    write_json(options.out, tracking)


if __name__ == "__main__":
    main()
