import doctest
import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import SpaceCard
from metric_samples import hand_rig, values

from tdmm_hf import rigs
from tdmm_hf.evaluation.modules import module_names, module_path

evaluate = pytest.importorskip("evaluate")

NAMES = [
    "face_vertex_error",
    "inference_time",
    "motion_captions",
    "motion_diversity",
    "motion_fid",
    "motion_l2",
    "motion_multimodality",
    "motion_retrieval",
    "rate_distortion",
    "token_accuracy",
    "upper_face_dynamics",
]
SQUARE = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setattr(evaluate.config, "HF_METRICS_CACHE", tmp_path / "metrics")
    monkeypatch.setitem(rigs._RIGS, "hand", hand_rig)


@pytest.fixture
def load(tmp_path):
    """Modules from a copy of their folder, as one that came from elsewhere."""

    def load(name):
        copied = shutil.copytree(module_path(name), tmp_path / "copied" / name)
        return evaluate.load(str(copied))

    return load


def test_every_module_is_known():
    assert module_names() == NAMES
    with pytest.raises(ValueError, match="unknown evaluation module 'fid': choose from face_"):
        module_path("fid")


@pytest.mark.parametrize("name", NAMES)
def test_cards_are_valid(name):
    card = SpaceCard.load(Path(module_path(name)) / "README.md")
    assert {"evaluate", "metric"} <= set(card.data.tags)
    assert (card.data.sdk, card.data.license) == ("static", "apache-2.0")
    assert card.data.to_dict()["description"]
    for heading in ("How to use", "Inputs", "Output", "Worked example", "Limits"):
        assert f"\n## {heading}\n\n" in card.text


@pytest.mark.parametrize("name", NAMES)
def test_worked_examples_of_the_cards_are_right(name):
    """Their values are worked out by hand in the cards."""
    found = doctest.testfile(str(Path(module_path(name)) / "README.md"), module_relative=False)
    assert found.attempted > 3
    assert found.failed == 0


@pytest.mark.parametrize("name", NAMES)
def test_cards_name_every_figure_and_input(name):
    text = (Path(module_path(name)) / "README.md").read_text(encoding="utf-8")
    code = (Path(module_path(name)) / f"{name}.py").read_text(encoding="utf-8")
    inputs = code.split("Args:")[1].split("Returns:")[0]
    for argument in re.findall(r"^    (\w+):", inputs, flags=re.M):
        assert f"**{argument}**" in text


@pytest.mark.parametrize("name", NAMES)
def test_without_the_package_modules_say_so_in_one_line(name, load, monkeypatch):
    monkeypatch.setitem(sys.modules, "tdmm_hf", None)
    with pytest.raises(ImportError, match=r"tdmm_hf.*pip install tdmm-hf\[evaluate\]") as error:
        load(name)
    assert "\n" not in str(error.value)


def test_fid_of_sets_of_two_sizes(load):
    # The reference square twice has the same mean (1, 1) and variances 8 / 7 instead of 4 / 3;
    # moved by (3, 4): 25 + 2 (sqrt(4/3) - sqrt(8/7))^2 = 25 + 2 * 0.0856557^2 = 25.0146738.
    metric = load("motion_fid")
    twice = np.concatenate([SQUARE, SQUARE])
    for generated, reference in (
        (SQUARE + np.array([3, 4]), twice),
        (twice, SQUARE + 4 - [[1, 0]]),
    ):
        found = metric.compute(predictions=generated, references=reference)
        assert found["fid"] == pytest.approx(25.0146738, abs=1e-6)
        assert (found["generated"], found["reference"]) == (len(generated), len(reference))


def test_fid_gathers_batches_and_outlives_an_error(load):
    metric = load("motion_fid")
    with pytest.raises(ValueError, match="generated must be finite, got nan"):
        metric.compute(predictions=[[np.nan], [0.0]], references=[[0.0], [1.0]])
    for row in SQUARE:
        metric.add(prediction=row + np.array([3, 4]), reference=row)
    assert metric.compute()["fid"] == pytest.approx(25)


def test_retrieval_has_intervals(load):
    rng = np.random.default_rng(3)
    text = rng.normal(size=(100, 4))
    motion = text + 0.5 * rng.normal(size=text.shape)
    metric = load("motion_retrieval")
    found = metric.compute(predictions=motion, references=text)
    assert 0 < found["r_at_1_interval"] < 0.1
    assert found["mm_dist_interval"] == 0  # over all pairs, whatever the batches
    assert (found["repetitions"], found["pairs"], found["batches"]) == (20, 96, 3)
    assert metric.compute(predictions=motion, references=text) == found
    once = metric.compute(predictions=motion, references=text, repetitions=1)
    assert "r_at_1_interval" not in once
    assert json.loads(json.dumps(found))["r_at_1"] == found["r_at_1"]


def test_diversity_by_hand(load):
    # Three motions at 0, 1, 3: pairs 1, 2, 3 apart. One of each end is drawn for every motion.
    found = load("motion_diversity").compute(predictions=[[0.0], [1.0], [3.0]], repetitions=400)
    assert found["diversity"] == pytest.approx(2, abs=0.1)
    assert found["pairs"] == 3


def test_multimodality_by_hand(load):
    # All three pairs of 0, 1, 3: (1 + 2 + 3) / 3.
    found = load("motion_multimodality").compute(predictions=[[[0.0], [1.0], [3.0]]])
    assert (found["multimodality"], found["multimodality_interval"]) == (2, 0)


def test_l2_by_hand(load):
    # Frames 5, 0 and then 12 apart: 17 / 3; motions of several lengths.
    found = load("motion_l2").compute(
        predictions=[[[3.0, 4.0], [0.0, 0.0]], [[0.0, 12.0]]],
        references=[[[0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0]]],
    )
    assert found["l2"] == pytest.approx(17 / 3)


def test_vertex_errors_by_hand(load):
    # jawOpen 0.5 too far for two of four frames: lips 1.5 and 2 mm off. LVE 2 / 2, FVE 3.5 / 8.
    found = load("face_vertex_error").compute(
        predictions=[values(4, jawOpen=[0.5, 0.5, 0, 0], headRoll=np.radians(20))],
        references=[values(4)],
        rig="hand",
    )
    assert found["lve"] == pytest.approx(1)
    assert found["fve"] == pytest.approx(3.5 / 8)
    assert found["head_pose"] == pytest.approx(20, abs=1e-4)


def test_dynamics_by_hand(load):
    # The brow is 0, 2, 0, 2 mm from rest, deviation 1; 0, 1, 0, 1 in the other motion, 0.5 more.
    metric = load("upper_face_dynamics")
    whole, half = (values(4, browInnerUp=[0, x, 0, x]) for x in (1, 0.5))
    found = metric.compute(predictions=[values(4), half], references=[whole, values(4)], rig="hand")
    assert found["fdd"] == pytest.approx((-1 + 0.5) / 2)
    assert found["fdd_absolute"] == pytest.approx((1 + 0.5) / 2)


def test_captions_by_hand(load):
    # Idf log 2 for every word, single words alike: cosine 1 of 1-grams alone, 10 / 4, for one of
    # two captions: 125 in percent. BLEU-1 1 of 2, ROUGE-L (1 + 0) / 2.
    found = load("motion_captions").compute(
        predictions=["nods", "blinks"], references=[["nods", "shrugs"], ["smiles"]]
    )
    assert found["bleu_1"] == pytest.approx(50)
    assert found["rouge_l"] == pytest.approx(50)
    assert found["cider"] == pytest.approx(125 / 2)  # the second reference has nothing in common
    assert found["bert_score"] is None


def test_token_accuracy_by_hand(load):
    # One of one, then one of three.
    found = load("token_accuracy").compute(
        predictions=[[1, 0], [2, 9, 9, 0]], references=[[0, 1], [0, 2, 3, 4]]
    )
    assert found == {"accuracy": 0.5, "tokens": 4}


def test_rate_and_distortion_by_hand(load):
    # jawOpen off by 0.5: LVE 2, FVE 3.5 / 4. Two of four codes; 2 bits, 5 steps a second.
    found = load("rate_distortion").compute(
        predictions=[values(10, jawOpen=0.5)],
        references=[values(10)],
        codes=[[[0], [1]]],
        codebook_sizes=[4],
        steps_per_second=5.0,
        rig="hand",
    )
    assert found["lve"] == pytest.approx(2)
    assert found["fve"] == pytest.approx(3.5 / 4)
    assert (found["tokens_per_second"], found["bits_per_second"]) == (5, 10)
    assert found["codebook_use"] == 50


def test_inference_time_of_a_real_clock(load):
    found = load("inference_time").compute(predictions=["a", "b"], generate=str.upper)
    assert 0 < found["aits"] < 1


def test_torch_tensors_are_features_too(load):
    import torch

    rows = torch.tensor(SQUARE)
    found = load("motion_fid").compute(predictions=rows + 3, references=rows)
    assert found["fid"] == pytest.approx(18)
