"""Pictures of a motion: ``render`` makes the frames, ``write_*`` the file.

>>> import tdmm_hf
>>> from tdmm_hf.video import render, write_video                   # doctest: +SKIP
>>> motion = tdmm_hf.load("surprise.csv")                           # doctest: +SKIP
>>> write_video(render(motion, camera="left45"), "surprise.mp4", motion.fps)  # doctest: +SKIP
"""

from .render import render

__all__ = ["render"]
