"""The demo page on this machine.

tdmm demo --port 7860
"""

from __future__ import annotations

from pathlib import Path
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
    rate: Annotated[
        Path | None,
        typer.Option(help="Serve the rating page alone, for pairs of 'tdmm ratings prepare'."),
    ] = None,
    answers: Annotated[
        Path | None, typer.Option(help="SQLite file of ratings; answers.sqlite beside the pairs.")
    ] = None,
) -> None:
    """Open the page: text to motion, motion to text, several motions side by side."""
    from ..demo import serve

    if answers and not rate:
        raise ValueError("answers are those to a rating: give --rate too")
    serve(port, model, share, rate, answers)
