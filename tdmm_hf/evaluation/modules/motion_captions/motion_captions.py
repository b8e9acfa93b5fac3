"""BLEU, ROUGE-L, CIDEr and BERTScore of captions, for ``evaluate.load``."""

from dataclasses import asdict

import evaluate
from datasets import Features, List, Value

from tdmm_hf.evaluation.metrics import (  # From: tdmm-hf[evaluate]
    caption_scores,
    transformer_encoder,
)

_DESCRIPTION = """
BLEU-1, BLEU-4, ROUGE-L, CIDEr and, with a text encoder at hand, BERTScore of captions against all
reference paraphrases. In percent; higher is better.
"""

_INPUTS = """
Args:
    predictions: captions.
    references: for each caption a list of references, at least one.
    encoder: folder of a Hugging Face text encoder on this machine; without it no BERTScore.
Returns:
    bleu_1, bleu_4, rouge_l, cider, bert_score (None without an encoder), captions, signature,
    notes.
"""

_CITATION = """
@inproceedings{post2018call,
  title = {A Call for Clarity in Reporting {BLEU} Scores},
  author = {Post, Matt},
  booktitle = {WMT},
  year = {2018}
}
@inproceedings{lin2004rouge,
  title = {{ROUGE}: A Package for Automatic Evaluation of Summaries},
  author = {Lin, Chin-Yew},
  booktitle = {Text Summarization Branches Out},
  year = {2004}
}
@inproceedings{vedantam2015cider,
  title = {{CIDEr}: Consensus-Based Image Description Evaluation},
  author = {Vedantam, Ramakrishna and Zitnick, C. Lawrence and Parikh, Devi},
  booktitle = {CVPR},
  year = {2015}
}
@inproceedings{zhang2020bertscore,
  title = {{BERTScore}: Evaluating Text Generation with {BERT}},
  author = {Zhang, Tianyi and Kishore, Varsha and Wu, Felix and Weinberger, Kilian Q.
            and Artzi, Yoav},
  booktitle = {ICLR},
  year = {2020}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class MotionCaptions(evaluate.Metric):
    def _info(self):
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=Features(
                {"predictions": Value("string"), "references": List(Value("string"))}
            ),
        )

    def _compute(self, predictions, references, encoder=None):
        states = None if encoder is None else transformer_encoder(encoder)
        return asdict(caption_scores(list(predictions), list(references), states))
