import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tdmm_hf.evaluation.metrics import bert_score, bleu, caption_scores, cider, rouge_l
from tdmm_hf.evaluation.metrics.bertscore import transformer_encoder
from tdmm_hf.evaluation.metrics.captions import penn_words

FEW = settings(max_examples=25, deadline=None)
WORDS = ["he", "she", "nods", "smiles", "slowly", "twice", "then", "frowns"]
sentences = st.lists(st.sampled_from(WORDS), min_size=4, max_size=8).map(" ".join)


def letters(texts):
    """An encoder with a direction for each letter."""
    return [np.eye(26)[[ord(c) - 97 for c in text if c.isalpha()]] for text in texts]


def test_bleu_by_hand():
    # "the man nods slowly twice" in "the man nods twice" and "a man nods slowly": the, man, nods,
    # slowly, twice all stand in one of them: 5 of 5. Length 5 against the nearest, 4: no penalty.
    caption, references = (
        ["The man nods slowly twice"],
        [["the man nods twice", "a man nods slowly"]],
    )
    assert bleu(caption, references, 1)[0] == pytest.approx(100)
    # Two grams: the man, man nods, nods slowly are there, slowly twice is not: 3 of 4.
    assert bleu(caption, references, 2)[0] == pytest.approx(100 * math.sqrt(3 / 4))
    # Two words against four: all right, penalty exp(1 - 4 / 2).
    assert bleu(["man nods"], references, 1)[0] == pytest.approx(100 * math.exp(-1))


def test_bleu_is_over_the_corpus():
    # 1 of 1 and 1 of 3 words: 2 of 4, not the mean of 1 and 1/3.
    assert bleu(["yes", "a b c"], [["yes"], ["a x y"]], 1)[0] == pytest.approx(50)


def test_bleu_says_how_it_was_measured():
    _, signature = bleu(["a"], [["a"]], 4)
    assert "tok:13a" in signature
    assert "case:lc" in signature


def test_rouge_by_hand():
    # "he nods slowly" in "he nods": common 2, precision 2/3, recall 1, F1 0.8; in "she nods
    # very slowly" common 2, precision 2/3, recall 1/2: less. Best is 80.
    found = rouge_l(["he nods slowly"], [["she nods very slowly", "he nods"]])
    assert found == pytest.approx(80)


def test_cider_by_hand():
    # Two captions, each a word of its own: idf of each is log(2 / 1). Caption 1 is its reference:
    # the cosine of single words is 1, those of longer n-grams, of which there are none, 0; the
    # mean over four lengths 1 / 4, times 10. Caption 2 has nothing in common. Mean 1.25, so 125.
    assert cider(["nods", "blinks"], [["nods"], ["smiles"]]) == pytest.approx(125)


def test_cider_of_perfect_captions_is_a_thousand():
    texts = ["he nods very slowly", "a wide smile appears now"]
    assert cider(texts, [[text] for text in texts]) == pytest.approx(1000)


def test_cider_weighs_nothing_in_a_set_of_one_and_the_scores_say_so():
    found = caption_scores(["he nods"], [["he nods"]])
    assert found.cider == 0
    assert "CIDEr is 0 for a single caption" in found.notes[0]
    assert found.bert_score is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The man's eyes don't move. He nods!", "the man 's eyes do n't move he nods"),
        ("She can't; he won't (both).", "she ca n't he wo n't both"),
        ("A half-smile, at 2.5 s ...", "a half-smile at 2.5 s"),
        ('He says "no".', "he says no"),
    ],
)
def test_words_are_those_of_the_treebank(text, words):
    assert penn_words(text) == words


def test_all_paraphrases_count():
    caption, first, second = ["he nods slowly", "a smile"], ["she frowns"], ["he nods slowly"]
    alone = caption_scores(caption, [first, ["a smile"]])
    both = caption_scores(caption, [[*first, *second], ["a smile"]])
    assert both.bleu_1 > alone.bleu_1
    assert both.rouge_l > alone.rouge_l
    assert both.cider > alone.cider


@FEW
@given(st.lists(sentences, min_size=2, max_size=5, unique=True))
def test_a_caption_that_is_its_reference_is_perfect(texts):
    found = caption_scores(texts, [[text.upper() + "."] for text in texts], letters_of_words)
    assert found.bleu_4 > 50  # the full stop of the reference is missing
    assert found.rouge_l == pytest.approx(100)
    assert found.bert_score == pytest.approx(100)


def letters_of_words(texts):
    return letters([text.lower().strip(".") for text in texts])


@FEW
@given(st.lists(sentences, min_size=2, max_size=4), sentences)
def test_order_of_references_and_captions_does_not_matter(texts, other):
    references = [[text, other] for text in texts[::-1]]
    found = caption_scores(texts, references)
    turned = caption_scores(texts[::-1], [refs[::-1] for refs in references[::-1]])
    for name in ("bleu_1", "bleu_4", "rouge_l", "cider"):
        assert getattr(found, name) == pytest.approx(getattr(turned, name))


def test_bertscore_by_hand():
    # "ab" against "abcd": both letters are found, two of four: P 1, R 1/2, F1 2/3. "ax" is F1 1/2.
    assert bert_score(["ab"], [["ax", "abcd"]], letters) == pytest.approx(200 / 3)
    assert bert_score(["", "ab"], [["a"], ["ab"]], letters) == pytest.approx(50)


def test_bertscore_with_a_transformer(tmp_path):
    from transformers import BertConfig, BertModel, BertTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (tmp_path / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(vocab_file=str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    sizes = {"hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 8}
    BertModel(BertConfig(vocab_size=len(words), num_hidden_layers=1, **sizes)).save_pretrained(
        tmp_path
    )
    encoder = transformer_encoder(tmp_path, batch_size=2)
    assert [states.shape for states in encoder(["he nods", "she", "he"])] == [
        (2, 8),
        (1, 8),
        (1, 8),
    ]
    same = bert_score(["he nods slowly"], [["he nods slowly"]], encoder)
    assert same == pytest.approx(100)
    assert bert_score(["he nods slowly"], [["she smiles"]], encoder) < same


def test_an_empty_caption_scores_nothing():
    found = caption_scores(["", "he nods"], [["she smiles"], ["he nods"]])
    assert found.rouge_l == pytest.approx(50)


@pytest.mark.parametrize(
    ("predictions", "references", "rule"),
    [
        (["a"], [], "as many, at least one each, got 1 and 0"),
        ([], [], "at least one each"),
        (["a"], [[]], "needs a list of references"),
        (["a"], ["a reference"], "needs a list of references"),
        (["a"], [["b", " "]], "not empty"),
        ([3], [["b"]], "list of captions"),
        ("a", [["b"]], "list of captions"),
        (["a"], [["..."]], "at least one word"),
    ],
)
def test_wrong_captions_are_refused(predictions, references, rule):
    with pytest.raises(ValueError, match=rule) as error:
        caption_scores(predictions, references)
    assert "\n" not in str(error.value)
