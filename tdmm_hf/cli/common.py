"""What several commands share: options, a pipeline, progress bars."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Annotated

import typer

Model = Annotated[
    str | None, typer.Option(help="Checkpoint folder or Hub id; embedded by default.")
]
Seed = Annotated[int, typer.Option(help="The same seed gives the same bytes.")]


def seconds(text: str) -> float:
    """A parser that keeps a number such as -1 or nan for the command to refuse."""
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"must be a number of seconds, got {text!r}") from None


def given(**options) -> dict:
    """The options that the user gave."""
    return {name: value for name, value in options.items() if value is not None}


def load_pipeline(task: str, model: str | None):
    """A quiet pipeline, of the embedded checkpoint where no model is named."""
    from transformers.utils import logging

    from ..pipelines import EMBEDDED_CHECKPOINT, pipeline

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    return pipeline(task, model=model or str(EMBEDDED_CHECKPOINT))


@contextlib.contextmanager
def bar(name: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar, moved by calls with what is done and what is expected."""
    from tqdm import tqdm

    with tqdm(desc=name, unit=unit, disable=None, leave=False) as shown:

        def advance(done: int, expected: int) -> None:
            shown.total = expected or None
            shown.update(done - shown.n)

        yield advance
