"""Text and 3D face motion for the Hugging Face ecosystem.

>>> import tdmm_hf
>>> tdmm_hf.__version__
'0.1.0'
"""

from __future__ import annotations

import importlib
from pathlib import Path

from ._registration import register_on_use

__version__ = "0.1.0"

# In a bare checkout `modeling/` lies beside this package; wheels map it to tdmm_hf/modeling.
if not (Path(__file__).parent / "modeling").exists():
    __path__.append(str(Path(__file__).parent.parent))

_LAZY = {
    "FaceMotion": "motion",
    "load": "formats",
    "save": "formats",
    "MotionTokenizer": "modeling",
    "MotionTokenizerConfig": "modeling",
    "TDMMConfig": "modeling",
    "TDMMForCausalLM": "modeling",
    "TDMMProcessor": "modeling",
    "pipeline": "pipelines",
}


def __getattr__(name: str):
    if name in _LAZY:
        return getattr(importlib.import_module(f".{_LAZY[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


register_on_use()
