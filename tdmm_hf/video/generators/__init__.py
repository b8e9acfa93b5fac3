"""Text-to-video generators behind one small interface, by name.

    >>> from tdmm_hf.video.generators import generator_names, get_generator
    >>> generator_names()[0]
    'embedded'
    >>> get_generator("embedded", size=256).needs_attributes
    True

``embedded`` needs no weights and performs the attributes; ``command`` runs any program;
``endpoint`` asks a server. See ``interface.py`` for what a generator promises.
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
    return tuple(_GENERATORS)


def get_generator(name: str, **settings) -> VideoGenerator:
    """The generator of that name.

    Args:
        settings: fields of ``EmbeddedGenerator``, ``CommandGenerator`` or ``EndpointGenerator``.

    Raises:
        ValueError: an unknown name or setting, or a value that breaks a rule.
    """
    if name not in _GENERATORS:
        raise ValueError(f"unknown generator {name!r}: choose from {', '.join(generator_names())}")
    try:
        return _GENERATORS[name](**settings)
    except TypeError as error:
        raise ValueError(f"generator {name!r}: {error}") from None
