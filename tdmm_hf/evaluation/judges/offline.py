"""A judge without a network or a model: it reads captions by rule.

    >>> from tdmm_hf.evaluation.judges.offline import OfflineJudge
    >>> from tdmm_hf.prompts.attributes import Attributes, EmotionSpan
    >>> truth = Attributes(5.0, "man", (EmotionSpan("angry", "angry", 4, 0.0, 5.0),))
    >>> judgement = OfflineJudge().judge(["He is really mad.", "He isn't angry."], [truth, truth])
    >>> [verdict.emotion for verdict in judgement.verdicts]
    [5, 1]

``benchmarks/caption_judge.py`` measures how well it reads.
"""

from __future__ import annotations

from collections.abc import Sequence

from tqdm import tqdm

from ...prompts.attributes import Attributes
from .reading import read_caption
from .scoring import score
from .verdicts import JudgeInfo, Judgement, check_pairs, load_rubric

READER = "caption reader 1"  # a new number with any change of what captions are read as


class OfflineJudge:
    """Reads a caption into attributes and scores them against the truth's."""

    @property
    def info(self) -> JudgeInfo:
        return JudgeInfo("offline", READER, load_rubric()["version"])

    def judge(
        self, captions: Sequence[str], truths: Sequence[Attributes], progress: bool = False
    ) -> Judgement:
        """Scores of each caption.

        Args:
            captions: one text each.
            truths: what is shown.
            progress: whether to show a bar.

        Raises:
            ValueError: where there are not as many of one as of the other, or a truth has no
                emotion.
        """
        check_pairs(captions, truths)
        pairs = tqdm(
            zip(captions, truths, strict=True),
            total=len(captions),
            desc="judging",
            disable=not progress,
        )
        verdicts = tuple(score(read_caption(caption), truth) for caption, truth in pairs)
        return Judgement(self.info, verdicts)
