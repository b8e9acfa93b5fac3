"""Which of MediaPipe's face landmarks stand for each other in a mirror.

    python benchmarks/landmark_mirror.py ../shared/data/clips --model face_landmarker.task

Tracks each clip as it is and mirrored, and pairs landmarks so that the mirrored ones, turned back,
lie nearest to the straight ones, in three dimensions and on average over all frames. Writes
``tdmm_hf/fitting/landmark_mirror.json`` if the pairs are mutual.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from common import LANDMARKER, SHARED_DATA, write_json
from scipy.optimize import linear_sum_assignment
from tqdm import tqdm

from tdmm_hf.fitting.faces import LANDMARK_MIRROR_FILE
from tdmm_hf.fitting.tracker import FaceTracker
from tdmm_hf.fitting.video import open_video

FRAMES_BETWEEN = 8
TURN_BACK = np.array([-1, 1, 1])


def centred(landmarks: np.ndarray) -> np.ndarray:
    """(478, 3) about their mean, in units of their spread."""
    moved = landmarks - landmarks.mean(axis=0)
    return moved / np.sqrt((moved**2).sum(axis=1).mean())


def distances(path: Path, model: Path) -> tuple[np.ndarray, int]:
    """(478, 478) summed distance of straight to mirrored landmarks, and over how many frames."""
    total, count = 0.0, 0
    with open_video(path) as video, FaceTracker(model) as tracker, FaceTracker(model) as other:
        for index, frame in enumerate(video.frames()):
            if index % FRAMES_BETWEEN:
                continue
            straight = tracker.detect(frame.image, frame.time)
            mirrored = other.detect(frame.image[:, ::-1], frame.time)
            if len(straight) == len(mirrored) == 1:
                here = centred(straight[0].landmarks)
                there = centred(mirrored[0].landmarks) * TURN_BACK
                total = total + np.linalg.norm(here[:, None] - there[None], axis=2)
                count += 1
    return total, count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", type=Path, nargs="?", default=SHARED_DATA / "clips")
    parser.add_argument("--model", type=Path, default=LANDMARKER, help="Face Landmarker file")
    arguments = parser.parse_args()
    paths = sorted(arguments.clips.glob("*.mp4"))
    found = [distances(path, arguments.model) for path in tqdm(paths, leave=False)]
    frames = sum(count for _, count in found)
    mean = sum(total for total, _ in found) / frames
    mirror = linear_sum_assignment(mean)[1]
    if not np.array_equal(mirror[mirror], np.arange(len(mirror))):
        parser.error("the pairs are not mutual: more frames are needed")
    apart = mean[np.arange(len(mirror)), mirror].mean()
    print(f"{len(mirror)} landmarks, {(mirror == np.arange(len(mirror))).sum()} in the middle")
    print(f"mean distance of pairs: {apart:.4f} of the spread")
    source = {"measured_by": "benchmarks/landmark_mirror.py", "frames": frames}
    write_json(LANDMARK_MIRROR_FILE, {**source, "mirror": mirror.tolist()}, indent=None)


if __name__ == "__main__":
    main()
