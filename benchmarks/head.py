"""Does a head read as a face, and hold together: rigs driven, tracked, and measured, side by side.

    pip install 'tdmm-hf[video,render]'
    python benchmarks/head.py --rigs tdmm ict --model face_landmarker.task

Each channel family, left and right together, goes from 0 to 1 on the neutral person of a rig, as
``tdmm render`` draws it from the front; MediaPipe, which has never seen the head, scores the
pictures. A family passes where its own score goes with its weight (correlation over 0.9) and rises
by over 0.1. Looking sideways, both eyes look one way and the eye that the family names is scored.
Faces are looked for anew in pictures of turned heads and of other people. Then pairs of families
that go together most in performed motion are posed at 1, and the depths at which lids enter the
eyeballs and lips the teeth measured (tdmm_hf/rigs/contact.py).
"""

from __future__ import annotations

import argparse
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
from common import LANDMARKER, RESULTS, load_rig, percent, print_table, write_result
from driving import ARKIT, SIDEWAYS, SIZE, families, pose, scores
from tqdm import tqdm

from tdmm_hf.fitting.tracker import FaceTracker
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import ARKIT_BLENDSHAPES
from tdmm_hf.performer import perform
from tdmm_hf.performer.tracking import shape_family
from tdmm_hf.prompts.suite import sample_attributes
from tdmm_hf.rigs.contact import Contact
from tdmm_hf.rigs.mesh import MeshRig
from tdmm_hf.video import render

WEIGHTS = np.round(np.arange(0, 1.01, 0.2), 1)
LEAST_CORRELATION, LEAST_RISE = 0.9, 0.1
YAWS = range(-30, 31, 5)  # degrees
PEOPLE = 20
PEOPLE_YAWS = (10, 20, 30, -10, -20, -30)
PERFORMANCES, PAIRS = 150, 40
DEPTH_LIMIT = 0.5  # millimetres


def closed_loop(rig: MeshRig, tracker: FaceTracker) -> dict:
    """Correlation, rest and rise of each family's score, and the share of frames with a face."""
    poses = [pose()]
    for family in families().values():
        poses += [pose(**dict.fromkeys(family.driven, w)) for w in WEIGHTS[1:]]
    pictures = render(FaceMotion(np.stack(poses)), rig, size=SIZE)
    bar = tqdm(pictures, total=len(poses), desc=f"{rig.name}, closed loop", leave=False)
    measured = np.stack([scores(tracker, picture) for picture in bar])
    steps = len(WEIGHTS) - 1
    rows = {}
    for i, (name, family) in enumerate(families().items()):
        columns = ARKIT.indices(family.scored)
        driven = measured[1 + i * steps : 1 + (i + 1) * steps, columns]
        rows[name] = answer(WEIGHTS, np.concatenate([measured[:1, columns], driven]).mean(axis=1))
    found = int(np.isfinite(measured[:, 0]).sum())
    return {
        "families": rows,
        "passing": sum(row["passes"] for row in rows.values()),
        "frames": len(poses),
        "faces_percent": percent(found, len(poses)),
    }


def answer(weights: np.ndarray, scores: np.ndarray) -> dict:
    """How a score answers to its weight; scores of frames without a face are nan."""
    seen = np.isfinite(scores)
    moved = seen.sum() > 2 and np.ptp(scores[seen]) > 1e-6
    correlation = float(np.corrcoef(weights[seen], scores[seen])[0, 1]) if moved else 0.0
    rise = float(scores[-1] - scores[0]) if seen[0] and seen[-1] else 0.0
    return {
        "r": round(correlation, 3),
        "rest": round(float(scores[0]), 3) if seen[0] else None,
        "rise": round(rise, 3),
        "passes": bool(correlation > LEAST_CORRELATION and rise > LEAST_RISE),
    }


def faces_found(rig: MeshRig, tracker: FaceTracker) -> dict:
    """Shares of pictures in which a face is found anew: turned heads, and other people."""
    turned = np.stack([pose(headYaw=np.radians(yaw)) for yaw in YAWS])
    pictures = list(render(FaceMotion(turned), rig, size=SIZE))
    people = []
    for seed in tqdm(range(PEOPLE), desc=f"{rig.name}, people", leave=False):
        yaw = np.radians(PEOPLE_YAWS[seed % len(PEOPLE_YAWS)])
        motion = FaceMotion(np.stack([pose(), pose(headYaw=yaw)]))
        people += render(motion, rig, size=SIZE, identity=seed)
    found = {"yaw": _anew(tracker, pictures), "people": _anew(tracker, people)}
    return {name: percent(sum(seen), len(seen)) for name, seen in found.items()}


def _anew(tracker: FaceTracker, pictures: list[np.ndarray]) -> list[bool]:
    """Whether each has a face that is not followed from the one before: an empty one between."""
    found = []
    for picture in pictures:
        tracker.detect(np.full_like(picture, 128), time=0.0)
        found.append(bool(tracker.detect(picture, time=0.0)))
    return found


def frequent_pairs(count: int = PAIRS) -> list[tuple[str, str]]:
    """Pairs of families that go together most: by the mean over frames of the weaker weight.

    Looking in and looking out do in every sideways look, one with each eye: they are no pair.
    """
    rng = np.random.default_rng(0)
    members = {
        name: ARKIT.indices([c for c in ARKIT_BLENDSHAPES if shape_family(c) == name])
        for name in families()
    }
    together: Counter[tuple[str, str]] = Counter()
    for seed in range(PERFORMANCES):
        values = perform(sample_attributes(rng), seed).values
        strength = {name: values[:, columns].max(axis=1) for name, columns in members.items()}
        for pair in combinations(strength, 2):
            together[pair] += float(np.minimum(*(strength[name] for name in pair)).mean())
    del together[tuple(SIDEWAYS)]
    return [pair for pair, _ in together.most_common(count)]


def contact_pose(*names: str) -> np.ndarray:
    """(55,) the families at 1; a mouth is closed over an open jaw, as ARKit defines it."""
    channels = [channel for name in names for channel in families()[name].driven]
    if "mouthClose" in channels:
        channels.append("jawOpen")
    return pose(**dict.fromkeys(channels, 1.0))


def penetration(rig: MeshRig, pairs: list[tuple[str, str]]) -> dict:
    """Depths in millimetres: at rest, in a blink, of each pair, and the deepest of the pairs."""
    contact = Contact(rig)

    def measured(*names: str) -> dict:
        depths = contact.measure(contact_pose(*names))
        return {name: round(depth, 2) for name, depth in depths._asdict().items()}

    rows = {
        " + ".join(pair): measured(*pair)
        for pair in tqdm(pairs, desc=f"{rig.name}, pairs", leave=False)
    }
    return {
        "rest": measured(),
        "blink": measured("eyeBlink"),
        "pairs": rows,
        "deepest": {part: max(row[part] for row in rows.values()) for part in ("lids", "lips")},
        "pairs_over_limit": sum(max(row.values()) > DEPTH_LIMIT for row in rows.values()),
    }


def print_results(results: dict) -> None:
    """Three tables: channels, depths, and what they come to, a column for each rig."""
    keys = ("r", "rest", "rise", "passes")
    answers = {name: result["closed_loop"]["families"] for name, result in results.items()}
    rows = [
        [f, *(str(own[f][key]) for own in answers.values() for key in keys)] for f in families()
    ]
    print_table(["family", *(f"{name} {key}" for name in results for key in keys)], rows)
    depths = {
        name: {"rest": found["contact"]["rest"], "blink": found["contact"]["blink"]}
        | found["contact"]["pairs"]
        for name, found in results.items()
    }
    parts = ("lids", "lips")
    cases = next(iter(depths.values()))
    rows = [
        [case, *(own[case][part] for own in depths.values() for part in parts)] for case in cases
    ]
    print_table(["depth in mm", *(f"{name} {part}" for name in results for part in parts)], rows)
    headers = ("rig", "passing of 33", "faces %", "turned %", "people %", "pairs too deep")
    print_table(headers, [[name, *_summary(result)] for name, result in results.items()])


def _summary(result: dict) -> tuple:
    loop, found = result["closed_loop"], result["faces_percent"]
    over = result["contact"]["pairs_over_limit"]
    return loop["passing"], loop["faces_percent"], found["yaw"], found["people"], over


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rigs", nargs="+", default=["tdmm", "ict"])
    parser.add_argument("--model", type=Path, default=LANDMARKER, help="face_landmarker.task")
    parser.add_argument("--out", type=Path, default=RESULTS / "head.json")
    options = parser.parse_args()
    pairs = frequent_pairs()
    results = {}
    for name in options.rigs:
        rig = load_rig(name)
        with FaceTracker(options.model) as tracker:
            results[name] = {
                "vertices": len(rig.neutral),
                "closed_loop": closed_loop(rig, tracker),
                "faces_percent": faces_found(rig, tracker),
            }
        results[name]["contact"] = penetration(rig, pairs)
    print_results(results)
    write_result(options.out, {"rigs": results})


if __name__ == "__main__":
    main()
