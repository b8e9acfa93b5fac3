import dataclasses

import pytest

from tdmm_hf.corpus.build import plan, write_shard
from tdmm_hf.corpus.polishing import open_rewriter, polish_rows
from tdmm_hf.corpus.rows import performed_row
from tdmm_hf.corpus.shards import read_columns, shard_schema
from tdmm_hf.prompts.rewriters import Endpoint
from tdmm_hf.prompts.vocabulary import load_vocabulary


class Rewording:
    """Says each caption again, with other words in front."""

    name = "rewording"

    def __init__(self, front: str):
        self.front = front
        self.asked = 0

    def answer(self, conversations):
        self.asked += len(conversations)
        texts = [c[-1]["content"].split("Caption: ")[1].split("\n")[0] for c in conversations]
        return [f"{self.front} {text}" for text in texts]


@pytest.fixture
def rows(settings):
    return [performed_row(settings, "train", number) for number in range(4)]


def texts_of(rows):
    return [[row["text"], *row["paraphrases"]] for row in rows]


def test_true_rewordings_take_the_captions_place(rows, tmp_path):
    before = texts_of(rows)
    changed = polish_rows(rows, Rewording("Here:"), tmp_path / "answers.jsonl")
    pairs = [
        (old, new)
        for row, again in zip(before, texts_of(rows), strict=True)
        for old, new in zip(row, again, strict=True)
    ]
    assert changed == sum(old != new for old, new in pairs) > len(pairs) / 2
    assert all(new in (old, f"Here: {old}") for old, new in pairs)


def test_held_out_words_stay_out_of_training(rows, tmp_path):
    before = texts_of(rows)
    held_out = load_vocabulary().emotions["happy"].words["adjectives"].held_out[0]
    polish_rows(rows, Rewording(f"Not {held_out}:"), tmp_path / "answers.jsonl")
    assert texts_of(rows) == before


def test_a_shard_is_polished_and_nothing_is_asked_twice(settings, tmp_path, monkeypatch):
    model = Rewording("Here:")
    monkeypatch.setattr("tdmm_hf.corpus.build._rewriter", lambda name: model)
    polished = dataclasses.replace(settings, polish="some/model")
    shards = {shard.split: shard for shard in plan(polished) if shard.index == 0}
    (tmp_path / "data").mkdir()
    for split in ("train", "test"):
        write_shard(shards[split], polished, tmp_path, shard_schema())
    said = {
        split: read_columns(tmp_path / shards[split].path, ["text"])["text"].to_pylist()
        for split in ("train", "test")
    }
    assert any(text.startswith("Here:") for text in said["train"])
    assert not any(text.startswith("Here:") for text in said["test"])
    asked, whole = model.asked, (tmp_path / shards["train"].path).read_bytes()
    (tmp_path / shards["train"].path).unlink()
    write_shard(shards["train"], polished, tmp_path, shard_schema())
    assert model.asked == asked == 8 * settings.captions
    assert (tmp_path / shards["train"].path).read_bytes() == whole


def test_an_endpoint_is_named_with_its_model(monkeypatch):
    monkeypatch.setenv("TDMM_POLISH_KEY", "key")
    endpoint = open_rewriter("http://localhost:8000/v1 some/model")
    assert isinstance(endpoint, Endpoint)
    assert (endpoint.model, endpoint.key) == ("some/model", "key")
    with pytest.raises(ValueError, match='polish must be "URL MODEL"'):
        open_rewriter("http://localhost:8000/v1")
