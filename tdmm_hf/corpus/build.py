"""Build the performed corpus: attributes, their wordings and their motion, in parquet shards.

    tdmm corpus build --hours 80 --out corpus

The same settings give the same bytes for any number of workers, and a build that was stopped goes
on where it was: a shard is written beside its place and renamed when whole.
"""

from __future__ import annotations

from concurrent.futures import Executor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from ..prompts.vocabulary import load_vocabulary
from ..settings import CorpusSettings, claim
from .polishing import ANSWERS, open_rewriter, polish_rows
from .processes import one_thread, worker_pool
from .rows import performed_row, probe, text_digests
from .schema import SCHEMA_VERSION
from .shards import read_columns, shard_path, shard_schema, write_rows
from .splits import SPLITS, draw

SETTINGS_FILE = "build.json"
SAMPLED_DURATIONS = 2000
HOURS_MARGIN = 1.02  # what durations are drawn may sum up to less than is expected
MANY_ROUNDS = 20  # from so many on, hours are made of whole rounds through the categories


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
        return shard_path(self.split, self.index, self.total)


def plan(settings: CorpusSettings) -> list[Shard]:
    """All shards of a corpus, in order."""
    shards = []
    for split in SPLITS:
        clips = training_clips(settings) if split == "train" else settings.held_out
        total = -(-clips // settings.shard_clips)
        for index in range(total):
            first = index * settings.shard_clips
            count = min(settings.shard_clips, clips - first)
            shards.append(Shard(split, index, total, first, count))
    return shards


def training_clips(settings: CorpusSettings) -> int:
    """Clips of the training split: as many as asked for, or as the hours take.

    Many hours are made of whole rounds, so that every category leads equally often.
    """
    if settings.hours is None:
        return settings.clips
    short = replace(settings, long_share=0.0)
    usual = [draw(short, "train", n)[0].duration for n in range(SAMPLED_DURATIONS)]
    long = (settings.long_min + settings.long_max) / 2
    mean = (1 - settings.long_share) * float(np.mean(usual)) + settings.long_share * long
    clips = settings.hours * 3600 * HOURS_MARGIN / mean
    categories = len(load_vocabulary().emotions)
    rounds = round(clips / categories)
    return rounds * categories if rounds >= MANY_ROUNDS else max(1, round(clips))


def build(
    settings: CorpusSettings, directory: str | Path, workers: int = 1, progress: bool = True
) -> Path:
    """Build or finish a corpus in ``directory``; returns it.

    Args:
        settings: what it holds.
        directory: made where there is none.
        workers: processes.
        progress: show clips per second and the time left.

    Raises:
        ValueError: the directory holds a corpus of other settings, or one that another version of
            words or performer began.
        OSError: a worker was killed, or the disk is full.
    """
    from .card import write_card

    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    directory = Path(directory)
    (directory / "data").mkdir(parents=True, exist_ok=True)
    wanted = {"schema_version": SCHEMA_VERSION, **asdict(settings), "first clips": probe(settings)}
    claim(directory / SETTINGS_FILE, wanted, "a corpus of")
    for left in directory.glob("data/.*.part"):
        left.unlink()
    shards = plan(settings)
    done = sum(shard.count for shard in shards if (directory / shard.path).exists())
    total = sum(shard.count for shard in shards)
    bar = tqdm(
        total=total, initial=done, unit="clip", desc="perform", smoothing=0.1, disable=not progress
    )
    with bar, one_thread(), worker_pool(workers) as pool:
        _write_missing(pool, [s for s in shards if s.split == "train"], settings, directory, bar)
        held_out = [shard for shard in shards if shard.split != "train"]
        _write_missing(pool, held_out, settings, directory, bar)
    write_card(directory)
    return directory


def _write_missing(
    pool: Executor, shards: list[Shard], settings: CorpusSettings, directory: Path, bar: tqdm
) -> None:
    """Write those shards that are not there; what train says, the others must not say."""
    missing = [shard for shard in shards if not (directory / shard.path).exists()]
    if not missing:
        return
    taken = None if missing[0].split == "train" else training_texts(directory)
    schema = shard_schema()
    futures = [pool.submit(write_shard, s, settings, directory, schema, taken) for s in missing]
    try:
        for future in as_completed(futures):
            bar.update(future.result())
    except BrokenProcessPool as error:
        raise OSError(
            "a process of the build was killed, perhaps for want of memory: started again, "
            "the build goes on where it was"
        ) from error
    except BaseException:
        pool.shutdown(wait=True, cancel_futures=True)
        raise


def write_shard(
    shard: Shard,
    settings: CorpusSettings,
    directory: Path,
    schema: pa.Schema,
    taken: np.ndarray | None = None,
) -> int:
    """Write one shard, whole or not at all; returns its clips."""
    numbers = range(shard.first, shard.first + shard.count)
    rows = [performed_row(settings, shard.split, number, taken) for number in numbers]
    if settings.polish and shard.split == "train":
        answers = directory / ANSWERS / f"{shard.index:05d}-of-{shard.total:05d}.jsonl"
        polish_rows(rows, _rewriter(settings.polish), answers)
    return write_rows(rows, directory / shard.path, schema)


@cache
def _rewriter(name: str):
    """The model that polishes, once for each process."""
    return open_rewriter(name)


def training_texts(directory: Path) -> np.ndarray:
    """Digests of all captions of the training split."""
    found = []
    for path in sorted(directory.glob("data/train-*.parquet")):
        table = read_columns(path, ["text", "paraphrases"])
        texts = table["text"].to_pylist()
        texts += pc.list_flatten(table["paraphrases"]).to_pylist()
        found.append(text_digests(texts))
    return np.unique(np.concatenate(found))
