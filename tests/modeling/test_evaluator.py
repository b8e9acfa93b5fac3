"""The evaluator: masks and batches change nothing, lengths and rates, saving, wrong input."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoConfig, AutoModel

from tdmm_hf.hub import code_files, save_checkpoint
from tdmm_hf.modeling import TDMMEvaluator, TDMMEvaluatorConfig
from tdmm_hf.modeling.modeling_evaluator import contrastive_loss, pad

WITHOUT_THE_PACKAGE = """
import json, sys
sys.modules["tdmm_hf"] = None  # importing it fails, installed or not
import numpy as np
from transformers import AutoModel

model = AutoModel.from_pretrained(sys.argv[1], trust_remote_code=True)
texts = model.embed_texts(["the woman nods"])
motions = model.embed_motions([np.full((30, 55), 0.5)])
print(json.dumps([type(model).__module__.split(".")[0], texts.tolist(), motions.tolist()]))
"""


@pytest.fixture(scope="module")
def evaluator(small_tokenizer):
    torch.manual_seed(0)
    config = TDMMEvaluatorConfig(
        vocab_size=len(small_tokenizer), word_size=8, hidden_size=16, num_heads=2, feed_forward=24,
        embedding_size=6, conv_layers=2, motion_layers=1, text_layers=1, max_text_tokens=12,
        pad_token_id=small_tokenizer.pad_token_id,
    )  # fmt: skip
    model = TDMMEvaluator(config).eval()
    model.tokenizer = small_tokenizer
    return model


def motion(frames: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((frames, 55), dtype=np.float32)


@settings(max_examples=15)
@given(lengths=st.lists(st.integers(13, 90), min_size=2, max_size=5), seed=st.integers(0, 99))
def test_a_motion_alone_and_in_a_batch_is_the_same_point(evaluator, lengths, seed):
    motions = [motion(frames, seed + i) for i, frames in enumerate(lengths)]
    together = evaluator.embed_motions(motions)
    alone = torch.cat([evaluator.embed_motions([one]) for one in motions])
    torch.testing.assert_close(together, alone, atol=2e-5, rtol=0)
    torch.testing.assert_close(together.norm(dim=1), torch.ones(len(lengths)))


def test_a_text_alone_and_in_a_batch_is_the_same_point(evaluator):
    texts = ["she nods", "the woman laughs , wide eyed , and he smiles twice", "a man is a man"]
    together = evaluator.embed_texts(texts)
    alone = torch.cat([evaluator.embed_texts([one]) for one in texts])
    torch.testing.assert_close(together, alone, atol=2e-5, rtol=0)
    torch.testing.assert_close(
        evaluator.embed_texts(texts, batch_size=1), together, atol=2e-5, rtol=0
    )
    assert torch.cdist(together, together)[0, 1] > 1e-3


def test_what_is_masked_does_not_count(evaluator):
    padded, mask = pad([torch.from_numpy(motion(20)), torch.from_numpy(motion(33))])
    filled = padded.masked_fill(~mask[..., None], 7.0)
    with torch.no_grad():
        points = [evaluator.motion_features(values, mask) for values in (padded, filled)]
    assert torch.equal(*points)


def test_another_rate_is_nearly_the_same_point(evaluator):
    time = np.linspace(0, 4, 100)[:, None]
    slow = 0.5 + 0.3 * np.sin(time * np.linspace(0.5, 2, 55))
    fast = np.repeat(slow, 2, axis=0)
    points = evaluator.embed_motions([slow, fast, slow[::-1]], fps=[25, 50, 25])
    assert torch.dist(points[0], points[1]) < 0.2 * torch.dist(points[0], points[2])


def test_training_is_not_left_by_embedding(evaluator):
    evaluator.train()
    first, second = (evaluator.embed_motions([motion(30)]) for _ in range(2))
    assert evaluator.training
    evaluator.eval()
    assert torch.equal(first, second)


@pytest.mark.parametrize(
    ("frames", "fps", "message"),
    [
        (11, 25.0, r"a motion must last 0.5 to 60 s, got 0.44"),
        (1600, 25.0, r"a motion must last 0.5 to 60 s, got 64"),
        (30, 0.0, r"fps must be positive and finite, got 0.0"),
        (30, float("nan"), r"fps must be positive and finite, got nan"),
    ],
)
def test_lengths_and_rates_are_checked(evaluator, frames, fps, message):
    with pytest.raises(ValueError, match=message):
        evaluator.embed_motions([motion(frames)], fps=fps)


def test_the_shortest_and_longest_are_taken(evaluator):
    points = evaluator.embed_motions([motion(12), motion(1500), motion(15)], fps=[25, 25, 30])
    assert points.isfinite().all()


def test_wrong_input_is_named(evaluator):
    with pytest.raises(ValueError, match=r"motion must be \(frames, 55\), got shape \(30, 4\)"):
        evaluator.embed_motions([motion(30)[:, :4]])
    broken = motion(30)
    broken[3, 4] = np.nan
    with pytest.raises(ValueError, match="motion must be finite, got nan"):
        evaluator.embed_motions([broken])
    with pytest.raises(ValueError, match="a text must not be empty, got ' '"):
        evaluator.embed_texts(["she nods", " "])
    with pytest.raises(ValueError, match="texts must be a list of strings, got one string 'she'"):
        evaluator.embed_texts("she")
    with pytest.raises(ValueError, match="hidden_size must be a multiple of 2 x num_heads"):
        TDMMEvaluatorConfig(hidden_size=10, num_heads=4)


def test_the_loss_of_what_is_told_apart_is_small():
    right = torch.eye(4) * 20
    assert contrastive_loss(right) < 1e-6
    assert contrastive_loss(right.roll(1, dims=0)) > 10
    torch.testing.assert_close(contrastive_loss(torch.zeros(4, 4)), torch.tensor(4.0).log())


def test_pairs_that_mean_the_same_are_no_negatives():
    alike = torch.zeros(4, 4, dtype=torch.bool)
    alike[0, 1] = alike[1, 0] = True
    alike.fill_diagonal_(True)
    expected = torch.tensor([3.0, 3.0, 4.0, 4.0]).log().mean()
    torch.testing.assert_close(contrastive_loss(torch.zeros(4, 4), alike), expected)


@pytest.fixture(scope="module")
def checkpoint(evaluator, tmp_path_factory):
    return save_checkpoint(evaluator, tmp_path_factory.mktemp("evaluator"))


def test_saved_and_loaded_by_the_auto_classes(evaluator, checkpoint):
    assert type(AutoConfig.from_pretrained(checkpoint)) is TDMMEvaluatorConfig
    loaded = AutoModel.from_pretrained(checkpoint)
    assert type(loaded) is TDMMEvaluator
    for name, value in evaluator.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    points = [m.embed_texts(["she nods"]) for m in (loaded, evaluator)]
    torch.testing.assert_close(*points, atol=1e-6, rtol=0)
    trusted = AutoModel.from_pretrained(checkpoint, trust_remote_code=True)
    assert type(trusted) is TDMMEvaluator


def test_loads_without_the_package(evaluator, checkpoint, tmp_path):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment |= {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-I", "-c", WITHOUT_THE_PACKAGE, str(checkpoint)],
        cwd=tmp_path, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    module, texts, motions = json.loads(done.stdout.splitlines()[-1])
    assert module == "transformers_modules"
    here = evaluator.embed_texts(["the woman nods"])
    torch.testing.assert_close(torch.tensor(texts), here, atol=1e-5, rtol=0)
    here = evaluator.embed_motions([np.full((30, 55), 0.5)])
    torch.testing.assert_close(torch.tensor(motions), here, atol=1e-5, rtol=0)


def test_only_two_files_of_code_travel():
    names = [file.name for file in code_files("tdmm_evaluator")]
    assert names == ["configuration_evaluator.py", "modeling_evaluator.py"]


def test_a_motion_played_backwards_is_taken(evaluator):
    motion = np.random.default_rng(0).random((50, 55)).astype(np.float32)
    backwards = evaluator.embed_motions([motion[::-1]])
    torch.testing.assert_close(backwards, evaluator.embed_motions([motion[::-1].copy()]))
