import dataclasses
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest
from datasets import load_dataset

from tdmm_hf.cli import main
from tdmm_hf.corpus.build import build, plan, training_clips
from tdmm_hf.corpus.rows import performed_row, text_digests
from tdmm_hf.corpus.schema import SCHEMA_KEY, row_motion
from tdmm_hf.corpus.splits import SPLITS, draw
from tdmm_hf.performer import perform
from tdmm_hf.prompts.attributes import Attributes
from tdmm_hf.prompts.vocabulary import load_vocabulary
from tdmm_hf.settings import CorpusSettings


def shard_bytes(directory):
    return {path.name: path.read_bytes() for path in (directory / "data").iterdir()}


def test_load_dataset_opens_it(corpus, tmp_path):
    dataset = load_dataset(str(corpus), cache_dir=tmp_path)
    assert {name: len(split) for name, split in dataset.items()} == {
        "train": 24,
        "validation": 4,
        "test": 4,
        "test_wording": 4,
    }
    row = dataset["train"].with_format("numpy")[0]
    assert row["motion"].shape == (row["num_frames"], 55)
    assert row["motion"].dtype == np.float32


def test_load_dataset_streams_it_by_the_name_of_its_space(corpus):
    rows = load_dataset(str(corpus), "arkit", split="test", streaming=True).with_format("numpy")
    assert [row["id"] for row in rows] == [f"test-{number:07d}" for number in range(4)]
    assert next(iter(rows))["motion"].shape[1] == 55


def test_rows_hold_what_they_say(corpus, settings, tmp_path):
    for row in load_dataset(str(corpus), split="train", cache_dir=tmp_path):
        attributes = Attributes.from_dict(row["attributes"])
        motion = row_motion(row)
        assert motion.num_frames == row["num_frames"] == round(attributes.duration * 25)
        assert len({row["text"], *row["paraphrases"]}) == settings.captions
        assert len(row["descriptions"]) == settings.descriptions
        weights = np.asarray(row["motion"]) * 4096
        assert np.array_equal(weights, np.round(weights))


def test_the_seed_performs_a_row_again(corpus, tmp_path):
    row = load_dataset(str(corpus), split="test", cache_dir=tmp_path)[1]
    again = perform(Attributes.from_dict(row["attributes"]), seed=row["seed"])
    assert np.abs(again.values - row_motion(row).values).max() <= 0.5 / 4096 + 1e-7


def test_every_shard_carries_the_schema_version(corpus):
    for path in (corpus / "data").iterdir():
        assert pq.read_schema(path).metadata[SCHEMA_KEY] == b"3"


def test_the_same_bytes_for_any_number_of_workers(corpus, settings, tmp_path):
    assert shard_bytes(build(settings, tmp_path, workers=1, progress=False)) == shard_bytes(corpus)


def test_a_killed_build_goes_on_with_the_same_bytes(corpus, settings, tmp_path):
    code = (
        "from pathlib import Path; from tdmm_hf.corpus.build import build\n"
        "from tdmm_hf.settings import CorpusSettings\n"
        f"if __name__ == '__main__': build({settings!r}, Path({str(tmp_path)!r}), workers=2)"
    )
    (tmp_path / "run.py").write_text(code)
    running = subprocess.Popen([sys.executable, "run.py"], cwd=tmp_path, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not list(tmp_path.glob("data/*.parquet")) and time.monotonic() < until:
        time.sleep(0.002)
    children = psutil.Process(running.pid).children(recursive=True)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert not psutil.wait_procs(children, timeout=20)[1], "workers outlive their parent"
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("data/*.parquet")}
    assert 1 <= len(kept) < len(plan(settings))
    (tmp_path / "data" / ".train-00002-of-00003.parquet.1.part").write_bytes(b"half a shard")
    build(settings, tmp_path, workers=1, progress=False)
    assert shard_bytes(tmp_path) == shard_bytes(corpus)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_another_corpus_in_the_folder_is_refused(corpus, settings):
    with pytest.raises(ValueError, match="other settings: clips"):
        build(dataclasses.replace(settings, clips=25), corpus, progress=False)


def test_a_corpus_of_other_words_is_not_gone_on_with(corpus, settings, monkeypatch):
    monkeypatch.setattr("tdmm_hf.corpus.rows.captions", lambda *args, **kwargs: ["Another word."])
    with pytest.raises(ValueError, match="other settings: first clips"):
        build(settings, corpus, progress=False)


def test_a_clip_that_fails_ends_the_build(settings, tmp_path, monkeypatch):
    def fail_late(settings, split, number, taken=None):
        if number == 9:
            raise ValueError("clip 9 must fail")
        return performed_row(settings, split, number, taken)

    monkeypatch.setattr("tdmm_hf.corpus.build.worker_pool", ThreadPoolExecutor)
    monkeypatch.setattr("tdmm_hf.corpus.build.performed_row", fail_late)
    with pytest.raises(ValueError, match="clip 9 must fail"):
        build(settings, tmp_path, workers=1, progress=False)
    assert (tmp_path / plan(settings)[0].path).exists()
    assert not (tmp_path / plan(settings)[1].path).exists()
    assert not (tmp_path / "README.md").exists()


@pytest.mark.parametrize("split", SPLITS)
def test_categories_lead_in_rounds_over_the_whole_split(split):
    settings = CorpusSettings(clips=500, long_share=0.5, seed=3)
    categories = set(load_vocabulary().emotions)
    firsts = [len(categories) * turn for turn in (0, 2)]
    for first in firsts:
        numbers = range(first, first + len(categories))
        drawn = [draw(settings, split, number)[0] for number in numbers]
        assert {attributes.emotions[0].category for attributes in drawn} == categories


def test_hours_make_whole_rounds_of_about_that_length():
    settings = CorpusSettings(hours=80)
    clips = training_clips(settings)
    assert clips % len(load_vocabulary().emotions) == 0
    durations = [draw(settings, "train", number)[0].duration for number in range(3000)]
    assert clips * np.mean(durations) / 3600 == pytest.approx(80, rel=0.06)


def test_few_hours_are_not_stretched_to_a_round():
    assert 10 <= training_clips(CorpusSettings(hours=0.05)) <= 40


def test_clips_and_hours_take_each_others_place():
    settings = CorpusSettings(hours=80)
    assert settings.clips is None
    assert settings.with_changes(clips=10) == CorpusSettings(clips=10)
    assert settings.with_changes(seed=3) == CorpusSettings(hours=80, seed=3)
    with pytest.raises(ValueError, match="clips or hours"):
        settings.with_changes(clips=10, hours=1)


def test_captions_of_training_are_not_said_again(settings):
    row = performed_row(settings, "test", 2)
    taken = np.sort(text_digests([row["text"]]))
    other = performed_row(settings, "test", 2, taken)
    assert row["text"] not in (other["text"], *other["paraphrases"])
    assert np.array_equal(other["motion"], row["motion"])


def test_the_command_builds_by_the_hour(tmp_path, capsys):
    argv = ["corpus", "build", "--hours", "0.01", "--held-out", "1", "--workers", "1"]
    assert main([*argv, "--long-share", "0", "--out", str(tmp_path)]) == 0
    assert "training clips, 0.01 hours" in capsys.readouterr().out
