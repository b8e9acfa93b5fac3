"""Does performed motion move as tracked faces do? Both measured alike and printed side by side.

    python benchmarks/realism.py [--count 300] [--clips FOLDER] [--out result.json]

Tracked are the real text-to-video clips beside the project, by MediaPipe (kept in the cache folder,
``--fresh`` tracks again). Performed are clips of the prompt suite from a seed, once as they are and
once through ``performer.tracking.track``: a tracker lies between a face and its tracked motion,
so the augmented ones are the honest comparison. Figures (``evaluation.kinematics``):

- speed: mean absolute speed over the 52 weights, a second; all clips.
- blinks a minute over all clips, and their lengths at half depth in seconds.
- head speed and spread (standard deviation within a clip) by axis, in degrees: performed clips
  without a head motion asked, all tracked ones but those marked as turning to profile.
- jaw: centroid of the power spectrum of jawOpen in Hz, its mean and standard deviation; clips of
  the class speaking, tracked ones labelled so. Many of the suite's manners of speaking are slow,
  slack or tight by name (drawling, mumbling, through the teeth); ``plain jaw`` leaves them out.

Each has the range that a larger set of such clips gave. A figure matches where its mean over the
clips (blink lengths: both the 10th and the 90th percentile) lies within the range, and is near
where it is within a fifth of the nearer end.

Frechet distance between sets of 2 s windows, one a second, of 16 features: logarithms of mean speed
and of spread in six regions (the tracker never sees cheeks and nose move), jaw level and centroid,
abruptness, asymmetry; each divided by its deviation over tracked windows, covariances shrunk by 0.3
towards their diagonals. Once over the whole suite and once over what is like the clips: speaking,
no head motion asked. Floors: halves of the tracked clips against each other (mean over all ways to
halve them), random halves of the performed ones, and as many performed clips as there are tracked
ones against the rest (what a perfect performer would get from so few).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
from common import LANDMARKER, RESULTS, SHARED_DATA, print_table, write_json
from tqdm import tqdm

from tdmm_hf.cache import cache_folder
from tdmm_hf.evaluation import kinematics
from tdmm_hf.motion import FaceMotion

COUNT = 300
SEED = 520_011
DRAWS = 40
NEAR = 0.2
AXES = ("pitch", "yaw", "roll")
RANGES = {
    "speed": (0.27, 0.42),
    "blinks a minute": (10.0, 35.0),
    "blink length": (0.1, 0.4),
    **{f"head speed {axis}": (7.0, 10.0) for axis in AXES},
    **{f"head spread {axis}": (2.0, 4.0) for axis in AXES},
    **{
        f"{who} {figure}": bounds
        for who in ("jaw", "plain jaw")
        for figure, bounds in (
            ("centroid", (2.0, 2.4)),
            ("mean", (0.09, 0.10)),
            ("deviation", (0.10, 0.12)),
        )
    },
}
PLAIN = ("speaks_steadily", "speaks_bursts", "speaks_rapidly")


@dataclass(frozen=True, eq=False)
class Clip:
    """A motion, the class of its manner, whether it speaks plainly, whether its head was left to
    itself."""

    motion: FaceMotion
    manner: str
    plain: bool
    natural: bool

    @property
    def like_tracked(self) -> bool:
        return self.natural and self.manner == "speaking"


def tracked_clips(folder: Path, model: Path, fresh: bool = False) -> list[Clip]:
    """The clips of a folder that has ``clips.json``, tracked once and then read from the cache."""
    labels = json.loads((folder / "clips.json").read_text(encoding="utf-8"))
    return [
        Clip(
            _tracked(folder / label["file"], model, fresh),
            "speaking" if label["manner"] == "speaking" else "silent",
            label["manner"] == "speaking",
            "profile" not in label["text"],
        )
        for label in tqdm(labels, desc="tracking", leave=False)
    ]


def _tracked(path: Path, model: Path, fresh: bool) -> FaceMotion:
    import tdmm_hf
    from tdmm_hf.fitting import fit_video

    kept = cache_folder() / "tracked" / f"{path.stem}_{path.stat().st_size}.npz"
    if kept.exists() and not fresh:
        return tdmm_hf.load(kept)
    motion = fit_video(path, model=model).tracked
    kept.parent.mkdir(parents=True, exist_ok=True)
    tdmm_hf.save(motion, kept)
    return motion


def performed_clips(seed: int, count: int) -> list[Clip]:
    """Clips of the prompt suite."""
    from tdmm_hf.performer import perform
    from tdmm_hf.prompts.suite import iter_attributes
    from tdmm_hf.prompts.vocabulary import manner_class

    chosen = tqdm(iter_attributes(seed, count), total=count, desc="performing", leave=False)
    return [
        Clip(
            perform(attributes, seed + i),
            manner_class(attributes.manner),
            attributes.manner in PLAIN,
            attributes.head.name == "natural",
        )
        for i, attributes in enumerate(chosen)
    ]


def augmented(clips: Sequence[Clip], seed: int) -> list[Clip]:
    """The same clips as a tracker would have seen them."""
    from tdmm_hf.performer.tracking import track

    rng = np.random.default_rng(seed)
    return [replace(clip, motion=track(clip.motion, rng)) for clip in clips]


def measure(clips: Sequence[Clip]) -> dict[str, np.ndarray]:
    """Each figure's values: one a clip, but lengths by the blink."""
    natural = [clip.motion for clip in clips if clip.natural]
    blinks = [kinematics.blinks(clip.motion) for clip in clips]
    seconds = np.array([clip.motion.duration for clip in clips])
    counts = np.array([len(found.starts) for found in blinks])
    speed = np.array([kinematics.head_speed(motion) for motion in natural])
    spread = np.array([kinematics.head_spread(motion) for motion in natural])
    return {
        "speed": np.array([kinematics.mean_speed(clip.motion) for clip in clips]),
        "blinks a minute": 60 * counts / seconds,
        "blink length": np.concatenate([found.lengths for found in blinks]),
        **{f"head speed {axis}": speed[:, i] for i, axis in enumerate(AXES)},
        **{f"head spread {axis}": spread[:, i] for i, axis in enumerate(AXES)},
        **_jaw_figures("jaw", [clip.motion for clip in clips if clip.manner == "speaking"]),
        **_jaw_figures("plain jaw", [clip.motion for clip in clips if clip.plain]),
    }


def _jaw_figures(who: str, motions: Sequence[FaceMotion]) -> dict[str, np.ndarray]:
    jaws = [motion.channel("jawOpen")[motion.valid].astype(np.float64) for motion in motions]
    centroids = np.array(
        [
            kinematics.spectrum_centroid(jaw, motion.fps)
            for jaw, motion in zip(jaws, motions, strict=True)
        ]
    )
    return {
        f"{who} centroid": centroids[np.isfinite(centroids)],
        f"{who} mean": np.array([jaw.mean() for jaw in jaws]),
        f"{who} deviation": np.array([jaw.std() for jaw in jaws]),
    }


def summary(values: np.ndarray) -> dict[str, float]:
    """Mean, median, 10th and 90th percentile."""
    found = {"mean": values.mean(), "median": np.median(values)}
    found |= {"p10": np.percentile(values, 10), "p90": np.percentile(values, 90)}
    return {key: round(float(value), 3) for key, value in found.items()}


def verdict(figure: str, found: dict[str, float]) -> str:
    """``yes``, ``near`` or ``no``: the rule at the top of this file."""
    low, high = RANGES[figure]
    values = [found["p10"], found["p90"]] if figure == "blink length" else [found["mean"]]
    if all(low <= value <= high for value in values):
        return "yes"
    near = all(low * (1 - NEAR) <= value <= high * (1 + NEAR) for value in values)
    return "near" if near else "no"


def clip_features(clips: Sequence[Clip]) -> list[np.ndarray]:
    """(windows, features) of every clip that has a window."""
    found = [
        np.array([kinematics.features(window) for window in kinematics.windows(clip.motion)])
        for clip in clips
    ]
    return [rows for rows in found if len(rows)]


def distances(tracked: Sequence[Clip], sets: dict[str, list[Clip]]) -> dict[str, float]:
    """Frechet distances of sets of performed clips to the tracked ones, and their floors."""
    real = clip_features(tracked)
    scale = np.concatenate(real).std(axis=0)
    result = {}
    for name, clips in sets.items():
        for part, chosen in (
            ("suite", clips),
            ("alike", [clip for clip in clips if clip.like_tracked]),
        ):
            rows = clip_features(chosen)
            result[f"{name}, {part}"] = kinematics.frechet_distance(real, rows, scale)
            result[f"floor: {name}, {part}, halves"] = _floor(rows, scale, len(rows) // 2)
            result[f"floor: {name}, {part}, {len(real)} clips"] = _floor(rows, scale, len(real))
    result["floor: tracked, halves"] = _tracked_floor(real, scale)
    return {key: round(value, 2) for key, value in result.items()}


def _floor(rows: Sequence[np.ndarray], scale: np.ndarray, size: int) -> float:
    """Mean distance of a random part of the clips to the rest."""
    rng = np.random.default_rng(SEED)
    found = []
    for _ in range(DRAWS):
        order = rng.permutation(len(rows))
        parts = [[rows[i] for i in part] for part in (order[:size], order[size:])]
        found.append(kinematics.frechet_distance(*parts, scale))
    return float(np.mean(found))


def _tracked_floor(rows: Sequence[np.ndarray], scale: np.ndarray) -> float:
    """Mean distance between halves of the tracked clips, over all ways to halve them."""
    every = set(range(len(rows)))
    halves = combinations(sorted(every), len(rows) // 2)
    return float(
        np.mean(
            [
                kinematics.frechet_distance(
                    [rows[i] for i in half], [rows[i] for i in sorted(every - set(half))], scale
                )
                for half in halves
            ]
        )
    )


def feature_table(tracked: Sequence[Clip], clips: Sequence[Clip]) -> list[tuple]:
    """Each feature's mean in tracked and in like performed windows, and how far they are apart in
    tracked deviations."""
    real = np.concatenate(clip_features(tracked))
    made = np.concatenate(clip_features([clip for clip in clips if clip.like_tracked]))
    apart = (made.mean(axis=0) - real.mean(axis=0)) / real.std(axis=0)
    wider = made.std(axis=0) / real.std(axis=0)
    columns = (real.mean(axis=0), made.mean(axis=0), apart, wider)
    return list(zip(kinematics.feature_names(), *columns, strict=True))


def report(figures: dict[str, dict], frechet: dict[str, float], features: list[tuple]) -> None:
    """The tables."""
    sets = list(next(iter(figures.values()))["sets"])
    rows = []
    for figure, found in figures.items():
        low, high = RANGES[figure]
        cells = [_cell(found["sets"][name]) for name in sets]
        rows.append((figure, f"{low:g}..{high:g}", *cells, *found["matches"].values()))
    matches = [f"{name} fits" for name in sets]
    print("mean, median (10th..90th percentile)\n")
    print_table(("figure", "range", *sets, *matches), rows)
    print_table(("Frechet distance to tracked", "value"), list(frechet.items()))
    header = ("feature, like clips augmented", "tracked", "performed", "apart", "wider")
    print_table(header, [(row[0], *map(float, row[1:])) for row in features])


def _cell(found: dict[str, float]) -> str:
    return "{mean:.2f}, {median:.2f} ({p10:.2f}..{p90:.2f})".format(**found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--clips", type=Path, default=SHARED_DATA / "clips")
    parser.add_argument("--model", type=Path, default=LANDMARKER, help="Face Landmarker file")
    parser.add_argument("--fresh", action="store_true", help="track the clips again")
    parser.add_argument("--out", type=Path, default=RESULTS / "realism.json")
    chosen = parser.parse_args()
    if not (chosen.clips / "clips.json").exists():
        parser.error(f"no clips.json in {chosen.clips}")
    tracked = tracked_clips(chosen.clips, chosen.model, chosen.fresh)
    performed = performed_clips(chosen.seed, chosen.count)
    sets = {"performed": performed, "augmented": augmented(performed, chosen.seed)}
    measured = {name: measure(clips) for name, clips in {"tracked": tracked, **sets}.items()}
    summaries = {
        figure: {name: summary(values[figure]) for name, values in measured.items()}
        for figure in RANGES
    }
    figures = {
        figure: {
            "range": RANGES[figure],
            "sets": found,
            "matches": {name: verdict(figure, one) for name, one in found.items()},
        }
        for figure, found in summaries.items()
    }
    frechet = distances(tracked, sets)
    features = feature_table(tracked, sets["augmented"])
    report(figures, frechet, features)
    write_json(
        chosen.out,
        {
            "count": chosen.count,
            "seed": chosen.seed,
            "figures": figures,
            "frechet": frechet,
            "features": [[row[0], *(round(float(x), 3) for x in row[1:])] for row in features],
        },
        indent=2,
    )


if __name__ == "__main__":
    main()
