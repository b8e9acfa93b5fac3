"""Pairs of films for people to rate: the same prompts by two models, or motions that are there.

    >>> from tdmm_hf.rating_pairs import prepare
    >>> prepare(["She nods twice."], "embedded", "other-model", "study")   # doctest: +SKIP

All that a rating page shows is made here, so that rating needs no model. A side is a checkpoint
(folder or Hub id, or ``embedded``), or a folder with a motion file for each prompt, in the order of
their names.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from .evaluation.ratings import FILMS, STUDY_FILE, Clip, Pair, Study
from .formats import is_motion_file, load
from .motion import FaceMotion

EMBEDDED = "embedded"
FILM_SIZE = 384  # pixels
BATCH = 8


def prepare(
    prompts: Sequence[str],
    model_a: str,
    model_b: str,
    out: str | os.PathLike,
    duration: float = 5.0,
    seed: int = 0,
    rig: str = "tdmm",
    progress: Callable[[int, int], None] | None = None,
) -> Study:
    """Make both motions of every prompt, film them, and write the study.

    Args:
        prompts: what the face does, one pair each.
        model_a, model_b: checkpoint folders or Hub ids, ``embedded``, or folders of motion files.
        out: the study's folder, which must hold no study.
        duration: seconds of each motion that is made.
        seed: of the motions; the second model's has one of its own, for a model beside itself.
        rig: whose head.
        progress: called with films done and expected.

    Raises:
        ValueError: no prompts, both sides have one name, a folder lacks motions, or there is a
            study already.
        OSError: a checkpoint or folder cannot be read or written.
    """
    out = Path(out)
    if not prompts:
        raise ValueError("a study must have a prompt at least, got none")
    if (out / STUDY_FILE).exists():
        raise ValueError(f"a study must go into a folder without one, got {out}")
    names = [_name(model) for model in (model_a, model_b)]
    if names[0] == names[1]:
        raise ValueError(f"two models must have two names, got {names[0]!r} twice")
    sides = [
        _motions(model, prompts, duration, seed + number)
        for number, model in enumerate((model_a, model_b))
    ]
    (out / FILMS).mkdir(parents=True, exist_ok=True)
    pairs, total = [], 2 * len(prompts)
    for number, (prompt, *motions) in enumerate(zip(prompts, *sides, strict=True)):
        clips = []
        for name, motion in zip(names, motions, strict=True):
            film = f"{secrets.token_hex(8)}.mp4"  # raters must not read the model off a name
            _film(motion, out / FILMS / film, rig)
            clips.append(Clip(name, film))
            if progress:
                progress(2 * number + len(clips), total)
        pairs.append(Pair(f"{number:04d}", prompt, tuple(clips)))
    study = Study(out, tuple(pairs))
    study.write()
    return study


def _name(model: str) -> str:
    return model if model == EMBEDDED or not Path(model).is_dir() else Path(model).resolve().name


def _motions(model: str, prompts: Sequence[str], duration: float, seed: int) -> list[FaceMotion]:
    folder = Path(model)
    if folder.is_dir() and not (folder / "config.json").exists():
        paths = sorted(path for path in folder.iterdir() if is_motion_file(path))
        if len(paths) != len(prompts):
            raise ValueError(
                f"{folder} must hold a motion for each of {len(prompts)} prompts, got {len(paths)}"
            )
        return [load(path) for path in paths]
    return _generated(model, prompts, duration, seed)


def _generated(model: str, prompts: Sequence[str], duration: float, seed: int) -> list[FaceMotion]:
    from .pipelines import EMBEDDED_CHECKPOINT, pipeline

    checkpoint = str(EMBEDDED_CHECKPOINT) if model == EMBEDDED else model
    make = pipeline("text-to-face-motion", model=checkpoint)
    seeds = [seed + 1000 * number for number in range(len(prompts))]
    motions = []
    for first in range(0, len(prompts), BATCH):
        batch = slice(first, first + BATCH)
        made = make(list(prompts[batch]), duration=duration, seed=seeds[batch])
        motions += [FaceMotion(one["motion"], fps=one["fps"]) for one in made]
    return motions


def _film(motion: FaceMotion, path: Path, rig: str) -> None:
    from .video import render, write_video

    write_video(render(motion, rig=rig, size=FILM_SIZE), path, motion.fps)
