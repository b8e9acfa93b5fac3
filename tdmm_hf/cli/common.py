"""What several commands share: options, flags of settings, a pipeline, progress bars."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from ..settings import from_yaml

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


def settings_command(kind: type, run: Callable, change: Callable = dataclasses.replace) -> Callable:
    """A command whose flags are ``kind``'s fields, over a ``--config`` YAML file, over defaults.

    Args:
        kind: dataclass of settings.
        run: called with the settings and the options of its own.
        change: what gives settings with the flags' values.
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}
    hints = inspect.get_annotations(kind, eval_str=True)

    def command(config: Path | None = None, **flags):
        base = from_yaml(kind, config) if config else kind()
        own = {name: value for name, value in flags.items() if name not in fields}
        run(change(base, **given(**{name: flags[name] for name in fields})), **own)

    inherited = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in inspect.signature(run, eval_str=True).parameters.items()
        if name != "settings"
    ]
    own = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[
                hints[name] | None,
                typer.Option(show_default=False, help=_default_text(field.default)),
            ],
        )
        for name, field in fields.items()
    ]
    config = inspect.Parameter(
        "config",
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[Path | None, typer.Option(help="YAML file of settings.")],
    )
    command.__signature__ = inspect.Signature([*inherited, config, *own])
    command.__annotations__ = {p.name: p.annotation for p in [*inherited, config, *own]}
    command.__doc__ = run.__doc__
    return command


def _default_text(default) -> str:
    return "" if default in (None, "") else f"[{default}]"


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
