"""Text-to-video models that diffusers runs, by the presets of ``presets.yaml``.

    >>> from tdmm_hf.video.generators import get_generator
    >>> wan = get_generator("wan2.1-1.3b", model="/models/Wan2.1-T2V-1.3B-Diffusers")
    >>> wan.generate(prompt, 7, Path("clip.mp4"))  # doctest: +SKIP

The model is loaded when first asked and kept, one in a process. Weights are safetensors only. Noise
is drawn on the CPU, so that a seed means the same noise on every device.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np
import yaml

from ...import_utils import require_package
from ...motion import frame_count
from ...prompts.attributes import Attributes
from ...prompts.video_prompts import VideoPrompt
from ..files import write_video
from .interface import GeneratedVideo, GenerationError, check_request, one_line

OFFLOADS = ("none", "model", "sequential")
_OVERRIDES = ("model", "width", "height", "frames", "steps", "guidance", "offload", "tiling")


@cache
def presets() -> dict[str, dict]:
    """The presets by name."""
    path = Path(__file__).with_name("presets.yaml")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class DiffusersGenerator:
    """Runs a pipeline of diffusers.

    Args:
        preset: a name of ``presets.yaml``; what follows replaces its values.
        model: a folder, or a name on the Hub.
        width, height: pixels, multiples of 16 or what the model asks.
        frames: at most in one video; a longer prompt is cut there.
        steps, guidance: of the denoising.
        offload: ``none``, ``model`` or ``sequential``; of use on a GPU only.
        tiling: decode in tiles, which takes less memory and more time.
        device: ``auto`` or as torch names it.
        local_files_only: never ask the Hub.
    """

    preset: str
    model: str | None = None
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    steps: int | None = None
    guidance: float | None = None
    offload: str | None = None
    tiling: bool | None = None
    device: str = "auto"
    local_files_only: bool = False

    needs_attributes: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.preset not in presets():
            raise ValueError(f"preset must be one of {', '.join(presets())}, got {self.preset!r}")
        values = self.values
        for name in ("width", "height"):
            if values[name] < 16 or values[name] % 16:
                raise ValueError(f"{name} must be a multiple of 16, got {values[name]}")
        for name in ("frames", "steps"):
            if values[name] < 1:
                raise ValueError(f"{name} must be 1 or more, got {values[name]}")
        if values["offload"] not in OFFLOADS:
            raise ValueError(
                f"offload must be one of {', '.join(OFFLOADS)}, got {values['offload']!r}"
            )

    @property
    def name(self) -> str:
        return self.preset

    @property
    def values(self) -> dict:
        """The preset's values, with this generator's in their place."""
        own = {name: getattr(self, name) for name in _OVERRIDES}
        return presets()[self.preset] | {k: v for k, v in own.items() if v is not None}

    def generate(
        self, prompt: VideoPrompt, seed: int, out: Path, attributes: Attributes | None = None
    ) -> GeneratedVideo:
        """Run the pipeline; see ``VideoGenerator.generate``."""
        check_request(prompt, seed, out)
        values = self.values
        asked, made = self._lengths(prompt.duration)
        pictures = self._pictures(prompt, seed, made)[:asked]
        write_video(pictures, out, values["fps"])
        settings = {"preset": self.preset, **values, "seed": seed, "seconds": prompt.duration}
        settings["diffusers"] = require_package("diffusers", "generate").__version__
        return GeneratedVideo(out, len(pictures), float(values["fps"]), self.name, settings)

    def _lengths(self, seconds: float) -> tuple[int, int]:
        """Frames that are wanted, and as many or more that the model can make."""
        values = self.values
        every, most = values["every"], values["frames"]
        wanted = max(1, frame_count(seconds, values["fps"]))
        longest = max(1, (most - 1) // every)
        blocks = min(longest, max(1, math.ceil((wanted - 1) / every)))
        return wanted, every * blocks + 1

    def _pictures(self, prompt: VideoPrompt, seed: int, frames: int) -> np.ndarray:
        """(frames, height, width, 3) uint8 RGB."""
        import torch

        pipeline, values = _pipeline(self), self.values
        call = {
            "prompt": prompt.prompt,
            "width": values["width"],
            "height": values["height"],
            "num_frames": frames,
            "num_inference_steps": values["steps"],
            "guidance_scale": values["guidance"],
            **values.get("call", {}),
        }
        if values["negative"]:
            call["negative_prompt"] = prompt.negative_prompt
        try:
            noise = torch.Generator("cpu").manual_seed(seed)
            made = pipeline(**call, generator=noise, output_type="np").frames[0]
        except torch.OutOfMemoryError as error:
            raise GenerationError(
                f"{self.preset}: not enough memory on the device; try offload sequential, tiling, "
                f"a smaller size or fewer frames ({one_line(error)})"
            ) from error
        except (RuntimeError, ValueError) as error:
            raise GenerationError(f"{self.preset}: {one_line(error)}") from error
        if not np.isfinite(made).all():
            raise GenerationError(f"{self.preset}: the model's pictures are not finite numbers")
        return np.rint(np.clip(made, 0, 1) * 255).astype(np.uint8)


@lru_cache(maxsize=1)
def _pipeline(generator: DiffusersGenerator):
    """The pipeline, loaded and on its device."""
    diffusers = require_package("diffusers", "generate")
    require_package("accelerate", "generate")
    values = generator.values
    try:
        pipeline = getattr(diffusers, values["pipeline"]).from_pretrained(
            values["model"],
            dtype=_dtypes(values["dtype"]),
            variant=values.get("variant"),
            use_safetensors=True,
            local_files_only=generator.local_files_only,
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise GenerationError(f"{values['model']}: cannot be loaded ({one_line(error)})") from error
    pipeline.set_progress_bar_config(disable=True)
    _shift(pipeline, values.get("flow_shift"))
    if values["tiling"]:
        pipeline.vae.enable_tiling()
    _place(pipeline, _device(generator.device), values["offload"])
    return pipeline


def _dtypes(names: dict[str, str]) -> dict:
    import torch

    return {part: getattr(torch, name) for part, name in names.items()}


def _shift(pipeline, shift: float | None) -> None:
    """Let the scheduler spend its steps where pictures of this size need them."""
    if shift is not None and "flow_shift" in pipeline.scheduler.config:
        pipeline.scheduler = type(pipeline.scheduler).from_config(
            pipeline.scheduler.config, flow_shift=shift
        )


def _device(name: str) -> str:
    import torch

    if name != "auto":
        return name
    return "cuda" if torch.cuda.is_available() else "cpu"


def _place(pipeline, device: str, offload: str) -> None:
    if device == "cpu" or offload == "none":
        pipeline.to(device)
    elif offload == "model":
        pipeline.enable_model_cpu_offload(device=device)
    else:
        pipeline.enable_sequential_cpu_offload(device=device)
