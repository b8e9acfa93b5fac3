"""What goes to the Hub.

tdmm push space --out space
tdmm push space --out space --repo user/face-motion
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def space(
    out: Annotated[Path, typer.Option(help="Folder to prepare; new or empty.")],
    wheel: Annotated[
        Path | None,
        typer.Option(help="The package's wheel; built from the source by default."),
    ] = None,
    repo: Annotated[
        str | None, typer.Option(help="USER/NAME: upload it there, too.", metavar="USER/NAME")
    ] = None,
) -> None:
    """Prepare the folder that deploys as a Hugging Face Space, and check it."""
    from ..space import check_token, prepare_space, upload_space

    if repo:
        check_token()
    prepare_space(out, wheel)
    for path in sorted(out.iterdir()):
        print(f"{path.stat().st_size / 1e6:8.2f} MB  {path}")
    if repo:
        print(upload_space(out, repo))
