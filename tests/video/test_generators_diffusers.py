"""Every pipeline, tiny and with random weights, from a folder to an H.264 file on the CPU."""

import pickle

import av
import numpy as np
import pytest
import torch
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    LlamaConfig,
    LlamaModel,
    T5Config,
    T5EncoderModel,
    UMT5Config,
    UMT5EncoderModel,
)

from tdmm_hf.prompts.video_prompts import VideoPrompt
from tdmm_hf.video.generators import GenerationError, generator_names, get_generator
from tdmm_hf.video.generators.diffusers_models import presets

diffusers = pytest.importorskip("diffusers", reason="the extra `generate` is not installed")

PROMPT = VideoPrompt("the woman smiles.", "a man", 0.3)
WIDTH = 32  # of the text's vectors


def t5(tokenizer, config=T5Config, model=T5EncoderModel):
    settings = {"d_model": WIDTH, "d_kv": 8, "d_ff": 37, "num_layers": 1, "num_heads": 4}
    return model(config(vocab_size=len(tokenizer), **settings)).eval()


def wan(tokenizer, experts=1):
    def transformer():
        return diffusers.WanTransformer3DModel(
            num_attention_heads=2, attention_head_dim=12, text_dim=WIDTH, freq_dim=16,
            ffn_dim=32, num_layers=1, rope_max_seq_len=32,
        )  # fmt: skip

    vae = diffusers.AutoencoderKLWan(base_dim=3, dim_mult=[1, 1, 1, 1], num_res_blocks=1)
    return diffusers.WanPipeline(
        tokenizer=tokenizer,
        text_encoder=t5(tokenizer, UMT5Config, UMT5EncoderModel),
        vae=vae,
        scheduler=diffusers.UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=8.0
        ),
        transformer=transformer(),
        transformer_2=transformer() if experts == 2 else None,
        boundary_ratio=0.875 if experts == 2 else None,
    )


def hunyuan(tokenizer):
    sides = {"hidden_size": 16, "intermediate_size": 37, "num_attention_heads": 4}
    llama = LlamaConfig(vocab_size=len(tokenizer), num_hidden_layers=2, **sides)
    clip = CLIPTextConfig(
        vocab_size=len(tokenizer), num_hidden_layers=1, eos_token_id=3, **sides | {"hidden_size": 8}
    )
    transformer = diffusers.HunyuanVideoTransformer3DModel(
        in_channels=4, out_channels=4, num_attention_heads=2, attention_head_dim=10, num_layers=1,
        num_single_layers=1, num_refiner_layers=1, patch_size=1, patch_size_t=1, text_embed_dim=16,
        pooled_projection_dim=8, rope_axes_dim=(2, 4, 4),
    )  # fmt: skip
    vae = diffusers.AutoencoderKLHunyuanVideo(
        latent_channels=4, block_out_channels=(8, 8, 8, 8), layers_per_block=1, norm_num_groups=4
    )
    return diffusers.HunyuanVideoPipeline(
        text_encoder=LlamaModel(llama).eval(),
        tokenizer=tokenizer,
        transformer=transformer,
        vae=vae,
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=7.0),
        text_encoder_2=CLIPTextModel(clip).eval(),
        tokenizer_2=tokenizer,
    )


def ltx(tokenizer):
    transformer = diffusers.LTXVideoTransformer3DModel(
        in_channels=8, out_channels=8, num_attention_heads=4, attention_head_dim=8,
        cross_attention_dim=WIDTH, num_layers=1, caption_channels=WIDTH,
    )  # fmt: skip
    vae = diffusers.AutoencoderKLLTXVideo(
        latent_channels=8, block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8, 8), layers_per_block=(1,) * 5,
        decoder_layers_per_block=(1,) * 5, spatio_temporal_scaling=(True, True, True, False),
        decoder_spatio_temporal_scaling=(True, True, True, False),
        decoder_inject_noise=(False,) * 5, patch_size=1, patch_size_t=1,
    )  # fmt: skip
    return diffusers.LTXPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=vae,
        text_encoder=t5(tokenizer),
        tokenizer=tokenizer,
        transformer=transformer,
    )


def cogvideox(tokenizer):
    transformer = diffusers.CogVideoXTransformer3DModel(
        num_attention_heads=4, attention_head_dim=8, in_channels=4, out_channels=4,
        time_embed_dim=2, text_embed_dim=WIDTH, num_layers=1, sample_width=4, sample_height=4,
        sample_frames=9, max_text_seq_length=226,
    )  # fmt: skip
    vae = diffusers.AutoencoderKLCogVideoX(
        down_block_types=("CogVideoXDownBlock3D",) * 4,
        up_block_types=("CogVideoXUpBlock3D",) * 4,
        block_out_channels=(8, 8, 8, 8), latent_channels=4, layers_per_block=1, norm_num_groups=2,
    )  # fmt: skip
    return diffusers.CogVideoXPipeline(
        tokenizer=tokenizer,
        text_encoder=t5(tokenizer),
        vae=vae,
        transformer=transformer,
        scheduler=diffusers.CogVideoXDDIMScheduler(),
    )


def mochi(tokenizer):
    transformer = diffusers.MochiTransformer3DModel(
        num_attention_heads=2, attention_head_dim=8, num_layers=2, pooled_projection_dim=16,
        text_embed_dim=WIDTH, time_embed_dim=4, max_sequence_length=16,
    )  # fmt: skip
    vae = diffusers.AutoencoderKLMochi(
        encoder_block_out_channels=(32,) * 4,
        decoder_block_out_channels=(32,) * 4,
        layers_per_block=(1,) * 5,
    )
    return diffusers.MochiPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=vae,
        text_encoder=t5(tokenizer),
        tokenizer=tokenizer,
        transformer=transformer,
    )


TINY = {
    "wan2.1-1.3b": wan,
    "wan2.2-14b": lambda tokenizer: wan(tokenizer, experts=2),
    "hunyuan-video": hunyuan,
    "ltx-video": ltx,
    "cogvideox-5b": cogvideox,
    "mochi": mochi,
}


@pytest.fixture(scope="module")
def folder(small_tokenizer, tmp_path_factory):
    """A function of a preset to the folder of its tiny model."""
    made = {}

    def make(preset):
        if preset not in made:
            torch.manual_seed(0)
            path = tmp_path_factory.mktemp("models") / preset
            variant = presets()[preset].get("variant")
            TINY[preset](small_tokenizer).save_pretrained(path, variant=variant)
            made[preset] = str(path)
        return made[preset]

    return make


def tiny(preset, model, **settings):
    small = {"width": 32, "height": 32, "frames": 13, "steps": 2, "device": "cpu"}
    return get_generator(preset, model=model, local_files_only=True, **small | settings)


def decoded(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        return np.stack([f.to_ndarray(format="rgb24") for f in container.decode(stream)])


@pytest.mark.parametrize("preset", TINY)
def test_a_preset_runs_from_its_folder_to_a_file(preset, folder, tmp_path):
    made = tiny(preset, folder(preset)).generate(PROMPT, 7, tmp_path / "clip.mp4")
    fps = presets()[preset]["fps"]
    assert decoded(made.path).shape == (round(0.3 * fps), 32, 32, 3)
    assert (made.frames, made.fps) == (round(0.3 * fps), fps)
    assert made.generator == made.settings["preset"] == preset
    assert (made.settings["steps"], made.settings["seed"]) == (2, 7)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_seed_makes_one_video(folder, tmp_path):
    generator = pickle.loads(pickle.dumps(tiny("ltx-video", folder("ltx-video"))))
    first, again, other = (
        generator.generate(PROMPT, seed, tmp_path / f"{i}.mp4").path.read_bytes()
        for i, seed in enumerate((7, 7, 8))
    )
    assert first == again
    assert first != other


def test_prompts_and_presets_reach_the_pipeline(folder, tmp_path, monkeypatch):
    seen = {}

    def spy(self, **call):
        seen.update(call)
        return original(self, **call)

    original = diffusers.WanPipeline.__call__
    monkeypatch.setattr(diffusers.WanPipeline, "__call__", spy)
    model = folder("wan2.2-14b")
    tiny("wan2.2-14b", model, tiling=True).generate(PROMPT, 7, tmp_path / "clip.mp4")
    assert (seen["prompt"], seen["negative_prompt"]) == PROMPT[:2]
    assert (seen["guidance_scale"], seen["guidance_scale_2"]) == (4.0, 3.0)
    assert (seen["num_frames"], seen["num_inference_steps"]) == (5, 2)


def test_parts_have_the_precision_of_the_preset(folder):
    from tdmm_hf.video.generators.diffusers_models import _pipeline

    pipeline = _pipeline(tiny("wan2.1-1.3b", folder("wan2.1-1.3b"), tiling=True))
    assert pipeline.transformer.dtype == pipeline.text_encoder.dtype == torch.bfloat16
    assert pipeline.vae.dtype == torch.float32
    assert pipeline.vae.use_tiling
    assert pipeline.scheduler.config.flow_shift == 3.0


@pytest.mark.parametrize("preset", sorted(presets()))
@pytest.mark.parametrize("seconds", [0.01, 0.5, 3.0, 5.0, 60.0])
def test_frames_are_as_the_model_can_make_them(preset, seconds):
    values = presets()[preset]
    wanted, made = get_generator(preset)._lengths(seconds)
    assert wanted == max(1, round(seconds * values["fps"]))
    assert (made - 1) % values["every"] == 0
    assert made <= values["frames"]
    assert made >= wanted or made > values["frames"] - values["every"]


def test_presets_name_pipelines_that_diffusers_has():
    for name, values in presets().items():
        assert name in generator_names()
        assert hasattr(diffusers, values["pipeline"])
        assert {values["width"] % 16, values["height"] % 16} == {0}


def test_pictures_that_are_no_numbers_are_no_video(folder, tmp_path):
    from tdmm_hf.video.generators.diffusers_models import _pipeline

    generator = tiny("ltx-video", folder("ltx-video"), steps=1)
    torch.nn.init.constant_(_pipeline(generator).transformer.proj_out.weight, float("nan"))
    with pytest.raises(GenerationError, match="not finite numbers"):
        generator.generate(PROMPT, 7, tmp_path / "clip.mp4")
    assert not list(tmp_path.iterdir())


def test_what_the_pipeline_refuses_is_one_line(folder, tmp_path):
    generator = tiny("ltx-video", folder("ltx-video"), width=48, height=48)
    with pytest.raises(GenerationError, match=r"ltx-video: .*divisible by 32") as caught:
        generator.generate(PROMPT, 7, tmp_path / "clip.mp4")
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_folder_without_a_model_is_one_line(tmp_path):
    (tmp_path / "model").mkdir()
    generator = tiny("mochi", str(tmp_path / "model"))
    with pytest.raises(GenerationError, match="cannot be loaded") as caught:
        generator.generate(PROMPT, 7, tmp_path / "clip.mp4")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"width": 100}, "width must be a multiple of 16, got 100"),
        ({"steps": 0}, "steps must be 1 or more, got 0"),
        ({"frames": 0}, "frames must be 1 or more"),
        ({"offload": "disk"}, "offload must be one of none, model, sequential, got 'disk'"),
        ({"colour": 1}, "unexpected keyword argument 'colour'"),
    ],
)
def test_settings_that_break_a_rule_are_one_line(settings, said):
    with pytest.raises(ValueError, match=said):
        get_generator("mochi", **settings)
