import itertools

import numpy as np
import pytest
from datasets import load_dataset

from tdmm_hf.corpus.splits import SPLITS, belongs, combinations, draw, split_of
from tdmm_hf.prompts.attributes import Attributes
from tdmm_hf.prompts.vocabulary import load_vocabulary
from tdmm_hf.settings import CorpusSettings

DRAWN = 120


@pytest.fixture(scope="module")
def drawn():
    """Attributes of the first clips of each split, of corpora of two seeds."""
    corpora = [CorpusSettings(clips=DRAWN, seed=seed, long_share=0.2) for seed in (0, 1)]
    return {
        split: [draw(one, split, number)[0] for one in corpora for number in range(DRAWN)]
        for split in SPLITS
    }


@pytest.fixture(scope="module")
def rows(corpus, tmp_path_factory):
    dataset = load_dataset(str(corpus), cache_dir=tmp_path_factory.mktemp("cache"))
    return {split: list(dataset[split]) for split in SPLITS}


@pytest.mark.parametrize("split", ["validation", "test"])
def test_no_combination_that_leads_a_held_out_split_is_ever_in_training(drawn, split):
    seen = {found for attributes in drawn["train"] for found in combinations(attributes)}
    seen |= {found for attributes in drawn["test_wording"] for found in combinations(attributes)}
    held_out = {combinations(attributes)[0] for attributes in drawn[split]}
    assert len(held_out) > DRAWN / 2
    assert not held_out & seen


def test_validation_and_test_have_no_leading_combination_in_common(drawn):
    validation, test = (
        {combinations(attributes)[0] for attributes in drawn[split]}
        for split in ("validation", "test")
    )
    assert not validation & test


def test_clips_are_of_the_split_that_draws_them(drawn):
    assert all(belongs(a, split) for split in SPLITS for a in drawn[split])
    assert not any(belongs(a, "train") for a in [*drawn["validation"], *drawn["test"]])


def test_second_emotions_and_long_clips_occur_in_every_split(drawn):
    for split in SPLITS:
        assert 0.2 < np.mean([len(a.emotions) > 1 for a in drawn[split]]) < 0.5
        assert 0.1 < np.mean([a.duration >= 10 for a in drawn[split]]) < 0.4


def test_every_category_has_combinations_in_every_split():
    vocabulary = load_vocabulary()
    for category in vocabulary.emotions:
        cells = itertools.product([category], vocabulary.manners, vocabulary.head_motions)
        splits = [split_of(cell) for cell in cells]
        assert {"train", "validation", "test"} == set(splits)
        assert splits.count("train") > 0.8 * len(splits)


@pytest.mark.parametrize(
    ("combination", "split"),
    [
        (("happy", "silent", "natural"), "train"),
        (("bored", "sings", "sway"), "train"),
        (("happy", "whispers", "natural"), "validation"),
        (("sad", "speaks_rapidly", "sway"), "validation"),
        (("afraid", "shouts", "turn_right"), "test"),
        (("contemptuous", "sings", "still"), "test"),
    ],
)
def test_a_combination_stays_in_its_split_for_good(combination, split):
    """Models that are out already learned by it."""
    assert split_of(combination) == split


def test_no_caption_of_a_held_out_split_is_one_of_training(rows):
    texts = {
        split: {text for row in rows[split] for text in (row["text"], *row["paraphrases"])}
        for split in SPLITS
    }
    for split in SPLITS[1:]:
        assert not texts["train"] & texts[split]


def test_no_seed_and_no_motion_occurs_twice(rows):
    every = [row for split in SPLITS for row in rows[split]]
    assert len({row["id"] for row in every}) == len(every)
    assert len({row["seed"] for row in every}) == len(every)
    motions = {np.asarray(row["motion"], np.float32).tobytes() for row in every}
    assert len(motions) == len(every)


def test_rows_are_of_their_split(rows):
    for split in SPLITS:
        assert all(belongs(Attributes.from_dict(row["attributes"]), split) for row in rows[split])
