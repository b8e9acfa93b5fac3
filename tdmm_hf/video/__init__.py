"""Pictures of a motion: ``render`` makes the frames, ``write_*`` the file.

>>> import tdmm_hf
>>> from tdmm_hf.video import render, write_video                   # doctest: +SKIP
>>> motion = tdmm_hf.load("surprise.csv")                           # doctest: +SKIP
>>> write_video(render(motion, camera="left45"), "surprise.mp4", motion.fps)  # doctest: +SKIP
"""

from .files import write_gif, write_strip, write_video
from .frames import render
from .moments import highlights

__all__ = ["highlights", "render", "write_gif", "write_strip", "write_video"]
