"""A saved checkpoint loads through the Auto classes, with the package and without it."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoProcessor,
    AutoTokenizer,
)

from tdmm_hf import modeling
from tdmm_hf.hub import code_files, save_checkpoint

WITHOUT_THE_PACKAGE = """
import json, sys
sys.modules["tdmm_hf"] = None  # importing it fails, installed or not
import numpy as np
import torch
torch.set_num_threads(1)
from transformers import (
    AutoConfig, AutoModel, AutoModelForCausalLM, AutoProcessor, AutoTokenizer, pipeline
)

model_dir, codec_dir, again_dir = sys.argv[1:]
trust = {"trust_remote_code": True}
found = {
    "config": AutoConfig.from_pretrained(model_dir, **trust),
    "base": AutoModel.from_pretrained(model_dir, **trust),
    "model": AutoModelForCausalLM.from_pretrained(model_dir, **trust),
    "processor": AutoProcessor.from_pretrained(model_dir, **trust),
    "tokenizer": AutoTokenizer.from_pretrained(model_dir, **trust),
    "codec": AutoModel.from_pretrained(codec_dir, **trust),
}
make = pipeline("text-to-face-motion", model=model_dir, device="cpu", **trust)
made = make(["She nods.", "He smiles."], duration=1.0, seed=[1, 2])
half = pipeline("text-to-face-motion", model=model_dir, dtype=torch.bfloat16, device="cpu", **trust)
read = pipeline("face-motion-to-text", model=model_dir, device="cpu", **trust)
texts = read([made[0], made[1]["motion"]], max_new_tokens=3)
found["model"].save_pretrained(again_dir)
print(json.dumps({
    "classes": {name: type(value).__name__ for name, value in found.items()},
    "modules": sorted({type(v).__module__.split(".")[0] for v in found.values()}),
    "motion": made[1]["motion"].astype(float).sum(axis=1).tolist(),
    "half": list(half("She nods.", duration=1.0, seed=1)["motion"].shape),
    "texts": [text["generated_text"] for text in texts],
}))
"""


@pytest.fixture(scope="module")
def codec_checkpoint(small_codec, tmp_path_factory):
    return save_checkpoint(small_codec, tmp_path_factory.mktemp("codec"))


@pytest.fixture(scope="module")
def loaded_without_the_package(small_checkpoint, codec_checkpoint, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment |= {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "2"}
    again = home / "again"
    arguments = [str(small_checkpoint), str(codec_checkpoint), str(again)]
    done = subprocess.run(
        [sys.executable, "-I", "-c", WITHOUT_THE_PACKAGE, *arguments],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]) | {"again": again}


def test_auto_classes_without_the_package(loaded_without_the_package):
    assert loaded_without_the_package["classes"] == {
        "config": "TDMMConfig",
        "base": "TDMMForCausalLM",
        "model": "TDMMForCausalLM",
        "processor": "TDMMProcessor",
        "tokenizer": "TokenizersBackend",
        "codec": "MotionTokenizer",
    }
    assert loaded_without_the_package["modules"] == ["transformers", "transformers_modules"]


def test_pipelines_without_the_package(loaded_without_the_package, small_model):
    here = small_model.generate_motion("He smiles.", duration=1.0, seed=2).motions[0]
    np.testing.assert_allclose(
        loaded_without_the_package["motion"], here.astype(float).sum(axis=1), atol=1e-4
    )
    assert loaded_without_the_package["half"] == [25, 55]
    assert len(loaded_without_the_package["texts"]) == 2


def test_a_model_loaded_from_remote_code_saves_the_same_map(loaded_without_the_package):
    saved = json.loads((loaded_without_the_package["again"] / "config.json").read_text())
    assert saved["auto_map"]["AutoModelForCausalLM"] == "modeling_tdmm.TDMMForCausalLM"
    assert "text-to-face-motion" in saved["custom_pipelines"]


def test_auto_classes_with_the_package(small_checkpoint, codec_checkpoint):
    found = {
        AutoConfig: modeling.TDMMConfig,
        AutoModel: modeling.TDMMForCausalLM,
        AutoModelForCausalLM: modeling.TDMMForCausalLM,
        AutoProcessor: modeling.TDMMProcessor,
    }
    for auto_class, expected in found.items():
        assert type(auto_class.from_pretrained(small_checkpoint)) is expected
        trusted = auto_class.from_pretrained(small_checkpoint, trust_remote_code=True)
        assert type(trusted) is expected
    assert AutoTokenizer.from_pretrained(small_checkpoint).padding_side == "left"
    assert type(AutoModel.from_pretrained(codec_checkpoint)) is modeling.MotionTokenizer


def test_config_names_plain_strings_and_no_rig_file(small_checkpoint):
    config = json.loads((small_checkpoint / "config.json").read_text())
    assert all(isinstance(value, str) for value in config["auto_map"].values())
    assert set(config["custom_pipelines"]) == {"text-to-face-motion", "face-motion-to-text"}
    for reference in config["auto_map"].values():
        assert (small_checkpoint / (reference.split(".")[0] + ".py")).exists()


def test_modeling_is_flat_and_imports_little():
    allowed = ("torch", "transformers", "numpy", ".")
    standard = {"collections", "copy", "inspect", "itertools", "json", "math", "re", "shutil"}
    standard |= {"dataclasses", "functools", "pathlib"}
    for file in code_files("tdmm"):
        for line in file.read_text().splitlines():
            words = line.split()
            if words[:1] in (["import"], ["from"]) and not line.startswith(" "):
                module = words[1]
                assert module.split(".")[0] in standard or module.startswith(allowed), line
                assert module != ".", line
