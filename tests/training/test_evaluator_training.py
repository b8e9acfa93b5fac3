"""Training the evaluator: it learns, a stopped run ends where an unbroken one does, batches."""

import dataclasses

import numpy as np
import pytest
import torch
from transformers import AutoModel

from tdmm_hf.corpus.build import build
from tdmm_hf.performer.plan import read_plan
from tdmm_hf.settings import CorpusSettings, from_yaml
from tdmm_hf.training import evaluator as training
from tdmm_hf.training.codes import load_corpus
from tdmm_hf.training.evaluator import train_evaluator
from tdmm_hf.training.evaluator_pairs import alike_rows, epoch_batches, keys_of, prepare_pairs
from tdmm_hf.training.evaluator_settings import EvaluatorSettings

SETTINGS = EvaluatorSettings(
    steps=6, batch_size=8, group_size=2, save_every=2, max_seconds=2.0, hidden_size=16,
    text_layers=1, conv_layers=1, motion_layers=1, embedding_size=8, bf16=False, threads=1,
)  # fmt: skip


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    settings = CorpusSettings(clips=24, held_out=1, captions=2, descriptions=1, long_share=0.1)
    return build(settings, tmp_path_factory.mktemp("pairs") / "corpus", progress=False)


@pytest.fixture(scope="module")
def pairs(corpus, small_tokenizer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared") / "pairs"
    return prepare_pairs(load_corpus(corpus), small_tokenizer, folder, synonym_rate=0.5)


def train(corpus, tokenizer, out, settings=SETTINGS):
    words = torch.randn(len(tokenizer), 8, generator=torch.Generator().manual_seed(0))
    return train_evaluator(corpus, settings, out, tokenizer, words, progress=False)


def test_prepared_pairs_are_those_of_the_corpus(corpus, pairs, small_tokenizer):
    rows = load_corpus(corpus)
    assert len(pairs) == len(rows) == 24
    for clip in (0, 7, 23):
        np.testing.assert_allclose(pairs.motion(clip), rows[clip]["motion"], atol=1e-3)
        own = [rows[clip]["text"], *rows[clip]["paraphrases"]]
        written = small_tokenizer(own, add_special_tokens=False).input_ids
        drawn = [
            pairs.pieces[pairs.text_starts[t] : pairs.text_starts[t + 1]].tolist()
            for t in range(pairs.texts[clip], pairs.texts[clip + 1])
        ]
        assert drawn[: len(own)] == written
        assert len(drawn) == 2 * len(own)  # and once more in other words
    assert set(pairs.tracks["gaze"]) >= {"camera"}
    assert pairs.keys.sum(axis=1).min() >= len(pairs.tracks)


def test_keys_say_what_is_performed():
    nods = read_plan("angry 4 then sad 2 at 2, whispers, nod 9 quick at 0.5, blink", 5.0)
    assert keys_of(nods) == {
        "emotion": ["angry", "sad"], "intensity": ["4"], "change": ["then"],
        "manner": ["whispers"], "head": ["nod"], "count": ["4"], "speed": ["quick"],
        "action": ["blink"], "gaze": ["camera"],
    }  # fmt: skip


def test_an_epoch_has_every_clip_once_in_groups(pairs):
    batches = epoch_batches(pairs, 8, 2, np.random.default_rng(0))
    assert [len(batch) for batch in batches] == [8, 8, 8]
    assert sorted(np.concatenate(batches)) == list(range(24))
    again = epoch_batches(pairs, 8, 2, np.random.default_rng(0))
    assert np.array_equal(batches, again)


def test_alike_is_the_same_but_for_a_grade(pairs):
    def rows(*plans):
        found = [keys_of(read_plan(plan, 5.0)) for plan in plans]
        tracks = {t: sorted({k for keys in found for k in keys[t]}) for t in found[0]}
        flat = [(t, k) for t, keys in tracks.items() for k in keys]
        keys = np.array([[k in keys[t] for t, k in flat] for keys in found])
        return dataclasses.replace(pairs, keys=keys, tracks=tracks)

    made = rows("sad 3, nod 2", "sad 4, nod 2", "sad 5, nod 2", "sad 3, nod 3", "angry 3, nod 2")
    alike = alike_rows(made, np.arange(5))
    expected = np.eye(5, dtype=bool)
    expected[0, 1] = expected[1, 0] = expected[1, 2] = expected[2, 1] = True
    assert np.array_equal(alike, expected)


def test_it_learns_which_text_tells_which_motion(corpus, small_tokenizer, tmp_path, monkeypatch):
    seen = []
    plain = training._train_step

    def noting(*arguments):
        seen.append(plain(*arguments))
        return seen[-1]

    monkeypatch.setattr(training, "_train_step", noting)
    longer = dataclasses.replace(SETTINGS, steps=60, save_every=60, learning_rate=5e-3)
    train(corpus, small_tokenizer, tmp_path, longer)
    first, last = (np.mean([s["reading"] for s in part]) for part in (seen[:5], seen[-5:]))
    assert last < 0.7 * first
    assert np.mean([s["contrast"] for s in seen[-5:]]) < seen[0]["contrast"]


def test_a_stopped_run_ends_where_an_unbroken_one_does(
    corpus, small_tokenizer, tmp_path, monkeypatch
):
    unbroken = train(corpus, small_tokenizer, tmp_path / "a")
    plain = training._train_step

    def stop_at_5(learner, optimizer, pairs, settings, step):
        if step == 5:
            raise KeyboardInterrupt
        return plain(learner, optimizer, pairs, settings, step)

    with monkeypatch.context() as patch:
        patch.setattr(training, "_train_step", stop_at_5)
        with pytest.raises(KeyboardInterrupt):
            train(corpus, small_tokenizer, tmp_path / "b")
    resumed = train(corpus, small_tokenizer, tmp_path / "b")
    for name, value in unbroken.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name
    other = dataclasses.replace(SETTINGS, seed=1)
    with pytest.raises(ValueError, match="holds a run with other settings: seed"):
        train(corpus, small_tokenizer, tmp_path / "b", other)

    loaded = AutoModel.from_pretrained(tmp_path / "b")
    assert loaded.dtype == torch.float32
    assert loaded.embed_texts(["the woman nods twice"]).norm() == pytest.approx(1.0)


def test_the_word_table_is_not_trained(corpus, small_tokenizer, tmp_path):
    words = torch.randn(len(small_tokenizer), 8, generator=torch.Generator().manual_seed(0))
    model = train(corpus, small_tokenizer, tmp_path)
    expected = (words / words.std()).half().float()
    assert torch.equal(model.text.words.weight, expected)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, "steps must be positive, got 0"),
        ({"batch_size": 12}, "batch_size must be 2 at least and a multiple of group_size"),
        ({"max_seconds": 90.0}, r"max_seconds must lie in 1\.\.60, got 90.0"),
        ({"word_noise": -1.0}, "word_noise must not be negative, got -1.0"),
        ({"synonym_rate": 2.0}, r"synonym_rate must lie in 0\.\.1, got 2.0"),
    ],
)
def test_settings_are_checked(changes, message):
    with pytest.raises(ValueError, match=message):
        EvaluatorSettings(**changes)


def test_the_recipe_is_valid(request):
    recipe = request.config.rootpath / "recipes" / "evaluator.yaml"
    assert from_yaml(EvaluatorSettings, recipe).steps > 0
