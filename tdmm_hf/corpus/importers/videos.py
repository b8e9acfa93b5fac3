"""A folder of videos, fitted by the package's own face tracker.

    tdmm corpus import videos clips --out corpus --captions clips.json

Layout: video files in any tree of folders, with captions in a ``.txt`` beside each or in a table.
Needs ``pip install 'tdmm-hf[video]'`` and the tracker's model (see ``tdmm fit``).

Kept: what ``tdmm_hf.fitting.fit_video`` sees, at the video's mean rate: 51 weights and the head's
rotation; frames without a face are marked invalid. Lost: the tongue (not observed), sound. A video
without any face is a failure; what else the fitter notes stands in the report.
"""

from __future__ import annotations

import logging

from ...fitting import fit_video
from ...motion import FaceMotion
from .common import Clip, Source
from .smirk import VIDEO_SUFFIXES

logger = logging.getLogger(__name__)


class Videos(Source):
    """Video files."""

    suffixes = VIDEO_SUFFIXES
    layout = "videos (.mp4, .mov, .mkv, .webm, .avi or .m4v)"
    title = "Videos fitted by MediaPipe"
    shard_clips = 20
    takes = ("captions", "model")

    def read(self, clip: Clip) -> FaceMotion:
        result = fit_video(clip.path, self.options.model)
        for note in result.notes:
            logger.warning("%s", note)
        return result.motion
