"""The rows of a performed corpus: each depends on the settings, its split and its number alone.

>>> from tdmm_hf.corpus.rows import performed_row
>>> from tdmm_hf.settings import CorpusSettings
>>> performed_row(CorpusSettings(), "train", 7)["id"]
'train-0000007'
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

import numpy as np

from ..performer import perform
from ..prompts.wording import captions, describe
from ..settings import CorpusSettings
from .schema import make_row
from .splits import SPLITS, draw

MAX_REWORDINGS = 200
PROBE_CLIPS = 2  # of each split; they tell whether the same settings still make the same corpus


def performed_row(
    settings: CorpusSettings, split: str, number: int, taken: np.ndarray | None = None
) -> dict:
    """Clip ``number`` of a split.

    Args:
        settings: of the corpus.
        split: one of ``splits.SPLITS``.
        number: from 0.
        taken: sorted ``text_digests`` of captions that it must not have.
    """
    attributes, rng = draw(settings, split, number)
    seed = int(rng.integers(2**63))
    return make_row(
        row_id=f"{split}-{number:07d}",
        motion=perform(attributes, seed=seed),
        texts=_captions(settings, split, attributes, rng, taken),
        descriptions=[describe(attributes, rng) for _ in range(settings.descriptions)],
        attributes=attributes,
        source="performer",
        seed=seed,
    )


def _captions(settings, split, attributes, rng, taken) -> list[str]:
    for _ in range(MAX_REWORDINGS):
        texts = captions(attributes, rng, settings.captions, held_out=split == "test_wording")
        if taken is None or not _any_among(text_digests(texts), taken):
            return texts
    raise ValueError(f"a caption of {split} must not be one of train, got only such: {texts}")


def _any_among(values: np.ndarray, ordered: np.ndarray) -> bool:
    places = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return bool((ordered[places] == values).any())


def text_digests(texts: Iterable[str]) -> np.ndarray:
    """A 64-bit number for each text."""
    digests = b"".join(hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts)
    return np.frombuffer(digests, dtype=np.uint64)


def probe(settings: CorpusSettings) -> str:
    """What the first clips are, as a digest: other words or movements make another."""
    digest = hashlib.blake2b(digest_size=8)
    for split in SPLITS:
        for number in range(PROBE_CLIPS):
            row = performed_row(settings, split, number)
            digest.update(row.pop("motion").tobytes())
            digest.update(json.dumps(row, sort_keys=True).encode())
    return digest.hexdigest()
