"""`pipeline("text-to-face-motion")` and `pipeline("face-motion-to-text")` with the package."""

import json

import numpy as np
import pytest
import torch
from transformers.pipelines import PIPELINE_REGISTRY

from tdmm_hf import pipelines
from tdmm_hf.motion import FaceMotion
from tdmm_hf.pipelines import pipeline

torch.set_num_threads(2)
TASKS = ("text-to-face-motion", "face-motion-to-text")


@pytest.fixture(scope="module")
def make(small_checkpoint):
    return pipeline("text-to-face-motion", model=str(small_checkpoint), device="cpu")


@pytest.fixture(scope="module")
def read(small_checkpoint):
    return pipeline("face-motion-to-text", model=str(small_checkpoint), device="cpu")


def test_one_prompt_and_several(make):
    one = make("She nods.", duration=1.0, seed=3)
    assert set(one) == {"motion", "fps", "channels", "plan"}
    assert one["motion"].shape == (25, 55)
    assert one["motion"].dtype == np.float32
    assert one["fps"] == 25.0
    assert one["channels"][24] == "jawOpen"
    several = make(["He smiles.", "She nods."], duration=[2.0, 1.0], seed=[1, 3])
    assert [r["motion"].shape[0] for r in several] == [50, 25]
    np.testing.assert_array_equal(several[1]["motion"], one["motion"])
    assert isinstance(make(["She nods."], duration=1.0), list)


def test_batch_size_does_not_change_anything(make):
    prompts, seeds = ["She nods.", "He smiles.", "A man laughs."], [1, 2, 3]
    whole = make(prompts, duration=1.0, seed=seeds)
    split = make(prompts, duration=1.0, seed=seeds, batch_size=2)
    for a, b in zip(whole, split, strict=True):
        np.testing.assert_array_equal(a["motion"], b["motion"])


def test_several_sequences_are_a_list_for_each_prompt(make):
    made = make(["She nods.", "He smiles."], duration=1.0, seed=1, num_return_sequences=2)
    assert [len(sequences) for sequences in made] == [2, 2]
    assert len(make("She nods.", duration=1.0, num_return_sequences=2)) == 2


def test_settings_given_at_the_start(small_checkpoint):
    make = pipeline("text-to-face-motion", model=str(small_checkpoint), device="cpu", duration=2.0)
    assert make("She nods.")["motion"].shape[0] == 50
    assert make("She nods.", duration=1.0)["motion"].shape[0] == 25


def test_half_precision(small_checkpoint):
    make = pipeline(
        "text-to-face-motion", model=str(small_checkpoint), device="cpu", dtype=torch.bfloat16
    )
    assert make.model.dtype == torch.bfloat16
    assert make("She nods.", duration=1.0, seed=1)["motion"].dtype == np.float32


def test_a_model_in_hand(small_model):
    assert pipeline("text-to-face-motion", model=small_model, device="cpu")("She nods.", seed=1)


def test_bad_input_says_the_rule(make, read):
    with pytest.raises(ValueError, match="duration must be"):
        make("She nods.", duration=0)
    with pytest.raises(ValueError, match="prompt must not be empty"):
        make(["She nods.", ""])
    with pytest.raises(ValueError, match="motion must be"):
        read(np.zeros((5, 3)))


def test_everything_that_is_a_motion(make, read, tmp_path):
    made = make("She nods.", duration=1.0, seed=1)
    motion = FaceMotion(made["motion"], fps=made["fps"])
    path = tmp_path / "nod.npz"
    from tdmm_hf.formats import save

    save(motion, path)
    given = [made, made["motion"], motion, path, str(path)]
    texts = read(given, max_new_tokens=4)
    assert len({text["generated_text"] for text in texts}) == 1
    assert read(motion, max_new_tokens=4) == texts[0]
    assert read(made["motion"], max_new_tokens=4) == texts[0]
    assert read(path, max_new_tokens=4) == texts[0]


def test_masks_of_a_motion_reach_the_model(read, monkeypatch):
    values = np.random.default_rng(0).random((25, 55))
    motion = FaceMotion(values, fps=30.0, valid=np.arange(25) > 3, observed=np.arange(55) != 54)
    asked = []
    original = type(read.model).describe_motion

    def describe_motion(self, **arguments):
        asked.append(arguments)
        return original(self, **arguments)

    monkeypatch.setattr(type(read.model), "describe_motion", describe_motion)
    read(motion, max_new_tokens=2)
    assert asked[0]["fps"] == [30.0]
    assert asked[0]["valid"][0].sum() == 21
    assert not asked[0]["observed"][0][54]


def test_other_spaces_are_refused(read):
    with pytest.raises(ValueError, match="space 'arkit', got 'flame'"):
        read(FaceMotion(np.zeros((5, 58)), space="flame"))


def test_saving_a_pipeline_saves_its_code(make, tmp_path):
    make.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    implementation = config["custom_pipelines"]["text-to-face-motion"]["impl"]
    assert implementation == "pipeline_tdmm.TextToFaceMotionPipeline"
    assert (tmp_path / "pipeline_tdmm.py").exists()
    assert (tmp_path / "processor_config.json").exists()


def test_without_a_model_the_default_is_used(small_checkpoint, monkeypatch):
    for task in TASKS:
        entry = PIPELINE_REGISTRY.supported_tasks[task]["default"]
        assert entry["model"][0] == str(pipelines.EMBEDDED_CHECKPOINT)
        monkeypatch.setitem(entry, "model", (str(small_checkpoint), "main"))
    motion = pipeline(TASKS[0], device="cpu")("She nods.", duration=1.0, seed=1)
    assert motion["motion"].shape == (25, 55)
    assert isinstance(pipeline(TASKS[1], device="cpu")(motion)["generated_text"], str)


@pytest.mark.skipif(
    not (pipelines.EMBEDDED_CHECKPOINT / "model.safetensors").exists(),
    reason="the embedded checkpoint is not there",
)
def test_without_a_model_the_embedded_one_is_used():
    make = pipeline("text-to-face-motion", device="cpu")
    motion = make("The woman nods twice.", duration=2.0, seed=1)
    assert motion["motion"].shape == (50, 55)
    assert pipeline("face-motion-to-text", device="cpu")(motion)["generated_text"]
