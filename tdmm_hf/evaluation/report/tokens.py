"""What the model's own tokenizer and next tokens are worth: codes, their use, teacher-forced Tok.

    coded = code_motions(model, clips)
    coded.decoded[0], token_hits(model, clips, coded.codes)

Tok is that of text to motion: the model is given the prompt, the plan that the performance was made
of (where the model writes plans and the clip has attributes), and all codes before the one that it
is to tell. Of a motion longer than the model's window, the first window counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from ...motion import FaceMotion
from ...performer.plan import write_plan
from ..metrics import next_token_accuracy
from ..metrics.rate import code_rate, codebook_use
from .clips import Clip
from .motions import decode

TASK = "text-to-face-motion"


@dataclass(frozen=True, eq=False)
class Coded:
    """Codes (steps, codebooks) of each clip's motion, and what they decode to."""

    codes: list[np.ndarray]
    decoded: list[FaceMotion]


def code_motions(model, clips: Sequence[Clip]) -> Coded:
    """The clips' motions through the model's tokenizer."""
    codes, decoded = [], []
    for clip in tqdm(clips, "through the tokenizer", unit="clip", leave=False):
        found = _encode(model, clip.motion)
        frames = clip.motion.resample(model.config.motion_config.fps).num_frames
        codes.append(found)
        decoded.append(_lasting(decode(model, found, clip.motion, frames), clip.motion))
    return Coded(codes, decoded)


@torch.no_grad()
def _encode(model, motion: FaceMotion) -> np.ndarray:
    motion = motion.resample(model.config.motion_config.fps)
    arrays = (motion.values, motion.valid, motion.observed)
    tensors = (torch.tensor(array, device=model.device)[None] for array in arrays)
    return model.motion_tokenizer.encode(*tensors).codes[0].cpu().numpy()


def _lasting(motion: FaceMotion, like: FaceMotion) -> FaceMotion:
    """As many frames as another: two changes of rate may leave one more or less."""
    at = np.minimum(np.arange(like.num_frames), motion.num_frames - 1)
    return FaceMotion(motion.values[at], motion.fps, motion.space)


def tokenizer_facts(model, coded: Coded) -> dict:
    """Rate of the codes and use of the codebooks."""
    config = model.config.motion_config
    sizes = [config.codebook_size] * config.num_codebooks
    rate = code_rate(sizes, config.fps / config.downsample)
    use = codebook_use(np.concatenate(coded.codes), sizes)
    return {
        "codebooks": len(sizes),
        "codes_in_each": config.codebook_size,
        "tokens_per_second": rate.tokens_per_second,
        "bits_per_second": rate.bits_per_second,
        "codebook_use_percent": float(np.mean(use.used)),
        "entropy_bits": list(use.entropy),
        "steps": use.steps,
    }


def token_hits(model, clips: Sequence[Clip], codes: Sequence[np.ndarray], batch_size: int) -> dict:
    """For each clip, how many of its motion tokens the model takes for likeliest, and of how many.

    Returns:
        ``hits`` and ``tokens``, (clips,) int.
    """
    examples = [_example(model, *pair) for pair in zip(clips, codes, strict=True)]
    order = sorted(range(len(examples)), key=lambda i: len(examples[i]["input_ids"]))
    hits, tokens = np.zeros((2, len(examples)), dtype=np.int64)
    with tqdm(total=len(order), desc="teacher forced", unit="clip", leave=False) as bar:
        for first in range(0, len(order), batch_size):
            batch = order[first : first + batch_size]
            for i, found in zip(batch, _score(model, [examples[i] for i in batch]), strict=True):
                hits[i], tokens[i] = round(found.accuracy * found.tokens), found.tokens
            bar.update(len(batch))
    return {"hits": hits, "tokens": tokens}


def _example(model, clip: Clip, codes: np.ndarray) -> dict:
    processor, config = model.processor, model.config
    steps = min(len(codes), config.window_steps)
    seconds = clip.motion.duration
    planned = config.plan_start_token_id is not None and clip.attributes is not None
    return processor.training_example(
        TASK,
        clip.text,
        codes[:steps],
        duration=seconds,
        window=(0.0, steps / config.steps_per_second) if steps < len(codes) else None,
        plan=write_plan(clip.attributes) if planned else "",
    )


@torch.no_grad()
def _score(model, examples: list[dict]) -> list:
    """TokenAccuracy of examples, padded on the right, where nothing looks back from."""
    pad = torch.nn.utils.rnn.pad_sequence
    ids = [torch.tensor(example["input_ids"]) for example in examples]
    mask = pad([torch.ones_like(one) for one in ids], batch_first=True)
    padded = pad(ids, batch_first=True)
    logits = model(padded.to(model.device), attention_mask=mask.to(model.device)).logits
    likeliest = logits.argmax(dim=-1).cpu().numpy()
    motion = model.config.motion_config
    first = model.config.motion_token_start
    words = range(first, first + motion.num_codebooks * motion.codebook_size)
    return [
        next_token_accuracy([row[: len(example["labels"])]], [example["labels"]], words)
        for row, example in zip(likeliest, examples, strict=True)
    ]
