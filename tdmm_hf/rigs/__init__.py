"""Linear face rigs: from a motion's channels to points in space.

>>> from tdmm_hf.rigs import get_rig
>>> get_rig("sparse").space.name
'arkit'
"""

from .rig import HEAD_REGION, Rig, head_rotation
from .sparse import sparse_rig

__all__ = ["HEAD_REGION", "Rig", "get_rig", "head_rotation"]


def _ict_rig() -> Rig:
    from .ict import ict_rig

    return ict_rig()


def _tdmm_rig() -> Rig:
    from .head import tdmm_rig

    return tdmm_rig()


def _flame_rig() -> Rig:
    from .flame import flame_rig

    return flame_rig()


_RIGS = {"sparse": sparse_rig, "tdmm": _tdmm_rig, "ict": _ict_rig, "flame": _flame_rig}


def get_rig(name: str) -> Rig:
    """The rig of that name; ``ValueError`` for an unknown one."""
    if name not in _RIGS:
        raise ValueError(f"unknown rig {name!r}: choose from {', '.join(_RIGS)}")
    return _RIGS[name]()
