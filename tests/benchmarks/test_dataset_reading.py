import dataset
import numpy as np
import pyarrow.parquet as pq
import pytest

from tdmm_hf.corpus.schema import make_row
from tdmm_hf.corpus.shards import shard_path, shard_schema, write_rows
from tdmm_hf.motion import FaceMotion


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A corpus of five clips of different lengths."""
    folder = tmp_path_factory.mktemp("reading")
    path = folder / shard_path("train", 0, 1)
    path.parent.mkdir()
    rng = np.random.default_rng(0)
    motions = [FaceMotion(rng.random((frames, 55))) for frames in (3, 1, 7, 4, 2)]
    rows = [make_row(str(n), m, [f"{n}."], [], None, "test") for n, m in enumerate(motions)]
    write_rows(rows, path, shard_schema())
    return folder


def test_pyarrow_makes_the_rows_that_datasets_makes(folder, tmp_path):
    ours = list(dataset.load(folder, str(tmp_path)))
    shards = sorted(folder.glob("data/*.parquet"))
    table = dataset.ArrowRows(pq.read_table(shards))
    for rows in (list(dataset.arrow_stream(shards, None)), [table[place] for place in range(5)]):
        assert [row["id"] for row in rows] == [row["id"] for row in ours]
        assert all(
            np.array_equal(a["motion"], b["motion"]) for a, b in zip(ours, rows, strict=True)
        )


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_every_way_of_reading_is_measured(folder):
    result = dataset.measure(folder, clips=5, rounds=1)
    assert [row["at least"] for row in result["reading"]] == [1500, 1000, 3000, 2000]
    assert all(row["datasets"] > 0 and row["pyarrow"] > 0 for row in result["reading"])
    assert list(result["loader workers"]) == ["0", "1", "2", "4"]
