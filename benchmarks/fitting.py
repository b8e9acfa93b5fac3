"""The fit beside its tracker: heads filmed with known weights, tracked, fitted, compared.

    pip install 'tdmm-hf[video,render]'
    python benchmarks/fitting.py FACEKIT --model face_landmarker.task

``FACEKIT`` is a folder or an archive of ICT FaceKit's release; by default the installed one. Three
people that nothing was trained on are filmed, a clip of each kind:

- families: each of the 33 channel families driven from 0 to 1, the face at rest between them;
- natural: frames of performances and random channels, gone through one after another;
- yaw: the head turned from side to side, at rest;
- blinks: lids closed and opened within five frames;
- still: a resting face, filmed with the noise of a sensor.

Columns: the truth, MediaPipe's scores, our fit, and our fit where nothing it uses has seen the ICT
head (``--apart``: a response trained on the package's own head alone).
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from common import LANDMARKER, RESULTS, SHARED_DATA, load_rig, print_table, write_result
from driving import ARKIT, SIZE, families, pose
from tqdm import tqdm

from tdmm_hf.fitting import fit_video
from tdmm_hf.fitting.inverse import INVERSE_FILE, NUM_WEIGHTS, InverseResponse, load_inverse
from tdmm_hf.fitting.solver import solve
from tdmm_hf.fitting.tracker import FaceTracker
from tdmm_hf.fitting.upright import head_angles
from tdmm_hf.fitting.video import open_video
from tdmm_hf.motion import FaceMotion
from tdmm_hf.rigs.ict import ICT_VARIABLE
from tdmm_hf.training.filming import poses
from tdmm_hf.video import render

PEOPLE = (901, 902, 903)
FPS = 25.0
DRIVEN = np.linspace(0, 1, 6)
NATURAL = 60  # expressions of the natural clip
STEPS = 3  # frames from one to the next
YAWS = (0, 10, 20, 30, 40, 50, 60)
BLINK = (0.0, 0.6, 1.0, 0.6, 0.0)
BLINKS = 8
STILL = 50
SENSOR_NOISE = 5.0  # grey levels
GOOD_R, GOOD_RISE = 0.9, 0.1


class Clip(NamedTuple):
    """What is filmed: a kind, the person's seed, truth (frames, 55), and the pictures' noise."""

    kind: str
    person: int
    truth: np.ndarray
    noise: float = 0.0

    def pictures(self, rig) -> Iterator[np.ndarray]:
        """(SIZE, SIZE, 3) uint8 of every frame."""
        rng = np.random.default_rng(self.person)
        for picture in render(FaceMotion(self.truth, FPS), rig, size=SIZE, identity=self.person):
            if self.noise:
                grain = self.noise * rng.standard_normal(picture.shape)
                picture = np.clip(picture + grain, 0, 255).astype(np.uint8)
            yield picture


def clips(person: int) -> list[Clip]:
    """The five clips of one person."""
    rest = pose()
    blink = [pose(eyeBlinkLeft=b, eyeBlinkRight=b) for b in BLINK] + [rest] * 5
    turns = np.radians([*reversed(YAWS), *(-yaw for yaw in YAWS)])
    return [
        Clip("families", person, np.array(_driven())),
        Clip("natural", person, _natural(person)),
        Clip("yaw", person, np.array([pose(headYaw=turn) for turn in turns])),
        Clip("blinks", person, np.array([rest] * 5 + blink * BLINKS)),
        Clip("still", person, np.array([rest] * STILL), SENSOR_NOISE),
    ]


def _driven() -> list[np.ndarray]:
    """Every family from 0 to 1, family after family; mouthClose with as much jawOpen."""
    rows = []
    for name, family in families().items():
        along = ("jawOpen",) if name == "mouthClose" else ()
        rows += [pose(**dict.fromkeys((*family.driven, *along), w)) for w in DRIVEN]
    return rows


def _natural(person: int) -> np.ndarray:
    """One expression after another, with frames between."""
    stops = poses(np.random.default_rng([person, 1]))[: NATURAL + 1]
    shares = np.linspace(0, 1, STEPS, endpoint=False)[:, None]
    ways = [a + shares * (b - a) for a, b in itertools.pairwise(stops)]
    return np.concatenate(ways).astype(np.float32)


class Tracked(NamedTuple):
    """What a tracker says of a clip: scores (frames, 52), landmarks, matrices and valid frames."""

    scores: np.ndarray
    landmarks: np.ndarray
    matrices: np.ndarray
    valid: np.ndarray


def track(clip: Clip, rig, model: Path) -> Tracked:
    """Film and track; frames without a face hold the last one's values."""
    faces = []
    with FaceTracker(model) as tracker:
        for index, picture in enumerate(clip.pictures(rig)):
            found = tracker.detect(picture, index / FPS)
            faces.append(found[0] if found else None)
    seen = next(face for face in faces if face)
    filled = [seen := face or seen for face in faces]
    return Tracked(
        np.array([face.values[:NUM_WEIGHTS] for face in filled]),
        np.array([face.landmarks for face in filled]),
        np.array([face.matrix for face in filled]),
        np.array([face is not None for face in faces]),
    )


def readings(tracked: Tracked, inverses: dict[str, InverseResponse]) -> dict[str, np.ndarray]:
    """(frames, 55) of every column but the truth."""
    angles = head_angles(tracked.matrices)
    found = {"mediapipe": np.concatenate([tracked.scores, angles], axis=1)}
    for name, inverse in inverses.items():
        found[name] = solve(*tracked, (SIZE, SIZE), inverse).values
    return found


def family_answers(clip: Clip, read: np.ndarray) -> dict[str, dict[str, float]]:
    """Each family's correlation and rise."""
    answers = {}
    for at, (name, family) in enumerate(families().items()):
        rows = read[at * len(DRIVEN) : (at + 1) * len(DRIVEN)]
        heard = rows[:, [ARKIT.index(channel) for channel in family.scored]].mean(axis=1)
        r = np.corrcoef(DRIVEN, heard)[0, 1] if heard.std() > 1e-9 else 0.0
        answers[name] = {"r": float(r), "rise": float(heard[-1] - heard[0])}
    return answers


def measure(kind: str, clip: Clip, read: np.ndarray) -> dict[str, float]:
    """The figures of a clip; of families there is more to tell."""
    if kind == "natural":
        return {"weight error": np.abs(read - clip.truth)[:, :NUM_WEIGHTS].mean()}
    if kind == "yaw":
        yaw = ARKIT.index("headYaw")
        off = np.degrees(np.abs(read - clip.truth)[:, yaw])
        asked = np.degrees(np.abs(clip.truth[:, yaw])).round()
        return {f"yaw error at {at}, degrees": off[asked == at].mean() for at in (40, 60)}
    if kind == "blinks":
        lids = read[:, [ARKIT.index("eyeBlinkLeft"), ARKIT.index("eyeBlinkRight")]].mean(axis=1)
        peaks = [lids[5 + 10 * i : 15 + 10 * i].max() for i in range(BLINKS)]
        return {"blink peak": float(np.mean(peaks))}
    return {
        "weight jitter": read[:, :NUM_WEIGHTS].std(axis=0).mean(),
        "head jitter, degrees": np.degrees(read[:, NUM_WEIGHTS:].std(axis=0)).mean(),
    }


def closed_loop(rig, model: Path, inverses: dict[str, InverseResponse]) -> dict:
    """Figures by column: means over people; families counted by their mean answer and by person."""
    figures, answers, lost = defaultdict(lambda: defaultdict(list)), defaultdict(list), 0
    for person in tqdm(PEOPLE, desc="people", leave=False):
        for clip in clips(person):
            tracked = track(clip, rig, model)
            lost += int((~tracked.valid).sum())
            for column, read in readings(tracked, inverses).items():
                if clip.kind == "families":
                    answers[column].append(family_answers(clip, read))
                else:
                    for name, value in measure(clip.kind, clip, read).items():
                        figures[column][name].append(float(value))
    found = {
        column: {name: round(float(np.mean(rows)), 4) for name, rows in of.items()}
        for column, of in figures.items()
    }
    for column, people in answers.items():
        mean = {
            n: {k: np.mean([p[n][k] for p in people]) for k in ("r", "rise")} for n in people[0]
        }
        found[column]["families"] = sum(map(_good, mean.values()))
        found[column]["families by person"] = [sum(map(_good, p.values())) for p in people]
        found[column]["answers"] = {
            n: [round(float(a["r"]), 2), round(float(a["rise"]), 2)] for n, a in mean.items()
        }
    return {"columns": found, "frames without a face": lost}


def _good(answer: dict[str, float]) -> bool:
    return bool(answer["r"] > GOOD_R and answer["rise"] > GOOD_RISE)


def speed(path: Path, model: Path) -> dict[str, float]:
    """Frames a second of the tracker alone and of the whole fit, on one clip, in turns."""
    rates = {"tracker": [], "fit": []}
    for _ in range(3):
        start = time.perf_counter()
        with open_video(path) as video, FaceTracker(model) as tracker:
            frames = sum(1 for f in video.frames() if tracker.detect(f.image, f.time) is not None)
        rates["tracker"].append(frames / (time.perf_counter() - start))
        start = time.perf_counter()
        fit_video(path, model=model)
        rates["fit"].append(frames / (time.perf_counter() - start))
    best = {name: round(max(of), 1) for name, of in rates.items()}
    return {**best, "share %": round(100 * best["fit"] / best["tracker"], 1)}


def real_clips(folder: Path, model: Path) -> list[dict]:
    """Of every clip: landmark error in percent of the distance between the eyes, span, verdict."""
    rows = []
    for path in tqdm(sorted(folder.glob("*.mp4")), desc="clips", leave=False):
        fit = fit_video(path, model=model)
        rows.append(
            {
                "clip": path.name,
                "landmark error %": round(fit.quality.reprojection, 2),
                "frames": fit.motion.num_frames,
                "marked": int((~fit.motion.valid).sum()),
                "span": [round(end, 2) for end in fit.quality.span],
                "gaps": [str(gap) for gap in fit.quality.gaps],
            }
        )
    return rows


def report(result: dict) -> None:
    """The tables."""
    columns = result["closed_loop"]["columns"]
    names = [n for n in next(iter(columns.values())) if n != "answers"]
    rows = [(name, *(str(of[name]) for of in columns.values())) for name in names]
    print_table(("closed loop on the ICT head", *columns), rows)
    missed = {
        column: [
            f"{n} {r} {rise}" for n, (r, rise) in of["answers"].items() if not _passes(r, rise)
        ]
        for column, of in columns.items()
    }
    for column, of in missed.items():
        print(f"{column} misses: {'; '.join(of)}")
    if result["clips"]:
        print_table(
            tuple(result["clips"][0]), [tuple(map(str, r.values())) for r in result["clips"]]
        )
    if result["speed"]:
        print_table(("frames a second", "value"), list(result["speed"].items()))


def _passes(r: float, rise: float) -> bool:
    return r > GOOD_R and rise > GOOD_RISE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("facekit", type=Path, nargs="?", help="folder or archive of the release")
    parser.add_argument("--model", type=Path, default=LANDMARKER)
    parser.add_argument("--inverse", type=Path, default=INVERSE_FILE)
    parser.add_argument("--apart", type=Path, help="an inverse trained on the package's own head")
    parser.add_argument("--clips", type=Path, default=SHARED_DATA / "clips", help="real videos")
    parser.add_argument("--out", type=Path, default=RESULTS / "fitting.json")
    options = parser.parse_args()
    if options.facekit:
        os.environ[ICT_VARIABLE] = str(options.facekit)
    inverses = {"fit": load_inverse(options.inverse)}
    if options.apart:
        inverses["fit, own head only"] = load_inverse(options.apart)
    videos = sorted(options.clips.glob("*.mp4"))
    result = {
        "closed_loop": closed_loop(load_rig("ict"), options.model, inverses),
        "clips": real_clips(options.clips, options.model),
        "speed": speed(videos[0], options.model) if videos else {},
    }
    report(result)
    write_result(options.out, result)


if __name__ == "__main__":
    main()
