import dataclasses

import numpy as np
import pyarrow.parquet as pq
import pytest
from datasets import Array2D, List, load_dataset

from tdmm_hf.corpus.card import About, write_card
from tdmm_hf.corpus.schema import (
    COLUMNS,
    check_version,
    make_row,
    row_features,
    row_motion,
)
from tdmm_hf.corpus.shards import shard_path, shard_schema, write_rows
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import get_space
from tdmm_hf.prompts.attributes import Action, Attributes, EmotionSpan, HeadMotion

FULL = Attributes(
    duration=5.0,
    subject="woman",
    emotions=(EmotionSpan("happy", "glad", 4, 0.0, 2.0), EmotionSpan("sad", "sad", 2, 2.0, 5.0)),
    transition="then",
    manner="silent",
    actions=(Action("blink", 2), Action("smirk", 1, 0.5)),
    head=HeadMotion("nod", 2, "quick", 1.2),
    gaze="left",
)


def tracked(space: str, frames: int = 20) -> FaceMotion:
    channels = len(get_space(space).channels)
    rng = np.random.default_rng(0)
    return FaceMotion(
        rng.random((frames, channels)) * 0.9,
        fps=30.0,
        space=space,
        valid=np.arange(frames) % 5 > 0,
        observed=np.arange(channels) > 2,
    )


def write(folder, rows, space):
    path = folder / shard_path("train", 0, 1)
    path.parent.mkdir()
    write_rows(rows, path, shard_schema(space))
    return path


@pytest.fixture
def imported(tmp_path):
    """A corpus folder in another space, without attributes."""
    folder = tmp_path / "imported_flame"
    folder.mkdir()
    motion = tracked("flame")
    rows = [
        make_row("a/1", motion, ["She smiles.", "A smile."], [], None, "somewhere"),
        make_row("a/2", motion.crop(0, 0.3), [], [], None, "somewhere"),
    ]
    write(folder, rows, "flame")
    return folder


def test_columns_are_those_that_are_explained():
    assert list(row_features()) == list(COLUMNS)


def test_attributes_have_all_their_fields():
    features = row_features()["attributes"]
    assert list(features) == [field.name for field in dataclasses.fields(Attributes)]
    assert isinstance(features["emotions"], List)
    assert features["head"]["count"].dtype == "int32"


def test_attributes_come_back_as_they_were(tmp_path):
    motion = tracked("arkit")
    write(tmp_path, [make_row("1", motion, ["A."], ["B."], FULL, "performer", seed=2**62)], "arkit")
    (row,) = load_dataset(
        "parquet", data_files=str(tmp_path / "data/*"), split="train", cache_dir=tmp_path / "cache"
    )
    assert Attributes.from_dict(row["attributes"]) == FULL
    assert row["seed"] == 2**62


def test_rows_of_other_spaces_have_masks_and_captions_only(imported, tmp_path):
    write_card(imported, About(pretty_name="Somewhere", template="base.md.jinja"))
    dataset = load_dataset(str(imported), "flame", split="train", cache_dir=tmp_path / "cache")
    assert dataset.features["motion"] == Array2D((None, 58), "float32")
    captioned, mute = dataset
    assert (captioned["text"], captioned["paraphrases"]) == ("She smiles.", ["A smile."])
    assert captioned["attributes"] is None
    assert mute["text"] is None
    motion, back = tracked("flame"), row_motion(captioned)
    assert back.fps == 30
    assert back.space.name == "flame"
    assert np.array_equal(back.valid, motion.valid)
    assert np.array_equal(back.observed, motion.observed)
    assert captioned["quality"] == pytest.approx(0.8)


def test_rows_without_attributes_read_as_numpy(imported, tmp_path):
    write_card(imported, About(pretty_name="Somewhere", template="base.md.jinja"))
    dataset = load_dataset(str(imported), split="train", cache_dir=tmp_path / "cache")
    assert row_motion(dataset.with_format("numpy")[0]).num_frames == 20
    assert [row_motion(row).num_frames for row in dataset.with_format("numpy")] == [20, 9]


def test_a_motion_that_is_wholly_known_has_no_masks():
    row = make_row("1", FaceMotion(np.zeros((5, 55))), ["A."], [], None, "somewhere")
    assert row["valid"] is None
    assert row["observed"] is None
    assert row_motion(row).valid.all()


def test_empty_texts_are_refused():
    with pytest.raises(ValueError, match=r"texts must not be empty.*'7'"):
        make_row("7", FaceMotion(np.zeros((5, 55))), ["A.", " "], [], None, "somewhere")


def test_another_version_is_refused(imported):
    path = imported / shard_path("train", 0, 1)
    check_version(path)
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({b"tdmm_schema_version": b"2"}), path)
    with pytest.raises(ValueError, match=r"version must be 3, got 2 in .*parquet"):
        check_version(path)
    pq.write_table(table.replace_schema_metadata({}), path)
    with pytest.raises(ValueError, match="got none"):
        check_version(path)
