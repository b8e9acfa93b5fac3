"""A folder of Live Link Face recordings: one ``.csv`` for each take, in any tree of folders.

    tdmm corpus import livelink takes --out corpus --convention app

Layout: ``Timecode,BlendShapeCount``, then 61 columns in any order: 52 weights in 0..1, head and eye
rotations. Angles are radians about ARKit's axes as the app writes them; ``convention`` names other
ways (``unreal``: degrees / 180 of a mirrored face, ``degrees``). The timecodes tell the rate, about
60 frames a second; ``fps`` overrides them. Captions stand in a ``.txt`` beside or in a table. Of
a take that the app wrote both ``_raw`` and calibrated (``_cal``), the calibrated one is taken;
its ``frame_log.csv`` is no take.

Kept: weights, the head's rotation, and which frames had no face (BlendShapeCount 0). Lost: the eye
rotations, which only repeat the eyeLook weights.

Source: https://dev.epicgames.com/documentation/en-us/metahuman/live-link-face (Live Link Face), and
what ``tdmm_hf.formats.livelink`` says of it.
"""

from __future__ import annotations

from pathlib import Path

from ...formats import livelink
from ...motion import FaceMotion
from .common import Clip, Source, checked

FRAME_LOG = "frame_log.csv"
RAW, CALIBRATED = "_raw", "_cal"


class LiveLink(Source):
    """Live Link Face ``.csv`` files."""

    suffixes = (".csv",)
    layout = "Live Link Face recordings (.csv)"
    title = "Live Link Face recordings"
    takes = ("fps", "captions", "convention")

    def paths(self) -> list[Path]:
        found = [path for path in super().paths() if path.name.lower() != FRAME_LOG]
        names = {path.with_suffix("").as_posix() for path in found}
        return [path for path in found if _calibrated(path) not in names]

    def read(self, clip: Clip) -> FaceMotion:
        convention = self.options.convention or livelink.DEFAULT_CONVENTION
        return livelink.read(checked(clip.path), self.options.fps, convention)


def _calibrated(raw: Path) -> str | None:
    """What the calibrated version of a raw take would be called; None for other files."""
    name = raw.with_suffix("").as_posix()
    return name.removesuffix(RAW) + CALIBRATED if name.endswith(RAW) else None
