"""Motion files: ``load`` and ``save`` choose the format by the suffix.

    >>> import tempfile
    >>> import numpy as np
    >>> from tdmm_hf.formats import load, losses, save
    >>> from tdmm_hf.motion import FaceMotion
    >>> path = tempfile.mkdtemp() + "/still.npz"
    >>> save(FaceMotion(np.zeros((50, 55))), path)
    >>> load(path).num_frames, losses(load(path), "still.csv")
    (50, [])

Each format is a module with ``read(path, fps=None)`` and ``write(motion, path)``, imported when it
is first used; a picture of the curves (``.png``) can only be written.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from ..motion import FaceMotion

_HEAD = ("rig", "identity")
_FIGURE = (*_HEAD, "look")


@dataclass(frozen=True)
class Format:
    """What a format can do.

    Args:
        module: of this package, with its ``read`` and ``write``.
        readable: whether ``load`` can read it.
        space: the only parameter space that it holds; None for any.
        lossy: whether its ``losses`` tells of more than the space.
        read_options, write_options: what its ``read`` and ``write`` take besides.
    """

    module: str
    readable: bool = True
    space: str | None = "arkit"
    lossy: bool = False
    read_options: tuple[str, ...] = ()
    write_options: tuple[str, ...] = ()


_USD = Format("usd", write_options=_FIGURE)
FORMATS = {
    ".csv": Format(
        "livelink", lossy=True, read_options=("convention",), write_options=("convention",)
    ),
    ".npz": Format("npz", space=None),
    ".json": Format("json_file", space=None),
    ".glb": Format("glb", write_options=_FIGURE),
    ".usd": _USD,
    ".usda": _USD,
    ".usdc": _USD,
    ".usdz": _USD,
    ".bvh": Format("bvh", lossy=True, write_options=_HEAD),
    ".png": Format("curves", readable=False, space=None),
}


def _format(path: str | os.PathLike, reading: bool = False) -> Format:
    suffix = Path(path).suffix.lower()
    choices = [name for name, form in FORMATS.items() if form.readable or not reading]
    if suffix not in choices:
        raise ValueError(
            f"unknown motion suffix {suffix!r} of {Path(path).name!r}: "
            f"choose from {', '.join(choices)}"
        )
    return FORMATS[suffix]


def _check_options(path: str | os.PathLike, options: dict, known: tuple[str, ...]) -> None:
    for name in options:
        if name not in known:
            raise ValueError(
                f"{Path(path).suffix} takes {', '.join(known) or 'no options'}, got {name!r}"
            )


def _check_space(motion: FaceMotion, path: str | os.PathLike, form: Format) -> None:
    if form.space not in (None, motion.space.name):
        raise ValueError(
            f"{Path(path).suffix} holds motion in space {form.space!r}, got {motion.space.name!r}"
        )


def _module(form: Format):
    return import_module(f".{form.module}", __name__)


def check_suffix(path: str | os.PathLike, **options) -> None:
    """``ValueError`` unless a motion can be saved so; for use before long work."""
    _check_options(path, options, _format(path).write_options)


def is_motion_file(path: str | os.PathLike) -> bool:
    """Whether ``load`` knows the suffix."""
    form = FORMATS.get(Path(path).suffix.lower())
    return form is not None and form.readable


def load(path: str | os.PathLike, fps: float | None = None, **options) -> FaceMotion:
    """A motion from a file; what reading changed is said by warnings of the log.

    Args:
        path: the file: ``.csv`` (Live Link Face), ``.npz``, ``.json``, ``.glb``, ``.usd``,
            ``.usda``, ``.usdc``, ``.usdz`` or ``.bvh``.
        fps: frames per second, taken in place of what the file says.
        options: ``convention`` (``.csv``): how it writes angles and sides, see `livelink`.

    Raises:
        ValueError: unknown suffix or option, or unfit contents; names the file and the rule.
        OSError: the file cannot be opened.
        ImportError: the format needs a package that is not installed; says which.
    """
    form = _format(path, reading=True)
    _check_options(path, options, form.read_options)
    return _module(form).read(path, fps=fps, **options)


def save(motion: FaceMotion, path: str | os.PathLike, **options) -> None:
    """Write a motion in the format of the suffix: the whole file, or none.

    Args:
        motion: the motion.
        path: the file: what ``load`` reads, or ``.png``, a picture of the curves.
        options: ``convention`` (``.csv``); ``rig`` and ``identity`` (``.glb``, ``.usd*``,
            ``.bvh``) and ``look`` (``.glb``, ``.usd*``): whose head.

    Raises:
        ValueError: unknown suffix or option, or a space that the format cannot hold.
        OSError: the file cannot be written.
        ImportError: the format needs a package that is not installed; says which.
    """
    form = _format(path)
    _check_options(path, options, form.write_options)
    _check_space(motion, path, form)
    _module(form).write(motion, path, **options)


def losses(motion: FaceMotion, path: str | os.PathLike) -> list[str]:
    """What a file of this name will not give back of a motion, a clause each.

    Raises:
        ValueError: unknown suffix, or a space that the format cannot hold at all.
    """
    form = _format(path)
    _check_space(motion, path, form)
    if not form.readable:
        return ["a picture: no motion can be read from it"]
    return _module(form).losses(motion) if form.lossy else []
