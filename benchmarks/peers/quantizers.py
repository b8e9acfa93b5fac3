"""The quantizers of published motion tokenizers, built on vector-quantize-pytorch.

    quantizer = build(Layout(quantizer="vq", ...), batch_latents=640)
    quantized, commitment = quantizer(latents)  # (batch, steps, dim), scalar
    quantizer.decode(quantizer.encode(latents))  # codes (batch, steps, codebooks)

VQ follows a moving average (0.99) and resets codes that are hardly used, as in T2M-GPT; it passes
gradients straight through. T2M-GPT resets codes met less than once a batch of 4096 latents: batches
here are smaller, and so is the number. Codebooks begin as k-means of the first batch. The residual
VQ drops the later codebooks in a fifth of the steps, as MoMask does.

Sources: T2M-GPT, https://arxiv.org/abs/2301.06052; MoMask, https://arxiv.org/abs/2312.00063; finite
scalar quantization, Mentzer et al. 2023, https://arxiv.org/abs/2309.15505.
"""

from __future__ import annotations

import torch
from torch import nn

from tdmm_hf.import_utils import require_package

DECAY = 0.99
PUBLISHED_BATCH_LATENTS = 4096  # 256 windows of 64 frames, four frames a latent
CODEBOOK_DROPOUT = 0.2


def _library():
    return require_package("vector_quantize_pytorch", "test")


def _learned(batch_latents: int) -> dict:
    """Arguments of a codebook that follows its latents."""
    return {
        "decay": DECAY,
        "kmeans_init": True,
        "threshold_ema_dead_code": batch_latents / PUBLISHED_BATCH_LATENTS,
        "rotation_trick": False,
    }


class Vector(nn.Module):
    """One learned codebook."""

    def __init__(self, dim: int, size: int, batch_latents: int):
        super().__init__()
        learned = _learned(batch_latents)
        self.inner = _library().VectorQuantize(dim=dim, codebook_size=size, **learned)

    def forward(self, latents):
        quantized, _, loss = self.inner(latents)
        return quantized, loss.sum()

    def encode(self, latents):
        return self.inner(latents)[1][..., None]

    def decode(self, codes):
        return self.inner.get_output_from_indices(codes[..., 0])


class Residual(nn.Module):
    """Learned codebooks in a row, each for what those before it left over."""

    def __init__(self, dim: int, size: int, codebooks: int, batch_latents: int):
        super().__init__()
        self.inner = _library().ResidualVQ(
            dim=dim,
            codebook_size=size,
            num_quantizers=codebooks,
            quantize_dropout=True,
            **_learned(batch_latents),
        )

    def forward(self, latents):
        self.inner.quantize_dropout = torch.rand(()).item() < CODEBOOK_DROPOUT
        seed = int(torch.randint(2**31, ()))
        quantized, codes, losses = self.inner(latents, rand_quantize_dropout_fixed_seed=seed)
        active = (codes >= 0).all(dim=(0, 1))
        return quantized, losses.flatten()[active].mean()

    def encode(self, latents):
        return self.inner(latents)[1]

    def decode(self, codes):
        return self.inner.get_output_from_indices(codes)


class Finite(nn.Module):
    """A fixed grid for each of the codebooks: nothing to learn, no commitment."""

    def __init__(self, dim: int, levels: list[int], codebooks: int):
        super().__init__()
        self.inner = _library().FSQ(
            levels=levels, dim=dim, num_codebooks=codebooks, keep_num_codebooks_dim=True
        )

    def forward(self, latents):
        return self.inner(latents)[0], latents.new_zeros(())

    def encode(self, latents):
        return self.inner(latents)[1].long()

    def decode(self, codes):
        return self.inner.indices_to_codes(codes)


def build(layout, batch_latents: int) -> nn.Module:
    """The quantizer of a ``codec.Layout``, trained on so many latents a batch.

    Raises:
        ValueError: a quantizer of another name.
    """
    if layout.quantizer == "fsq":
        return Finite(layout.latent_size, layout.levels, layout.codebooks)
    if layout.quantizer == "rvq":
        size, count = layout.codebook_size, layout.codebooks
        return Residual(layout.latent_size, size, count, batch_latents)
    if layout.quantizer == "vq":
        return Vector(layout.latent_size, layout.codebook_size, batch_latents)
    raise ValueError(f"quantizer must be vq, rvq or fsq, got {layout.quantizer!r}")
