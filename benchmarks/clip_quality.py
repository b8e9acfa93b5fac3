"""What fitted clips are judged to be worth: measures, score, gaps and reasons.

    python benchmarks/clip_quality.py ../shared/data/clips --model face_landmarker.task

Prints a table and what is said of each clip; thresholds are in ``tdmm_hf/fitting/quality.yaml``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from common import LANDMARKER, RESULTS, SHARED_DATA, print_table, write_result
from tqdm import tqdm

from tdmm_hf.fitting import fit_video

MEASURES = ("seen", "face_size", "head_jitter", "weight_jitter", "jumps", "cuts", "out_of_range")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", type=Path, nargs="?", default=SHARED_DATA / "clips")
    parser.add_argument("--model", type=Path, default=LANDMARKER, help="Face Landmarker file")
    parser.add_argument("--out", type=Path, default=RESULTS / "clip_quality.json")
    arguments = parser.parse_args()
    paths = sorted(arguments.clips.glob("*.mp4"))
    if not paths:
        parser.error(f"no .mp4 files in {arguments.clips}")
    found = {path.name: fit_video(path, arguments.model).quality for path in tqdm(paths)}
    rows = [
        (name, *(getattr(quality, measure) for measure in MEASURES), quality.score)
        for name, quality in found.items()
    ]
    print_table(("clip", *MEASURES, "score"), rows)
    for name, quality in found.items():
        print(name, *quality.lines(), sep="\n  ")
    write_result(arguments.out, {name: quality.to_dict() for name, quality in found.items()})


if __name__ == "__main__":
    main()
