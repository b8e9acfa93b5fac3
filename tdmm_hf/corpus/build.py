"""Build the performed corpus: attributes, their wordings and their motion, in parquet shards.

    tdmm corpus build --clips 2000 --out corpus

The same settings give the same bytes for any number of workers, and a build that was stopped goes
on where it was: a shard is written beside its place and renamed when whole.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from datasets.arrow_writer import TypedSequence
from tqdm import tqdm

from ..performer import perform
from ..prompts.suite import iter_attributes, sample_attributes
from ..prompts.wording import captions, describe
from ..settings import CorpusSettings, claim
from .schema import SCHEMA_KEY, SCHEMA_VERSION, make_row, row_features

logger = logging.getLogger(__name__)

SETTINGS_FILE = "build.json"
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Shard:
    """One file of one split: clips ``first`` to ``first + count - 1``."""

    split: str
    index: int
    total: int
    first: int
    count: int

    @property
    def path(self) -> str:
        return f"data/{self.split}-{self.index:05d}-of-{self.total:05d}.parquet"


def plan(settings: CorpusSettings) -> list[Shard]:
    """All shards of a corpus, in order."""
    shards = []
    for split in SPLITS:
        clips = settings.clips if split == "train" else settings.held_out
        total = -(-clips // settings.shard_clips)
        for index in range(total):
            first = index * settings.shard_clips
            count = min(settings.shard_clips, clips - first)
            shards.append(Shard(split, index, total, first, count))
    return shards


def shard_rows(shard: Shard, settings: CorpusSettings) -> Iterator[dict]:
    """The rows of one shard; they depend on the settings and the shard alone."""
    entropy = [settings.seed, SPLITS.index(shard.split), shard.index]
    streams = np.random.SeedSequence(entropy).spawn(shard.count)
    balanced = iter_attributes(int(streams[0].generate_state(1)[0]), shard.count)
    for offset, (attributes, stream) in enumerate(zip(balanced, streams, strict=True)):
        rng = np.random.default_rng(stream)
        if rng.random() < settings.long_share:
            attributes = sample_attributes(
                rng, duration=round(rng.uniform(settings.long_min, settings.long_max))
            )
        yield make_row(
            row_id=f"{shard.split}-{shard.first + offset:07d}",
            motion=perform(attributes, seed=int(rng.integers(2**31))),
            texts=captions(attributes, rng, settings.captions),
            descriptions=[describe(attributes, rng) for _ in range(settings.descriptions)],
            attributes=attributes,
            source="performer",
        )


def write_shard(shard: Shard, settings: CorpusSettings, directory: Path) -> int:
    """Write one shard; returns its clips. What is already there is kept."""
    path = directory / shard.path
    if path.exists():
        return shard.count
    rows = list(shard_rows(shard, settings))
    features = row_features()
    columns = [
        TypedSequence([row[name] for row in rows], type=feature)
        for name, feature in features.items()
    ]
    schema = features.arrow_schema
    schema = schema.with_metadata({**schema.metadata, SCHEMA_KEY: str(SCHEMA_VERSION).encode()})
    table = pa.Table.from_arrays([pa.array(column) for column in columns], schema=schema)
    part = path.with_suffix(".part")
    pq.write_table(
        table,
        part,
        compression="zstd",
        use_dictionary=["space", "source"],
        use_byte_stream_split=["motion.list.element.list.element"],
        row_group_size=100,
    )
    os.replace(part, path)
    return shard.count


def build(
    settings: CorpusSettings, directory: Path, workers: int = 1, progress: bool = True
) -> Path:
    """Build or finish a corpus in ``directory``; returns it.

    Raises:
        ValueError: the directory holds a corpus of other settings.
    """
    directory = Path(directory)
    (directory / "data").mkdir(parents=True, exist_ok=True)
    wanted = {"schema_version": SCHEMA_VERSION, **asdict(settings)}
    claim(directory / SETTINGS_FILE, wanted, "a corpus of")
    shards = plan(settings)
    missing = [shard for shard in shards if not (directory / shard.path).exists()]
    bar = tqdm(
        total=sum(shard.count for shard in shards),
        initial=sum(shard.count for shard in shards) - sum(shard.count for shard in missing),
        unit="clip",
        desc="perform",
        disable=not progress,
    )
    with bar, multiprocessing.get_context("spawn").Pool(workers) as pool:
        jobs = [(shard, settings, directory) for shard in missing]
        for count in pool.imap_unordered(_work, jobs):
            bar.update(count)
    (directory / "README.md").write_text(_readme(settings))
    return directory


def _work(job: tuple[Shard, CorpusSettings, Path]) -> int:
    return write_shard(*job)


def _readme(settings: CorpusSettings) -> str:
    files = "".join(f"  - split: {s}\n    path: data/{s}-*.parquet\n" for s in SPLITS)
    return (
        "---\nlicense: apache-2.0\npretty_name: Performed face motion\n"
        "tags:\n- face-motion\n- text-to-motion\nconfigs:\n- config_name: arkit\n  default: true\n"
        f"  data_files:\n{files}---\n\n# Performed face motion\n\n"
        f"{settings.clips} training clips and {settings.held_out} in each held-out split, "
        "performed by the procedural performer of tdmm-hf from balanced attributes. "
        "55 `arkit` channels at 25 frames a second; schema version "
        f"{SCHEMA_VERSION}. No person was recorded.\n"
    )
