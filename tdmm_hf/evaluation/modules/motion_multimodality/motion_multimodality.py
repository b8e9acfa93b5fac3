"""Multimodality of motion features, for ``evaluate.load``."""

import evaluate
from datasets import Features, List, Value

from tdmm_hf.evaluation.metrics import multimodality, repeated  # From: tdmm-hf[evaluate]

_DESCRIPTION = """
Mean distance between features of random pairs of motions that were generated from one prompt. 0 for
a model that knows one motion for each prompt.
"""

_INPUTS = """
Args:
    predictions: for each prompt a list of features, one list of numbers for each of its motions;
        100 prompts with 30 motions each by the protocol.
    pairs: different pairs for each prompt, 10 by the protocol.
    motions: how many motions a prompt should have; notes say where it has others.
    repetitions: how often pairs are drawn, 20 by the protocol; 1 gives no interval.
    seed: of the pairs.
Returns:
    multimodality, multimodality_interval (half width, 95 %), prompts, motions_per_prompt,
    pairs_per_prompt, notes, repetitions.
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
class MotionMultimodality(evaluate.Metric):
    def _info(self):
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=Features({"predictions": List(List(Value("float64")))}),
        )

    def _compute(self, predictions, pairs=10, motions=30, repetitions=20, seed=0):
        def measure(draw):
            return multimodality(predictions, pairs, motions, draw)

        return repeated(measure, repetitions, seed)
