"""The model behind the page: loaded once, on a GPU where there is one.

    >>> from tdmm_hf.spaces_demo import engine                                  # doctest: +SKIP
    >>> model = engine.load()                                                   # doctest: +SKIP
    >>> take, = engine.animate(model, ["She nods twice."], duration=4, seeds=[1])  # doctest: +SKIP
    >>> take.plan, engine.describe(model, take.motion)                          # doctest: +SKIP
    ('calm 3, nod 2 at 0.6 at 2.4', 'The person nods twice.')

What needs the model is a plain function of small values: on a ZeroGPU Space (package ``spaces``) it
runs in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from ..motion import FaceMotion


@dataclass(frozen=True)
class Take:
    """One motion that was made.

    Args:
        prompt: what was asked for.
        seed: what it was drawn with.
        motion: the motion.
        plan: what the model took the prompt to ask for; empty from a model without plans.
    """

    prompt: str
    seed: int
    motion: FaceMotion
    plan: str


def on_gpu(function: Callable) -> Callable:
    """The function, with a GPU lent for each call where the Space runs on ZeroGPU."""
    try:
        import spaces
    except ImportError:
        return function
    return spaces.GPU(function)


def load(model: str | None = None) -> str:
    """Load a checkpoint; the embedded one by default.

    Returns:
        Its name, for the other functions.

    Raises:
        ValueError, OSError: there is no such checkpoint.
    """
    from ..pipelines import EMBEDDED_CHECKPOINT

    name = str(model or EMBEDDED_CHECKPOINT)
    _pipelines(name)
    return name


@cache
def _pipelines(model: str) -> tuple:
    """Text to motion and motion to text, both on the same weights."""
    import torch
    from transformers.utils import logging

    from ..pipelines import pipeline

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    make = pipeline("text-to-face-motion", model=model, device=device)
    read = pipeline("face-motion-to-text", model=make.model, processor=make.processor)
    return make, read


def usual_temperature(model: str) -> float:
    """The temperature that the checkpoint's motions are drawn with by default."""
    make, _ = _pipelines(model)
    return float(make.model.config.motion_sampling.get("temperature", 1.0))


def questions(model: str) -> list[str]:
    """The instructions that the checkpoint was trained to answer, without the motion's place."""
    _, read = _pipelines(model)
    templates = read.processor.instructions["face-motion-to-text"]
    return [template.replace("{motion}", "").strip() for template in templates]


def animate(
    model: str,
    prompts: Sequence[str],
    duration: float,
    seeds: Sequence[int],
    temperature: float | None = None,
) -> list[Take]:
    """A motion for each prompt and its seed.

    Args:
        model: a name from ``load``.
        prompts: what the face does.
        duration: seconds of each.
        seeds: one for each prompt.
        temperature: below 1 plays safer; the checkpoint's own by default.

    Raises:
        ValueError: naming the rule and the value, for what the model cannot make.
    """
    made = _animate(model, list(prompts), float(duration), list(seeds), temperature)
    return [
        Take(prompt, seed, FaceMotion(one["motion"], fps=one["fps"]), one["plan"])
        for prompt, seed, one in zip(prompts, seeds, made, strict=True)
    ]


@on_gpu
def _animate(model, prompts, duration, seeds, temperature):
    make, _ = _pipelines(model)
    settings = {} if temperature is None else {"temperature": temperature}
    return make(prompts, duration=duration, seed=seeds, **settings)


def describe(model: str, motion: FaceMotion, question: str | None = None) -> str:
    """What a face does, in the model's words; a question takes the place of its own instruction.

    Raises:
        ValueError: the motion is in another space than the model's.
    """
    return describe_all(model, [motion], question)[0]


def describe_all(
    model: str, motions: Sequence[FaceMotion], question: str | None = None
) -> list[str]:
    """What faces do, one text for each motion."""
    return _describe(model, list(motions), question)


@on_gpu
def _describe(model, motions, question):
    _, read = _pipelines(model)
    settings = {} if question is None else {"instruction": question}
    return [answer["generated_text"] for answer in read(motions, **settings)]
