"""Which performances a split may hold, and the draw of each of its clips.

    >>> from tdmm_hf.corpus.splits import split_of
    >>> split_of(("furious", "speaks_bursts", "nod"))
    'train'

A combination is (emotion category, manner, head motion): the tracks that every performance has and
that go on throughout, so that each meets the others in time. Actions, gaze and second emotions come
and go, and most performances have none. A hash of the keys says which split a combination is of,
whatever the seed and the size of a corpus: a model that learned from one corpus has seen nothing of
the test split of another.

- ``train``: every emotion of a clip, also a second one, makes a combination of train.
- ``validation``, ``test``: the leading emotion makes a combination of theirs, which therefore
  occurs nowhere in train.
- ``test_wording``: as train, but told in templates and words that train never uses.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from ..prompts.attributes import Attributes
from ..prompts.suite import iter_attributes, sample_attributes
from ..settings import CorpusSettings

SPLITS = ("train", "validation", "test", "test_wording")
HELD_OUT_SHARES = {"validation": 0.04, "test": 0.04}  # of all combinations
MAX_DRAWS = 20_000

Combination = tuple[str, str, str]


def combinations(attributes: Attributes) -> list[Combination]:
    """(category, manner, head motion) of each emotion, the leading one first."""
    rest = (attributes.manner, attributes.head.name)
    return [(span.category, *rest) for span in attributes.emotions]


def split_of(combination: Combination) -> str:
    """``train``, ``validation`` or ``test``; depends on the keys alone."""
    digest = hashlib.blake2b("|".join(combination).encode(), digest_size=8).digest()
    place = int.from_bytes(digest, "big") / 2**64
    for split, share in HELD_OUT_SHARES.items():
        if place < share:
            return split
        place -= share
    return "train"


def belongs(attributes: Attributes, split: str) -> bool:
    """Whether a performance may stand in a split."""
    found = [split_of(combination) for combination in combinations(attributes)]
    if split in HELD_OUT_SHARES:
        return found[0] == split
    return set(found) == {"train"}


def draw(
    settings: CorpusSettings, split: str, number: int
) -> tuple[Attributes, np.random.Generator]:
    """Clip ``number`` of a split: what it performs, and the source of all further chance.

    Emotions and transitions are those of the prompt suite's number ``number``, balanced over the
    whole split. All else is drawn anew until the performance belongs to the split.

    Raises:
        ValueError: the split has no combination of that category.
    """
    entropy = [settings.seed, SPLITS.index(split)]
    rounds = int(np.random.SeedSequence(entropy).generate_state(1)[0])
    rng = np.random.default_rng([*entropy, number])
    duration = None
    if rng.random() < settings.long_share:
        duration = float(round(rng.uniform(settings.long_min, settings.long_max)))
    (attributes,) = iter_attributes(rounds, 1, duration, first=number)
    category = attributes.emotions[0].category
    for _ in range(MAX_DRAWS):
        if belongs(attributes, split):
            return attributes, rng
        drawn = sample_attributes(rng, attributes.duration, category)
        attributes = replace(drawn, emotions=attributes.emotions, transition=attributes.transition)
    raise ValueError(f"{split} must have a combination of every category, got none of {category!r}")
