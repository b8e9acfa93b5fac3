"""AITS: average inference time per sentence, for ``evaluate.load``."""

from dataclasses import asdict
from time import perf_counter

import evaluate
from datasets import Features, Value

from tdmm_hf.evaluation.metrics import average_inference_time  # From: tdmm-hf[evaluate]

_DESCRIPTION = """
AITS: mean seconds from a sentence to its motion, one at a time, model and data loaded before. Lower
is better; it depends on the machine.
"""

_INPUTS = """
Args:
    predictions: the sentences.
    generate: a function from one sentence to one motion.
    warm_up: first sentences that are generated once more before, untimed.
    synchronize: waits for an accelerator, such as torch.cuda.synchronize.
    clock: a function that gives seconds; time.perf_counter by default.
Returns:
    aits, interval (half width, 95 %), median, sentences, notes.
"""

_CITATION = """
@inproceedings{chen2023executing,
  title = {Executing your Commands via Motion Diffusion in Latent Space},
  author = {Chen, Xin and Jiang, Biao and Liu, Wen and Huang, Zilong and Fu, Bin and Chen, Tao
            and Yu, Gang},
  booktitle = {CVPR},
  year = {2023}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class InferenceTime(evaluate.Metric):
    def _info(self):
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=Features({"predictions": Value("string")}),
        )

    def _compute(self, predictions, generate, warm_up=1, synchronize=None, clock=perf_counter):
        return asdict(
            average_inference_time(generate, list(predictions), warm_up, synchronize, clock)
        )
