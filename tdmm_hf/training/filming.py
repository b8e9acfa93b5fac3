"""People filmed with known weights, and what a tracker says of them: data to learn from.

    >>> from tdmm_hf.training.filming import film_people, load_people
    >>> film_people("runs/people", people=160, model="face_landmarker.task")  # doctest: +SKIP
    >>> people = load_people("runs/people")                                  # doctest: +SKIP

Half of the poses are frames of performances, half a few channels at random; each person has another
identity, colouring, background and camera. A picture and its mirror image are two observations: a
tracker does not answer them alike.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from ..files import replacing
from ..motion import FaceMotion
from ..parameters import ARKIT_BLENDSHAPES, get_space
from ..performer import perform
from ..performer.tracking import NUM_WEIGHTS, shape_family
from ..prompts.suite import sample_attributes

ARKIT = get_space("arkit")
POSES = 64
SIZE = 384
HEAD_DEGREES = (15.0, 30.0, 12.0)  # pitch, yaw, roll of random poses
PERFORMED = 0.55  # share of poses that are frames of performances
FAR_TURNED, FAR_DEGREES = 0.3, 65.0  # share of poses that look far to a side, and how far
CAMERA_DEGREES = 12.0
BACKGROUNDS = ("studio", "#808080", "#c8b8a8", "#203040")


class Filmed(NamedTuple):
    """One person before one camera, the resting face first.

    Attributes:
        truth: (poses, 55), the head's angles as the camera sees them.
        landmarks: (poses, 478, 3) in pixels.
        scores: (poses, 52) of MediaPipe.
        matrices: (poses, 4, 4).
        rig: name of the rig.
        person: number; a mirror image has the number of the person it is of.
    """

    truth: np.ndarray
    landmarks: np.ndarray
    scores: np.ndarray
    matrices: np.ndarray
    rig: str
    person: int


def poses(rng: np.random.Generator, count: int = 80) -> np.ndarray:
    """(count, 55) float32, the resting face first."""
    rows = [np.zeros(len(ARKIT.channels))]
    while len(rows) < count:
        rows.append(_performed(rng) if rng.random() < PERFORMED else _random(rng))
    values = np.array(rows, np.float32)
    jaw, close = ARKIT.index("jawOpen"), ARKIT.index("mouthClose")
    values[:, jaw] = np.maximum(values[:, jaw], values[:, close])
    return values


def _performed(rng) -> np.ndarray:
    motion = perform(sample_attributes(rng, duration=3.0), int(rng.integers(2**31)))
    return motion.values[rng.integers(motion.num_frames // 4, motion.num_frames)]


def _random(rng) -> np.ndarray:
    """One to four channels, mostly with their other side; eyes look one way together."""
    row = np.zeros(len(ARKIT.channels))
    for index in rng.choice(NUM_WEIGHTS, rng.integers(1, 5), replace=False):
        row[index] = weight = rng.uniform(0.15, 1.0)
        name = ARKIT_BLENDSHAPES[index]
        if name.startswith("eyeLook"):
            row[_same_way(name)] = weight
        elif name == shape_family(name) or rng.random() > 0.7:
            continue
        else:
            row[ARKIT.mirror_index[index]] = weight * rng.uniform(0.8, 1.0)
    row[NUM_WEIGHTS:] = np.radians(rng.uniform(-1, 1, 3) * HEAD_DEGREES) * rng.random()
    return row


def _same_way(eye_look: str) -> int:
    """The channel of the other eye that looks the same way."""
    mirrored = ARKIT.channels[ARKIT.mirror_index[ARKIT.index(eye_look)]]
    for one, other in (("LookIn", "LookOut"), ("LookOut", "LookIn")):
        if one in mirrored:
            return ARKIT.index(mirrored.replace(one, other))
    return ARKIT.index(mirrored)


def film_people(
    out: str | Path,
    people: int,
    model: str | Path,
    rigs: Sequence[str] = ("tdmm",),
    seed: int = 11,
    progress: bool = True,
) -> Path:
    """Film and track people of each rig in turn, a file for each; what is there is kept.

    Returns:
        ``out``, which ``load_people`` reads.

    Raises:
        ValueError: an unknown rig.
        ImportError: the extras ``video`` or ``render`` are not installed.
    """
    from ..fitting.tracker import FaceTracker
    from ..rigs import get_rig

    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    heads = [get_rig(name) for name in rigs]
    for person in tqdm(range(people), desc="film people", disable=not progress):
        path = out / f"{heads[person % len(heads)].name}-{person:04}.npz"
        if path.exists():
            continue
        views = _film(heads[person % len(heads)], person, seed, partial(FaceTracker, model))
        with replacing(path) as part, open(part, "wb") as file:
            np.savez_compressed(file, **views)
    return out


def _film(rig, person: int, seed: int, new_tracker) -> dict[str, np.ndarray]:
    """Arrays of a person seen straight and in a mirror; poses without a face are left out."""
    from ..video import render

    rng = np.random.default_rng([seed, person])
    values = poses(rng, POSES)
    far = rng.random(len(values)) < FAR_TURNED
    far[0] = False
    values[far, ARKIT.index("headYaw")] = np.radians(rng.uniform(-1, 1, far.sum()) * FAR_DEGREES)
    camera = float(rng.uniform(-CAMERA_DEGREES, CAMERA_DEGREES))
    pictures = render(
        FaceMotion(values), rig, size=SIZE, identity=int(rng.integers(2**31)), camera=camera,
        background=str(rng.choice(BACKGROUNDS)),
    )  # fmt: skip
    values[:, ARKIT.index("headYaw")] -= np.radians(camera)
    with new_tracker() as straight, new_tracker() as mirror:
        seen = [
            (straight.detect(p, i / 25), mirror.detect(p[:, ::-1], i / 25))
            for i, p in enumerate(pictures)
        ]
    both = [i for i, (one, other) in enumerate(seen) if one and other]
    mirrored = values[:, list(ARKIT.mirror_index)] * np.array(ARKIT.mirror_sign, np.float32)
    return {
        name: np.stack([rows(seen[i][side][0], i, side) for side in (0, 1) for i in both])
        for name, rows in {
            "truth": lambda face, i, side: mirrored[i] if side else values[i],
            "landmarks": lambda face, i, side: face.landmarks,
            "scores": lambda face, i, side: face.values[:NUM_WEIGHTS].astype(np.float32),
            "matrices": lambda face, i, side: face.matrix.astype(np.float32),
        }.items()
    }


def load_people(folder: str | os.PathLike, rigs: Sequence[str] | None = None) -> list[Filmed]:
    """Everybody filmed, straight and mirrored, of these rigs or of all.

    Raises:
        ValueError: the folder holds nobody.
    """
    people = []
    for path in sorted(Path(folder).glob("*-*.npz")):
        rig, number = path.stem.split("-")
        if rigs is not None and rig not in rigs:
            continue
        with np.load(path) as arrays:
            halves = [np.split(arrays[name], 2) for name in Filmed._fields[:4]]
        people += [Filmed(*view, rig, int(number)) for view in zip(*halves, strict=True)]
    if not people:
        raise ValueError(f"nobody was filmed in {str(folder)!r}: no RIG-NUMBER.npz there")
    return people
