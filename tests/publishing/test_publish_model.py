"""Checkpoints as models of the Hub: what is taken, what is refused, and the whole way round."""

import json
import shutil

import pytest

from tdmm_hf.hub import save_checkpoint
from tdmm_hf.publishing import model

FROM_THE_HUB = """
import json, sys
sys.modules["tdmm_hf"] = None  # importing it fails, installed or not
import torch
torch.set_num_threads(1)
from transformers import AutoProcessor, pipeline
repo = "user/small-face"
processor = AutoProcessor.from_pretrained(repo, trust_remote_code=True)
make = pipeline("text-to-face-motion", model=repo, device="cpu", trust_remote_code=True)
print(json.dumps({
    "processor": type(processor).__name__,
    "motion": list(make("She nods.", duration=1.0, seed=1)["motion"].shape),
}))
"""


@pytest.fixture
def codec(small_codec, tmp_path):
    """A checkpoint of a motion tokenizer that may be changed."""
    return save_checkpoint(small_codec, tmp_path / "small-codec")


@pytest.fixture
def loads(monkeypatch):
    """A checkpoint is taken to load, in tests of anything else."""
    found = {"class": "MotionTokenizer", "parameters": 1000}
    monkeypatch.setattr(model, "run_trial", lambda *_: found)


def test_a_model_goes_round_the_hub(hub, small_checkpoint, tdmm, elsewhere):
    """Pushed by the command, it loads from the Hub where the package is not installed."""
    status, out, err = tdmm("push", "model", small_checkpoint, "--repo", "user/small-face")
    assert status == 0, err
    assert out.splitlines()[-1] == f"{hub.endpoint}/user/small-face"
    assert 'model="user/small-face"' in hub.repos["user/small-face"]["README.md"].decode()
    assert json.loads(elsewhere(FROM_THE_HUB).splitlines()[-1]) == {
        "processor": "TDMMProcessor",
        "motion": [25, 55],
    }


def test_a_dry_run_shows_the_plan_and_sends_nothing(hub, codec, loads, tmp_path, tdmm):
    out = tmp_path / "out"
    status, said, _ = tdmm("push", "model", codec, "--repo", "user/x", "--dry-run", "--out", out)
    assert status == 0
    lines = said.splitlines()
    assert "model user/x: is not on the Hub, would be created (public)" in lines
    assert any(line.endswith("  model.safetensors") for line in lines)
    assert lines[-1] == f"nothing was uploaded, the folder is {out}"
    assert not hub.repos
    assert (out / "model.safetensors").samefile(codec / "model.safetensors") or (
        (out / "model.safetensors").read_bytes() == (codec / "model.safetensors").read_bytes()
    )


def test_only_what_loading_needs_is_taken(codec, loads, tmp_path):
    (codec / "training_args.bin").write_bytes(b"a pickle")
    (codec / "checkpoint-3").mkdir()
    (codec / "checkpoint-3" / "optimizer.pt").write_bytes(b"states")
    taken = model.prepare_model(codec, tmp_path / "out").files()
    assert set(taken) == {
        "README.md", "config.json", "model.safetensors", "configuration_motion_tokenizer.py",
        "modeling_motion_tokenizer.py", "quantizers.py",
    }  # fmt: skip


def test_a_checkpoint_is_not_changed(codec, loads, tmp_path):
    before = {path.name: path.read_bytes() for path in codec.iterdir()}
    model.prepare_model(codec, tmp_path / "out", "user/x")
    assert {path.name: path.read_bytes() for path in codec.iterdir()} == before


def test_a_card_of_ones_own_is_kept_and_marked(codec, loads, tmp_path):
    (codec / "README.md").write_text("---\nlicense: mit\n---\n\nMy words.\n")
    model.prepare_model(codec, tmp_path / "out", keep_card=True)
    card = (tmp_path / "out" / "README.md").read_text()
    assert "My words." in card
    assert "- tdmm-hf" in card
    assert "tdmm-hf" not in (codec / "README.md").read_text()


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (lambda at: (at / "config.json").unlink(), "folder with a config.json"),
        (lambda at: (at / "config.json").write_text("{"), "not JSON"),
        (lambda at: (at / "config.json").write_text("{}"), "name an AutoModel in auto_map"),
        (lambda at: (at / "modeling_motion_tokenizer.py").unlink(), "must carry its code"),
        (lambda at: (at / "model.safetensors").unlink(), "weights as safetensors"),
        (
            lambda at: (at / "model.safetensors.index.json").write_text(
                '{"weight_map": {"x": "model-00001-of-00002.safetensors"}}'
            ),
            "weights are missing, none of model-00001-of-00002",
        ),
    ],
)
def test_what_is_no_checkpoint_is_refused(codec, loads, tmp_path, spoil, rule):
    spoil(codec)
    with pytest.raises(ValueError, match=rule):
        model.prepare_model(codec, tmp_path / "out")


def test_code_that_does_not_run_is_found(codec, tmp_path, tdmm):
    """A checkpoint that loads here, with the package, and nowhere else."""
    (codec / "quantizers.py").unlink()
    status, _, said = tdmm("push", "model", codec, "--out", tmp_path / "out")
    assert (status, said.count("\n")) == (2, 1)
    assert "AutoModel does not load the folder" in said
    assert "quantizers.py" in said
    assert not (tmp_path / "out").exists()


def test_weights_that_do_not_fit_are_found(codec, tmp_path, try_here):
    from safetensors.numpy import load_file, save_file

    weights = load_file(codec / "model.safetensors")
    weights.pop(next(iter(weights)))
    save_file(weights, codec / "model.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match="weights do not fit the model: missing_keys"):
        model.prepare_model(codec, tmp_path / "out")


def test_weights_that_are_no_numbers_are_found(codec, tmp_path, try_here):
    from safetensors.numpy import load_file, save_file

    weights = load_file(codec / "model.safetensors")
    name = next(name for name in weights if weights[name].dtype == "float32")
    weights[name] = weights[name] * float("nan")
    save_file(weights, codec / "model.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match=f"weights must be finite, got others in {name}"):
        model.prepare_model(codec, tmp_path / "out")


def test_the_folder_itself_is_not_taken_for_a_place_to_prepare(codec, tdmm):
    status, _, said = tdmm("push", "model", codec, "--out", codec)
    assert status == 2
    assert "new or empty" in said
    assert (codec / "model.safetensors").is_file()


def test_links_do_not_lead_out(codec, loads, tmp_path, monkeypatch):
    """What is linked in a checkpoint is whole in the folder, also on another disk."""
    real = shutil.move(codec / "model.safetensors", tmp_path / "blob")
    (codec / "model.safetensors").symlink_to(real)
    monkeypatch.setattr("tdmm_hf.publishing.folder.LINKED_BYTES", 0)
    monkeypatch.setattr("os.link", _no_links)
    model.prepare_model(codec, tmp_path / "out")
    weights = tmp_path / "out" / "model.safetensors"
    assert not weights.is_symlink()
    assert weights.read_bytes() == real.read_bytes()


def _no_links(*_):
    raise OSError("Invalid cross-device link")
