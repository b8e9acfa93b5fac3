"""Registers models and pipelines with transformers as soon as, and only if, transformers is used.

``import tdmm_hf`` stays light (no torch), and still ``AutoModel`` and ``pipeline`` know this
package's models and tasks afterwards, in whichever order the two are imported. transformers imports
its own modules crosswise, so nothing is registered before the outermost import is through.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import sys

# What a user of the Auto classes or of `pipeline` cannot avoid importing.
TRIGGERS = (
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.processing_auto",
    "transformers.pipelines",
)
WATCHED = ("transformers.", "tdmm_hf.")


class _Watcher(importlib.abc.MetaPathFinder):
    """Counts how deep imports are nested, and registers when the outermost has ended."""

    def __init__(self):
        self.depth = 0

    def find_spec(self, name, path=None, target=None):
        if not name.startswith(WATCHED):
            return None
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            sys.meta_path.insert(0, self)
        if spec is not None and spec.loader is not None:
            spec.loader = _WatchedLoader(spec.loader, self)
        return spec

    def ended(self):
        self.depth -= 1
        if self.depth == 0 and any(name in sys.modules for name in TRIGGERS):
            sys.meta_path.remove(self)
            importlib.import_module("tdmm_hf.pipelines")


class _WatchedLoader(importlib.abc.Loader):
    def __init__(self, loader, watcher):
        self.loader = loader
        self.watcher = watcher

    def __getattr__(self, name):
        return getattr(self.loader, name)  # runpy and inspect ask loaders for more

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self.loader
        self.watcher.depth += 1
        try:
            self.loader.exec_module(module)
        except BaseException:
            self.watcher.depth -= 1
            raise
        self.watcher.ended()


def register_on_use() -> None:
    """Register now if transformers' auto classes are already imported, else when they are."""
    if any(name in sys.modules for name in TRIGGERS):
        importlib.import_module("tdmm_hf.pipelines")
    else:
        sys.meta_path.insert(0, _Watcher())
