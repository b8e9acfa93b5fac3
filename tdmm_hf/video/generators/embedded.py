"""The generator that needs no weights: a performance, rendered on a head in a scene of its own.

    >>> from tdmm_hf.video.generators import get_generator
    >>> embedded = get_generator("embedded", size=256)
    >>> embedded.generate(prompt, 7, Path("clip.mp4"), attributes)  # doctest: +SKIP

It performs the attributes; of the prompt it takes only the length. The seed is the person, the
take, the camera, the light and the background. ``motion`` is what was performed: the clip's truth.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

from ...motion import FaceMotion
from ...prompts.attributes import Attributes
from ...prompts.video_prompts import VideoPrompt
from ..files import check_file, write_video
from ..frames import RENDERERS, check_size, render
from .interface import MAX_FPS, GeneratedVideo, check_request
from .scenes import draw_scene


@dataclass(frozen=True)
class EmbeddedGenerator:
    """Performs and films.

    Args:
        size: pixels of a side, even, 64..2160.
        fps: frames per second.
        rig: whose head: ``tdmm``, or ``ict`` once installed.
        renderer: ``gl``, ``software`` or ``auto``.
    """

    size: int = 512
    fps: float = 25.0
    rig: str = "tdmm"
    renderer: str = "auto"

    name: ClassVar[str] = "embedded"
    needs_attributes: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_size(self.size)
        if self.size % 2:
            raise ValueError(f"size must be even for .mp4, got {self.size}")
        if self.renderer not in RENDERERS:
            raise ValueError(
                f"renderer must be one of {', '.join(RENDERERS)}, got {self.renderer!r}"
            )
        if not 1 <= self.fps <= MAX_FPS:
            raise ValueError(f"fps must be in 1..{MAX_FPS:g}, got {self.fps}")

    def generate(
        self, prompt: VideoPrompt, seed: int, out: Path, attributes: Attributes | None = None
    ) -> GeneratedVideo:
        """Film the performance of ``attributes``; see ``VideoGenerator.generate``."""
        check_request(prompt, seed, out)
        check_file(out, self.size)
        if attributes is None:
            raise ValueError("the embedded generator needs attributes to perform, got None")
        if attributes.duration != prompt.duration:
            raise ValueError(
                f"prompt and attributes must have one duration, "
                f"got {prompt.duration:g} and {attributes.duration:g} s"
            )
        motion, scene = self.motion(attributes, seed), draw_scene(seed)
        frames = render(motion, self.rig, self.size, renderer=self.renderer, scene=scene)
        write_video(frames, out, motion.fps)
        settings = {**asdict(self), "seed": seed, "scene": asdict(scene)}
        return GeneratedVideo(out, motion.num_frames, motion.fps, self.name, settings)

    def motion(self, attributes: Attributes, seed: int) -> FaceMotion:
        """What a clip of these attributes and this seed shows, in space ``arkit``."""
        from ...performer import perform

        return perform(attributes, seed, self.fps)
