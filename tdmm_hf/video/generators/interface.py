"""What every text-to-video generator is: a prompt and a seed in, one video file out.

    >>> from pathlib import Path
    >>> from tdmm_hf.prompts.video_prompts import VideoPrompt
    >>> from tdmm_hf.video.generators.interface import check_request
    >>> check_request(VideoPrompt("A woman smiles.", "", 2.0), 7, Path("clip.mp4"))

The file is an MP4 that is there whole or not at all: it is written beside its place, as
``.NAME.PID.part``, and renamed. What a killed process leaves has such a name and may be removed.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple, Protocol

from ...prompts.attributes import Attributes
from ...prompts.video_prompts import VideoPrompt

MAX_SECONDS = 60.0
MAX_FPS = 120.0
MAX_PROMPT = 4000  # characters
MAX_SEED = 2**32 - 1  # the highest that numpy's older generators and most programs take


class GenerationError(RuntimeError):
    """A generator gave no video; its text is one line. Trying again may help."""


class GeneratedVideo(NamedTuple):
    """A video that was made.

    Args:
        path: the MP4 file.
        frames: how many it has.
        fps: frames per second.
        generator: the generator's name.
        settings: what made it so, for the record; plain JSON values.
    """

    path: Path
    frames: int
    fps: float
    generator: str
    settings: dict


class VideoGenerator(Protocol):
    """Makes videos of prompts. Generators can be pickled, and load models when first asked.

    ``name`` stands in the record of every video; ``needs_attributes`` is true of one that performs
    the prompt's attributes and does not read its text.
    """

    name: str
    needs_attributes: bool

    def generate(
        self, prompt: VideoPrompt, seed: int, out: Path, attributes: Attributes | None = None
    ) -> GeneratedVideo:
        """Make one video; the same prompt, seed and settings make the same one.

        Raises:
            ValueError: the request breaks a rule; trying again does not help.
            GenerationError: no video came of it, said in one line.
            ImportError: an extra is not installed.
            OSError: the file cannot be written.
        """
        ...


def check_request(prompt: VideoPrompt, seed: int, out: Path) -> None:
    """``ValueError`` that names the rule and the value, for what no generator can do."""
    if not prompt.prompt.strip():
        raise ValueError(f"prompt must say something, got {prompt.prompt!r}")
    for name in ("prompt", "negative_prompt"):
        text = getattr(prompt, name)
        if len(text) > MAX_PROMPT:
            raise ValueError(f"{name} must have at most {MAX_PROMPT} characters, got {len(text)}")
        if "\0" in text:
            raise ValueError(f"{name} must have no NUL character, got {text[:60]!r}")
    if not (math.isfinite(prompt.duration) and 0 < prompt.duration <= MAX_SECONDS):
        raise ValueError(
            f"duration must be in 0..{MAX_SECONDS:g} s, more than 0, got {prompt.duration}"
        )
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"seed must be in 0..{MAX_SEED}, got {seed}")
    if out.suffix.lower() != ".mp4":
        raise ValueError(f"the video's name must end in .mp4, got {out.name!r}")


def one_line(text: object, length: int = 200) -> str:
    """What somebody else said, fit for a message: printable, on one line, not long."""
    words = "".join(c if c.isprintable() else " " for c in str(text)).split()
    line = " ".join(words)
    return line if len(line) <= length else line[: length - 1] + "…"
