"""Tok: accuracy of the next motion token, for ``evaluate.load``."""

from dataclasses import asdict

import evaluate
from datasets import Features, List, Value

from tdmm_hf.evaluation.metrics import next_token_accuracy  # From: tdmm-hf[evaluate]

_DESCRIPTION = """
Tok: how often the likeliest next token is the right one, over motion tokens, teacher forced. In 0
to 1; higher is better.
"""

_INPUTS = """
Args:
    predictions: for each sequence the likeliest token at each place, logits.argmax(-1).
    references: labels of causal language models: as long, not shifted, -100 where none counts.
    motion_tokens: ids that are counted, such as a range; all that have a label by default.
Returns:
    accuracy, tokens (how many were counted).
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class TokenAccuracy(evaluate.Metric):
    def _info(self):
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation="",
            inputs_description=_INPUTS,
            features=Features(
                {"predictions": List(Value("int64")), "references": List(Value("int64"))}
            ),
        )

    def _compute(self, predictions, references, motion_tokens=None):
        return asdict(next_token_accuracy(predictions, references, motion_tokens))
