"""The dataset row: one performance, its words, its structure and its motion.

>>> from tdmm_hf.corpus.schema import row_features
>>> row_features("arkit")["motion"].shape
(None, 55)

A performed row has ``attributes`` and the ``seed`` that performs it again; an imported one has the
captions of its source and neither. ``datasets`` is imported inside functions, so that the processes
that build a corpus do without it.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..motion import FaceMotion
from ..parameters import get_space
from ..prompts.attributes import Attributes

if TYPE_CHECKING:
    from datasets import Features

SCHEMA_VERSION = 3
SCHEMA_KEY = b"tdmm_schema_version"
WEIGHT_GRID = 4096  # weights are stored on a grid of 1/4096: it halves the file
COLUMNS = {
    "id": "unique within the corpus",
    "text": "the main prompt; null where nobody wrote one",
    "paraphrases": "other wordings of the prompt",
    "descriptions": "what the motion alone shows, without the subject",
    "attributes": "the structure of a performance; null where only captions are known",
    "motion": "(frames, channels), on a grid of 1/4096",
    "valid": "(frames,) whether a face was seen; null where it always was",
    "observed": "(channels,) whether the source can know the channel; null where it knows all",
    "fps": "frames a second",
    "num_frames": "frames",
    "space": "parameter space: names the channels and their units",
    "source": "what the motion comes from",
    "seed": "performs the attributes again; null where nothing was performed",
    "quality": "share of frames with a face",
}


def row_features(space: str = "arkit") -> Features:
    """Columns of a corpus in that parameter space; ``COLUMNS`` says what they hold."""
    from datasets import Array2D, Features, List, Value

    columns = {
        "id": Value("string"),
        "text": Value("string"),
        "paraphrases": List(Value("string")),
        "descriptions": List(Value("string")),
        "attributes": _feature(Attributes),
        "motion": Array2D((None, len(get_space(space).channels)), "float32"),
        "valid": List(Value("bool")),
        "observed": List(Value("bool")),
        "fps": Value("float32"),
        "num_frames": Value("int32"),
        "space": Value("string"),
        "source": Value("string"),
        "seed": Value("int64"),
        "quality": Value("float32"),
    }
    return Features({name: columns[name] for name in COLUMNS})


def _feature(kind):
    """The feature that holds a field of ``Attributes``, whatever fields it has."""
    from datasets import List, Value

    plain = {str: "string", int: "int32", float: "float64", bool: "bool"}
    if kind in plain:
        return Value(plain[kind])
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return {field.name: _feature(hints[field.name]) for field in dataclasses.fields(kind)}
    if typing.get_origin(kind) is tuple:
        return List(_feature(typing.get_args(kind)[0]))
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return _feature(next(arm for arm in typing.get_args(kind) if arm is not type(None)))
    raise TypeError(f"a field of attributes must be plain data, got {kind}")


def make_row(
    row_id: str,
    motion: FaceMotion,
    texts: list[str],
    descriptions: list[str],
    attributes: Attributes | None,
    source: str,
    seed: int | None = None,
) -> dict:
    """A row from its parts.

    Args:
        row_id: unique within the corpus.
        motion: of any space; its masks are kept.
        texts: wordings of the prompt, the main one first; none where nobody wrote any.
        descriptions: wordings of what the motion alone shows; may be none.
        attributes: None where only captions are known.
        source: where the motion comes from.
        seed: performs the attributes again.

    Raises:
        ValueError: for an empty text.
    """
    if not all(text.strip() for text in [*texts, *descriptions]):
        raise ValueError(
            f"texts must not be empty, got {[*texts, *descriptions]} in row {row_id!r}"
        )
    return {
        "id": row_id,
        "text": texts[0] if texts else None,
        "paraphrases": list(texts[1:]),
        "descriptions": list(descriptions),
        "attributes": None if attributes is None else attributes.to_dict(),
        "motion": np.round(motion.values * WEIGHT_GRID) / np.float32(WEIGHT_GRID),
        "valid": None if motion.valid.all() else motion.valid.tolist(),
        "observed": None if motion.observed.all() else motion.observed.tolist(),
        "fps": motion.fps,
        "num_frames": motion.num_frames,
        "space": motion.space.name,
        "source": source,
        "seed": seed,
        "quality": float(motion.valid.mean()),
    }


def row_motion(row: dict) -> FaceMotion:
    """The row's motion as a value, with its masks."""
    masks = {
        name: np.asarray(row[name], dtype=bool)
        for name in ("valid", "observed")
        if row.get(name) is not None
    }
    values = np.asarray(row["motion"], dtype=np.float32)
    return FaceMotion(values, fps=float(row["fps"]), space=str(row["space"]), **masks)


def check_version(path: str | Path) -> None:
    """Whether a shard has rows of this schema.

    Raises:
        ValueError: its metadata names another version, or none.
    """
    import pyarrow.parquet as pq

    found = (pq.read_schema(path).metadata or {}).get(SCHEMA_KEY, b"none").decode()
    if found != str(SCHEMA_VERSION):
        raise ValueError(f"schema version must be {SCHEMA_VERSION}, got {found} in {path}")
