"""Corpora as datasets of the Hub. The way there and back is in ``tests/corpus/test_push.py``."""

import shutil

import pytest

from tdmm_hf.corpus.build import build
from tdmm_hf.publishing import dataset
from tdmm_hf.settings import CorpusSettings

SETTINGS = CorpusSettings(clips=6, held_out=2, seed=5, shard_clips=3)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build(SETTINGS, tmp_path_factory.mktemp("corpus"), workers=1, progress=False)


@pytest.fixture
def corpus(built, tmp_path):
    """A corpus that may be changed."""
    return shutil.copytree(built, tmp_path / "faces")


def test_every_row_is_read_before_anything_is_sent(corpus, tdmm, tmp_path, try_here):
    out = tmp_path / "out"
    status, said, err = tdmm("push", "dataset", corpus, "--out", out)
    assert status == 0, err
    assert "every row read (train 6, validation 2, test 2, test_wording 2)" in said
    assert {path.name for path in out.iterdir()} == {"README.md", "build.json", "data"}


@pytest.fixture
def read(monkeypatch):
    """All rows are taken to be read, in tests of anything else."""
    rows = {"train": 6, "validation": 2, "test": 2, "test_wording": 2}
    monkeypatch.setattr(dataset, "run_trial", lambda *_: {"rows": rows})


def test_a_corpus_that_was_cut_off_is_pushed_by_the_same_command(hub, corpus, read, tdmm):
    hub.break_at("PUT /blob", after=2)
    command = ("push", "dataset", corpus, "--repo", "user/faces", "--private")
    status, _, said = tdmm(*command)
    assert status == 2
    assert "run the same command again" in said.splitlines()[-1]
    hub.mend()
    status, out, _ = tdmm(*command)
    assert status == 0
    assert "dataset user/faces: is on the Hub" in out
    assert hub.private == {"datasets/user/faces": True}
    assert "user/faces" not in (corpus / "README.md").read_text()
    assert set(hub.sent.values()) == {1}
    assert len(hub.sent) == len(list(corpus.glob("data/*.parquet")))


def test_a_shard_that_is_damaged_within_is_found(corpus, tmp_path, try_here):
    """Its footer is sound, so that only reading all of it shows it."""
    shard = max(corpus.glob("data/train-*"), key=lambda path: path.stat().st_size)
    content = bytearray(shard.read_bytes())
    content[2000:4000] = bytes(2000)
    shard.write_bytes(content)
    with pytest.raises(ValueError, match="load_dataset does not open the folder"):
        dataset.prepare_dataset(corpus, tmp_path / "out")


def test_rows_must_be_those_of_the_card(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "run_trial", lambda *_: {"rows": {"train": 5}})
    with pytest.raises(ValueError, match=r"must find the rows .*'train': 6.*, got {'train': 5}"):
        dataset.prepare_dataset(corpus, tmp_path / "out")


def test_no_folder_is_no_corpus(tmp_path, tdmm):
    status, _, said = tdmm("push", "dataset", tmp_path / "nowhere")
    assert (status, said.count("\n")) == (2, 1)
    assert "must be a folder" in said
