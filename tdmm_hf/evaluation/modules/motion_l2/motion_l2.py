"""L2 between motion parameters, for ``evaluate.load``."""

from dataclasses import asdict

import evaluate
from datasets import Features, List, Value

from tdmm_hf.evaluation.metrics import parameter_distance  # From: tdmm-hf[evaluate]

_DESCRIPTION = """
Mean over frames of the Euclidean distance between predicted and reference parameter vectors. 0 for
motions alike. It mixes weights and radians: compare it within one parameter space only.
"""

_INPUTS = """
Args:
    predictions: motions, each a list of frames, each a list of channels.
    references: as many; a prediction of another length is resampled linearly to its reference's.
Returns:
    l2, frames, resampled (how many motions were), notes.
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class MotionL2(evaluate.Metric):
    def _info(self):
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation="",
            inputs_description=_INPUTS,
            features=Features(
                {
                    "predictions": List(List(Value("float64"))),
                    "references": List(List(Value("float64"))),
                }
            ),
        )

    def _compute(self, predictions, references):
        return asdict(parameter_distance(predictions, references))
