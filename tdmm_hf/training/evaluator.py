"""Trains the evaluator: a joint space of texts and motions, by contrast.

    model = train_evaluator("corpus", EvaluatorSettings(), "evaluator")
    model.embed_texts(["She nods twice."])  # (1, 128), of unit length

Each text is to be nearer to its own motion than to the others of its batch, and the other way round
(InfoNCE), as in TMR (https://arxiv.org/abs/2305.00976). Pairs that mean nearly the same are no
negatives of each other; the rest of a batch is chosen to be hard. Two linear heads that are thrown
away afterwards help: one reads what is performed off either point, one a motion's outline.

The model shares no weights with the language models that it measures. Word knowledge comes from a
frozen table that is made here anew, of its own vocabulary and width: the principal components of
what dictionary entries say (`text_encoder.meaning_vectors`).

A stopped run goes on from its last checkpoint when it is started again with the same settings, and
ends with the weights it would have had: every step draws from its own seed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import shutil
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from tqdm.auto import tqdm
from transformers import AutoTokenizer

from ..hub import save_checkpoint
from ..modeling.configuration_evaluator import TDMMEvaluatorConfig
from ..modeling.modeling_evaluator import TDMMEvaluator, pad
from ..parameters import get_space
from ..settings import claim
from .codes import load_corpus
from .evaluator_pairs import Pairs, alike_rows, epoch_batches, prepare_pairs
from .evaluator_settings import EvaluatorSettings
from .optimizer import MuonAdamW
from .schedule import warm_then_cosine

logger = logging.getLogger(__name__)

SPACE = "arkit"
FPS = 25.0
# Channels that hardly ever move would otherwise be scaled up to the size of the busy ones.
SMALLEST_STD = 0.05
STATISTICS_FRAMES = 200_000
READING_SCALE = 10.0  # points have unit length; logits must tell some hundred keys apart
GRADIENT_NORM = 1.0
FREE = ("threads", "save_every")  # settings that do not change the result


class Learner(nn.Module):
    """The evaluator, and the heads that it learns with.

    ``reader`` reads keys (all tracks) off a point, ``outline`` the normalised outline of a motion.
    """

    def __init__(self, evaluator: TDMMEvaluator, num_keys: int, outline_size: int):
        super().__init__()
        self.evaluator = evaluator
        size = evaluator.config.embedding_size
        self.reader = nn.Linear(size, num_keys)
        self.outline = nn.Linear(size, outline_size)

    def get_output_embeddings(self) -> nn.Module:
        """The heads, which the optimizer treats as it does a language model's."""
        return nn.ModuleList([self.reader, self.outline])


def train_evaluator(
    corpus: str | Path,
    settings: EvaluatorSettings,
    output_dir: str | Path,
    tokenizer=None,
    words: torch.Tensor | None = None,
    progress: bool = True,
) -> TDMMEvaluator:
    """Train on a corpus' training split and save the model, in half precision, to ``output_dir``.

    Args:
        corpus: folder or Hub dataset.
        settings: how to train.
        output_dir: gets the model, and below ``training`` what a stopped run resumes from.
        tokenizer, words: a text tokenizer and the meanings of its pieces (pieces, word_size), in
            place of those made from the dictionary.
        progress: show a bar.

    Returns:
        The trained model, in evaluation mode.
    """
    if settings.threads:
        torch.set_num_threads(settings.threads)
    work = Path(output_dir) / "training"
    work.mkdir(parents=True, exist_ok=True)
    wanted = {k: v for k, v in dataclasses.asdict(settings).items() if k not in FREE}
    claim(work / "settings.json", wanted, "a run with")
    tokenizer, words = _vocabulary(settings, work, tokenizer, words)
    rows = load_corpus(corpus)
    pairs = prepare_pairs(rows, tokenizer, work / "pairs", SPACE, FPS, settings.synonym_rate)
    learner = _new_learner(pairs, settings, tokenizer, words)
    _train(learner, pairs, settings, work / "checkpoint", progress)
    return _save(learner.evaluator.eval(), Path(output_dir))


def _vocabulary(settings, work: Path, tokenizer, words):
    """The tokenizer and its word table; made once, for making takes minutes."""
    folder = work / "vocabulary"
    if not folder.exists():
        if tokenizer is None:
            tokenizer, words = _dictionary(settings.vocabulary, settings.word_size)
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        tokenizer.save_pretrained(part)
        np.save(part / "words.npy", words.numpy())
        part.rename(folder)
    return AutoTokenizer.from_pretrained(folder), torch.from_numpy(np.load(folder / "words.npy"))


def _dictionary(vocabulary: int, width: int):
    from .text_encoder import build_text_tokenizer, meaning_vectors, reduce

    tokenizer = build_text_tokenizer(vocabulary)
    pieces = tuple(tokenizer.convert_ids_to_tokens(range(vocabulary)))
    return tokenizer, reduce(meaning_vectors(pieces), width)


def _new_learner(pairs: Pairs, settings, tokenizer, words: torch.Tensor) -> Learner:
    config = TDMMEvaluatorConfig(
        space=SPACE,
        channels=get_space(SPACE).channels,
        fps=FPS,
        vocab_size=len(words),
        word_size=words.shape[1],
        pad_token_id=tokenizer.pad_token_id,
        word_noise=settings.word_noise,
        feed_forward=2 * settings.hidden_size,
        hidden_size=settings.hidden_size,
        text_layers=settings.text_layers,
        conv_layers=settings.conv_layers,
        motion_layers=settings.motion_layers,
        embedding_size=settings.embedding_size,
    )
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        evaluator = TDMMEvaluator(config)
        learner = Learner(evaluator, pairs.keys.shape[1], pairs.outlines.shape[1])
    evaluator.tokenizer = tokenizer
    evaluator.text.words.weight.data.copy_(words / words.std())
    some = pairs.frames[:: -(-len(pairs.frames) // STATISTICS_FRAMES)].astype(np.float32)
    evaluator.mean.copy_(torch.from_numpy(some.mean(axis=0)))
    evaluator.std.copy_(torch.from_numpy(np.maximum(some.std(axis=0), SMALLEST_STD)))
    return learner


def _train(learner: Learner, pairs: Pairs, settings, checkpoint: Path, progress: bool) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    learner.to(device)
    optimizer = MuonAdamW(learner, lr=settings.learning_rate, weight_decay=settings.weight_decay)
    first = _resume(learner, optimizer, checkpoint, device)
    steps = tqdm(
        range(first, settings.steps), "evaluator", settings.steps, initial=first,
        disable=not progress,
    )  # fmt: skip
    shown: dict[str, float] = {}
    for step in steps:
        losses = _train_step(learner, optimizer, pairs, settings, step)
        shown = {k: 0.98 * shown.get(k, v) + 0.02 * v for k, v in losses.items()}
        if step % 20 == 0:
            steps.set_postfix({name: f"{value:.3f}" for name, value in shown.items()})
        if (step + 1) % settings.save_every == 0 or step + 1 == settings.steps:
            logger.info("step %d: %s", step + 1, shown)
            _checkpoint(learner, optimizer, step + 1, checkpoint)
    learner.to("cpu")


def _train_step(learner: Learner, optimizer, pairs: Pairs, settings, step: int) -> dict[str, float]:
    rng = np.random.default_rng([settings.seed, 1, step])
    clips = _clips(pairs, settings, step)
    device = learner.reader.weight.device
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed * settings.steps + step)
        learner.train()
        with _precision(settings, device):
            losses = _losses(learner, pairs, clips, settings, rng)
        loss = losses["contrast"]
        loss = loss + settings.reading_weight * losses["reading"]
        loss = loss + settings.outline_weight * losses["outline"]
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * warm_then_cosine(
                step, settings.steps, settings.warmup
            )
        optimizer.zero_grad()
        loss.backward()
    torch.nn.utils.clip_grad_norm_(learner.parameters(), GRADIENT_NORM)
    optimizer.step()
    return {name: value.item() for name, value in losses.items()}


def _precision(settings, device):
    if not settings.bf16:
        return contextlib.nullcontext()
    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16)


def _clips(pairs: Pairs, settings, step: int) -> np.ndarray:
    """The clips of a step's batch, (batch,)."""
    size = min(settings.batch_size, len(pairs) // settings.group_size * settings.group_size)
    if size < 2:
        raise ValueError(f"a corpus to learn from must have 2 clips at least, got {len(pairs)}")
    epoch, place = divmod(step, _epoch_steps(len(pairs), size))
    return _epoch(pairs, size, settings.group_size, settings.seed, epoch)[place]


def _epoch_steps(clips: int, size: int) -> int:
    return clips // size


@lru_cache(maxsize=1)
def _epoch(pairs: Pairs, size: int, group_size: int, seed: int, epoch: int) -> list[np.ndarray]:
    return epoch_batches(pairs, size, group_size, np.random.default_rng([seed, 0, epoch]))


def _losses(learner: Learner, pairs: Pairs, clips: np.ndarray, settings, rng) -> dict:
    """The contrastive loss and those of the heads, scalars."""
    device = learner.reader.weight.device
    texts = [torch.from_numpy(pairs.text(clip, rng)).long() for clip in clips]
    motions = [_window(pairs.motion(clip), settings, rng) for clip in clips]
    ids, seen = (t.to(device) for t in pad(texts, learner.evaluator.config.pad_token_id))
    motion, mask = (t.to(device) for t in pad(motions))
    alike = torch.from_numpy(alike_rows(pairs, clips)).to(device)
    alike |= _alike_texts(learner.evaluator, ids, seen, pairs.keys[clips], settings.alike)
    output = learner.evaluator(ids, seen, motion, mask, alike)
    points = torch.cat([output.text_embeds, output.motion_embeds])
    return {
        "contrast": output.loss,
        "reading": _reading_loss(learner, points, pairs, clips),
        "outline": _outline_loss(learner, points, pairs, clips),
    }


def _window(motion: np.ndarray, settings, rng) -> torch.Tensor:
    """A motion (frames, channels), or a random window of one that is too long."""
    frames = round(settings.max_seconds * FPS)
    start = rng.integers(max(1, len(motion) - frames + 1))
    return torch.from_numpy(motion[start : start + frames].astype(np.float32))


def _alike_texts(evaluator, ids, seen, keys: np.ndarray, threshold: float) -> torch.Tensor:
    """(batch, batch) bool: words of nearly the same mean meaning, for rows without attributes."""
    meaning = evaluator.text.words.weight[ids] * seen[..., None]  # (batch, tokens, word_size)
    mean = F.normalize(meaning.sum(dim=1), dim=-1)
    unknown = torch.from_numpy(~keys.any(axis=1)).to(ids.device)
    return (mean @ mean.T >= threshold) & (unknown[:, None] | unknown[None])


def _reading_loss(learner: Learner, points, pairs: Pairs, clips: np.ndarray) -> torch.Tensor:
    """Cross-entropy of each track's keys, read off texts and motions (2 x batch, size)."""
    known = pairs.keys[clips].any(axis=1)
    if not known.any():
        return points.sum() * 0.0
    rows = torch.from_numpy(np.tile(known, 2)).to(points.device)
    keys = torch.from_numpy(np.tile(pairs.keys[clips[known]], (2, 1))).to(points)
    logits = learner.reader(points[rows] * READING_SCALE)
    losses = [
        F.cross_entropy(logits[:, own], F.normalize(keys[:, own], p=1, dim=1))
        for own in pairs.track_slices().values()
    ]
    return torch.stack(losses).mean()


def _outline_loss(learner: Learner, points, pairs: Pairs, clips: np.ndarray) -> torch.Tensor:
    """L1 of the normalised outline, from texts and motions."""
    outlines = torch.from_numpy(pairs.outlines[clips]).to(points.device).float()
    mean, std = learner.evaluator.mean, learner.evaluator.std
    parts = outlines.view(len(clips), -1, 2, len(mean))  # (batch, parts, mean and std, channels)
    parts = torch.stack([(parts[:, :, 0] - mean) / std, parts[:, :, 1] / std], dim=2)
    return F.l1_loss(learner.outline(points * READING_SCALE), parts.flatten(1).repeat(2, 1))


def _checkpoint(learner: Learner, optimizer, step: int, folder: Path) -> None:
    """Write the state beside, then put it in place."""
    beside = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    state = {"learner": learner.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save(state, beside / "state.pt")
    (beside / "step.json").write_text(json.dumps(step))
    shutil.rmtree(folder, ignore_errors=True)
    beside.rename(folder)


def _resume(learner: Learner, optimizer, folder: Path, device: str) -> int:
    """Load the last checkpoint, if there is one; the step to go on from."""
    if not (folder / "step.json").exists():
        return 0
    state = torch.load(folder / "state.pt", weights_only=True, map_location=device)
    learner.load_state_dict(state["learner"])
    optimizer.load_state_dict(state["optimizer"])
    return json.loads((folder / "step.json").read_text())


def _save(evaluator: TDMMEvaluator, output_dir: Path) -> TDMMEvaluator:
    """Half-precision weights, which load in full precision; the model as it loads."""
    save_checkpoint(evaluator.to(torch.float16), output_dir)
    evaluator.config.dtype = torch.float32  # saving noted the stored precision
    evaluator.config.save_pretrained(output_dir)
    return TDMMEvaluator.from_pretrained(output_dir).eval()
