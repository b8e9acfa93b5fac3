"""What a corpus holds, counted from its shards: for its card and for benchmarks.

>>> from tdmm_hf.corpus.facts import split_facts
>>> facts = split_facts("corpus", "train")      # doctest: +SKIP
>>> facts.clips, facts.hours, facts.imbalance   # doctest: +SKIP
(39000, 80.4, 0.0)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from .shards import NUM_BYTES_KEY, read_columns

COLUMNS = ["text", "paraphrases", "attributes", "num_frames", "fps", "source"]
SECONDS_EDGES = (2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60)


@dataclass
class SplitFacts:
    """Counts of one split; those of ``attributes`` are empty where a corpus has none.

    Args:
        name: the split's.
        clips, hours: how much motion.
        num_bytes, file_bytes: size in memory, as ``datasets`` counts it, and on disk.
        captions: texts and paraphrases.
        unique_texts: different ones among the main texts.
        leading, emotions: clips that a category leads, and clips that it occurs in.
        manners, head_motions, actions, gazes, transitions: clips with each.
        seconds: clips by the lower edge of their duration, of ``SECONDS_EDGES``.
        sources: clips of each source.
    """

    name: str
    clips: int = 0
    hours: float = 0.0
    num_bytes: int = 0
    file_bytes: int = 0
    captions: int = 0
    unique_texts: int = 0
    leading: Counter = field(default_factory=Counter)
    emotions: Counter = field(default_factory=Counter)
    manners: Counter = field(default_factory=Counter)
    head_motions: Counter = field(default_factory=Counter)
    actions: Counter = field(default_factory=Counter)
    gazes: Counter = field(default_factory=Counter)
    transitions: Counter = field(default_factory=Counter)
    seconds: Counter = field(default_factory=Counter)
    sources: Counter = field(default_factory=Counter)

    @property
    def imbalance(self) -> float:
        """How far the smallest category stays behind the largest, 0..1."""
        if not self.leading:
            return 0.0
        return 1 - min(self.leading.values()) / max(self.leading.values())


def split_facts(directory: str | Path, split: str) -> SplitFacts:
    """Count one split of a corpus folder."""
    facts = SplitFacts(split)
    texts: set[str] = set()
    for path in sorted(Path(directory).glob(f"data/{split}-*.parquet")):
        facts.file_bytes += path.stat().st_size
        facts.num_bytes += int(pq.read_schema(path).metadata[NUM_BYTES_KEY])
        table = read_columns(path, COLUMNS)
        texts.update(filter(None, table["text"].to_pylist()))
        _count(facts, table)
    facts.unique_texts = len(texts)
    return facts


def _count(facts: SplitFacts, table: pa.Table) -> None:
    seconds = pc.divide(pc.cast(table["num_frames"], pa.float64()), table["fps"])
    facts.clips += len(table)
    facts.hours += pc.sum(seconds).as_py() / 3600
    facts.captions += len(table) - table["text"].null_count
    facts.captions += pc.sum(pc.list_value_length(table["paraphrases"])).as_py() or 0
    facts.seconds.update(_edge(value) for value in seconds.to_pylist())
    facts.sources.update(table["source"].to_pylist())
    attributes = table["attributes"].drop_null()
    if not len(attributes):
        return
    spans = pc.struct_field(attributes, "emotions")
    facts.leading.update(_counts(pc.struct_field(pc.list_element(spans, 0), "category")))
    for categories in _lists(spans, "category"):
        facts.emotions.update(set(categories))
    for names in _lists(pc.struct_field(attributes, "actions"), "name"):
        facts.actions.update(set(names))
    facts.manners.update(_counts(pc.struct_field(attributes, "manner")))
    facts.head_motions.update(_counts(pc.struct_field(attributes, ["head", "name"])))
    facts.gazes.update(_counts(pc.struct_field(attributes, "gaze")))
    facts.transitions.update(_counts(pc.struct_field(attributes, "transition")))


def _edge(seconds: float) -> int:
    return max((edge for edge in SECONDS_EDGES if edge <= seconds + 1e-6), default=0)


def _counts(values: pa.ChunkedArray) -> dict:
    return {pair["values"]: pair["counts"] for pair in pc.value_counts(values).to_pylist()}


def _lists(structs: pa.ChunkedArray, name: str) -> Iterable[list[str]]:
    for row in structs.to_pylist():
        yield [value[name] for value in row or ()]
