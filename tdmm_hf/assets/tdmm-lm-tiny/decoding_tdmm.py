"""Steps of decoding with a Llama's layers written out: no module, no config, no mask on the way.

>>> steps = written_out(model.language_model.base_model, cache, mask, room=200)
>>> hidden = steps(input_ids)  # (rows, width), as the layers would give

A small model on a CPU spends half of a step between its products. The operations are the layers'
own, in the same order, and so are the hidden states: bit for bit in one thread, up to rounding in
several.
"""

import torch
from torch import nn
from torch.nn import functional as F
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.models.llama.modeling_llama import LlamaDecoderLayer, LlamaModel, LlamaRMSNorm

_LINEARS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def written_out(model, cache, mask, room):
    """Steps that go on after what a cache holds, or None for a model that is not written out.

    Args:
        model: the layers of a causal language model.
        cache: with keys and values (rows, heads, length, width) of each layer.
        mask: (rows, length), 0 where rows are padded.
        room: most tokens to come.
    """
    return LlamaSteps(model, cache, mask, room) if _is_plain(model, mask) else None


def _is_plain(model, mask):
    """Whether a model is a Llama on a CPU as it came, without adapters, hooks or long contexts."""
    if type(model) is not LlamaModel or mask.device.type != "cpu" or model.training:
        return False
    config = model.config
    plain = config._attn_implementation == "sdpa" and config.hidden_act == "silu"
    return (
        plain and model.rotary_emb.rope_type == "default" and all(map(_plain_layer, model.layers))
    )


def _plain_layer(layer):
    parts = [layer.self_attn, layer.mlp]
    linears = [getattr(part, name, None) for part in parts for name in _LINEARS]
    linears = [linear for linear in linears if linear is not None]
    norms = (layer.input_layernorm, layer.post_attention_layernorm)
    hooked = any(m._forward_hooks or m._forward_pre_hooks for m in layer.modules())
    return (
        type(layer) is LlamaDecoderLayer
        and all(type(linear) is nn.Linear and linear.bias is None for linear in linears)
        and all(type(norm) is LlamaRMSNorm for norm in norms)
        and not hooked
    )


class LlamaSteps:
    """Called with ids (rows, some), gives the last hidden states (rows, width)."""

    def __init__(self, model, cache, mask, room):
        self.end = mask.shape[1]
        self.embeddings, self.norm = model.embed_tokens.weight, model.norm
        mask = F.pad(mask, (0, room), value=1)
        position = (mask.cumsum(dim=1) - 1).clamp(min=0)
        cos, sin = model.rotary_emb(self.embeddings, position_ids=position)
        self.cos, self.sin = cos[:, None], sin[:, None]  # (rows, 1, length, head width)
        self.seen = None if mask.all() else mask[:, None, None].bool()  # (rows, 1, 1, length)
        self.layers = [  # each with keys and values (rows, heads, length + room, width)
            (layer, *(F.pad(states, (0, 0, 0, room)) for states in (cached.keys, cached.values)))
            for layer, cached in zip(model.layers, cache.layers, strict=True)
        ]

    def __call__(self, ids):
        start, self.end = self.end, self.end + ids.shape[1]
        rotation = self.cos[:, :, start : self.end], self.sin[:, :, start : self.end]
        mask = self._mask(start, ids.shape[1])
        hidden = F.embedding(ids, self.embeddings)
        for layer, keys, values in self.layers:
            normed = _normed(hidden, layer.input_layernorm)
            attention = layer.self_attn
            query, key, value = (
                _heads(F.linear(normed, part.weight), attention.head_dim)
                for part in (attention.q_proj, attention.k_proj, attention.v_proj)
            )
            keys[:, :, start : self.end] = _rotated(key, *rotation)
            values[:, :, start : self.end] = value
            mixed, _ = sdpa_attention_forward(
                attention,
                _rotated(query, *rotation),
                keys[:, :, : self.end],
                values[:, :, : self.end],
                mask,
                scaling=attention.scaling,
            )
            hidden = hidden + F.linear(mixed.flatten(2), attention.o_proj.weight)
            normed = _normed(hidden, layer.post_attention_layernorm)
            mlp = layer.mlp
            gate, up = (F.linear(normed, part.weight) for part in (mlp.gate_proj, mlp.up_proj))
            hidden = hidden + F.linear(F.silu(gate) * up, mlp.down_proj.weight)
        return _normed(hidden[:, -1:], self.norm)[:, 0]

    def _mask(self, start, count):
        """What each of some tokens sees, (rows, 1, some, all so far); None for all."""
        if count == 1:
            return None if self.seen is None else self.seen[..., : self.end]
        causal = torch.ones(count, self.end, dtype=torch.bool).tril(start)[None, None]
        return causal if self.seen is None else causal & self.seen[..., : self.end]


def _heads(states, width):
    """States (rows, some, heads x width) as (rows, heads, some, width)."""
    return states.unflatten(2, (-1, width)).transpose(1, 2)


def _normed(states, norm):
    """LlamaRMSNorm of states (..., width)."""
    wide = states.float()
    wide = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + norm.variance_epsilon)
    return norm.weight * wide.to(states.dtype)


def _rotated(states, cos, sin):
    """Rotary embedding of states (rows, heads, some, width)."""
    one, other = states.chunk(2, dim=-1)
    return states * cos + torch.cat([-other, one], dim=-1) * sin


__all__ = ["LlamaSteps", "written_out"]
