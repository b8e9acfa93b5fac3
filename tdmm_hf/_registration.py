"""Registers models and pipelines with transformers as soon as, and only if, transformers is used.

``import tdmm_hf`` stays light (no torch), and still ``AutoModel`` and ``pipeline`` know this
package's models and tasks afterwards, in whichever order the two are imported.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import sys

# What a user of the Auto classes or of `pipeline` cannot avoid importing; and our own models, which
# import those halfway through.
TRIGGERS = (
    "tdmm_hf.modeling",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.processing_auto",
    "transformers.pipelines",
)


def _importing(name: str) -> bool:
    module = sys.modules.get(name)
    return module is not None and getattr(module.__spec__, "_initializing", False)


def _register() -> None:
    """Unless a trigger is still on its way: the last of them to finish registers."""
    if not any(_importing(name) for name in TRIGGERS):
        importlib.import_module("tdmm_hf.pipelines")


class _Loader(importlib.abc.Loader):
    def __init__(self, loader):
        self.loader = loader

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        self.loader.exec_module(module)
        module.__spec__._initializing = False
        _register()


class _Finder(importlib.abc.MetaPathFinder):
    """Wraps the loader of each trigger once."""

    def find_spec(self, name, path=None, target=None):
        if name not in TRIGGERS:
            return None
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            sys.meta_path.insert(0, self)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


def register_on_use() -> None:
    """Register now if transformers' auto classes are already imported, else when they are."""
    if any(name in sys.modules for name in TRIGGERS):
        _register()
    else:
        sys.meta_path.insert(0, _Finder())
