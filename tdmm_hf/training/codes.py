"""A corpus as motion codes, encoded once for all of language model training.

codes = encode_corpus(load_corpus("corpus"), motion_tokenizer, tracked_share=0.4, seed=0)
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from datasets import Dataset, load_dataset

from ..corpus.schema import check_version
from ..motion import FaceMotion
from ..performer.plan import write_plan
from ..performer.tracking import track
from ..prompts.attributes import Attributes
from ..prompts.wording import prompt

CODE_COLUMNS = ("text", "paraphrases", "descriptions", "num_frames")
CODE_DTYPE = np.int32
GROUP = 16  # motions encoded at once
SITUATIONS = 2  # of each row
PLAIN_TO_STRONG = (3, 4)  # the intensities that situations leave open


def load_corpus(corpus: str | Path, split: str = "train") -> Dataset:
    """A split of a corpus folder or Hub dataset; its motions come as (frames, channels) arrays.

    Raises:
        ValueError: there is no such folder, or it holds no corpus, or one of another schema.
    """
    if not Path(corpus).is_dir():
        try:
            return load_dataset(str(corpus), split=split).with_format("numpy")
        except (FileNotFoundError, ConnectionError) as error:
            raise ValueError(f"no corpus at {str(corpus)!r}: {error}") from error
    # datasets caches a folder under its name alone: two corpora of one name would be mixed up.
    shards = sorted(str(path) for path in Path(corpus).glob(f"data/{split}-*.parquet"))
    if not shards:
        raise ValueError(f"no corpus at {str(corpus)!r}: it has no data/{split}-*.parquet")
    for shard in shards:
        check_version(shard)
    return Dataset.from_parquet(shards, split=split).with_format("numpy")


def encode_corpus(
    corpus: Dataset,
    motion_tokenizer,
    tracked_share: float = 0.0,
    seed: int = 0,
    tracker: str = "scores",
) -> Dataset:
    """Rows of texts (text, paraphrases, situations, descriptions), plan, num_frames and codes.

    ``codes`` is (latent steps x codebooks,) int, step-major. ``tracked_codes`` codes the same
    motion as a ``tracker`` would have seen it; empty for all but ``tracked_share`` of the rows.
    ``plan`` is empty where a row has no attributes. ``situations`` are prompts that tell what
    befalls somebody and leave the emotion to be understood; empty where it is too weak or too
    strong for them. Rows without a text are left out.

    Raises:
        ValueError: no row has a text.
    """
    told = [index for index, text in enumerate(corpus["text"]) if text]
    if not told:
        raise ValueError(
            f"a corpus to learn language from must have texts, got {len(corpus)} rows without"
        )
    corpus = corpus.select(told) if len(told) < len(corpus) else corpus
    performed = _attributes(corpus)

    def encode(rows: dict, indices: list[int]) -> dict:
        motions = [np.asarray(motion, dtype=np.float32) for motion in rows["motion"]]
        rngs = [np.random.default_rng([seed, index]) for index in indices]
        seen = [rng.random() < tracked_share for rng in rngs]
        tracked = [
            track(FaceMotion(m), rng, tracker).values
            for m, rng, s in zip(motions, rngs, seen, strict=True)
            if s
        ]
        tracked_codes = iter(encode_batch(motion_tokenizer, tracked))
        return {
            "plan": [write_plan(a) if a else "" for a in (performed[i] for i in indices)],
            "situations": [_situations(performed[i], [seed, i]) for i in indices],
            "codes": encode_batch(motion_tokenizer, motions),
            "tracked_codes": [next(tracked_codes) if s else np.zeros(0, CODE_DTYPE) for s in seen],
        }

    drop = [name for name in corpus.column_names if name not in CODE_COLUMNS]
    return corpus.map(
        encode, batched=True, batch_size=512, with_indices=True, remove_columns=drop, desc="encode"
    )


def _attributes(corpus: Dataset) -> list[Attributes | None]:
    """Each row's attributes, read as they were written, not as numpy has them."""
    if "attributes" not in corpus.column_names:
        return [None] * len(corpus)
    rows = corpus.select_columns("attributes").with_format(None)
    return [Attributes.from_dict(row["attributes"]) if row["attributes"] else None for row in rows]


def _situations(attributes: Attributes | None, entropy: list[int]) -> list[str]:
    if attributes is None or attributes.emotions[0].intensity not in PLAIN_TO_STRONG:
        return []
    rng = np.random.default_rng([*entropy, 1])
    return [prompt(attributes, rng, style="situation") for _ in range(SITUATIONS)]


def encode_batch(motion_tokenizer, motions: list[np.ndarray]) -> list[np.ndarray]:
    """Flat codes of each motion, step-major: (latent steps x codebooks,)."""
    codes: list[np.ndarray] = [np.zeros(0, CODE_DTYPE)] * len(motions)
    order = sorted(range(len(motions)), key=lambda i: len(motions[i]))  # little is padding
    for first in range(0, len(order), GROUP):
        group = order[first : first + GROUP]
        for i, flat in zip(
            group, _encode(motion_tokenizer, [motions[i] for i in group]), strict=True
        ):
            codes[i] = flat
    return codes


@torch.no_grad()
def _encode(motion_tokenizer, motions: list[np.ndarray]) -> list[np.ndarray]:
    lengths = torch.tensor([len(motion) for motion in motions])
    padded = torch.nn.utils.rnn.pad_sequence(
        [torch.tensor(motion) for motion in motions], batch_first=True
    )  # (batch, frames, channels)
    mask = torch.arange(padded.shape[1])[None] < lengths[:, None]
    device = motion_tokenizer.device
    codes = motion_tokenizer.encode(padded.to(device), mask.to(device)).codes.cpu().numpy()
    steps = (-(-lengths // motion_tokenizer.config.downsample)).tolist()
    return [c[:n].reshape(-1).astype(CODE_DTYPE) for c, n in zip(codes, steps, strict=True)]
