"""Metrics of face motion and its captions, as pure functions.

>>> from tdmm_hf.evaluation.metrics import frechet_distance
>>> frechet_distance([[0.0], [2.0]], [[0.0], [2.0]]).fid
0.0

Each returns a dataclass: the figure under its name, what it was measured on, and in ``notes`` where
that is less than the protocol asks for. ``docs/metrics.md`` lists them all; ``evaluation/modules``
has the same for ``evaluate.load``.
"""

from .bertscore import bert_score, transformer_encoder
from .captions import CaptionScores, bleu, caption_scores, cider, rouge_l
from .distribution import (
    Diversity,
    FrechetDistance,
    Multimodality,
    diversity,
    frechet_distance,
    multimodality,
)
from .geometry import (
    FaceErrors,
    FaceSurface,
    face_errors,
    face_vertex_error,
    head_pose_errors,
    lip_vertex_error,
    upper_face_dynamics,
)
from .inputs import motions
from .intervals import Interval, confidence_interval, repeat, repeated
from .matching import Retrieval, matching_distance, retrieval
from .parameters import ParameterDistance, parameter_distance
from .rate import (
    CodebookUse,
    CodeRate,
    RateDistortion,
    code_rate,
    codebook_use,
    on_frontier,
    rate_distortion,
)
from .timing import InferenceTime, average_inference_time
from .tokens import TokenAccuracy, next_token_accuracy

__all__ = [
    "CaptionScores",
    "CodeRate",
    "CodebookUse",
    "Diversity",
    "FaceErrors",
    "FaceSurface",
    "FrechetDistance",
    "InferenceTime",
    "Interval",
    "Multimodality",
    "ParameterDistance",
    "RateDistortion",
    "Retrieval",
    "TokenAccuracy",
    "average_inference_time",
    "bert_score",
    "bleu",
    "caption_scores",
    "cider",
    "code_rate",
    "codebook_use",
    "confidence_interval",
    "diversity",
    "face_errors",
    "face_vertex_error",
    "frechet_distance",
    "head_pose_errors",
    "lip_vertex_error",
    "matching_distance",
    "motions",
    "multimodality",
    "next_token_accuracy",
    "on_frontier",
    "parameter_distance",
    "rate_distortion",
    "repeat",
    "repeated",
    "retrieval",
    "rouge_l",
    "transformer_encoder",
    "upper_face_dynamics",
]
