"""Training the MotionTokenizer: it learns, and a stopped run ends where an unbroken one does."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from tdmm_hf.rigs import get_rig
from tdmm_hf.rigs.points import get_points
from tdmm_hf.settings import TokenizerSettings
from tdmm_hf.training import motion_tokenizer as training
from tdmm_hf.training.motion_tokenizer import (
    point_weights,
    tokenizer_config,
    train_motion_tokenizer,
)

SMALL = {"hidden_size": 24, "num_layers": 1, "latent_size": 8, "codebook_size": 32}
SETTINGS = TokenizerSettings(
    steps=40, batch_size=4, crop_frames=24, save_every=20, learning_rate=3e-3, threads=1
)


def _clips(count: int = 12) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    waves = np.sin(np.linspace(0, 6, 60)[:, None] * rng.uniform(0.5, 3, (count, 1, 55)))
    return [(0.3 + 0.3 * wave).astype(np.float32)[: 15 + 4 * i] for i, wave in enumerate(waves)]


def test_the_trained_codec_beats_the_mean_face(tmp_path):
    longer = dataclasses.replace(SETTINGS, steps=200, save_every=200, tracked_share=0.0)
    model = train_motion_tokenizer(_clips(), longer, tmp_path, progress=False, **SMALL)
    motion = torch.from_numpy(_clips()[-1])[None]
    with torch.no_grad():
        still = motion.mean(dim=1, keepdim=True) - motion
        points = torch.einsum("btc,cpx->btpx", still, model.geometry).abs().sum(dim=-1)
        mean_face = (points @ model.point_weights).mean()
        assert model(motion).vertex_loss < 0.8 * mean_face


def test_a_stopped_run_ends_where_an_unbroken_one_does(tmp_path, monkeypatch):
    unbroken = train_motion_tokenizer(_clips(), SETTINGS, tmp_path / "a", progress=False, **SMALL)

    def stop_at_25(model, optimizer, clips, settings, step, train_step=training._train_step):
        if step == 25:
            raise KeyboardInterrupt
        return train_step(model, optimizer, clips, settings, step)

    with monkeypatch.context() as patch:
        patch.setattr(training, "_train_step", stop_at_25)
        with pytest.raises(KeyboardInterrupt):
            train_motion_tokenizer(_clips(), SETTINGS, tmp_path / "b", progress=False, **SMALL)
    assert json.loads((tmp_path / "b/checkpoint/state.json").read_text())["step"] == 20
    resumed = train_motion_tokenizer(_clips(), SETTINGS, tmp_path / "b", progress=False, **SMALL)
    for name, value in unbroken.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, atol=0, rtol=0)


def test_finishing_teaches_the_decoders_alone(tmp_path):
    plain = train_motion_tokenizer(_clips(), SETTINGS, tmp_path / "a", progress=False, **SMALL)
    longer = dataclasses.replace(SETTINGS, finish_steps=60, finish_rate=3e-3, save_every=30)
    longer = dataclasses.replace(longer, finish_weights={"nose": 3.0})
    finished = train_motion_tokenizer(_clips(), longer, tmp_path / "b", progress=False, **SMALL)
    before, after = plain.state_dict(), finished.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(".decoder." in name or name == "point_weights" for name in changed)
    motion = torch.from_numpy(_clips()[-1])[None]
    codes = plain.encode(motion).codes
    assert torch.equal(codes, finished.encode(motion).codes)
    finished.point_weights.copy_(plain.point_weights)
    with torch.no_grad():
        losses = [model(motion, codes=codes).vertex_loss for model in (plain, finished)]
    assert losses[1] < losses[0]


def test_a_checkpoint_of_other_settings_is_refused(tmp_path):
    short = dataclasses.replace(SETTINGS, steps=1)
    train_motion_tokenizer(_clips(), short, tmp_path, progress=False, **SMALL)
    other = dataclasses.replace(short, seed=1)
    with pytest.raises(ValueError, match="holds a run with other settings"):
        train_motion_tokenizer(_clips(), other, tmp_path, progress=False, **SMALL)


def test_weights_make_the_error_of_each_region_relative():
    rig, clips = get_rig("sparse"), _clips()
    values = np.concatenate(clips)
    moved = np.abs(np.tensordot(values, rig.linear_geometry, axes=1)).sum(-1).mean(0)
    weighted = point_weights(rig, clips) * moved
    regions = np.array(rig.regions)
    shares = [weighted[regions == region].sum() for region in set(rig.regions)]
    np.testing.assert_allclose(shares, 1 / len(shares))


def test_a_region_can_count_more():
    rig, clips = get_rig("sparse"), _clips()
    even, uneven = point_weights(rig, clips), point_weights(rig, clips, {"mouth": 3.0})
    mouth = np.array(rig.regions) == "mouth"
    ratio = uneven / even
    assert np.allclose(ratio[mouth], 3 * ratio[~mouth][0])
    assert np.allclose(ratio[~mouth], ratio[~mouth][0])
    with pytest.raises(ValueError, match="region_weights must name regions of the rig, got chin"):
        point_weights(rig, clips, {"chin": 2.0})


@pytest.mark.parametrize("preset", ["default", "paper"])
def test_presets_describe_arkit(preset):
    config = tokenizer_config(preset)
    assert config.num_channels == 55
    assert config.channels[-1] == "headRoll"
    assert config.tokens_per_second <= 25
    assert config.num_points == len(get_points("tdmm").neutral)


def test_unknown_preset_is_named():
    with pytest.raises(ValueError, match="unknown tokenizer preset 'none'"):
        tokenizer_config("none")
