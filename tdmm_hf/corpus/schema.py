"""The dataset row: one performance, its words, its structure and its motion.

>>> from tdmm_hf.corpus.schema import row_features
>>> row_features("arkit")["motion"].shape
(None, 55)
"""

from __future__ import annotations

import numpy as np
from datasets import Array2D, Features, List, Value

from ..motion import FaceMotion
from ..parameters import get_space
from ..prompts.attributes import Attributes

SCHEMA_VERSION = 2
SCHEMA_KEY = b"tdmm_schema_version"
WEIGHT_GRID = 4096  # weights are stored on a grid of 1/4096: it halves the file

_ATTRIBUTES = {
    "duration": Value("float64"),
    "subject": Value("string"),
    "emotions": List(
        {
            "category": Value("string"),
            "word": Value("string"),
            "intensity": Value("int32"),
            "start": Value("float64"),
            "end": Value("float64"),
        }
    ),
    "transition": Value("string"),
    "manner": Value("string"),
    "actions": List({"name": Value("string"), "count": Value("int32"), "start": Value("float64")}),
    "head": {
        "name": Value("string"),
        "count": Value("int32"),
        "speed": Value("string"),
        "start": Value("float64"),
    },
    "gaze": Value("string"),
}


def row_features(space: str = "arkit") -> Features:
    """Columns of a corpus in that parameter space.

    ``text`` is the main prompt, ``paraphrases`` other wordings of it, ``descriptions`` what the
    motion alone shows (no subject), ``motion`` (frames, channels) float32.
    """
    return Features(
        {
            "id": Value("string"),
            "text": Value("string"),
            "paraphrases": List(Value("string")),
            "descriptions": List(Value("string")),
            "attributes": _ATTRIBUTES,
            "motion": Array2D((None, len(get_space(space).channels)), "float32"),
            "fps": Value("float32"),
            "num_frames": Value("int32"),
            "space": Value("string"),
            "source": Value("string"),
            "quality": Value("float32"),
        }
    )


def make_row(
    row_id: str,
    motion: FaceMotion,
    texts: list[str],
    descriptions: list[str],
    attributes: Attributes,
    source: str,
) -> dict:
    """A row from its parts; the first text is the main prompt."""
    return {
        "id": row_id,
        "text": texts[0],
        "paraphrases": texts[1:],
        "descriptions": descriptions,
        "attributes": attributes.to_dict(),
        "motion": np.round(motion.values * WEIGHT_GRID) / np.float32(WEIGHT_GRID),
        "fps": motion.fps,
        "num_frames": motion.num_frames,
        "space": motion.space.name,
        "source": source,
        "quality": float(motion.valid.mean()),
    }


def row_motion(row: dict) -> FaceMotion:
    """The row's motion as a value."""
    values = np.asarray(row["motion"], dtype=np.float32)
    return FaceMotion(values, fps=row["fps"], space=row["space"])
