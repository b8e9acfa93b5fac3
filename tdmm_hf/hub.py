"""Checkpoints that carry their own code.

    >>> from tdmm_hf.hub import save_checkpoint
    >>> save_checkpoint(model, "my-model")
    >>> # elsewhere, without this package:
    >>> AutoModelForCausalLM.from_pretrained("my-model", trust_remote_code=True)

`tdmm push model my-model --repo user/name` adds a card and uploads it, see `publishing/`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from transformers.dynamic_module_utils import get_relative_import_files

from . import modeling

MODELING = Path(modeling.__file__).parent
ENTRY_POINTS = {
    "tdmm": ["pipeline_tdmm.py", "modeling_tdmm.py", "processing_tdmm.py", "configuration_tdmm.py"],
    "tdmm_motion_tokenizer": ["modeling_motion_tokenizer.py"],
    "tdmm_evaluator": ["modeling_evaluator.py"],
}


def code_files(model_type: str) -> list[Path]:
    """The files of `modeling/` that a checkpoint of this type needs."""
    entries = [MODELING / name for name in ENTRY_POINTS[model_type]]
    files = {Path(f) for entry in entries for f in get_relative_import_files(entry)}
    return sorted(files.union(entries))


def save_checkpoint(model, directory: str | Path, processor=None, **kwargs) -> Path:
    """Save one of the package's models so that it loads with or without the package.

    Args:
        model: a TDMMForCausalLM, MotionTokenizer or TDMMEvaluator; its config names the auto
            classes and pipelines.
        directory: made if it is not there.
        processor: TDMMProcessor to save with a language model; the model's own by default.
        **kwargs: for ``model.save_pretrained``.

    Returns:
        The directory.
    """
    directory = Path(directory)
    model_type = model.config.model_type
    model.save_pretrained(directory, **kwargs)
    if model_type == modeling.TDMMConfig.model_type:
        (processor or model.processor).save_pretrained(directory)
    for file in code_files(model_type):
        shutil.copyfile(file, directory / file.name)
    return directory


__all__ = ["code_files", "save_checkpoint"]
