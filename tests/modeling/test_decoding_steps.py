"""Written-out decoding steps give the layers' own hidden states, in one thread bit for bit."""

import pytest
import torch
from transformers import LlamaConfig, LlamaModel

from tdmm_hf.modeling.cache_tdmm import cache_argument, growing_cache
from tdmm_hf.modeling.decoding_tdmm import written_out

ROWS = 4


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def layers(heads=5, groups=5):
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=50, hidden_size=64 * heads, num_hidden_layers=2, intermediate_size=192,
        num_attention_heads=heads, num_key_value_heads=groups, attn_implementation="sdpa",
    )  # fmt: skip
    return LlamaModel(config).eval()


@pytest.mark.parametrize("groups", [5, 1])
@pytest.mark.parametrize("padding", [(0, 0, 0), (3, 0, 7)])
@torch.no_grad()
def test_steps_are_the_layers_own(padding, groups):
    model, widths = layers(groups=groups), (1, 1, 10, 1, 1)
    ids = torch.randint(50, (ROWS, 32 + sum(widths)))
    mask = torch.ones(ROWS, 32, dtype=torch.long)
    for row, pad in enumerate(padding):
        mask[row, :pad] = 0
    cache = growing_cache(model.config)
    steps, start = None, 0
    for width in (32, *widths):
        now = ids[:, start : start + width]
        start += width
        seen = torch.nn.functional.pad(mask, (0, start - 32), value=1)
        position = (seen.cumsum(dim=1) - 1).clamp(min=0)[:, -width:]
        expected = model(
            input_ids=now,
            attention_mask=seen,
            position_ids=position,
            use_cache=True,
            **cache_argument(model, cache),
        ).last_hidden_state[:, -1]
        if steps is not None:
            assert torch.equal(steps(now), expected)
        else:
            steps = written_out(model, cache, seen, room=sum(widths))


@torch.no_grad()
def test_a_changed_model_is_not_written_out():
    mask = torch.ones(ROWS, 3, dtype=torch.long)
    biased, hooked, training = layers(), layers(), layers().train()
    biased.layers[0].mlp.up_proj = torch.nn.Linear(320, 192)
    hooked.layers[1].self_attn.register_forward_hook(lambda *_: None)
    for model in (biased, hooked, training):
        cache = growing_cache(model.config)
        model(input_ids=mask, use_cache=True, **cache_argument(model, cache))
        assert written_out(model, cache, mask, room=1) is None
