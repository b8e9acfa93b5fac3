"""The convolutional encoder and decoder that T2M-GPT and MoMask publish.

    encoder = Encoder(channels=55, width=176, latent=512, downsample=4)
    encoder(torch.zeros(1, 55, 80)).shape  # (1, 512, 20)

Convolutions over time, halved or doubled in rate twice, each time with three dilated residual
blocks. With ``downsample=1`` the same network keeps the frame rate.

Sources: T2M-GPT, Zhang et al. 2023, https://arxiv.org/abs/2301.06052; MoMask, Guo et al. 2024,
https://arxiv.org/abs/2312.00063. Both take the network from Jukebox, Dhariwal et al. 2020,
https://arxiv.org/abs/2005.00341.
"""

from __future__ import annotations

from torch import nn
from torch.nn import functional as F

DILATIONS = (9, 3, 1)
LEVELS = 2
DOWNSAMPLES = {1: 1, 4: 2}  # frames of a step: stride of each level


class ResidualBlock(nn.Module):
    """A dilated and a pointwise convolution beside a shortcut, (batch, width, steps)."""

    def __init__(self, width: int, dilation: int):
        super().__init__()
        self.dilated = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        self.pointwise = nn.Conv1d(width, width, 1)

    def forward(self, hidden):
        return hidden + self.pointwise(F.relu(self.dilated(F.relu(hidden))))


def _blocks(width: int) -> list[nn.Module]:
    return [ResidualBlock(width, dilation) for dilation in DILATIONS]


def _same(channels: int, width: int) -> nn.Conv1d:
    """A convolution over three steps that keeps their number."""
    return nn.Conv1d(channels, width, 3, padding=1)


def _slower(width: int) -> nn.Conv1d:
    """A convolution to half the rate."""
    return nn.Conv1d(width, width, 4, stride=2, padding=1)


def _stride(downsample: int) -> int:
    if downsample not in DOWNSAMPLES:
        raise ValueError(f"downsample must be one of {sorted(DOWNSAMPLES)}, got {downsample}")
    return DOWNSAMPLES[downsample]


class Encoder(nn.Sequential):
    """(batch, channels, frames) to (batch, latent, frames / downsample)."""

    def __init__(self, channels: int, width: int, latent: int, downsample: int):
        stride = _stride(downsample)
        layers = [_same(channels, width), nn.ReLU()]
        for _ in range(LEVELS):
            layers += [_slower(width) if stride > 1 else _same(width, width), *_blocks(width)]
        super().__init__(*layers, _same(width, latent))


class Decoder(nn.Sequential):
    """(batch, latent, steps) to (batch, channels, steps x downsample)."""

    def __init__(self, channels: int, width: int, latent: int, downsample: int):
        stride = _stride(downsample)
        layers = [_same(latent, width), nn.ReLU()]
        for _ in range(LEVELS):
            faster = [nn.Upsample(scale_factor=2)] if stride > 1 else []
            layers += [*_blocks(width), *faster, _same(width, width)]
        super().__init__(*layers, _same(width, width), nn.ReLU(), _same(width, channels))
