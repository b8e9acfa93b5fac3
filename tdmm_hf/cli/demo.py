"""The demo page on this machine.

tdmm demo --port 7860
"""

from __future__ import annotations

from typing import Annotated

import typer

from .common import Model


def demo(
    port: Annotated[
        int | None, typer.Option(help="The first free one from 7860 on by default.")
    ] = None,
    model: Model = None,
    share: Annotated[
        bool, typer.Option(help="Also under a public address that gradio lends for a time.")
    ] = False,
) -> None:
    """Open the page: text to motion, motion to text, several motions side by side."""
    from ..demo import serve

    serve(port, model, share)
