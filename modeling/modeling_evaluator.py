"""TDMMEvaluator: texts and face motions as points of one space, to measure other models with.

    >>> evaluator = AutoModel.from_pretrained("tdmm_hf/assets/tdmm-evaluator")
    >>> texts = evaluator.embed_texts(["She nods twice.", "He is furious."])  # (2, 128)
    >>> motions = evaluator.embed_motions([nod, rage], fps=25.0)  # (2, 128)
    >>> torch.cdist(texts, motions)  # small where a text tells a motion

The space is the unit sphere under Euclidean distance (0 for the same, 1.41 for unrelated, 2 for
opposite), the one that the metrics use. Trained by contrast as TMR is
(https://arxiv.org/abs/2305.00976). It shares no weights with a language model that it measures.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from transformers import PreTrainedModel, PreTrainedTokenizerFast
from transformers.utils import ModelOutput

from .configuration_evaluator import TDMMEvaluatorConfig

INITIAL_TEMPERATURE = 0.07
MAX_LOGIT_SCALE = math.log(100.0)
EMBED_BATCH = 32
TIME_WAVES = 4  # sines and cosines of the share of a motion that has passed


@dataclass
class TDMMEvaluatorOutput(ModelOutput):
    """loss, a scalar; text_embeds and motion_embeds (batch, embedding_size), of unit length."""

    loss: torch.Tensor | None = None
    text_embeds: torch.Tensor | None = None
    motion_embeds: torch.Tensor | None = None


class ConvUnit(nn.Module):
    """Dilated convolution over time beside a shortcut; masked steps count as zeros."""

    def __init__(self, width, dilation):
        super().__init__()
        self.dilation = dilation
        self.norm = nn.LayerNorm(width)
        self.conv = nn.Linear(3 * width, width)  # of a step and its two neighbours
        self.project = nn.Linear(width, width)

    def forward(self, hidden, mask):
        """hidden (batch, steps, width), mask (batch, steps, 1)."""
        inner = F.pad(self.norm(hidden) * mask, (0, 0, self.dilation, self.dilation))
        steps, d = hidden.shape[1], self.dilation
        near = torch.cat([inner[:, i * d : i * d + steps] for i in range(3)], dim=-1)
        return hidden + self.project(F.gelu(self.conv(near))) * mask


class AttentionLayer(nn.Module):
    """Self-attention and a feed-forward network, each behind a norm and beside a shortcut."""

    def __init__(self, config):
        super().__init__()
        width = config.hidden_size
        self.num_heads = config.num_heads
        self.attention_norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.feed_norm = nn.LayerNorm(width)
        self.feed_in = nn.Linear(width, config.feed_forward)
        self.feed_out = nn.Linear(config.feed_forward, width)

    def forward(self, hidden, mask):
        """hidden (batch, steps, width), mask (batch, steps) bool."""
        batch, steps, width = hidden.shape
        heads = self.qkv(self.attention_norm(hidden)).view(batch, steps, 3, self.num_heads, -1)
        query, key, value = heads.permute(
            2, 0, 3, 1, 4
        )  # each (batch, heads, steps, width / heads)
        # Sequences are short: written out, this trains faster than the fused kernels of CPUs.
        scores = (query * query.shape[-1] ** -0.5) @ key.transpose(2, 3)
        scores = scores.masked_fill(~mask[:, None, None], torch.finfo(scores.dtype).min)
        seen = (
            scores.softmax(dim=-1).to(value.dtype) @ value
        )  # (batch, heads, steps, width / heads)
        hidden = hidden + self.out(seen.transpose(1, 2).reshape(batch, steps, width))
        return hidden + self.feed_out(F.gelu(self.feed_in(self.feed_norm(hidden))))


class Pool(nn.Module):
    """Mean and maximum over the steps of a sequence to a point of the unit sphere."""

    def __init__(self, config):
        super().__init__()
        self.norm = nn.LayerNorm(config.hidden_size)
        self.project = nn.Sequential(
            nn.Linear(2 * config.hidden_size, 2 * config.hidden_size),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(2 * config.hidden_size, config.embedding_size),
        )

    def forward(self, hidden, mask):
        """hidden (batch, steps, width), mask (batch, steps) bool; (batch, embedding_size)."""
        hidden, mask = self.norm(hidden), mask[..., None]
        mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1)
        most = hidden.masked_fill(~mask, torch.finfo(hidden.dtype).min).amax(dim=1)
        return F.normalize(self.project(torch.cat([mean, most], dim=-1)).float(), dim=-1)


class MotionEncoder(nn.Module):
    """Normalised motion (batch, frames, channels) to points (batch, embedding_size)."""

    def __init__(self, config):
        super().__init__()
        self.stride = config.downsample
        window = 2 * self.stride  # each step sees half a step to both sides
        self.stem = nn.Linear(window * config.num_channels, config.hidden_size)
        self.time = nn.Linear(2 * TIME_WAVES, config.hidden_size)
        self.units = nn.ModuleList(
            ConvUnit(config.hidden_size, 2**i) for i in range(config.conv_layers)
        )
        self.layers = nn.ModuleList(AttentionLayer(config) for _ in range(config.motion_layers))
        self.pool = Pool(config)

    def forward(self, motion, mask):
        """motion (batch, frames, channels), zero where mask (batch, frames) is False."""
        batch, frames, _ = motion.shape
        half, short = self.stride // 2, -frames % self.stride
        padded = F.pad(motion, (0, 0, half, short + self.stride - half))
        windows = padded.unfold(1, 2 * self.stride, self.stride)  # (batch, steps, channels, window)
        mask = F.pad(mask, (0, short)).view(batch, -1, self.stride).any(dim=-1)  # (batch, steps)
        hidden = self.stem(windows.flatten(2)) + self.time(_time_waves(mask))
        hidden = hidden * mask[..., None]
        for unit in self.units:
            hidden = unit(hidden, mask[..., None])
        for layer in self.layers:
            hidden = layer(hidden, mask)
        return self.pool(hidden, mask)


class TextEncoder(nn.Module):
    """Word pieces (batch, tokens) to points (batch, embedding_size).

    ``words`` is a frozen table of what pieces mean, so that a word that no training text had stands
    near those that mean the same.
    """

    def __init__(self, config):
        super().__init__()
        self.words = nn.Embedding(config.vocab_size, config.word_size)
        self.words.weight.requires_grad_(False)
        self.positions = nn.Embedding(config.max_text_tokens, config.hidden_size)
        self.project = nn.Linear(config.word_size, config.hidden_size)
        self.word_noise = config.word_noise
        self.layers = nn.ModuleList(AttentionLayer(config) for _ in range(config.text_layers))
        self.pool = Pool(config)

    def forward(self, input_ids, mask):
        """input_ids and mask (batch, tokens), the mask bool."""
        place = torch.arange(input_ids.shape[1], device=input_ids.device)
        words = self.words(input_ids)  # (batch, tokens, word_size)
        if self.training:
            words = words + self.word_noise * torch.randn_like(words)
        hidden = self.project(words) + self.positions(place)
        for layer in self.layers:
            hidden = layer(hidden, mask)
        return self.pool(hidden, mask)


class TDMMEvaluator(PreTrainedModel):
    """Joint space of texts and motions; ``mean`` and ``std`` (channels,) normalise motions."""

    config_class = TDMMEvaluatorConfig
    base_model_prefix = "evaluator"
    main_input_name = "motion"
    # Distances in half precision would depend on the machine.
    _keep_in_fp32_modules_strict = ["text", "motion", "mean", "std", "logit_scale"]

    def __init__(self, config):
        super().__init__(config)
        self._tokenizer = None
        self.text = TextEncoder(config)
        self.motion = MotionEncoder(config)
        self.logit_scale = nn.Parameter(torch.tensor(-math.log(INITIAL_TEMPERATURE)))
        self.register_buffer("mean", torch.zeros(config.num_channels))
        self.register_buffer("std", torch.ones(config.num_channels))
        self.post_init()

    @property
    def tokenizer(self):
        """The tokenizer saved beside the weights, or given."""
        if self._tokenizer is None:
            self._tokenizer = PreTrainedTokenizerFast.from_pretrained(self.name_or_path)
        return self._tokenizer

    @tokenizer.setter
    def tokenizer(self, value):
        self._tokenizer = value

    def save_pretrained(self, save_directory, *args, **kwargs):
        """Save with the tokenizer, which belongs to the word table."""
        self.tokenizer.save_pretrained(save_directory)
        super().save_pretrained(save_directory, *args, **kwargs)

    def forward(self, input_ids, attention_mask, motion, mask, alike=None):
        """The contrastive loss of pairs: text i tells motion i.

        Args:
            input_ids, attention_mask: (batch, tokens).
            motion: (batch, frames, channels) at ``config.fps``.
            mask: (batch, frames), False past a motion's end.
            alike: (batch, batch) bool, pairs that mean nearly the same; they are no negatives.
        """
        texts = self.text_features(input_ids, attention_mask)
        motions = self.motion_features(motion, mask)
        scale = self.logit_scale.clamp(max=MAX_LOGIT_SCALE).exp()
        loss = contrastive_loss(texts @ motions.T * scale, alike)
        return TDMMEvaluatorOutput(loss=loss, text_embeds=texts, motion_embeds=motions)

    def text_features(self, input_ids, attention_mask):
        """Points (batch, embedding_size) of texts as word pieces (batch, tokens)."""
        longest = self.config.max_text_tokens
        return self.text(input_ids[:, :longest], attention_mask[:, :longest].bool())

    def motion_features(self, motion, mask):
        """Points (batch, embedding_size) of motions at ``config.fps``; see `forward`."""
        mask = mask.bool()
        normalised = (motion.to(self.mean.dtype) - self.mean) / self.std
        return self.motion(normalised.masked_fill(~mask[..., None], 0.0), mask)

    @torch.no_grad()
    def embed_texts(self, texts, batch_size=EMBED_BATCH):
        """Points (texts, embedding_size) of a list of strings, float32."""
        if isinstance(texts, str):
            raise ValueError(f"texts must be a list of strings, got one string {texts!r}")
        ids = [self.tokenizer(text, add_special_tokens=False).input_ids for text in texts]
        if not all(ids):
            raise ValueError(
                f"a text must not be empty, got {texts[[*map(bool, ids)].index(False)]!r}"
            )
        return self._embed(ids, batch_size, self.config.pad_token_id, self.text_features)

    @torch.no_grad()
    def embed_motions(self, motions, fps=25.0, batch_size=EMBED_BATCH):
        """Points (motions, embedding_size) of motions, float32.

        Args:
            motions: arrays (frames, channels), one length each.
            fps: of all of them, or one for each.
            batch_size: motions at once.

        Raises:
            ValueError: naming the rule and the value: shape, NaN, frame rate, length.
        """
        rates = np.broadcast_to(np.asarray(fps, dtype=float), len(motions)).tolist()
        seen = [self._checked(m, rate) for m, rate in zip(motions, rates, strict=True)]
        return self._embed(seen, batch_size, 0.0, self.motion_features)

    def _embed(self, items, batch_size, padding, features):
        """Features of sequences, in batches of nearly one length, in the order given."""
        device = self.mean.device
        found = torch.empty(len(items), self.config.embedding_size)
        order = sorted(range(len(items)), key=lambda i: len(items[i]))
        was_training = self.training
        self.eval()
        for first in range(0, len(order), batch_size):
            batch = order[first : first + batch_size]
            padded, mask = pad([torch.as_tensor(items[i]) for i in batch], padding)
            found[batch] = features(padded.to(device), mask.to(device)).cpu()
        self.train(was_training)
        return found

    def _checked(self, motion, fps):
        """A motion (frames, channels) at the rate of the config."""
        config, values = self.config, np.asarray(motion, dtype=np.float32)
        if not (math.isfinite(fps) and fps > 0):
            raise ValueError(f"fps must be positive and finite, got {fps}")
        if values.ndim != 2 or values.shape[1] != config.num_channels:
            raise ValueError(
                f"motion must be (frames, {config.num_channels}), got shape {values.shape}"
            )
        if not np.isfinite(values).all():
            raise ValueError(f"motion must be finite, got {values[~np.isfinite(values)][0]}")
        # Rounded to whole frames, a motion may be half a frame off.
        half = 0.5 / min(fps, config.fps)
        if not config.min_seconds - half <= len(values) / fps <= config.max_seconds + half:
            raise ValueError(
                f"a motion must last {config.min_seconds:g} to {config.max_seconds:g} s, "
                f"got {len(values) / fps:g}"
            )
        return torch.from_numpy(np.ascontiguousarray(_at_rate(values, fps, config.fps)))

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=module.in_features**-0.5)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
        elif isinstance(module, nn.LayerNorm):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)


def contrastive_loss(logits, alike=None):
    """InfoNCE both ways over (batch, batch) logits; pairs marked in ``alike`` are left out.

    Oord et al. 2018, https://arxiv.org/abs/1807.03748; the filter is TMR's.
    """
    if alike is not None:
        own = torch.eye(len(logits), dtype=torch.bool, device=logits.device)
        logits = logits.masked_fill(alike & ~own, float("-inf"))
    target = torch.arange(len(logits), device=logits.device)
    return 0.5 * (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target))


def pad(items, value=0):
    """Sequences (length, ...) as one (items, longest, ...), and the mask (items, longest)."""
    lengths = torch.tensor([len(item) for item in items])
    padded = nn.utils.rnn.pad_sequence(items, batch_first=True, padding_value=value)
    return padded, torch.arange(padded.shape[1])[None] < lengths[:, None]


def _time_waves(mask):
    """Sines and cosines (batch, steps, 2 x TIME_WAVES) of the share of each motion passed."""
    steps = torch.arange(mask.shape[1], device=mask.device) + 0.5
    passed = steps[None] / mask.sum(dim=1, keepdim=True)  # (batch, steps)
    angles = passed[..., None] * math.pi * torch.arange(1, TIME_WAVES + 1, device=mask.device)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def _at_rate(values, fps, wanted):
    """Values (frames, channels) at another rate, linear; a frame is the middle of its interval."""
    if fps == wanted:
        return values
    frames = max(1, round(len(values) / fps * wanted))
    at = np.clip((np.arange(frames) + 0.5) * fps / wanted - 0.5, 0, len(values) - 1)
    low = np.floor(at).astype(int)
    share = (at - low)[:, None].astype(np.float32)
    return values[low] * (1 - share) + values[np.minimum(low + 1, len(values) - 1)] * share


__all__ = ["TDMMEvaluator", "TDMMEvaluatorOutput"]
