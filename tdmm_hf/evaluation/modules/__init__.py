"""The metrics as modules for ``evaluate.load``, one folder each: code, card, worked example.

    >>> import evaluate                                      # doctest: +SKIP
    >>> from tdmm_hf.evaluation.modules import module_path
    >>> metric = evaluate.load(module_path("motion_fid"))    # doctest: +SKIP

A folder is what a Space of the Hub holds, and loads from wherever it is copied to; its code asks
this package for the numbers.
"""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent


def module_names() -> list[str]:
    """Names of all modules.

    >>> "motion_fid" in module_names()
    True
    """
    return sorted(path.parent.name for path in _FOLDER.glob("*/README.md"))


def module_path(name: str) -> str:
    """The folder of a module, for ``evaluate.load``; ``ValueError`` for an unknown one."""
    if name not in module_names():
        raise ValueError(
            f"unknown evaluation module {name!r}: choose from {', '.join(module_names())}"
        )
    return str(_FOLDER / name)
