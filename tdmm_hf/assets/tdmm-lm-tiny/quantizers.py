"""Quantizers: from continuous latents to codes and back.

    >>> quantizer = ResidualQuantizer([VectorQuantizer(dim=8, size=16) for _ in range(2)])
    >>> quantizer(torch.randn(1, 5, 8)).codes.shape
    torch.Size([1, 5, 2])

Sources: vector quantization, van den Oord et al. 2017, https://arxiv.org/abs/1711.00937; residual
quantization with moving averages and dead-code reset as in SoundStream, Zeghidour et al. 2021,
https://arxiv.org/abs/2107.03312; finite scalar quantization, Mentzer et al. 2023,
https://arxiv.org/abs/2309.15505.
"""

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

DEAD_CODE_USAGE = 0.05
SEARCH_WIDTH = 8  # codings of a latent that are followed from stage to stage
SEARCH_LATENTS = 256  # latents searched at once: distances to all codes must fit in memory


@dataclass
class QuantizerOutput:
    """quantized (batch, steps, dim), codes (batch, steps, codebooks), scalar commitment loss."""

    quantized: torch.Tensor
    codes: torch.Tensor
    loss: torch.Tensor


class VectorQuantizer(nn.Module):
    """A learned codebook that follows a moving average of the latents it stands for.

    Args:
        dim: size of a latent.
        size: codes in the codebook.
        decay: of the moving average.
    """

    def __init__(self, dim, size, decay=0.99):
        super().__init__()
        self.decay = decay
        self.register_buffer("codebook", torch.zeros(size, dim))
        # Zero usage marks a code as dead, so the first training batch fills the codebook.
        self.register_buffer("usage", torch.zeros(size))

    def forward(self, latents, mask=None, codes=None):
        """Quantized latents and codes of latents (batch, steps, dim).

        ``mask`` (batch, steps) says which steps the codebook learns from; ``codes`` are the nearest
        where not given, and codes that have died are then put among the latents first.
        """
        seen = latents.reshape(-1, latents.shape[-1]) if mask is None else latents[mask]
        if codes is None:
            if self.training:
                self.reset_dead_codes(seen.detach())
            codes = self.encode(latents)
        quantized = self.decode(codes)
        if self.training:
            self._follow(seen.detach(), codes.reshape(-1) if mask is None else codes[mask])
        # Straight-through: the gradient passes to the latents as if nothing had been rounded.
        return latents + (quantized - latents).detach(), codes

    def encode(self, latents):
        """Nearest codes, (batch, steps)."""
        return self.nearest(latents, 1)[1].squeeze(-1)

    def nearest(self, latents, count):
        """Squared distances and codes (..., count) of the nearest codes to latents (..., dim)."""
        squared = self.codebook.pow(2).sum(1) - 2 * latents @ self.codebook.T
        distances, codes = squared.topk(count, dim=-1, largest=False)
        return distances + latents.pow(2).sum(-1, keepdim=True), codes

    def decode(self, codes):
        """Latents of codes, (batch, steps, dim)."""
        return F.embedding(codes, self.codebook)

    @torch.no_grad()
    def _follow(self, latents, codes):
        count = torch.zeros_like(self.usage).index_add_(0, codes, torch.ones_like(latents[:, 0]))
        total = torch.zeros_like(self.codebook).index_add_(0, codes, latents)
        self.usage.mul_(self.decay).add_(count, alpha=1 - self.decay)
        mean = total / count.clamp(min=1)[:, None]
        step = (1 - self.decay) * count / self.usage.clamp(min=1e-6)
        self.codebook.lerp_(mean, step[:, None])

    @torch.no_grad()
    def reset_dead_codes(self, latents):
        """Put codes that are hardly used among latents (any number, dim)."""
        dead = self.usage < DEAD_CODE_USAGE
        if not dead.any():
            return
        picks = torch.randint(len(latents), (int(dead.sum()),), device=latents.device)
        self.codebook[dead] = latents[picks]
        self.usage[dead] = 1.0


class FiniteScalarQuantizer(nn.Module):
    """Rounds each of a few projected dimensions to a fixed number of levels: no codebook to learn.

    Args:
        dim: size of a latent.
        levels: levels of each projected dimension; their product is the number of codes.
    """

    def __init__(self, dim, levels):
        super().__init__()
        self.levels = list(levels)
        self.project_in = nn.Linear(dim, len(self.levels))
        self.project_out = nn.Linear(len(self.levels), dim)

    def forward(self, latents, mask=None, codes=None):
        """Quantized latents and codes of latents (batch, steps, dim); the rest changes nothing."""
        bounded = self._bound(self.project_in(latents))
        digits = bounded + (bounded.round() - bounded).detach()
        codes = self._digits_to_codes(digits.detach())
        return self._from_digits(digits), codes

    def encode(self, latents):
        """Codes on the grid, (batch, steps)."""
        return self._digits_to_codes(self._bound(self.project_in(latents)).round())

    def decode(self, codes):
        """Latents of codes, (batch, steps, dim)."""
        digits, rest = [], codes
        for level in self.levels:
            digits.append(rest % level)
            rest = rest // level
        return self._from_digits(torch.stack(digits, dim=-1).to(self.project_out.weight.dtype))

    def _bound(self, projected):
        """Values in [0, level - 1], one per dimension."""
        top = torch.tensor([level - 1 for level in self.levels], device=projected.device)
        return (torch.tanh(projected) + 1) / 2 * top

    def _from_digits(self, digits):
        top = torch.tensor([level - 1 for level in self.levels], device=digits.device)
        return self.project_out(digits / top * 2 - 1)

    def _digits_to_codes(self, digits):
        place = [math.prod(self.levels[:i]) for i in range(len(self.levels))]
        return (digits.round().long() * torch.tensor(place, device=digits.device)).sum(dim=-1)


class ResidualQuantizer(nn.Module):
    """Quantizers in a row, each coding what those before it left over.

    Args:
        stages: the quantizers.
        dropout: share of training sequences for which only the first few stages count.
    """

    def __init__(self, stages, dropout=0.0):
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.dropout = dropout

    def forward(self, latents, mask=None):
        """Quantize latents (batch, steps, dim), learning only from steps where ``mask`` holds."""
        depth = self._depths(latents)
        found = self._found(latents.detach(), depth, mask) if self._searches() else None
        quantized, residual, codes, loss = torch.zeros_like(latents), latents, [], 0.0
        for i, stage in enumerate(self.stages):
            part, stage_codes = stage(residual, mask, None if found is None else found[..., i])
            residual = residual - part
            quantized = quantized + part * (depth > i)[:, None, None]
            codes.append(stage_codes)
            loss = loss + self._commitment(latents, quantized, mask)
        return QuantizerOutput(quantized, torch.stack(codes, dim=-1), loss / len(self.stages))

    def encode(self, latents):
        """Codes, (batch, steps, stages).

        Learned codebooks are searched: what is nearest at one stage need not leave the least over
        at the last.
        """
        if self._searches():
            flat = latents.reshape(-1, latents.shape[-1])
            codes = torch.cat([self._search(part) for part in flat.split(SEARCH_LATENTS)])
            return codes.view(*latents.shape[:-1], len(self.stages))
        return self._nearest(latents)

    def _nearest(self, latents, reset=None):
        """The nearest code at each stage; ``reset`` (batch, steps) says what may revive codes."""
        residual, codes = latents, []
        for stage in self.stages:
            if reset is not None:
                stage.reset_dead_codes(residual[reset])
            codes.append(stage.encode(residual))
            residual = residual - stage.decode(codes[-1])
        return torch.stack(codes, dim=-1)

    def _found(self, latents, depth, mask):
        """Codes (batch, steps, stages): searched, but nearest where only the first stages count."""
        if not self.training:
            return self.encode(latents)
        seen = torch.ones_like(latents[..., 0], dtype=torch.bool) if mask is None else mask
        nearest = self._nearest(latents, reset=seen)
        all_count = (depth == len(self.stages))[:, None, None]
        return torch.where(all_count, self.encode(latents), nearest)

    def _searches(self):
        return len(self.stages) > 1 and all(isinstance(s, VectorQuantizer) for s in self.stages)

    @torch.no_grad()
    def _search(self, latents):
        """The best codes (latents, stages) that a search of ``SEARCH_WIDTH`` finds."""
        residual = latents[:, None]  # (latents, codings, dim)
        codes = torch.zeros(*residual.shape[:2], 0, dtype=torch.long, device=latents.device)
        for left, stage in zip(reversed(range(len(self.stages))), self.stages, strict=True):
            width = min(SEARCH_WIDTH, len(stage.codebook)) if left else 1
            distances, found = stage.nearest(residual, width)  # (latents, codings, width)
            best = distances.flatten(1).topk(width, largest=False, sorted=True).indices
            coding = best[..., None] // width
            code = found.flatten(1).gather(1, best)
            codes = codes.gather(1, coding.expand(-1, -1, codes.shape[-1]))
            codes = torch.cat([codes, code[..., None]], dim=-1)
            residual = residual.gather(1, coding.expand(-1, -1, residual.shape[-1]))
            residual = residual - stage.decode(code)
        return codes[:, 0]

    def decode(self, codes):
        """Latents of codes (batch, steps, stages), (batch, steps, dim)."""
        return sum(stage.decode(codes[..., i]) for i, stage in enumerate(self.stages))

    @staticmethod
    def _commitment(latents, quantized, mask):
        squared = (latents - quantized.detach()).pow(2).mean(dim=-1)  # (batch, steps)
        return squared.mean() if mask is None else squared[mask].mean()

    def _depths(self, latents):
        """Stages that count for each sequence, (batch,)."""
        full = torch.full((len(latents),), len(self.stages), device=latents.device)
        if not self.training or not self.dropout:
            return full
        some = torch.randint(1, len(self.stages) + 1, full.shape, device=latents.device)
        return torch.where(torch.rand(full.shape, device=latents.device) < self.dropout, some, full)


__all__ = ["FiniteScalarQuantizer", "QuantizerOutput", "ResidualQuantizer", "VectorQuantizer"]
