"""Descriptions: the model's beside plain answers, scored by words and by judges.

    scores = score_captions(captions, clips, settings, encoder, judges)

Everything that belongs to one caption is found once: its matches of n-grams, its ROUGE-L, its
CIDEr (words weighed by all clips' references), its BERTScore, its judgement. Repetitions draw
batches of 32 clips and sum up. Over all clips the figures are those of ``metrics.caption_scores``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from ...import_utils import require_package
from ..judges import Judgement
from ..metrics import bert_score, repeat, rouge_l
from ..metrics.captions import EXTRA, penn_words
from .clips import Clip
from .scores import draw_batches, summed_up
from .settings import ReportSettings

ORDERS = (1, 4)
COR = {"emotion": "cor_e", "motion": "cor_m", "intensity": "cor_i"}


@dataclass(frozen=True)
class CaptionFigures:
    """What one repetition finds; None for what was not measured."""

    bleu_1: float
    bleu_4: float
    rouge_l: float
    cider: float
    bert_score: float | None
    cor_e: float | None
    cor_m: float | None
    cor_i: float | None


def score_captions(
    captions: Sequence[str],
    references: Sequence[Sequence[str]],
    settings: ReportSettings,
    encoder: Callable | None = None,
    judgement: Judgement | None = None,
) -> dict[str, dict]:
    """Every figure of a system's captions.

    Args:
        captions: one for each clip.
        references: for each at least one.
        settings: repetitions and seed.
        encoder: of BERTScore.
        judgement: of these captions, where the clips have attributes.
    """
    table = caption_table(captions, references, encoder)
    scores = {} if judgement is None else judged(judgement)

    def measure(seed: int) -> CaptionFigures:
        rows = draw_batches(np.random.default_rng(seed), len(captions)).ravel()
        means = {
            name: float(np.nanmean({**table, **scores}[name][rows]))
            if name in {**table, **scores}
            else None
            for name in ("rouge_l", "cider", "bert_score", *COR.values())
        }
        return CaptionFigures(
            bleu_1=bleu(table["matches"][rows], 1), bleu_4=bleu(table["matches"][rows], 4), **means
        )

    return summed_up(repeat(measure, settings.repetitions, settings.seed))


def judged(judgement: Judgement) -> dict[str, np.ndarray]:
    """(captions,) of each score; nan where the judge's answer was unreadable."""
    return {
        name: np.array([np.nan if v is None else getattr(v, key) for v in judgement.verdicts])
        for key, name in COR.items()
    }


def caption_table(
    captions: Sequence[str], references: Sequence[Sequence[str]], encoder: Callable | None
) -> dict[str, np.ndarray]:
    """What each caption scores by itself: arrays of (captions,), and ``matches`` (captions, 10)."""
    pairs = list(zip(captions, references, strict=True))
    table = {
        "matches": np.array([ngram_matches(*pair) for pair in pairs]),
        "rouge_l": np.array(
            [rouge_l([one], [refs]) for one, refs in tqdm(pairs, "ROUGE-L", leave=False)]
        ),
        "cider": _cider(captions, references),
    }
    if encoder is not None:
        table["bert_score"] = np.array([bert_score([one], [refs], encoder) for one, refs in pairs])
    return table


def ngram_matches(caption: str, references: Sequence[str]) -> list[int]:
    """sacrebleu's counts: matched n-grams of 1 to 4 words, all of them, and both lengths."""
    metric = require_package("sacrebleu.metrics", EXTRA).BLEU(lowercase=True, max_ngram_order=4)
    found = metric.corpus_score([caption], [[reference] for reference in references])
    return [*found.counts, *found.totals, found.sys_len, found.ref_len]


def bleu(matches: np.ndarray, order: int) -> float:
    """BLEU of a corpus of (captions, 10) matches, percent."""
    total = matches.sum(axis=0).tolist()
    compute = require_package("sacrebleu.metrics", EXTRA).BLEU.compute_bleu
    found = compute(
        correct=total[:order],
        total=total[4 : 4 + order],
        sys_len=total[8],
        ref_len=total[9],
        smooth_method="exp",
        max_ngram_order=order,
    )
    return float(found.score)


def _cider(captions: Sequence[str], references: Sequence[Sequence[str]]) -> np.ndarray:
    """(captions,) CIDEr, as ``metrics.cider``, whose mean over all it is."""
    scorer = require_package("pycocoevalcap.cider.cider", EXTRA).Cider()
    truth = {i: [penn_words(text) for text in refs] for i, refs in enumerate(references)}
    found = {i: [penn_words(caption)] for i, caption in enumerate(captions)}
    return 100 * np.asarray(scorer.compute_score(truth, found)[1])


@dataclass(frozen=True)
class Answers:
    """Captions of one system, and the references that they are held against."""

    captions: list[str]
    references: list[tuple[str, ...]]
    note: str = ""


def answers(
    described: Sequence[str], clips: Sequence[Clip], commonest: str | None, seed: int
) -> dict[str, Answers]:
    """The model's descriptions and what stands beside them, by system."""
    references = [clip.references for clip in clips]
    found = {"model": Answers(list(described), references)}
    if all(len(refs) > 1 for refs in references):
        found["ground truth"] = Answers(
            [refs[0] for refs in references],
            [refs[1:] for refs in references],
        )
    order = np.random.default_rng([seed, 3]).permutation(len(clips))
    shuffled = [""] * len(clips)
    for place, other in zip(order, np.roll(order, 1), strict=True):
        shuffled[place] = described[other]
    found["shuffled answers"] = Answers(shuffled, references)
    if commonest is not None:
        found["commonest caption"] = Answers(
            [commonest] * len(clips), references, f"commonest caption: {commonest!r}"
        )
    return found
