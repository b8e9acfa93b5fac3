"""MotionTokenizer: lengths, masks, batches, saving, and the loss in geometry."""

import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tdmm_hf.hub import save_checkpoint
from tdmm_hf.modeling.configuration_motion_tokenizer import MotionTokenizerConfig
from tdmm_hf.modeling.modeling_motion_tokenizer import MotionTokenizer

CHANNELS = 6
SPLIT = [{"groups": ["a"], "num_codebooks": 2}, {"groups": ["b"], "num_codebooks": 1}]


def _config(**changes) -> MotionTokenizerConfig:
    small = {
        "channels": [f"c{i}" for i in range(CHANNELS)],
        "channel_groups": ["a", "b", "a", "b", "a", "a"],
        "num_points": 5,
        "hidden_size": 16,
        "num_layers": 2,
        "latent_size": 8,
        "codebook_size": 12,
        "fsq_levels": [3, 2, 2],
    }
    return MotionTokenizerConfig(**{**small, **changes})


def _model(**changes) -> MotionTokenizer:
    """A small model whose codebooks have seen data."""
    torch.manual_seed(0)
    model = MotionTokenizer(_config(**changes)).train()
    model.set_statistics(
        mean=torch.full((CHANNELS,), 0.1),
        std=torch.full((CHANNELS,), 2.0),
        geometry=torch.randn(CHANNELS, 5, 3),
        point_weights=torch.rand(5),
    )
    for _ in range(3):
        model(torch.randn(4, 32, CHANNELS))
    return model.eval()


NARROW = [SPLIT[0], {**SPLIT[1], "hidden_size": 6}]

MODELS = {
    "rvq": _model(),
    "split": _model(streams=SPLIT),
    "narrow": _model(streams=NARROW),
    "fsq": _model(quantizer="fsq"),
    "frames": _model(downsample=1, streams=[{"groups": None, "num_codebooks": 1}]),
}


def test_a_stream_may_have_a_width_of_its_own():
    wide, narrow = (stream.encoder.conv_out.in_channels for stream in MODELS["narrow"].streams)
    assert (wide, narrow) == (16, 6)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("frames", [1, 3, 4, 5, 33])
def test_lengths(name, frames):
    model = MODELS[name]
    codes = model.encode(torch.randn(2, frames, CHANNELS)).codes
    steps = -(-frames // model.config.downsample)
    assert codes.shape == (2, steps, model.config.num_codebooks)
    assert codes.min() >= 0
    assert codes.max() < model.config.codebook_size
    assert model.decode(codes).shape == (2, steps * model.config.downsample, CHANNELS)


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=15, deadline=None)
@given(lengths=st.lists(st.integers(1, 40), min_size=2, max_size=4), seed=st.integers(0, 99))
def test_alone_and_padded_in_a_batch_are_the_same(name, lengths, seed):
    model = MODELS[name]
    generator = torch.Generator().manual_seed(seed)
    motions = [torch.randn(n, CHANNELS, generator=generator) for n in lengths]
    padded = torch.nn.utils.rnn.pad_sequence(motions, batch_first=True, padding_value=7.0)
    mask = torch.arange(padded.shape[1])[None] < torch.tensor(lengths)[:, None]
    batch = model.encode(padded, mask)
    decoded = model.decode(batch.codes, batch.mask)
    for i, motion in enumerate(motions):
        alone = model.encode(motion[None]).codes
        steps = alone.shape[1]
        assert batch.mask[i].sum() == steps
        torch.testing.assert_close(batch.codes[i, :steps], alone[0])
        expected = model.decode(alone)[0, : len(motion)]
        torch.testing.assert_close(decoded[i, : len(motion)], expected, atol=1e-5, rtol=1e-5)


def test_forward_reconstructs_what_decode_gives():
    model, motion = MODELS["split"], torch.randn(2, 13, CHANNELS)
    output = model(motion)
    torch.testing.assert_close(output.codes, model.encode(motion).codes)
    torch.testing.assert_close(output.reconstruction, model.decode(output.codes)[:, :13])


def test_losses_are_relative_errors_on_points():
    model, motion = MODELS["rvq"], torch.randn(2, 9, CHANNELS)
    output = model(motion)
    error = output.reconstruction - motion
    points = torch.einsum("btc,cpx->btpx", error, model.geometry).abs().sum(-1)
    torch.testing.assert_close(output.vertex_loss, (points * model.point_weights).sum(-1).mean())
    torch.testing.assert_close(output.coefficient_loss, (error / model.std).abs().mean())


def test_padding_does_not_change_the_loss():
    model, motion = MODELS["rvq"], torch.randn(1, 12, CHANNELS)
    padded = torch.cat([motion, torch.full((1, 8, CHANNELS), 50.0)], dim=1)
    mask = torch.arange(20)[None] < 12
    torch.testing.assert_close(model(padded, mask).loss, model(motion).loss)


def test_a_lost_face_is_held_over():
    model, motion = MODELS["rvq"], torch.randn(1, 16, CHANNELS)
    mask = torch.ones(1, 16, dtype=torch.bool)
    mask[:, 5:8] = False
    held = motion.clone()
    held[:, 5:8] = held[:, 4:5]
    torch.testing.assert_close(model.encode(motion, mask).codes, model.encode(held).codes)


def test_unobserved_channels_count_as_their_mean():
    model, motion = MODELS["rvq"], torch.randn(1, 16, CHANNELS)
    observed = torch.ones(1, CHANNELS, dtype=torch.bool)
    observed[:, 2] = False
    filled = motion.clone()
    filled[..., 2] = model.mean[2]
    unseen = model.encode(motion, observed=observed).codes
    torch.testing.assert_close(unseen, model.encode(filled).codes)


def test_decoded_values_keep_their_bounds():
    model = _model(lower=[0.0] * CHANNELS, upper=[0.05] * CHANNELS)
    motion = model.decode(model.encode(torch.randn(1, 20, CHANNELS)).codes)
    assert motion.min() >= 0
    assert motion.max() <= 0.05


def test_streams_are_independent():
    model, motion = MODELS["split"], torch.randn(1, 16, CHANNELS)
    other = motion.clone()
    other[..., [1, 3]] += 1
    codes, changed = model.encode(motion).codes, model.encode(other).codes
    torch.testing.assert_close(codes[..., :2], changed[..., :2])
    decoded, redecoded = model.decode(codes), model.decode(changed)
    torch.testing.assert_close(decoded[..., [0, 2, 4, 5]], redecoded[..., [0, 2, 4, 5]])


def test_save_and_load_keep_every_buffer(tmp_path):
    model = MODELS["split"]
    model.save_pretrained(tmp_path)
    loaded = MotionTokenizer.from_pretrained(tmp_path)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], value)


def test_codec_stays_in_fp32(tmp_path):
    MODELS["rvq"].save_pretrained(tmp_path)
    loaded = MotionTokenizer.from_pretrained(tmp_path, dtype=torch.bfloat16)
    assert {value.dtype for value in loaded.state_dict().values()} == {torch.float32}


def test_loads_as_remote_code_without_the_package(tmp_path):
    save_checkpoint(MODELS["rvq"], tmp_path / "tokenizer")
    script = (
        "import sys, torch, transformers; sys.modules['tdmm_hf'] = None\n"
        "model = transformers.AutoModel.from_pretrained('tokenizer', trust_remote_code=True)\n"
        f"print(model.encode(torch.zeros(1, 10, {CHANNELS})).codes.tolist())\n"
    )
    environment = {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    expected = MODELS["rvq"].encode(torch.zeros(1, 10, CHANNELS)).codes.tolist()
    assert done.stdout.strip() == str(expected)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"quantizer": "pq"}, "quantizer must be one of"),
        ({"fps": 0}, "fps must be positive"),
        ({"downsample": 0}, "downsample at least 1"),
        ({"channel_groups": ["a"]}, "channel_groups must name 6 groups, got 1"),
        ({"streams": [{"groups": ["a"], "num_codebooks": 1}]}, "streams must cover each channel"),
    ],
)
def test_config_names_the_broken_rule(changes, message):
    with pytest.raises(ValueError, match=message):
        _config(**changes)


def test_wrong_width_is_named():
    with pytest.raises(ValueError, match="motion must have 6 channels, got 7"):
        MODELS["rvq"].encode(torch.zeros(1, 4, 7))
