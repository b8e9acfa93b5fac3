"""Diversity of motion features, for ``evaluate.load``."""

import evaluate
from datasets import Features, List, Value

from tdmm_hf.evaluation.metrics import diversity, repeated  # From: tdmm-hf[evaluate]

_DESCRIPTION = """
Mean distance between features of 300 random pairs of generated motions. Good where it is near that
of reference motions.
"""

_INPUTS = """
Args:
    predictions: features of motions, one list of numbers each, at least two.
    pairs: 300 by the protocol; as many as there are motions where those are fewer.
    repetitions: how often pairs are drawn, 20 by the protocol; 1 gives no interval.
    seed: of the pairs.
Returns:
    diversity, diversity_interval (half width, 95 %), pairs, notes, repetitions.
"""

_CITATION = """
@inproceedings{guo2022generating,
  title = {Generating Diverse and Natural 3D Human Motions from Text},
  author = {Guo, Chuan and Zou, Shihao and Zuo, Xinxin and Wang, Sen and Ji, Wei and Li, Xingyu
            and Cheng, Li},
  booktitle = {CVPR},
  year = {2022}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class MotionDiversity(evaluate.Metric):
    def _info(self):
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=Features({"predictions": List(Value("float64"))}),
        )

    def _compute(self, predictions, pairs=300, repetitions=20, seed=0):
        return repeated(lambda draw: diversity(predictions, pairs, draw), repetitions, seed)
