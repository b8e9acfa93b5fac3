"""Small models, shared by the tests: nothing is downloaded, nothing is trained."""

import os

import hypothesis
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import (
    BertConfig,
    BertModel,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from tdmm_hf.parameters import get_space

# A slow machine is no failure, and what CI runs is the same each time.
hypothesis.settings.register_profile(
    "project", deadline=None, derandomize=bool(os.environ.get("CI"))
)
hypothesis.settings.load_profile("project")

WORDS = """
[PAD] [UNK] [CLS] [SEP] the woman man nods twice smiles laughs . , - ' : ? he she a s of is wide
eyed 0 1 2 3 4 5 6 7 8 9 ##0 ##2 ##6 animate describe this face user what doing
""".split()  # noqa: SIM905


@pytest.fixture(scope="session")
def small_tokenizer():
    """An uncased WordPiece tokenizer without roles, end or motion tokens."""
    tokenizer = Tokenizer(
        models.WordPiece({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]"}
    ends = {"cls_token": "[CLS]", "sep_token": "[SEP]"}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special, **ends)


@pytest.fixture(scope="session")
def small_codec():
    """A MotionTokenizer of the arkit space, whose codes decode to something."""
    from tdmm_hf.modeling import MotionTokenizer, MotionTokenizerConfig

    space = get_space("arkit")
    torch.manual_seed(0)
    codec = MotionTokenizer(
        MotionTokenizerConfig(
            channels=list(space.channels),
            lower=list(space.lower),
            upper=list(space.upper),
            codebook_size=16,
            hidden_size=16,
            num_layers=1,
            latent_size=8,
            fsq_levels=[4, 4],
            quantizer="fsq",
        )
    )
    codec.mean += 0.3
    return codec.eval()


def _llama(vocabulary):
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=32,
            num_hidden_layers=2,
            intermediate_size=64,
            num_attention_heads=2,
            num_key_value_heads=1,
            max_position_embeddings=512,
            tie_word_embeddings=True,
        )
    )


def _qwen3(vocabulary):
    """Untied, with rows in reserve as Qwen's own."""
    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=vocabulary + 20,
            hidden_size=32,
            num_hidden_layers=2,
            intermediate_size=64,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=16,
            max_position_embeddings=512,
            tie_word_embeddings=False,
        )
    )


def _gpt2(vocabulary):
    return GPT2LMHeadModel(
        GPT2Config(vocab_size=vocabulary, n_embd=32, n_layer=2, n_head=2, n_positions=384)
    )


BACKBONES = {"llama": _llama, "qwen3": _qwen3, "gpt2": _gpt2}


@pytest.fixture(scope="session")
def make_backbone():
    """A function of "llama", "qwen3" or "gpt2" to a new causal language model, always the same."""

    def make(kind="llama"):
        torch.manual_seed(1)
        return BACKBONES[kind](len(WORDS))

    return make


def _prompt_encoder():
    torch.manual_seed(2)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=24,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    return BertModel(config)


@pytest.fixture(scope="session")
def make_model(small_tokenizer, small_codec, make_backbone):
    """A function of a backbone's name and whether it has a prompt encoder, to a TDMMForCausalLM."""
    from tdmm_hf.modeling import TDMMForCausalLM

    def make(kind="llama", prompt_encoder=True, **settings):
        encoder = _prompt_encoder() if prompt_encoder else None
        return TDMMForCausalLM.from_backbone(
            make_backbone(kind), small_codec, small_tokenizer, prompt_encoder=encoder, **settings
        )

    return make


@pytest.fixture(scope="session")
def small_model(make_model):
    """Llama with a prompt encoder; not to be changed."""
    return make_model()


@pytest.fixture(scope="session")
def small_checkpoint(small_model, tmp_path_factory):
    """The small model saved with its code."""
    from tdmm_hf.hub import save_checkpoint

    return save_checkpoint(small_model, tmp_path_factory.mktemp("checkpoint"))
