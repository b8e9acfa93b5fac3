"""The pipelines with the package installed: they take FaceMotion and paths, and need no `model=`.

    >>> from tdmm_hf import pipeline
    >>> motion = pipeline("text-to-face-motion")("The woman nods twice.", duration=5.0, seed=1)
    >>> pipeline("face-motion-to-text")(motion)
    {'generated_text': 'The woman nods twice.'}
    >>> pipeline("face-motion-to-text")("surprise.csv")

Importing this module registers both tasks, so that `transformers.pipeline` knows them as well.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from transformers import AutoModelForCausalLM, pipeline
from transformers.pipelines import PIPELINE_REGISTRY

from . import modeling
from .hub import save_checkpoint
from .motion import FaceMotion

EMBEDDED_CHECKPOINT = Path(__file__).parent / "assets" / "tdmm-lm-tiny"


class _SelfContained:
    """Saves a pipeline as a checkpoint that carries its own code."""

    def save_pretrained(self, save_directory, **kwargs):
        save_checkpoint(self.model, save_directory, self.processor, **kwargs)


class TextToFaceMotionPipeline(_SelfContained, modeling.TextToFaceMotionPipeline):
    __doc__ = modeling.TextToFaceMotionPipeline.__doc__


class FaceMotionToTextPipeline(_SelfContained, modeling.FaceMotionToTextPipeline):
    """Face motions to words.

    Takes what the checkpoint's own pipeline takes (arrays and dicts), and FaceMotion values and
    paths of motion files.
    """

    def _is_single(self, inputs):
        return isinstance(inputs, (FaceMotion, str, Path)) or super()._is_single(inputs)

    def preprocess(self, inputs):
        space = self.model.config.motion_config.space
        return super().preprocess([_as_dict(item, space) for item in inputs])


def _as_dict(item, space: str):
    """A FaceMotion or path as the dict that the checkpoint's pipeline takes; others as they are."""
    if isinstance(item, (str, Path)):
        from .formats import load

        item = load(item)
    if not isinstance(item, FaceMotion):
        return item
    if item.space.name != space:
        raise ValueError(f"motion must be in the model's space {space!r}, got {item.space.name!r}")
    return {
        "motion": np.array(item.values),
        "fps": item.fps,
        "valid": np.array(item.valid),
        "observed": np.array(item.observed),
    }


def register_pipelines() -> None:
    """Make both tasks known to `transformers.pipeline`, with the embedded checkpoint as default."""
    for task, pipeline_class in (
        ("text-to-face-motion", TextToFaceMotionPipeline),
        ("face-motion-to-text", FaceMotionToTextPipeline),
    ):
        PIPELINE_REGISTRY.register_pipeline(
            task,
            pipeline_class=pipeline_class,
            pt_model=AutoModelForCausalLM,
            default={"model": (str(EMBEDDED_CHECKPOINT), "main")},
            type="multimodal",
        )
    modeling.TDMMConfig.pipelines_are_registered = True


register_pipelines()

__all__ = [
    "FaceMotionToTextPipeline",
    "TextToFaceMotionPipeline",
    "pipeline",
    "register_pipelines",
]
