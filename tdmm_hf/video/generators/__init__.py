"""Text-to-video generators behind one small interface, by name.

    >>> from tdmm_hf.video.generators import generator_names, get_generator
    >>> generator_names()[0]
    'embedded'
    >>> get_generator("embedded", size=256).needs_attributes
    True

``embedded`` needs no weights and performs the attributes; ``command`` runs any program;
``endpoint`` asks a server; every other name is a preset of ``presets.yaml``, a model that diffusers
runs. See ``interface.py`` for what a generator promises.
"""

from __future__ import annotations

from .interface import GeneratedVideo, GenerationError, VideoGenerator

__all__ = [
    "GeneratedVideo",
    "GenerationError",
    "VideoGenerator",
    "generator_names",
    "get_generator",
]


def _embedded(**settings) -> VideoGenerator:
    from .embedded import EmbeddedGenerator

    return EmbeddedGenerator(**settings)


def _command(**settings) -> VideoGenerator:
    from .command import CommandGenerator

    return CommandGenerator(**settings)


def _endpoint(**settings) -> VideoGenerator:
    from .endpoint import EndpointGenerator

    return EndpointGenerator(**settings)


_GENERATORS = {"embedded": _embedded, "command": _command, "endpoint": _endpoint}


def generator_names() -> tuple[str, ...]:
    """All names that ``get_generator`` knows."""
    return *_GENERATORS, *_presets()


def _presets() -> dict[str, dict]:
    from .diffusers_models import presets

    return presets()


def _diffusers(preset: str, **settings) -> VideoGenerator:
    from .diffusers_models import DiffusersGenerator

    return DiffusersGenerator(preset, **settings)


def get_generator(name: str, **settings) -> VideoGenerator:
    """The generator of that name.

    Args:
        settings: fields of ``EmbeddedGenerator``, ``CommandGenerator``, ``EndpointGenerator`` or,
            for a preset, ``DiffusersGenerator``.

    Raises:
        ValueError: an unknown name or setting, or a value that breaks a rule.
    """
    if name not in generator_names():
        raise ValueError(f"unknown generator {name!r}: choose from {', '.join(generator_names())}")
    try:
        return (
            _GENERATORS[name](**settings) if name in _GENERATORS else _diffusers(name, **settings)
        )
    except TypeError as error:
        raise ValueError(f"generator {name!r}: {error}") from None
