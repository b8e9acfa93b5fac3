"""A corpus that is made in a moment: short random motions with true words."""

import numpy as np

from tdmm_hf.corpus.schema import make_row
from tdmm_hf.corpus.shards import shard_path, shard_schema, write_rows
from tdmm_hf.motion import FaceMotion
from tdmm_hf.prompts.suite import sample_attributes
from tdmm_hf.prompts.wording import captions, describe

SECONDS = 0.8
SMOOTHED = np.ones(5) / 5


def random_motion(rng, seconds: float = SECONDS) -> FaceMotion:
    """Weights that wander between 0 and 1."""
    frames = round(seconds * 25)
    noise = rng.random((frames + 4, 55))
    return FaceMotion(np.stack([np.convolve(c, SMOOTHED, mode="valid") for c in noise.T], axis=1))


def row(split: str, number: int) -> dict:
    rng = np.random.default_rng([number, len(split)])
    attributes = sample_attributes(rng, duration=2.0)
    return make_row(
        f"{split}-{number:07d}",
        random_motion(rng, SECONDS + 0.2 * (number % 2)),
        captions(attributes, rng, 2),
        [describe(attributes, rng) for _ in range(2)],
        attributes,
        "performer",
    )


def write_corpus(folder, **clips: int):
    """A corpus with so many clips in each split."""
    (folder / "data").mkdir(parents=True)
    for split, count in clips.items():
        rows = [row(split, number) for number in range(count)]
        write_rows(rows, folder / shard_path(split, 0, 1), shard_schema())
    return folder
