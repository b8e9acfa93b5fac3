"""A head of our own: sculpted, meshed, rigged and textured by code and tables alone."""

from .rig import tdmm_rig

__all__ = ["tdmm_rig"]
