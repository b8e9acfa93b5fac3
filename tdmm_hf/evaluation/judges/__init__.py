"""Judges of captions: CorE, CorM and CorI, 1 to 5, by one rubric.

>>> from tdmm_hf.evaluation.judges import OfflineJudge
>>> OfflineJudge().info.name
'offline'

``OfflineJudge`` reads by rule; ``llm.endpoint_judge`` and ``llm.local_judge`` ask a language model.
"""

from .offline import OfflineJudge
from .reading import Reading, read_caption
from .verdicts import Judge, JudgeInfo, Judgement, Verdict, load_rubric

__all__ = [
    "Judge",
    "JudgeInfo",
    "Judgement",
    "OfflineJudge",
    "Reading",
    "Verdict",
    "load_rubric",
    "read_caption",
]
