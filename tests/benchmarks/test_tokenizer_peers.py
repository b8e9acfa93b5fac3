"""Published motion tokenizers beside ours: what they are, what they cost, who beats whom."""

import dataclasses
import json
import math

import numpy as np
import pytest
import torch

pytest.importorskip("vector_quantize_pytorch", reason="vector-quantize-pytorch is not installed")

import tokenizer_peers as benchmark
from peers import figures, kept, quantizers, training
from peers.codec import Layout, MotionVQVAE, load_designs, statistics
from peers.network import Decoder, Encoder
from peers.training import losses, new_codec, train

from tdmm_hf.evaluation.metrics.geometry import FaceSurface
from tdmm_hf.evaluation.metrics.rate import code_rate
from tdmm_hf.modeling.modeling_motion_tokenizer import MotionTokenizer
from tdmm_hf.motion import FaceMotion
from tdmm_hf.rigs import get_rig
from tdmm_hf.settings import TokenizerSettings
from tdmm_hf.training.motion_tokenizer import tokenizer_config, train_motion_tokenizer
from tdmm_hf.training.schedule import warm_then_cosine

DESIGNS = load_designs()
PEERS = {name: Layout(**entry["layout"]) for name, entry in DESIGNS["peers"].items()}
FPS = 25.0


def tiny(name: str) -> Layout:
    """A peer's layout in a small network with small codebooks."""
    layout = dataclasses.replace(PEERS[name], width=8, latent_size=6)
    return layout if layout.levels else dataclasses.replace(layout, codebook_size=8)


def some_clips(count: int = 6, frames: int = 24) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [rng.uniform(0.0, 1.0, (frames, 55)).astype(np.float32) for _ in range(count)]


def small_settings(**changes) -> TokenizerSettings:
    given = {"steps": 3, "batch_size": 4, "crop_frames": 20, "tracked_share": 0.0}
    return TokenizerSettings(**{**given, **changes})


def ours_config(name: str):
    changes = kept._changes(DESIGNS["ours"][name], TokenizerSettings(rig="sparse"))
    return tokenizer_config(rig="sparse", **changes)


@pytest.mark.parametrize(
    ("name", "tokens", "bits"),
    [
        ("vq", 6.25, 56.25),
        ("vq_frame", 25, 225),
        ("rvq", 37.5, 337.5),
        ("rvq_4x2048", 25, 275),
        ("fsq", 6.25, 6.25 * math.log2(1000)),
        ("fsq_x4", 25, 25 * math.log2(1000)),
    ],
)
def test_rates_of_the_published_designs(name, tokens, bits):
    rate = code_rate(PEERS[name].codebook_sizes, FPS / PEERS[name].downsample)
    assert rate.tokens_per_second == pytest.approx(tokens)
    assert rate.bits_per_second == pytest.approx(bits)


@pytest.mark.parametrize("name", ["vq", "vq_frame", "rvq"])
def test_ours_at_a_peers_rate_has_its_tokens_and_its_bits(name):
    config = ours_config(f"tdmm_{name}")
    sizes = [config.codebook_size] * config.num_codebooks
    ours = code_rate(sizes, config.fps / config.downsample)
    assert ours == code_rate(PEERS[name].codebook_sizes, FPS / PEERS[name].downsample)


def test_networks_are_of_one_size():
    def size(model):
        return sum(weight.numel() for weight in model.parameters())

    ours = size(MotionTokenizer(ours_config("tdmm")))
    for name, layout in PEERS.items():
        assert size(MotionVQVAE(layout)) == pytest.approx(ours, rel=0.1), name


def test_the_network_of_t2m_gpt_has_its_published_size():
    # 512 wide on 263 channels: 4,5 M for the first level, and so on, counted by hand
    width, channels = 512, 263
    block = width * width * 3 + width + width * width + width
    same, slower = width * width * 3 + width, width * width * 4 + width
    ends = channels * width * 3 + width + same
    encoder = sum(w.numel() for w in Encoder(channels, width, width, 4).parameters())
    assert encoder == ends + 2 * (slower + 3 * block)
    decoder = sum(w.numel() for w in Decoder(channels, width, width, 4).parameters())
    last = same + width * channels * 3 + channels
    assert decoder == same + 2 * (3 * block + same) + last


@pytest.mark.parametrize("downsample", [1, 4])
def test_network_rates(downsample):
    latents = Encoder(55, 8, 6, downsample)(torch.zeros(1, 55, 24))
    assert latents.shape == (1, 6, 24 // downsample)
    assert Decoder(55, 8, 6, downsample)(latents).shape == (1, 55, 24)


def test_another_downsampling_is_an_error():
    with pytest.raises(ValueError, match="downsample must be one of \\[1, 4\\], got 3"):
        Encoder(55, 8, 6, 3)


@pytest.mark.parametrize("name", PEERS)
def test_codes_hold_all_that_the_decoder_gets(name):
    clips = some_clips()
    codec = train(clips, tiny(name), small_settings(), DESIGNS["training"])
    motion = torch.from_numpy(np.stack(clips[:2]))
    codes = codec.encode(motion).codes
    layout = codec.layout
    assert codes.shape == (2, 24 // layout.downsample, layout.codebooks)
    assert codes.dtype == torch.int64
    assert all(codes[..., i].max() < size for i, size in enumerate(layout.codebook_sizes))
    with torch.no_grad():
        through = codec(codec.normalise(motion)).motion * codec.scale + codec.mean
    decoded = codec.decode(codes)
    assert torch.allclose(decoded, through.clamp(codec.lower, codec.upper), atol=1e-5)


def test_a_last_step_that_is_not_full_repeats_the_last_frame():
    codec = train(some_clips(), tiny("vq"), small_settings(), DESIGNS["training"])
    motion = torch.from_numpy(some_clips(1, 22)[0])[None]
    full = torch.cat([motion, motion[:, -1:].expand(-1, 2, -1)], dim=1)
    assert torch.equal(codec.encode(motion).codes, codec.encode(full).codes)


def test_weights_share_a_scale_and_head_angles_another():
    clips = some_clips()
    mean, scale = statistics(clips)
    deviation = np.concatenate(clips).std(axis=0, ddof=1)
    assert np.allclose(mean, np.concatenate(clips).mean(axis=0), atol=1e-6)
    assert np.allclose(scale[:52], deviation[:52].mean(), rtol=1e-5)
    assert np.allclose(scale[52:], deviation[52:].mean(), rtol=1e-5)


def test_the_loss_is_smooth_l1_of_motion_and_velocity_and_the_commitment():
    clips = some_clips()
    codec = new_codec(clips, tiny("fsq"), small_settings())
    found = losses(codec, torch.from_numpy(np.stack(clips)), DESIGNS["training"])
    assert found["commitment"] == 0
    expected = found["motion"] + 0.5 * found["velocity"]
    assert torch.allclose(found["all"], expected)


def test_codes_that_are_hardly_used_come_back():
    codec = new_codec(some_clips(), tiny("vq"), small_settings()).train()
    inner = codec.quantizer.inner
    latents = torch.randn(4, 50, 6)
    codec.quantizer(latents)
    inner._codebook.embed[:, 1:] = inner._codebook.embed_avg[:, 1:] = 1e3
    inner._codebook.cluster_size[:, 1:] = 1e-6
    for _ in range(5):
        codec.quantizer(latents)
    codec.eval()
    assert len(codec.quantizer.encode(latents).unique()) > 4


def test_residual_codebooks_that_are_dropped_count_for_nothing(monkeypatch):
    monkeypatch.setattr(quantizers, "CODEBOOK_DROPOUT", 1.0)
    quantizer = quantizers.build(tiny("rvq"), batch_latents=200).train()
    latents = torch.randn(4, 50, 6)
    quantizer(latents)
    found = []
    for seed in range(12):
        torch.manual_seed(seed)
        quantized, commitment = quantizer(latents)
        found.append((round(commitment.item(), 6), (quantized - latents).pow(2).mean().item()))
    first = [error for loss, error in found if error == pytest.approx(loss, rel=1e-3)]
    assert first  # only the first codebook was left: its loss is all the error
    assert min(error for _, error in found) < 0.8 * max(first)


def test_ours_and_a_peer_are_trained_on_the_same_batches(tmp_path, monkeypatch):
    clips, settings = some_clips(), small_settings(rig="sparse")
    seen = {"ours": [], "peer": []}
    forward, peer_losses = MotionTokenizer.forward, training.losses

    def ours_sees(model, motion, *others, **named):
        seen["ours"].append(motion)
        return forward(model, motion, *others, **named)

    def peer_sees(codec, motion, weights):
        seen["peer"].append(motion)
        return peer_losses(codec, motion, weights)

    monkeypatch.setattr(MotionTokenizer, "forward", ours_sees)
    monkeypatch.setattr(training, "losses", peer_sees)
    train_motion_tokenizer(clips, settings, tmp_path, progress=False, hidden_size=8)
    train(clips, tiny("fsq"), settings, DESIGNS["training"])
    assert len(seen["ours"]) == len(seen["peer"]) == settings.steps
    for one, other in zip(*seen.values(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("name", ["vq", "rvq"])
def test_a_stopped_peer_ends_with_the_weights_it_would_have_had(tmp_path, monkeypatch, name):
    clips, settings = some_clips(), small_settings(steps=8, save_every=2)
    whole = train(clips, tiny(name), settings, DESIGNS["training"])
    checkpoint, left, peer_losses = tmp_path / "state.pt", iter(range(5)), training.losses

    def stops(*arguments):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return peer_losses(*arguments)

    monkeypatch.setattr(training, "losses", stops)
    with pytest.raises(KeyboardInterrupt):
        train(clips, tiny(name), settings, DESIGNS["training"], checkpoint)
    monkeypatch.setattr(training, "losses", peer_losses)
    resumed = train(clips, tiny(name), settings, DESIGNS["training"], checkpoint)
    for key, values in whole.state_dict().items():
        assert torch.equal(values, resumed.state_dict()[key]), key


def test_the_learning_rate_warms_up_and_ends_near_zero():
    settings = small_settings(steps=100, warmup=0.1)
    shares = [warm_then_cosine(step, settings.steps, settings.warmup) for step in range(100)]
    assert shares[:10] == pytest.approx(np.arange(1, 11) / 10)
    assert max(shares) == 1
    assert shares[55] == pytest.approx(0.5)
    assert 0 < shares[-1] < 0.001


def test_training_makes_the_loss_smaller():
    levels = np.linspace(0, 1, 8, dtype=np.float32)
    still = [np.full((24, 55), level, dtype=np.float32) for level in levels]
    settings, faster = small_settings(steps=60), DESIGNS["training"] | {"learning_rate": 5e-3}
    layout = dataclasses.replace(tiny("vq"), width=24)
    batch = torch.from_numpy(np.stack(still))[:, :20]
    untrained = new_codec(still, layout, settings).eval()
    trained = train(still, layout, settings, faster)
    with torch.no_grad():
        before, after = (losses(c, batch, faster)["motion"] for c in (untrained, trained))
    assert after < 0.5 * before


@pytest.mark.parametrize("name", ["fsq", "tdmm_vq"])
def test_a_trained_design_is_kept(tmp_path, name, monkeypatch):
    clips, settings = some_clips(), small_settings(steps=1, rig="sparse")
    first = kept.trained(name, clips, settings, tmp_path)
    for trainer in ("train", "train_motion_tokenizer"):
        monkeypatch.setattr(kept, trainer, None)
    again = kept.trained(name, clips, dataclasses.replace(settings, threads=1), tmp_path)
    for one, other in zip(
        first.model.state_dict().values(), again.model.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other)
    assert (first.title, first.codebook_sizes) == (again.title, again.codebook_sizes)
    with pytest.raises(ValueError, match="trained in another way"):
        kept.trained(name, clips[1:], settings, tmp_path)


def row(family: str, bits: float, error: float, title: str = "peer") -> dict:
    found = dict.fromkeys(figures.DISTORTIONS, error)
    rates = {"bits_per_second": bits, "tokens_per_second": bits / 10}
    return {"title": title, "family": family, **rates, **found}


def test_ours_is_held_against_a_peer_at_no_more_bits():
    ours = [row("ours", 50, 0.5, "low"), row("ours", 100, 0.3, "high")]
    found = figures.compare([*ours, row("vq", 90, 1.0)])
    (match,) = found["matched"]
    assert (match["ours"], match["peer"]) == ("low", "peer")
    assert match["fve_less_percent"] == pytest.approx(50)
    assert found["reached"] == {"frontier": True, "fve": True, "lve": True}


def test_a_quarter_less_than_each_vq_vae_is_asked_for():
    ours = row("ours", 50, 0.5, "ours")
    close, far, grid = row("vq", 50, 0.6), row("rvq", 60, 0.8), row("fsq", 50, 0.51)
    assert figures.compare([ours, far, grid])["reached"]["fve"]
    assert not figures.compare([ours, far, close])["reached"]["fve"]
    assert not figures.compare([ours, grid])["reached"]["fve"]  # no VQ-VAE, nothing shown


def test_a_peer_that_is_better_at_fewer_bits_beats_ours():
    found = figures.compare([row("ours", 50, 0.5, "ours"), row("vq", 40, 0.4)])
    assert not found["reached"]["frontier"]
    assert found["matched"] == []
    assert {one["distortion"] for one in found["beaten"]} == set(figures.DISTORTIONS)
    better = row("vq", 40, 0.4) | {"tokens_per_second": 9.0}
    assert {one["rate"] for one in figures.compare([row("ours", 50, 0.5), better])["beaten"]} == {
        "bits_per_second"
    }


def test_weight_error_leaves_the_head_out():
    values = np.zeros((10, 55))
    other = values.copy()
    other[:, 10], other[:, 53] = 0.52, 1.0
    found = figures.weight_error([FaceMotion(other)], [FaceMotion(values)])
    assert found == pytest.approx(1.0)


def test_velocity_error_is_that_of_a_ramp():
    surface = FaceSurface(get_rig("tdmm"))
    still = np.zeros((6, 55))
    held, ramp = still.copy(), still.copy()
    held[:, 24] = 0.5  # an offset that stays is no error of velocity
    ramp[:, 24] = np.linspace(0, 0.5, 6)
    assert figures.velocity_error([FaceMotion(held)], [FaceMotion(still)], surface) == 0
    found = figures.velocity_error([FaceMotion(ramp)], [FaceMotion(still)], surface)
    opened = surface.displacements(FaceMotion(held))[0, surface.face]
    expected = np.linalg.norm(opened, axis=-1).mean() * FPS / 5
    assert found == pytest.approx(expected, rel=1e-4)


def test_the_benchmark_writes_figures_and_a_plot(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(benchmark, "held_out_clips", lambda count, seed: some_clips(count, 80))
    out = tmp_path / "result.json"
    command = f"x --designs tdmm_vq fsq --steps 1 --clips 3 --held-out 2 --work {tmp_path}"
    monkeypatch.setattr("sys.argv", [*command.split(), "--out", str(out)])
    benchmark.main()
    result = json.loads(out.read_text())
    assert set(result["designs"]) == {"tdmm_vq", "fsq"}
    assert result["designs"]["fsq"]["bits_per_second"] == pytest.approx(62.29, abs=0.01)
    assert result["matched"][0]["peer"] == DESIGNS["peers"]["fsq"]["title"]
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert "reached" in capsys.readouterr().out


def test_a_missing_corpus_is_one_line_and_status_2(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["x", "--corpus", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        benchmark.main()
    assert ended.value.code == 2
    assert "no corpus at" in capsys.readouterr().err
