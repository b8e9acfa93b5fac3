"""Parquet files of rows, as ``datasets.load_dataset`` opens them.

    schema = shard_schema("arkit")
    write_rows(rows, Path("data/train-00000-of-00001.parquet"), schema)

Floats are split into their bytes and packed with zstd: weights on a grid then take half the space.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..files import replacing
from .schema import SCHEMA_KEY, SCHEMA_VERSION, row_features

MOTION_LEAF = "motion.list.element.list.element"
REPEATED = ("space", "source")  # the same words in every row: worth a dictionary
NUM_BYTES_KEY = b"tdmm_num_bytes"  # size in memory, for the card
ROW_GROUP = 100  # rows that a stream reads at once


def shard_path(split: str, index: int, total: int) -> str:
    """Where a shard lies in a corpus folder."""
    return f"data/{split}-{index:05d}-of-{total:05d}.parquet"


def shard_schema(space: str = "arkit") -> pa.Schema:
    """The Arrow schema of shards, with the schema version and what ``datasets`` needs to know.

    Columns have their storage types; ``datasets``' own types stand in the fields' metadata, so that
    a process that writes need not import it.
    """
    schema = row_features(space).arrow_schema
    metadata = {**schema.metadata, SCHEMA_KEY: str(SCHEMA_VERSION).encode()}
    return pa.schema([_storage(field) for field in schema], metadata=metadata)


def _storage(field: pa.Field) -> pa.Field:
    if not isinstance(field.type, pa.ExtensionType):
        return field
    return pa.field(
        field.name,
        field.type.storage_type,
        metadata={
            "ARROW:extension:name": field.type.extension_name,
            "ARROW:extension:metadata": field.type.__arrow_ext_serialize__(),
        },
    )


def write_rows(rows: Sequence[dict], path: Path, schema: pa.Schema) -> int:
    """Write one shard, whole or not at all; returns its rows.

    Args:
        rows: as ``schema.make_row`` makes them.
        path: where; its folder must exist.
        schema: ``shard_schema`` of the rows' space.
    """
    columns = [
        _motions([row["motion"] for row in rows])
        if field.name == "motion"
        else pa.array([row[field.name] for row in rows], type=field.type)
        for field in schema
    ]
    table = pa.Table.from_arrays(columns, schema=schema)
    size = {NUM_BYTES_KEY: str(table.nbytes).encode()}
    with replacing(path) as beside:
        pq.write_table(
            table.replace_schema_metadata({**schema.metadata, **size}),
            beside,
            compression="zstd",
            use_dictionary=list(REPEATED),
            use_byte_stream_split=[MOTION_LEAF],
            row_group_size=ROW_GROUP,
        )
    return len(rows)


def _motions(motions: list[np.ndarray]) -> pa.ListArray:
    """Motions (frames, channels) as one array of lists of lists."""
    values = np.concatenate(motions).astype(np.float32, copy=False)  # (all frames, channels)
    ends = np.cumsum([0, *(len(motion) for motion in motions)])
    inner = np.arange(len(values) + 1) * values.shape[1]
    frames = pa.ListArray.from_arrays(pa.array(inner, pa.int32()), pa.array(values.reshape(-1)))
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), frames)


def read_columns(path: str | Path, columns: list[str]) -> pa.Table:
    """Some columns of a shard, read by this thread alone.

    pyarrow's own threads now and then abort a process that is about to end
    (https://github.com/apache/arrow/issues/34314).
    """
    with pq.ParquetFile(path, pre_buffer=False) as file:
        return file.read(columns=columns, use_threads=False)
