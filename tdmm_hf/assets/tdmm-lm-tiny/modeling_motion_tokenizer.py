"""MotionTokenizer: face motion to codes and back.

    >>> model = MotionTokenizer(MotionTokenizerConfig()).eval()
    >>> codes = model.encode(torch.zeros(1, 125, 55)).codes
    >>> codes.shape, model.decode(codes).shape
    (torch.Size([1, 32, 4]), torch.Size([1, 128, 55]))

It learns to keep the shape of the face rather than the coefficients, after the geometry tokenizer
of TDMM-LM (https://arxiv.org/abs/2603.16936): different coefficients can make the same face. The
reconstruction loss is L1 on the points of a rig, linear in the channels, whose matrix travels with
the checkpoint.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F
from transformers import PreTrainedModel
from transformers.utils import ModelOutput

from .configuration_motion_tokenizer import MotionTokenizerConfig
from .quantizers import FiniteScalarQuantizer, ResidualQuantizer, VectorQuantizer


@dataclass
class MotionTokenizerEncoderOutput(ModelOutput):
    """codes (batch, steps, codebooks) int64; mask (batch, steps), False past a motion's end."""

    codes: torch.Tensor | None = None
    mask: torch.Tensor | None = None


@dataclass
class MotionTokenizerOutput(ModelOutput):
    """The training loss and its terms (scalars); reconstruction (batch, frames, channels) in the
    channels' units; codes (batch, steps, codebooks)."""

    loss: torch.Tensor | None = None
    vertex_loss: torch.Tensor | None = None
    velocity_loss: torch.Tensor | None = None
    coefficient_loss: torch.Tensor | None = None
    commitment_loss: torch.Tensor | None = None
    reconstruction: torch.Tensor | None = None
    codes: torch.Tensor | None = None


class ResidualUnit(nn.Module):
    """Dilated convolution over time beside a shortcut; masked steps count as zeros."""

    def __init__(self, width, dilation):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.conv = nn.Conv1d(width, width, 3, dilation=dilation, padding=dilation)
        self.project = nn.Conv1d(width, width, 1)

    def forward(self, hidden, mask):
        """hidden (batch, width, steps), mask (batch, 1, steps)."""
        inner = self.norm(hidden.transpose(1, 2)).transpose(1, 2)
        inner = F.silu(self.conv(F.silu(inner) * mask))
        return (hidden + self.project(inner)) * mask


class Encoder(nn.Module):
    """Normalised channels (batch, frames, channels) to latents (batch, steps, latent_size)."""

    def __init__(self, config, num_channels, width):
        super().__init__()
        stride = config.downsample
        self.conv_in = nn.Conv1d(num_channels, width, stride, stride=stride)
        self.units = nn.ModuleList(ResidualUnit(width, 2**i) for i in range(config.num_layers))
        self.conv_out = nn.Conv1d(width, config.latent_size, 1)

    def forward(self, motion, mask):
        hidden = self.conv_in(motion.transpose(1, 2)) * mask
        for unit in self.units:
            hidden = unit(hidden, mask)
        return self.conv_out(hidden).transpose(1, 2)


class Decoder(nn.Module):
    """Latents (batch, steps, latent_size) to normalised channels (batch, frames, channels)."""

    def __init__(self, config, num_channels, width):
        super().__init__()
        stride = config.downsample
        self.conv_in = nn.Conv1d(config.latent_size, width, 1)
        self.units = nn.ModuleList(
            ResidualUnit(width, 2**i) for i in reversed(range(config.num_layers))
        )
        self.conv_out = nn.ConvTranspose1d(width, num_channels, stride, stride=stride)

    def forward(self, latents, mask):
        hidden = self.conv_in(latents.transpose(1, 2)) * mask
        for unit in self.units:
            hidden = unit(hidden, mask)
        return self.conv_out(hidden).transpose(1, 2)


class Stream(nn.Module):
    """An autoencoder of some of the channels, with its own codebooks."""

    def __init__(self, config, channels, num_codebooks, hidden_size=None):
        super().__init__()
        width = hidden_size or config.hidden_size
        self.channels = channels
        self.encoder = Encoder(config, len(channels), width)
        self.quantizer = ResidualQuantizer(
            [_quantizer(config) for _ in range(num_codebooks)], config.codebook_dropout
        )
        self.decoder = Decoder(config, len(channels), width)

    def latents(self, motion, mask):
        """motion (batch, frames, all channels), mask (batch, 1, steps)."""
        return self.encoder(motion[..., self.channels], mask)


def _quantizer(config):
    if config.quantizer == "fsq":
        return FiniteScalarQuantizer(config.latent_size, config.fsq_levels)
    return VectorQuantizer(config.latent_size, config.codebook_size, config.codebook_decay)


class MotionTokenizer(PreTrainedModel):
    """Autoencoder of face motion with discrete latents.

    The face is what its points do: ``geometry`` (channels, points, 3) takes channels to millimetres
    of displacement, and ``point_weights`` (points,) make each face region's error count relative to
    how much the region moves. ``mean`` and ``std`` (channels,) normalise the input. All four are
    set once by `set_statistics` and saved.
    """

    config_class = MotionTokenizerConfig
    base_model_prefix = "motion_tokenizer"
    main_input_name = "motion"
    # Half precision would move the codes: the codec stays in fp32 inside any model.
    _keep_in_fp32_modules_strict = ["streams", "mean", "std", "geometry", "point_weights"]

    def __init__(self, config):
        super().__init__(config)
        self.streams = nn.ModuleList(
            Stream(config, channels, stream["num_codebooks"], stream.get("hidden_size"))
            for channels, stream in zip(config.stream_channels(), config.streams, strict=True)
        )
        self.register_buffer("mean", torch.zeros(config.num_channels))
        self.register_buffer("std", torch.ones(config.num_channels))
        self.register_buffer("geometry", torch.zeros(config.num_channels, config.num_points, 3))
        self.register_buffer("point_weights", torch.ones(config.num_points))
        self.post_init()

    def _init_weights(self, module):
        """Layers keep torch's own initialisation."""

    def set_statistics(self, mean, std, geometry, point_weights):
        """Copy the normalisation and the geometry into the model (tensors or arrays)."""
        given = {"mean": mean, "std": std, "geometry": geometry, "point_weights": point_weights}
        for name, value in given.items():
            getattr(self, name).copy_(torch.as_tensor(value))

    @torch.no_grad()
    def encode(self, motion, mask=None, observed=None):
        """Codes of motions, the same alone and padded in a batch.

        Args:
            motion: (batch, frames, channels) in the channels' units.
            mask: (batch, frames) bool, False for padding and for frames without a face; all True by
                default. A motion ends at its last True frame.
            observed: (batch, channels) bool, False for channels the source cannot know; these count
                as at their mean.

        Returns:
            MotionTokenizerEncoderOutput with ceil(frames / downsample) steps.
        """
        normalised, steps = self._prepare(motion, mask, observed)
        codes = [s.quantizer.encode(s.latents(normalised, steps)) for s in self.streams]
        return MotionTokenizerEncoderOutput(torch.cat(codes, dim=-1), steps[:, 0])

    @torch.no_grad()
    def code_vectors(self):
        """What the codes of each codebook stand for: a list of (codebook_size, latent_size)."""
        codes = torch.arange(self.config.codebook_size, device=self.mean.device)
        return [stage.decode(codes) for stream in self.streams for stage in stream.quantizer.stages]

    @torch.no_grad()
    def decode(self, codes, mask=None):
        """Motion of codes (batch, steps, codebooks): (batch, steps x downsample, channels).

        ``mask`` (batch, steps) is False past a motion's end.
        """
        steps = self._step_mask(codes, mask)
        motion = self._reconstruct(self._latents(codes), steps)
        if self.config.lower is not None:
            motion = motion.clamp(motion.new_tensor(self.config.lower))
        if self.config.upper is not None:
            motion = motion.clamp(max=motion.new_tensor(self.config.upper))
        return motion

    def forward(self, motion, mask=None, observed=None, codes=None):
        """Reconstruct motions (batch, frames, channels) through their codes, with the loss.

        Arguments are those of `encode`. Frames and channels that are masked do not count. Given
        codes (batch, steps, codebooks), those of `encode` say, only the decoders learn from it.
        """
        normalised, steps = self._prepare(motion, mask, observed)
        if codes is None:
            quantized = [
                stream.quantizer(stream.latents(normalised, steps), steps[:, 0])
                for stream in self.streams
            ]
            latents = [q.quantized for q in quantized]
            codes = torch.cat([q.codes for q in quantized], dim=-1)
            commitment = sum(q.loss for q in quantized) / len(quantized)
        else:
            latents, commitment = self._latents(codes), motion.new_zeros(())
        reconstruction = self._reconstruct(latents, steps)[:, : motion.shape[1]]
        losses = self._losses(motion, reconstruction, *self._seen(motion, mask, observed))
        weights = self.config
        return MotionTokenizerOutput(
            loss=losses["vertex_loss"]
            + weights.velocity_weight * losses["velocity_loss"]
            + weights.coefficient_weight * losses["coefficient_loss"]
            + weights.commitment_weight * commitment,
            commitment_loss=commitment,
            reconstruction=reconstruction,
            codes=codes,
            **losses,
        )

    def _seen(self, motion, mask, observed):
        """Frame mask (batch, frames) and channel mask (batch, channels), both bool."""
        batch, frames, channels = motion.shape
        if channels != self.config.num_channels:
            raise ValueError(
                f"motion must have {self.config.num_channels} channels, got {channels}"
            )
        if mask is None:
            mask = torch.ones(batch, frames, dtype=torch.bool, device=motion.device)
        if observed is None:
            observed = torch.ones(batch, channels, dtype=torch.bool, device=motion.device)
        return mask.bool(), observed.bool()

    def _prepare(self, motion, mask, observed):
        """Normalised motion (batch, steps x downsample, channels) and steps (batch, 1, steps)."""
        mask, observed = self._seen(motion, mask, observed)
        short = -motion.shape[1] % self.config.downsample
        motion, mask = F.pad(motion, (0, 0, 0, short)), F.pad(mask, (0, short))
        normalised = (_hold(motion.to(self.mean.dtype), mask) - self.mean) / self.std
        normalised = normalised * observed[:, None]
        remaining = mask.flip(1).cummax(dim=1).values.flip(1)  # True until the last seen frame
        steps = remaining.unfold(1, self.config.downsample, self.config.downsample).any(dim=-1)
        return normalised * steps.repeat_interleave(self.config.downsample, 1)[..., None], (
            steps[:, None]
        )

    @torch.no_grad()
    def _latents(self, codes):
        """What codes (batch, steps, codebooks) stand for: (batch, steps, latent_size) by stream."""
        depths = [len(stream.quantizer.stages) for stream in self.streams]
        parts = codes.split(depths, dim=-1)
        return [s.quantizer.decode(part) for s, part in zip(self.streams, parts, strict=True)]

    def _step_mask(self, codes, mask):
        if mask is None:
            mask = torch.ones(codes.shape[:2], dtype=torch.bool, device=codes.device)
        return mask.bool()[:, None]

    def _reconstruct(self, latents, steps):
        """Latents of each stream to motion in the channels' units."""
        parts = [
            stream.decoder(stream_latents, steps)
            for stream, stream_latents in zip(self.streams, latents, strict=True)
        ]
        order = [channel for stream in self.streams for channel in stream.channels]
        places = sorted(range(len(order)), key=order.__getitem__)
        return torch.cat(parts, dim=-1)[..., places] * self.std + self.mean

    def _losses(self, motion, reconstruction, mask, observed):
        """Relative L1 errors on points and their velocity, and on normalised channels."""
        error = (reconstruction - motion) * observed[:, None]
        points = torch.einsum("btc,cpx->btpx", error, self.geometry)
        moving = mask[:, 1:] & mask[:, :-1]
        return {
            "vertex_loss": self._point_loss(points[mask]),
            "velocity_loss": self._point_loss(points.diff(dim=1)[moving]),
            "coefficient_loss": (error / self.std)[mask].abs().mean(),
        }

    def _point_loss(self, points):
        """Weighted L1 of point errors (frames, points, 3), a scalar."""
        return (points.abs().sum(dim=-1) @ self.point_weights).mean()


def _hold(motion, mask):
    """Fill masked frames of (batch, frames, channels) with the last seen frame, or the first."""
    time = torch.arange(motion.shape[1], device=motion.device)
    last = torch.where(mask, time, -1).cummax(dim=1).values
    first = mask.int().argmax(dim=1, keepdim=True)
    source = torch.where(last >= 0, last, first)[..., None].expand_as(motion)
    return motion.gather(1, source)


__all__ = ["MotionTokenizer", "MotionTokenizerEncoderOutput", "MotionTokenizerOutput"]
