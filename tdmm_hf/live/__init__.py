"""Motions in real time, to Unreal Engine and to avatar tools.

    >>> from tdmm_hf.formats import load
    >>> from tdmm_hf.live import play
    >>> motion = load("motion.csv")                                      # doctest: +SKIP
    >>> play(motion, ["livelink://127.0.0.1:11111"], loop=True)          # doctest: +SKIP
    >>> play(motion, ["osc://127.0.0.1:39539"], fps=60, speed=0.5)       # doctest: +SKIP

``livelink`` is the UDP protocol of the Live Link Face app, ``osc`` the VMC protocol of VTuber
tools. What each sends and how to receive it: ``docs/live.md``.
"""

from __future__ import annotations

from .player import Played, play
from .targets import Target, parse_target

__all__ = ["Played", "Target", "parse_target", "play"]
