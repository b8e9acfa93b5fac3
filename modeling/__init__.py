"""What travels to the Hub with every checkpoint; importing it registers it with the Auto classes.

>>> import tdmm_hf.modeling
>>> from transformers import AutoModelForCausalLM
>>> model = AutoModelForCausalLM.from_pretrained("tdmm_hf/assets/tdmm-lm-tiny")
"""

from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoProcessor

from .configuration_evaluator import TDMMEvaluatorConfig
from .configuration_motion_tokenizer import MotionTokenizerConfig
from .configuration_tdmm import TDMMConfig
from .modeling_evaluator import TDMMEvaluator
from .modeling_motion_tokenizer import MotionTokenizer
from .modeling_tdmm import TDMMForCausalLM, TDMMModel
from .pipeline_tdmm import FaceMotionToTextPipeline, TextToFaceMotionPipeline
from .processing_tdmm import TDMMProcessor
from .sampling_tdmm import MotionLogitsProcessor, Sampling, TextLogitsProcessor

AutoConfig.register(MotionTokenizerConfig.model_type, MotionTokenizerConfig)
AutoModel.register(MotionTokenizerConfig, MotionTokenizer)
AutoConfig.register(TDMMEvaluatorConfig.model_type, TDMMEvaluatorConfig)
AutoModel.register(TDMMEvaluatorConfig, TDMMEvaluator)
AutoConfig.register(TDMMConfig.model_type, TDMMConfig)
AutoModel.register(TDMMConfig, TDMMForCausalLM)
AutoModelForCausalLM.register(TDMMConfig, TDMMForCausalLM)
AutoProcessor.register(TDMMConfig, TDMMProcessor)

__all__ = [
    "FaceMotionToTextPipeline",
    "MotionLogitsProcessor",
    "MotionTokenizer",
    "MotionTokenizerConfig",
    "Sampling",
    "TDMMConfig",
    "TDMMEvaluator",
    "TDMMEvaluatorConfig",
    "TDMMForCausalLM",
    "TDMMModel",
    "TDMMProcessor",
    "TextLogitsProcessor",
    "TextToFaceMotionPipeline",
]
