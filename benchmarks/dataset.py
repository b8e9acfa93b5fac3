"""Reading a corpus: clips a second in one process, and with loader workers.

    python benchmarks/dataset.py corpus

`datasets` in numpy format beside pyarrow, which makes the same rows: Python values, and the motion
as an array (frames, channels). The best of some rounds counts. Without a corpus, a small one is
built.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from common import RESULTS, print_table, write_result

from tdmm_hf.corpus.build import build
from tdmm_hf.settings import CorpusSettings

MOTION_ONLY = ["id", "motion"]
LIMITS = {
    ("whole rows", "random"): 1500,
    ("whole rows", "stream"): 1000,
    ("motion and id", "random"): 3000,
    ("motion and id", "stream"): 2000,
}
BATCH = 32
WORKERS = (0, 1, 2, 4)


def rate(read: Callable[[], int], rounds: int) -> dict:
    """Clips a second of the best round: on the clock, and of this process' own time."""
    best = {"clock": 0.0, "own": 0.0}
    for _ in range(rounds):
        clock, own = time.perf_counter(), time.process_time()
        clips = read()
        clock, own = time.perf_counter() - clock, time.process_time() - own
        best = {"clock": max(best["clock"], clips / clock), "own": max(best["own"], clips / own)}
    return best


def random_rows(rows, order: list[int]) -> int:
    for place in order:
        _touch(rows[place])
    return len(order)


def stream_rows(rows, count: int) -> int:
    done = 0
    for row in rows:
        _touch(row)
        done += 1
        if done == count:
            break
    return done


def _touch(row: dict) -> None:
    """A row is there: its motion is an array, as long as it says."""
    assert row["motion"].ndim == 2


class ArrowRows:
    """Rows of a pyarrow table by number, each as Python values and one array."""

    def __init__(self, table: pa.Table):
        self.table = table.combine_chunks()

    def __getitem__(self, place: int) -> dict:
        return next(arrow_rows(self.table.slice(place, 1)))


def arrow_rows(table: pa.Table | pa.RecordBatch) -> Iterator[dict]:
    """Rows of a table or batch."""
    motion = table.column("motion")
    rest = table.drop_columns(["motion"]).to_pylist()
    for place, row in enumerate(rest):
        frames = getattr(motion[place], "value", motion[place]).values
        values = frames.flatten().to_numpy()
        yield {**row, "motion": values.reshape(len(frames), -1)}


def arrow_stream(shards: list[Path], columns: list[str] | None) -> Iterator[dict]:
    for path in shards:
        for batch in pq.ParquetFile(path).iter_batches(100, columns=columns):
            yield from arrow_rows(batch)


def readers(corpus: Path, cache: str, clips: int) -> dict:
    """(what, how) -> (reading by datasets, reading by pyarrow)."""
    shards = sorted(corpus.glob("data/train-*.parquet"))
    rows = load(corpus, cache)
    order = np.random.default_rng(0).integers(len(rows), size=clips).tolist()
    found = {}
    for what, columns in (("whole rows", None), ("motion and id", MOTION_ONLY)):
        chosen = rows.select_columns(columns) if columns else rows
        table = ArrowRows(pq.read_table(shards, columns=columns))
        stream = load(corpus, cache, columns=columns, streaming=True)
        found[what, "random"] = (
            lambda chosen=chosen: random_rows(chosen, order),
            lambda table=table: random_rows(table, order),
        )
        found[what, "stream"] = (
            lambda stream=stream: stream_rows(stream, clips),
            lambda columns=columns: stream_rows(arrow_stream(shards, columns), clips),
        )
    return found


def load(corpus: Path, cache: str, columns=None, **options):
    """The training split in numpy format."""
    chosen = {"columns": columns} if columns else {}
    return datasets.load_dataset(
        str(corpus), split="train", cache_dir=cache, **chosen, **options
    ).with_format("numpy")


def collate(rows: list[dict]) -> dict:
    """A batch as training takes it: one tensor (clips, frames, channels), padded, and the texts.

    One tensor goes from process to process through shared memory; an array a row would be copied.
    """
    import torch

    motions = [torch.from_numpy(row["motion"]) for row in rows]
    padded = torch.nn.utils.rnn.pad_sequence(motions, batch_first=True)
    return {
        "motion": padded,
        "frames": torch.tensor([len(motion) for motion in motions]),
        "text": [str(row["text"]) for row in rows],
        "id": [str(row["id"]) for row in rows],
    }


def loader_rate(rows, workers: int, rounds: int) -> dict:
    """Clips a second of a torch loader that shuffles whole rows: as ``rate``.

    The process' own time is spent on reading where there are no workers, on taking batches from
    them where there are: it is the rate that no number of workers passes.
    """
    from torch.utils.data import DataLoader

    best = {"clock": 0.0, "own": 0.0}
    for _ in range(rounds):
        loader = DataLoader(rows, BATCH, shuffle=True, num_workers=workers, collate_fn=collate)
        batches = iter(loader)
        next(batches)  # workers have started
        found = rate(lambda batches=batches: sum(len(batch["id"]) for batch in batches), rounds=1)
        best = {name: max(best[name], found[name]) for name in best}
    return best


def measure(corpus: Path, clips: int, rounds: int) -> dict:
    with tempfile.TemporaryDirectory() as cache:
        found = []
        for (what, how), (by_datasets, by_pyarrow) in readers(corpus, cache, clips).items():
            ours, arrow = rate(by_datasets, rounds), rate(by_pyarrow, rounds)
            found.append(
                {
                    "what": what,
                    "how": how,
                    "datasets": ours["clock"],
                    "datasets, own time": ours["own"],
                    "pyarrow": arrow["clock"],
                    "ratio": ours["own"] / arrow["own"],
                    "at least": LIMITS[what, how],
                }
            )
        rows = load(corpus, cache)
        frames = float(np.mean(rows["num_frames"]))
        loaders = {str(workers): loader_rate(rows, workers, rounds) for workers in WORKERS}
    return {"mean frames": frames, "reading": found, "loader workers": loaders}


def show(result: dict) -> None:
    headers = list(result["reading"][0])
    rows = [[row[name] for name in headers] for row in result["reading"]]
    print_table(headers, [[_whole(value) for value in row] for row in rows])
    none = result["loader workers"]["0"]["clock"]
    print_table(
        ["loader workers", "clips/s", "times no worker", "own time"],
        [
            [name, _whole(found["clock"]), found["clock"] / none, _whole(found["own"])]
            for name, found in result["loader workers"].items()
        ],
    )


def _whole(value):
    return round(value) if isinstance(value, float) and value > 100 else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", nargs="?", type=Path, help="folder of a corpus")
    parser.add_argument("--clips", type=int, default=1000, help="clips read in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS / "dataset.json")
    options = parser.parse_args()
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory(prefix="dataset-") as folder:
        corpus = options.corpus
        if corpus is None:
            settings = CorpusSettings(clips=max(1000, options.clips), held_out=10)
            corpus = build(settings, folder, workers=os.cpu_count() or 1)
        result = measure(corpus, options.clips, options.rounds)
    show(result)
    write_result(options.out, {**result, "load": os.getloadavg()[0]})


if __name__ == "__main__":
    main()
