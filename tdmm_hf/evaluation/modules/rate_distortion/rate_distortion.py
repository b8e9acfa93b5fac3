"""Rate and distortion of a motion codec, for ``evaluate.load``."""

from dataclasses import asdict

import evaluate
from datasets import Features, List, Value

from tdmm_hf.evaluation.metrics import (  # From: tdmm-hf[evaluate]
    FaceSurface,
    motions,
    rate_distortion,
)

_DESCRIPTION = """
What a motion codec costs and loses: tokens and bits a second, codebook use in percent, FVE and
LVE in millimetres, the head's pose in degrees.
"""

_INPUTS = """
Args:
    predictions: motions as the codec gives them back, each a list of frames, each of channels.
    references: the motions that it was given, each as long.
    codes: for each motion a list of steps, each a list of codes, one of each codebook.
    codebook_sizes: codes in each codebook of a step.
    steps_per_second: frames a second / frames a step.
    rig: whose vertices are meant: tdmm (the package's own head), ict or flame.
Returns:
    tokens_per_second, bits_per_second, codebook_use, fve, lve, head_pose, steps, frames.
"""

_CITATION = """
@inproceedings{oord2017neural,
  title = {Neural Discrete Representation Learning},
  author = {van den Oord, Aaron and Vinyals, Oriol and Kavukcuoglu, Koray},
  booktitle = {NeurIPS},
  year = {2017}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class RateDistortion(evaluate.Metric):
    def _info(self):
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=Features(
                {
                    "predictions": List(List(Value("float64"))),
                    "references": List(List(Value("float64"))),
                    "codes": List(List(Value("int64"))),
                }
            ),
        )

    def _compute(
        self, predictions, references, codes, codebook_sizes, steps_per_second, rig="tdmm"
    ):
        surface = FaceSurface(rig)
        space = surface.rig.space.name
        decoded, original = motions(predictions, space), motions(references, space)
        return asdict(
            rate_distortion(decoded, original, codes, codebook_sizes, steps_per_second, surface)
        )
