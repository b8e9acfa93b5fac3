import dataclasses

import numpy as np
import pyarrow.parquet as pq
import pytest
from datasets import load_dataset

from tdmm_hf.corpus.build import build, plan
from tdmm_hf.corpus.schema import SCHEMA_KEY, row_motion
from tdmm_hf.prompts.attributes import Attributes
from tdmm_hf.settings import CorpusSettings

SETTINGS = CorpusSettings(clips=24, held_out=4, seed=5, shard_clips=8, long_share=0.1, long_max=12)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return build(SETTINGS, tmp_path_factory.mktemp("corpus"), workers=2, progress=False)


def shard_bytes(directory):
    return {path.name: path.read_bytes() for path in (directory / "data").iterdir()}


def test_load_dataset_opens_it(corpus, tmp_path):
    dataset = load_dataset(str(corpus), cache_dir=tmp_path)
    assert {name: len(split) for name, split in dataset.items()} == {
        "train": 24,
        "validation": 4,
        "test": 4,
    }
    row = dataset["train"].with_format("numpy")[0]
    assert row["motion"].shape == (row["num_frames"], 55)
    assert row["motion"].dtype == np.float32


def test_rows_hold_what_they_say(corpus, tmp_path):
    for row in load_dataset(str(corpus), split="train", cache_dir=tmp_path):
        attributes = Attributes.from_dict(row["attributes"])
        motion = row_motion(row)
        assert motion.num_frames == row["num_frames"] == round(attributes.duration * 25)
        assert len(row["paraphrases"]) == SETTINGS.captions - 1
        assert len(row["descriptions"]) == SETTINGS.descriptions
        weights = np.asarray(row["motion"]) * 4096
        assert np.array_equal(weights, np.round(weights))


def test_every_shard_carries_the_schema_version(corpus):
    for path in (corpus / "data").iterdir():
        assert pq.read_schema(path).metadata[SCHEMA_KEY] == b"2"


def test_the_same_bytes_for_any_number_of_workers(corpus, tmp_path):
    assert shard_bytes(build(SETTINGS, tmp_path, workers=1, progress=False)) == shard_bytes(corpus)


def test_a_stopped_build_goes_on_with_the_same_bytes(corpus, tmp_path):
    build(SETTINGS, tmp_path, workers=1, progress=False)
    lost = tmp_path / plan(SETTINGS)[1].path
    kept = tmp_path / plan(SETTINGS)[0].path
    lost.unlink()
    (lost.with_suffix(".part")).write_bytes(b"half a shard")
    stamp = kept.stat().st_mtime_ns
    build(SETTINGS, tmp_path, workers=1, progress=False)
    assert shard_bytes(tmp_path) == shard_bytes(corpus)
    assert kept.stat().st_mtime_ns == stamp


def test_another_corpus_in_the_folder_is_refused(corpus):
    with pytest.raises(ValueError, match="other settings: clips"):
        build(dataclasses.replace(SETTINGS, clips=25), corpus, progress=False)
