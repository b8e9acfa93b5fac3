"""FDD in millimetres, for ``evaluate.load``."""

from dataclasses import asdict

import evaluate
from datasets import Features, List, Value

from tdmm_hf.evaluation.metrics import FaceSurface, face_errors, motions  # From: tdmm-hf[evaluate]

_FIGURES = ("fdd", "fdd_absolute", "motions", "rig")
_DESCRIPTION = """
FDD: how much more the predicted upper face moves than the reference's, by the standard deviation
over time of each vertex's distance from rest, in millimetres. 0 is best; below it the face is too
still.
"""

_INPUTS = """
Args:
    predictions: motions in the rig's parameter space, each a list of frames, each of channels.
    references: as many, each as long.
    rig: whose vertices are meant: tdmm (the package's own head), ict or flame.
Returns:
    fdd (mean over motions), fdd_absolute (each motion's difference made positive), motions, rig.
"""

_CITATION = """
@inproceedings{xing2023codetalker,
  title = {{CodeTalker}: Speech-Driven 3D Facial Animation with Discrete Motion Prior},
  author = {Xing, Jinbo and Xia, Menghan and Zhang, Yuechen and Cun, Xiaodong and Wang, Jue
            and Wong, Tien-Tsin},
  booktitle = {CVPR},
  year = {2023}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class UpperFaceDynamics(evaluate.Metric):
    def _info(self):
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=Features(
                {
                    "predictions": List(List(Value("float64"))),
                    "references": List(List(Value("float64"))),
                }
            ),
        )

    def _compute(self, predictions, references, rig="tdmm"):
        surface = FaceSurface(rig)
        space = surface.rig.space.name
        errors = face_errors(motions(predictions, space), motions(references, space), surface)
        found = asdict(errors)
        return {name: found[name] for name in _FIGURES}
