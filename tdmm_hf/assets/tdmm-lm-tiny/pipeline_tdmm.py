"""The pipelines "text-to-face-motion" and "face-motion-to-text".

>>> make = pipeline("text-to-face-motion", model=checkpoint, trust_remote_code=True)
>>> motion = make("The woman nods twice.", duration=5.0, seed=1)
>>> motion["motion"].shape, motion["fps"]
((125, 55), 25.0)
>>> read = pipeline("face-motion-to-text", model=checkpoint, trust_remote_code=True)
>>> read(motion)
{'generated_text': 'The woman nods twice.'}
"""

import numpy as np
from transformers import Pipeline

from .processing_tdmm import broadcast

BATCH_SIZE = 32


class _TDMMPipeline(Pipeline):
    """Takes one input or a list, and works through a list in batches with the inputs' own seeds."""

    _load_processor = None  # one comes with a path, and with a model in hand the model has its own
    _load_tokenizer = False
    _load_image_processor = False
    _load_feature_extractor = False

    def __init__(self, model, processor=None, **kwargs):
        super().__init__(model=model, processor=processor or model.processor, **kwargs)

    def __call__(self, inputs, batch_size=None, **kwargs):
        """One result for one input, a list for a list; keywords are those of the model's method."""
        single = self._is_single(inputs)
        inputs = [inputs] if single else list(inputs)
        _, settings, _ = self._sanitize_parameters(**kwargs)
        settings = {**self._forward_params, **settings}
        each = {
            name: broadcast(name, settings.pop(name), len(inputs))
            for name in self._per_input & settings.keys()
        }
        size = batch_size or self._batch_size or BATCH_SIZE
        results = []
        for first in range(0, len(inputs), size):
            part = slice(first, first + size)
            per_input = {name: values[part] for name, values in each.items()}
            results += self.run_single(inputs[part], {}, {**settings, **per_input}, {})
        return results[0] if single else results

    def _sanitize_parameters(self, **kwargs):
        return {}, kwargs, {}


class TextToFaceMotionPipeline(_TDMMPipeline):
    """Prompts to face motions.

    Called with a prompt or a list, and the keywords of TDMMForCausalLM.generate_motion. Returns
    ``{"motion": float32 (frames, channels), "fps": float, "channels": [...], "plan": str}``, a list
    for a list of prompts, and a list for each prompt with ``num_return_sequences`` over 1. The plan
    is what the model took the prompt to ask for, in its own few words.
    """

    _per_input = {"duration", "seed"}

    def _is_single(self, inputs):
        return isinstance(inputs, str)

    def preprocess(self, inputs):
        return {"texts": inputs}

    def _forward(self, inputs, **settings):
        output = self.model.generate_motion(inputs["texts"], processor=self.processor, **settings)
        return {"output": output, "sequences": settings.get("num_return_sequences", 1)}

    def postprocess(self, outputs):
        output, count = outputs["output"], outputs["sequences"]
        results = [
            {
                "motion": motion,
                "fps": output.fps,
                "channels": list(output.channels),
                "plan": plan,
            }
            for motion, plan in zip(output.motions, output.plans, strict=True)
        ]
        if count == 1:
            return results
        return [results[i : i + count] for i in range(0, len(results), count)]


class FaceMotionToTextPipeline(_TDMMPipeline):
    """Face motions to words.

    Called with an array (frames, channels), a dict as text-to-face-motion returns it (``motion``,
    and optionally ``fps``, ``valid`` and ``observed``), or a list of these, and the keywords of
    TDMMForCausalLM.describe_motion. Returns ``{"generated_text": ...}``, a list for a list.
    """

    _per_input = {"seed"}

    def _is_single(self, inputs):
        return not isinstance(inputs, (list, tuple))

    def preprocess(self, inputs):
        motions = [item if isinstance(item, dict) else {"motion": item} for item in inputs]
        fps = self.model.config.motion_config.fps
        return {
            "motions": [np.asarray(m["motion"], dtype=np.float32) for m in motions],
            "fps": [float(m.get("fps", fps)) for m in motions],
            "valid": [m.get("valid") for m in motions],
            "observed": [m.get("observed") for m in motions],
        }

    def _forward(self, inputs, **settings):
        return {"texts": self.model.describe_motion(**inputs, processor=self.processor, **settings)}

    def postprocess(self, outputs):
        return [{"generated_text": text} for text in outputs["texts"]]


__all__ = ["FaceMotionToTextPipeline", "TextToFaceMotionPipeline"]
