"""LVE and FVE in millimetres, the head's pose apart, for ``evaluate.load``."""

from dataclasses import asdict

import evaluate
from datasets import Features, List, Value

from tdmm_hf.evaluation.metrics import FaceSurface, face_errors, motions  # From: tdmm-hf[evaluate]

_FIGURES = ("lve", "fve", "head_pose", "frames", "motions", "rig")
_DESCRIPTION = """
LVE, the mean over frames of the largest error of a lip vertex, and FVE, the mean error of a face
vertex, both in millimetres on a rig's neutral identity with the head at rest; the head's pose in
degrees apart. Lower is better.
"""

_INPUTS = """
Args:
    predictions: motions in the rig's parameter space, each a list of frames, each of channels.
    references: as many, each as long.
    rig: whose vertices are meant: tdmm (the package's own head), ict or flame.
Returns:
    lve, fve, head_pose, frames, motions, rig.
"""

_CITATION = """
@inproceedings{richard2021meshtalk,
  title = {{MeshTalk}: 3D Face Animation from Speech using Cross-Modality Disentanglement},
  author = {Richard, Alexander and Zollhoefer, Michael and Wen, Yandong and de la Torre, Fernando
            and Sheikh, Yaser},
  booktitle = {ICCV},
  year = {2021}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class FaceVertexError(evaluate.Metric):
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
