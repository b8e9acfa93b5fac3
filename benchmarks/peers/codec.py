"""A published motion tokenizer: normalised channels to codes and back.

    codec = MotionVQVAE(Layout(quantizer="vq", downsample=4, codebooks=1, codebook_size=512))
    codec.encode(torch.zeros(1, 82, 55)).codes.shape  # (1, 21, 1)

It has the calls that ours has, so that one benchmark measures both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import torch
import yaml
from torch import nn
from torch.nn import functional as F

from .network import Decoder, Encoder
from .quantizers import build

DESIGNS = Path(__file__).with_name("designs.yaml")
CHANNELS = 55
HEAD = slice(52, 55)


def load_designs() -> dict:
    """``peers``, ``ours`` and ``training`` of designs.yaml."""
    return yaml.safe_load(DESIGNS.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Layout:
    """What a peer is made of.

    Args:
        quantizer: ``vq``, ``rvq`` or ``fsq``.
        downsample: frames a step.
        codebooks: codes a step.
        codebook_size: codes in a codebook; for ``fsq`` the product of ``levels``.
        levels: of each dimension of the grid, for ``fsq``.
        width: channels of the network's convolutions.
        latent_size: dimensions of a code.
    """

    quantizer: str
    downsample: int
    codebooks: int
    codebook_size: int = 0
    levels: list[int] = field(default_factory=list)
    width: int = 176
    latent_size: int = 512

    @property
    def codebook_sizes(self) -> list[int]:
        """Codes in each codebook of a step."""
        return [self.codebook_size or math.prod(self.levels)] * self.codebooks


@dataclass
class Encoded:
    """codes (batch, steps, codebooks) int64."""

    codes: torch.Tensor


@dataclass
class Reconstructed:
    """Normalised motion (batch, frames, channels) and the scalar commitment loss."""

    motion: torch.Tensor
    commitment: torch.Tensor


def statistics(clips) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean of each channel, and the scale of each: (channels,) tensors.

    As for HumanML3D, which the papers train on, channels of one kind share a scale, the mean of
    their deviations: here the weights, and the head's angles.
    """
    values = torch.cat([torch.as_tensor(clip) for clip in clips])
    deviation = values.std(dim=0)
    scale = torch.full_like(deviation, deviation[: HEAD.start].mean())
    scale[HEAD] = deviation[HEAD].mean()
    return values.mean(dim=0), scale


class MotionVQVAE(nn.Module):
    """Network, quantizer and normalisation of a peer.

    Args:
        layout: what it is made of.
        batch_latents: latents of a training batch, which decide when codes are reset.
        lower, upper: (channels,) bounds that decoded values are held to, as ours holds them.
    """

    def __init__(self, layout: Layout, batch_latents: int = 640, lower=None, upper=None):
        super().__init__()
        self.layout = layout
        shape = (CHANNELS, layout.width, layout.latent_size, layout.downsample)
        self.encoder, self.decoder = Encoder(*shape), Decoder(*shape)
        self.quantizer = build(layout, batch_latents)
        for name, values in {
            "mean": torch.zeros(CHANNELS),
            "scale": torch.ones(CHANNELS),
            "lower": torch.full((CHANNELS,), -math.inf) if lower is None else lower,
            "upper": torch.full((CHANNELS,), math.inf) if upper is None else upper,
        }.items():
            self.register_buffer(name, torch.as_tensor(values, dtype=torch.float32))

    @property
    def device(self) -> torch.device:
        return self.mean.device

    def normalise(self, motion):
        """Motion (batch, frames, channels) in the network's units."""
        return (motion - self.mean) / self.scale

    def forward(self, normalised) -> Reconstructed:
        """Through the codes; frames must be a multiple of the downsampling."""
        quantized, commitment = self.quantizer(self._latents(normalised))
        return Reconstructed(self._motion(quantized), commitment)

    @torch.no_grad()
    def encode(self, motion) -> Encoded:
        """Codes of motion (batch, frames, channels); the last frame fills the last step."""
        short = -motion.shape[1] % self.layout.downsample
        normalised = self.normalise(motion).transpose(1, 2)
        padded = F.pad(normalised, (0, short), mode="replicate").transpose(1, 2)
        return Encoded(self.quantizer.encode(self._latents(padded)))

    @torch.no_grad()
    def decode(self, codes):
        """Motion (batch, steps x downsample, channels) within its bounds."""
        motion = self._motion(self.quantizer.decode(codes)) * self.scale + self.mean
        return motion.clamp(self.lower, self.upper)

    def _latents(self, normalised):
        return self.encoder(normalised.transpose(1, 2)).transpose(1, 2)

    def _motion(self, latents):
        return self.decoder(latents.transpose(1, 2)).transpose(1, 2)
