"""The benchmarks around a pipeline that only looks like one."""

import adherence
import latency
import numpy as np
from common import generate
from description import describe

from tdmm_hf.motion import FaceMotion, frame_count
from tdmm_hf.parameters import get_space


class FakeMaker:
    """Text to motion: nods as often as the first word's length, at 25 fps."""

    def __init__(self):
        self.batches = []

    def __call__(self, prompts, duration, seed, batch_size=None):
        self.batches.append(1 if isinstance(prompts, str) else len(prompts))
        if isinstance(prompts, str):
            return self.motion(prompts, duration)
        return [self.motion(prompt, duration) for prompt in prompts]

    @staticmethod
    def motion(prompt, duration):
        values = np.zeros((frame_count(duration, 25), 55), dtype=np.float32)
        pitch = values[:, get_space("arkit").index("headPitch")]
        for i in range(len(prompt.split()[0])):
            pitch[10 + 20 * i : 22 + 20 * i] = np.radians(14) * np.hanning(12)
        return {"motion": values, "fps": 25.0, "channels": list(get_space("arkit").channels)}


def test_generate_works_in_batches_and_keeps_the_order():
    maker = FakeMaker()
    motions = generate(maker, ["a one", "bb two", "ccc three"], 0, 4.0, batch_size=2)
    assert maker.batches == [2, 1]
    assert [motion.num_frames for motion in motions] == [100] * 3
    assert [adherence.head_right({"key": ["nod"], "count": 2}, m) for m in motions] == [
        (True, "nod", 1),
        (True, "nod", 2),
        (True, "nod", 3),
    ]
    assert not adherence.head_right({"key": ["nod"], "count": 4}, motions[1])[0]
    assert not adherence.head_right({"key": ["shake"], "count": None}, motions[1])[0]


def test_latency_times_every_sentence():
    maker = FakeMaker()
    single = latency.one_by_one(maker, ["a"] * 4)
    assert single["sentences"] == 4
    assert maker.batches == [1] * (4 + latency.WARM_UPS)
    assert latency.in_batch(maker, ["a"] * 4)["motion_per_second"] > 0


def test_describe_hands_the_masks_on():
    valid = np.array([True, False])
    asked = []

    def reader(motions, batch_size):
        asked.extend(motions)
        return [{"generated_text": "He smiles."} for _ in motions]

    motion = FaceMotion(np.zeros((2, 55)), valid=valid)
    assert describe(reader, [motion]) == ["He smiles."]
    assert np.array_equal(asked[0]["valid"], valid)
