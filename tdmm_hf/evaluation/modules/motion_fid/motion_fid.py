"""Frechet distance of motion features, for ``evaluate.load``."""

from dataclasses import asdict
from itertools import zip_longest

import evaluate
from datasets import Features, List, Value

from tdmm_hf.evaluation.metrics import frechet_distance  # From: tdmm-hf[evaluate]

_DESCRIPTION = """
Squared Frechet distance between Gaussians fitted to an evaluator's features of generated and of
reference motions (FID). 0 for sets alike; lower is better.
"""

_INPUTS = """
Args:
    predictions: features of generated motions, one list of numbers each, at least two.
    references: features of reference motions, as long; there may be more or fewer of them.
Returns:
    fid, generated and reference (how many motions), notes (what makes the figure weak).
"""

_CITATION = """
@inproceedings{heusel2017gans,
  title = {{GANs} Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium},
  author = {Heusel, Martin and Ramsauer, Hubert and Unterthiner, Thomas and Nessler, Bernhard
            and Hochreiter, Sepp},
  booktitle = {NeurIPS},
  year = {2017}
}
@inproceedings{guo2022generating,
  title = {Generating Diverse and Natural 3D Human Motions from Text},
  author = {Guo, Chuan and Zou, Shihao and Zuo, Xinxin and Wang, Sen and Ji, Wei and Li, Xingyu
            and Cheng, Li},
  booktitle = {CVPR},
  year = {2022}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class MotionFid(evaluate.Metric):
    def _info(self):
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=Features(
                {"predictions": List(Value("float64")), "references": List(Value("float64"))}
            ),
        )

    def add_batch(self, *, predictions=None, references=None, **kwargs):
        """Rows of a batch come in pairs: of sets of other sizes the smaller gets empty ones."""
        pairs = list(zip_longest(predictions, references))
        one, other = ([pair[i] for pair in pairs] for i in range(2))
        super().add_batch(predictions=one, references=other, **kwargs)

    def _compute(self, predictions, references):
        sets = [[row for row in rows if row is not None] for rows in (predictions, references)]
        return asdict(frechet_distance(*sets))
