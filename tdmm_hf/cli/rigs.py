"""Heads that are not in the package.

    tdmm rig install ict

Packed once, into the cache.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .common import bar


def install(
    name: Annotated[str, typer.Argument(help="ict: ICT FaceKit, MIT licence.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", help="Folder or archive of its release; downloaded by default."),
    ] = None,
) -> None:
    """Pack a head into the cache, for --rig NAME."""
    if name != "ict":
        raise ValueError(f"rig to install must be ict, got {name!r}")
    from ..rigs.ict import install as install_ict

    with bar("meshes", "mesh") as advance:
        packed = install_ict(source, progress=advance)
    print(packed)
