"""Where the package keeps what it downloads or packs: under ``XDG_CACHE_HOME`` or ``~/.cache``.

>>> from tdmm_hf.cache import cache_folder
>>> cache_folder().name
'tdmm-hf'
"""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """The package's cache folder; it need not exist yet."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "tdmm-hf"
