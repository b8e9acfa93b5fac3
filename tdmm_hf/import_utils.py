"""Optional packages: one place that says what to install."""

from __future__ import annotations

import importlib
from types import ModuleType


def require_package(name: str, extra: str) -> ModuleType:
    """Import an optional package, or say which extra brings it.

    Raises:
        ImportError: one line with the command that installs the package.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"this needs the package {name!r} ({error}): pip install 'tdmm-hf[{extra}]'"
        ) from error
