"""Clips that the page shows: what was asked for, what is true, what the model made and said.

    chosen = choose(distances, count=6)
    films(clip, generated, work)

They are not picked by hand: clips whose motion lies nearest to its prompt in the evaluator's space,
in the middle, and farthest.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...files import replacing
from ...motion import FaceMotion
from .clips import Clip
from .work import Work

SIZE = 256  # pixels of a side
LONGEST = 6.0  # seconds shown
KINDS = ("nearest to its prompt", "in the middle", "farthest from its prompt")


def choose(distances: np.ndarray, count: int) -> list[tuple[int, str]]:
    """(clip, why it is shown) of (clips,) distances between motion and text."""
    order = np.argsort(distances, kind="stable")
    each = [count // 3 + (i < count % 3) for i in range(3)]
    middle = len(order) // 2 - each[1] // 2
    parts = (order[: each[0]], order[middle : middle + each[1]], order[len(order) - each[2] :])
    return [(int(i), kind) for kind, part in zip(KINDS, parts, strict=True) for i in part]


def films(clip: Clip, generated: FaceMotion, work: Work) -> dict[str, tuple[Path, Path]] | None:
    """Film and poster of the true and of the generated motion; None without the extra render."""
    try:
        return {
            name: _film(motion, f"films/{clip.key}-{name}", work)
            for name, motion in (("truth", clip.motion), ("generated", generated))
        }
    except ImportError:
        return None


def _film(motion: FaceMotion, name: str, work: Work) -> tuple[Path, Path]:
    from ...video import highlights, render, write_video

    shown = motion.crop(0.0, min(LONGEST, motion.duration))

    def write_poster(path: Path) -> None:
        from ...import_utils import require_package

        image = require_package("PIL.Image", "render")
        (frame,) = render(_telling(shown, highlights), size=SIZE)
        with replacing(path) as beside:
            image.fromarray(frame).save(beside, format="JPEG", quality=85)

    film = work.file(
        f"{name}.mp4", lambda path: write_video(render(shown, size=SIZE), path, shown.fps)
    )
    return film, work.file(f"{name}.jpg", write_poster)


def _telling(motion: FaceMotion, highlights) -> FaceMotion:
    """The frame farthest from where the motion begins, of those that tell it best."""
    few = highlights(motion, 4)
    away = np.linalg.norm(few.values - few.values[0], axis=1)
    at = int(away.argmax())
    return FaceMotion(few.values[at : at + 1], motion.fps, motion.space)


def example(
    clip: Clip, kind: str, distance: float, plan: str, described: str, verdict: Sequence | None
) -> dict:
    """What the report says of a clip, as plain data."""
    return {
        "clip": clip.key,
        "kind": kind,
        "prompt": clip.text,
        "seconds": round(clip.motion.duration, 2),
        "distance": round(distance, 4),
        "plan": plan,
        "description": described,
        "reference": clip.references[0],
        "judged": None if verdict is None else list(verdict),
    }
