"""What tracking does to a face: rest levels, reach and jitter of every channel on real clips.

    python benchmarks/tracking.py ../shared/data/clips --model face_landmarker.task

Prints a table and writes the measured numbers into ``tdmm_hf/performer/tracking.json``, from which
``tdmm_hf.performer.tracking.augment`` makes clean motion look tracked. What ``response.py`` has
measured there is kept as it is.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from common import LANDMARKER, SHARED_DATA, print_table, write_json
from tqdm import tqdm

from tdmm_hf.fitting import fit_video
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import HEAD_CHANNELS
from tdmm_hf.performer.tracking import TRACKING_FILE, shape_family

REST_PERCENTILE = 10
CEILING_PERCENTILE = 99
# A channel that stays under this in every clip counts as one that never fires.
FIRES = 0.05
NEAR_PROFILE = np.radians(45)
MAD_TO_STD = 1.4826
DIGITS = 4


def jitter(curve: np.ndarray) -> float:
    """Standard deviation of frame noise in a (frames,) curve, deaf to motion.

    From second differences, whose standard deviation for white noise is sqrt(6) times the noise's;
    by their median deviation, which fast movement barely raises.
    """
    bends = np.diff(curve, 2)
    return float(MAD_TO_STD * np.median(np.abs(bends - np.median(bends))) / np.sqrt(6))


def _well_seen(motion: FaceMotion) -> np.ndarray:
    """(frames,) where there is a face, and not nearly in profile, where scores run wild."""
    return motion.valid & (np.abs(motion.channel("headYaw")) < NEAR_PROFILE)


def measure(motions: list[FaceMotion]) -> dict[str, dict[str, float]]:
    """Per channel: ``rest``, ``rest_spread`` between clips, ``ceiling`` and ``jitter``."""
    found = {}
    for index, channel in enumerate(motions[0].channels):
        curves = [motion.values[_well_seen(motion), index] for motion in motions]
        base = 50 if channel in HEAD_CHANNELS else REST_PERCENTILE
        rests = np.array([np.percentile(curve, base) for curve in curves])
        found[channel] = {
            "rest": np.median(rests),
            "rest_spread": MAD_TO_STD * np.median(np.abs(rests - np.median(rests))),
            "ceiling": max(np.percentile(curve, CEILING_PERCENTILE) for curve in curves),
            "jitter": np.median([jitter(curve) for curve in curves]),
        }
    return found


def combine(clips: dict[str, dict[str, float]], response: dict) -> dict[str, dict[str, float]]:
    """The tracker's model of each channel, the same for both sides.

    Rest is the mean of the rendered people's and the clips'; its spread is at least half of what
    lies between them. The greatest gain for a weight of 1 is the rise of its own score in rendered
    people, or the clips' where real faces read higher; the least lies halfway from there to the
    rendered people's. Both are 0 for a channel that fires in neither.
    """
    model = {}
    for channel, numbers in clips.items():
        if channel in HEAD_CHANNELS:
            model[channel] = {**_only(numbers, "rest_spread", "jitter"), "rest": 0.0}
            continue
        driven = _driven(channel, response)
        sides = [clips[c] for c in clips if shape_family(c) == shape_family(channel)]
        mean = {key: np.mean([side[key] for side in sides]) for key in numbers}
        reach = max(side["ceiling"] - side["rest"] for side in sides)
        high = max(driven["rise"], reach)
        high = high if high >= FIRES else 0.0
        model[channel] = {
            "rest": (mean["rest"] + driven["rest"]) / 2,
            "rest_spread": max(mean["rest_spread"], abs(mean["rest"] - driven["rest"]) / 2),
            "jitter": mean["jitter"],
            "low_gain": (min(driven["rise"], high) + high) / 2,
            "high_gain": high,
        }
    return model


def _driven(channel: str, response: dict) -> dict[str, float]:
    """Rest and rise of a channel's own score in rendered people, mean of both sides."""
    sides = [name for name in response["rest"] if shape_family(name) == shape_family(channel)]
    rises = [response["weights"][side].get(side, 0.0) for side in sides]
    return {"rest": np.mean([response["rest"][side] for side in sides]), "rise": np.mean(rises)}


def _only(numbers: dict[str, float], *keys: str) -> dict[str, float]:
    return {key: numbers[key] for key in keys}


def _rounded(table: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    return {
        channel: {name: round(float(value), DIGITS) for name, value in numbers.items()}
        for channel, numbers in table.items()
    }


def note_clips(tracking: dict, motions: list[FaceMotion]) -> dict[str, dict[str, float]]:
    """Put what real clips show into a tracker's numbers; the clips' own, by channel."""
    clips = _rounded(measure(motions))
    frames = sum(int(_well_seen(motion).sum()) for motion in motions)
    tracking["clips"].update(num_clips=len(motions), num_frames=frames, channels=clips)
    tracking["channels"] = _rounded(combine(clips, tracking["response"]))
    return clips


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", type=Path, nargs="?", default=SHARED_DATA / "clips")
    parser.add_argument("--model", type=Path, default=LANDMARKER, help="Face Landmarker file")
    parser.add_argument("--out", type=Path, default=TRACKING_FILE)
    arguments = parser.parse_args()
    paths = sorted(arguments.clips.glob("*.mp4"))
    if not paths:
        parser.error(f"no .mp4 files in {arguments.clips}")
    motions = [fit_video(path, arguments.model).tracked for path in tqdm(paths, leave=False)]
    tracking = json.loads(arguments.out.read_text(encoding="utf-8"))
    clips = note_clips(tracking, motions)
    print_table(
        ("channel", "rest", "spread", "ceiling", "jitter", "fires"),
        [
            (channel, *numbers.values(), "yes" if numbers["ceiling"] >= FIRES else "never")
            for channel, numbers in clips.items()
        ],
    )
    write_json(arguments.out, tracking)


if __name__ == "__main__":
    main()
