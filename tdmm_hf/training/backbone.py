"""The language model that training starts from: the embedded model's own tiny one, a trained
TDMMForCausalLM to go on from, or any other language model.

model, processor = build_model(LanguageModelSettings(), "runs/motion-tokenizer")
"""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase
from transformers.configuration_utils import PreTrainedConfig

from ..modeling import MotionTokenizer, TDMMConfig, TDMMForCausalLM, TDMMProcessor
from ..performer.plan import tracks
from ..prompts.vocabulary import training_texts
from ..settings import LanguageModelSettings

TINY = "tiny"
CONTEXT = 2048  # positions of the tiny backbone: 60 s are made window by window


def build_model(
    settings: LanguageModelSettings, motion_tokenizer: str | Path
) -> tuple[TDMMForCausalLM, TDMMProcessor]:
    """A model and its processor, ready to train.

    Raises:
        ValueError: the backbone is a TDMMForCausalLM whose codes are another motion tokenizer's.
    """
    torch.manual_seed(settings.seed)
    codec = MotionTokenizer.from_pretrained(motion_tokenizer)
    if _is_trained(settings.backbone):
        return _going_on(settings, codec)
    if settings.backbone == TINY:
        text_tokenizer, encoder = _word_knowledge(settings)
        backbone = _tiny_backbone(settings, text_tokenizer)
    else:
        text_tokenizer = AutoTokenizer.from_pretrained(settings.backbone, padding_side="left")
        backbone, encoder = settings.backbone, None
    model = TDMMForCausalLM.from_backbone(
        backbone,
        codec,
        tokenizer=text_tokenizer,
        prompt_encoder=encoder,
        seed=settings.seed,
        tracks=tracks(),
        motion_sampling={"temperature": settings.temperature},
    )
    return model, model.processor


def _is_trained(backbone: str) -> bool:
    """Whether a backbone is a TDMMForCausalLM already."""
    if backbone == TINY:
        return False
    found, _ = PreTrainedConfig.get_config_dict(backbone)
    return found.get("model_type") == TDMMConfig.model_type


def _going_on(
    settings: LanguageModelSettings, codec: MotionTokenizer
) -> tuple[TDMMForCausalLM, TDMMProcessor]:
    model = TDMMForCausalLM.from_pretrained(settings.backbone, dtype=torch.float32)
    if not _same_codes(model.motion_tokenizer, codec):
        raise ValueError(
            f"a checkpoint to go on from must have the corpus's motion tokenizer, "
            f"got another in {settings.backbone}"
        )
    model.config.motion_sampling["temperature"] = settings.temperature
    return model, model.processor


def _same_codes(one: MotionTokenizer, other: MotionTokenizer) -> bool:
    """Whether two codecs have the same weights, but for the half precision of checkpoints."""
    mine, theirs = one.state_dict(), other.state_dict()
    return mine.keys() == theirs.keys() and all(
        mine[name].shape == theirs[name].shape
        and torch.allclose(mine[name].float(), theirs[name].float(), rtol=2e-3, atol=1e-4)
        for name in mine
    )


def _word_knowledge(settings: LanguageModelSettings) -> tuple[PreTrainedTokenizerBase, object]:
    from .text_encoder import build_prompt_encoder, build_text_tokenizer

    texts = training_texts(written=settings.written_share > 0)
    tokenizer = build_text_tokenizer(settings.text_vocabulary, texts)
    encoder = build_prompt_encoder(tokenizer) if settings.prompt_encoder else None
    return tokenizer, encoder


def _tiny_backbone(
    settings: LanguageModelSettings, tokenizer: PreTrainedTokenizerBase
) -> LlamaForCausalLM:
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=settings.hidden_size,
        num_hidden_layers=settings.layers,
        intermediate_size=settings.feed_forward,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.heads,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = LlamaForCausalLM(config)
    if settings.text_embeddings:
        from .text_encoder import initial_text_embeddings

        with torch.no_grad():
            embeddings = initial_text_embeddings(tokenizer, settings.hidden_size)
            model.get_input_embeddings().weight.copy_(embeddings)
    return model
