"""Captions against all reference paraphrases: BLEU-1, BLEU-4, ROUGE-L, CIDEr, BERTScore.

    >>> from tdmm_hf.evaluation.metrics.captions import caption_scores
    >>> scores = caption_scores(["he nods twice", "a wide smile"], [["he nods twice"], ["a smile"]])
    >>> round(scores.bleu_1, 1), round(scores.rouge_l, 1)
    (83.3, 90.0)

All in percent. Case does not count. BLEU is sacrebleu's over the corpus with its 13a tokens;
ROUGE-L is rouge-score's F1 against the reference that it is highest for, without stemming; CIDEr is
pycocoevalcap's. That package cuts words with a Java program; ``penn_words`` does the same here
with NLTK's rules of the Penn Treebank, so that none is needed. CIDEr weighs words by how many of
the references have them: it depends on the whole set, and is 0 for a set of one.

Sources: Papineni et al. 2002, https://aclanthology.org/P02-1040, and Post 2018,
https://arxiv.org/abs/1804.08771 (BLEU); Lin 2004, https://aclanthology.org/W04-1013 (ROUGE);
Vedantam et al. 2015, https://arxiv.org/abs/1411.5726 (CIDEr).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from ...import_utils import require_package
from .bertscore import Encoder, bert_score

EXTRA = "evaluate"
# What pycocoevalcap drops, as NLTK writes it.
PUNCTUATION = frozenset(
    [
        "''",
        "'",
        "``",
        "`",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ".",
        "?",
        "!",
        ",",
        ":",
        "-",
        "--",
        "...",
        ";",
    ]
)


@dataclass(frozen=True)
class CaptionScores:
    """All in percent; ``bert_score`` is None without an encoder, CIDEr can exceed 100.

    ``signature`` is sacrebleu's of BLEU-4.
    """

    bleu_1: float
    bleu_4: float
    rouge_l: float
    cider: float
    bert_score: float | None
    captions: int
    signature: str
    notes: tuple[str, ...] = ()


def caption_scores(
    predictions: Sequence[str],
    references: Sequence[Sequence[str]],
    encoder: Encoder | None = None,
) -> CaptionScores:
    """Every score of captions against all their references.

    Args:
        predictions: captions; an empty one scores 0.
        references: for each caption at least one, not empty.
        encoder: of BERTScore, see ``bertscore.transformer_encoder``; none is at hand by default.

    Raises:
        ValueError: other numbers of captions and references, or a caption without reference.
    """
    references = _checked(predictions, references)
    bleu_1, _ = bleu(predictions, references, order=1)
    bleu_4, signature = bleu(predictions, references, order=4)
    few = "CIDEr is 0 for a single caption: it weighs words by how rare they are in the set"
    return CaptionScores(
        bleu_1=bleu_1,
        bleu_4=bleu_4,
        rouge_l=rouge_l(predictions, references),
        cider=cider(predictions, references),
        bert_score=None if encoder is None else bert_score(predictions, references, encoder),
        captions=len(predictions),
        signature=signature,
        notes=(few,) if len(predictions) == 1 else (),
    )


def bleu(
    predictions: Sequence[str], references: Sequence[Sequence[str]], order: int
) -> tuple[float, str]:
    """BLEU over the corpus with n-grams up to ``order``, percent, and sacrebleu's signature."""
    references = _checked(predictions, references)
    metrics = require_package("sacrebleu.metrics", EXTRA)
    metric = metrics.BLEU(lowercase=True, max_ngram_order=order)
    streams = [list(stream) for stream in zip_longest(*references)]  # None where one has fewer
    score = metric.corpus_score(list(predictions), streams).score
    return float(score), str(metric.get_signature())


def rouge_l(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Mean over captions of the best F1 of the longest common subsequence, percent."""
    references = _checked(predictions, references)
    scorer = require_package("rouge_score.rouge_scorer", EXTRA).RougeScorer(["rougeL"])
    found = [
        scorer.score_multi(refs, caption)["rougeL"].fmeasure
        for caption, refs in zip(predictions, references, strict=True)
    ]
    return 100 * float(np.mean(found))


def cider(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """CIDEr (the variant CIDEr-D of pycocoevalcap), 100 times its value, as tables print it."""
    references = _checked(predictions, references)
    scorer = require_package("pycocoevalcap.cider.cider", EXTRA).Cider()
    truth = {i: [penn_words(text) for text in refs] for i, refs in enumerate(references)}
    found = {i: [penn_words(caption)] for i, caption in enumerate(predictions)}
    if not any(text for refs in truth.values() for text in refs):
        raise ValueError("references must hold at least one word, got punctuation alone")
    return 100 * float(scorer.compute_score(truth, found)[0])


def penn_words(text: str) -> str:
    """Lower-case words of the Penn Treebank, one space between them, punctuation dropped.

    >>> penn_words("The man's eyes don't move. He nods!")
    "the man 's eyes do n't move he nods"
    """
    tokenizer = require_package("nltk.tokenize", EXTRA).TreebankWordTokenizer()
    # NLTK parts a full stop from its word at the end of the text only.
    parted = re.sub(r"[.?!]+(?=\s|$)", " ", text.lower())
    return " ".join(word for word in tokenizer.tokenize(parted) if word not in PUNCTUATION)


def _checked(
    predictions: Sequence[str], references: Sequence[Sequence[str]]
) -> Sequence[Sequence[str]]:
    """The references; ValueError for what cannot be scored."""
    if isinstance(predictions, str) or not all(isinstance(text, str) for text in predictions):
        raise ValueError("predictions must be a list of captions, got other than strings")
    if len(predictions) != len(references) or not len(predictions):
        raise ValueError(
            "predictions and references must be as many, at least one each, "
            f"got {len(predictions)} and {len(references)}"
        )
    for i, refs in enumerate(references):
        if isinstance(refs, str) or not len(refs) or not all(text.strip() for text in refs):
            raise ValueError(
                f"each caption needs a list of references that are not empty, got {refs!r} at {i}"
            )
    return references
