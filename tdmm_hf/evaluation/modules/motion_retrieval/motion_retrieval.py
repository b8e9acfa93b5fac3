"""R@1, R@2, R@3 and MM-Dist in a joint embedding, for ``evaluate.load``."""

import evaluate
from datasets import Features, List, Value

from tdmm_hf.evaluation.metrics import repeated, retrieval  # From: tdmm-hf[evaluate]

_DESCRIPTION = """
How often a text's own motion is among the 1, 2, 3 nearest of its batch of 32, and how far motions
are from their own texts. R in 0 to 1, higher is better; MM-Dist lower.
"""

_INPUTS = """
Args:
    predictions: features of motions in the joint space, one list of numbers each.
    references: features of their texts, row by row.
    batch_size: 32 by the protocol.
    repetitions: how often batches are drawn, 20 by the protocol; 1 gives no intervals.
    seed: of the batches.
Returns:
    r_at_1, r_at_2, r_at_3, mm_dist, each with <name>_interval (half width, 95 %); pairs, batches,
    batch_size, notes, repetitions.
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
class MotionRetrieval(evaluate.Metric):
    def _info(self):
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=Features(
                {"predictions": List(Value("float64")), "references": List(Value("float64"))}
            ),
        )

    def _compute(self, predictions, references, batch_size=32, repetitions=20, seed=0):
        def measure(draw):
            return retrieval(references, predictions, batch_size, draw)

        return repeated(measure, repetitions, seed)
