"""The two training loops of the benchmark are one and the same but for the trainer."""

import sys

import numpy as np
import pytest
import training_speed as speed

from tdmm_hf.settings import LanguageModelSettings

SETTINGS = LanguageModelSettings(batch_size=2, examples=8, muon=True, bf16=False, warmup=0.3)


class Clock:
    """Stands in for a stopwatch: notes which steps were done."""

    def __init__(self):
        self.steps = []

    def done(self, steps):
        self.steps.append(steps)


def test_batches_hold_examples_of_like_lengths_once_each():
    lengths = [5, 1, 9, 2, 8, 1, 7]
    batches = speed.batches_of(lengths, 2, seed=0)
    assert sorted(sorted(batch) for batch in batches) == [[0, 3], [1, 5], [4, 6]]
    assert batches == speed.batches_of(lengths, 2, seed=0)


def test_rows_are_padded_on_the_right():
    rows = [
        {"input_ids": [4, 5, 6], "labels": [-100, 5, 6]},
        {"input_ids": [7], "labels": [7]},
    ]
    inputs = speed.collate(rows, pad=3)
    assert inputs["input_ids"].tolist() == [[4, 5, 6], [7, 3, 3]]
    assert inputs["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert inputs["labels"].tolist() == [[-100, 5, 6], [7, -100, -100]]


@pytest.mark.skipif(sys.platform == "win32", reason="no peak of resident memory to ask for")
def test_the_stopwatch_leaves_the_warm_up_out(monkeypatch):
    times = iter([10.0, 14.0])
    monkeypatch.setattr(speed.time, "perf_counter", lambda: next(times))
    watch = speed.Stopwatch("cpu", warm_up=2, steps=3)
    for steps in range(1, 6):
        watch.done(steps)
    assert watch.seconds == 4.0
    assert watch.peak_mib > 10


def test_the_summary_compares_all_rounds_and_each():
    runs = {
        "trainer": [speed.Run(2.0, 100, [4.0, 2.0], 30.0), speed.Run(3.0, 100, [4.0, 2.0], 40.0)],
        "bare": [speed.Run(1.0, 100, [4.0, 2.0], 20.0), speed.Run(3.0, 100, [4.0, 2.5], 20.0)],
    }
    found = speed.summary(runs)
    assert found["trainer"]["tokens_per_second"] == 40
    assert found["ratio"] == pytest.approx(0.8)
    assert not found["met"]
    assert found["ratio_of_rounds"] == pytest.approx([0.5, 1.0])
    assert found["memory_ratio"] == 2.0
    assert found["loss_difference"] == pytest.approx(0.2)
    faster = {"trainer": runs["bare"], "bare": runs["trainer"]}
    assert speed.summary(faster)["met"]


def test_both_loops_take_the_same_steps(make_model, tmp_path):
    rng = np.random.default_rng(0)
    rows = [
        {"input_ids": ids, "labels": [-100, *ids[1:]], "length": len(ids)}
        for ids in (rng.integers(4, 40, size=size).tolist() for size in (6, 9, 5, 7, 6, 8, 5, 9))
    ]
    batches = speed.batches_of([row["length"] for row in rows], 2, seed=0)
    clocks = Clock(), Clock()
    bare = speed.run_bare(make_model().float(), rows, batches, SETTINGS, clocks[0])
    plain = make_model().float()
    trained = speed.run_trainer(plain, rows, batches, SETTINGS, clocks[1], tmp_path)
    assert clocks[0].steps == clocks[1].steps == [1, 2, 3, 4]
    np.testing.assert_allclose(trained, bare, rtol=1e-5)
    assert len(set(np.round(bare, 4))) == 4  # something was learned in between
