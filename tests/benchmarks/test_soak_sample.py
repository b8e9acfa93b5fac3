"""A sample of ``make soak``, and that it can fail."""

import numpy as np
import pytest
import soak
from common import load_pipeline, load_yaml

MADE = {"motion": np.zeros((5, 55), np.float32), "fps": 25.0}


def test_flat_memory_is_flat_and_a_leak_is_not():
    at = list(range(10, 2001, 10))
    noise = np.random.default_rng(0).normal(0, 1, len(at))
    flat = soak.growth(at, list(500 + noise))
    assert flat.flat(most_slope=4, most_growth=32)
    leak = soak.growth(at, list(500 + 0.02 * np.array(at) + noise))
    assert leak.slope == pytest.approx(20, abs=1)
    assert not leak.flat(most_slope=4, most_growth=32)
    step = soak.growth(at, [500.0] * 50 + [600.0] * (len(at) - 50))
    assert step.slope == pytest.approx(0)
    assert not step.flat(most_slope=4, most_growth=32)


def test_a_leak_is_seen_in_this_process():
    kept = []

    def leaking(prompt, duration, seed):
        kept.append(np.ones(2**18))
        return MADE

    at, resident = soak.soak(leaking, lambda made: None, ["a"], 60, 10, 1.0)
    assert at == [10, 20, 30, 40, 50, 60]
    assert soak.growth(at, resident).slope == pytest.approx(2000, rel=0.3)


def test_every_fourth_motion_is_described():
    said = []
    soak.soak(lambda *a, **k: MADE, said.append, ["a", "b"], 18, 2, 1.0)
    assert len(said) == 5


def test_memory_is_flat_over_a_few_generations():
    """The embedded model, 40 short motions: less than 24 MiB come on top."""
    pytest.importorskip("psutil")
    make = load_pipeline("text-to-face-motion", None)
    read = load_pipeline("face-motion-to-text", None)
    prompts = [entry["prompt"] for entry in load_yaml("prompts")]
    at, resident = soak.soak(make, read, prompts, generations=40, warm_up=10, seconds=0.6)
    assert len(at) == 4
    assert max(resident) - resident[0] < 24
