"""The road to a checkpoint: corpora, the motion tokenizer, the language model.

    tdmm corpus build --clips 2000 --out corpus
    tdmm train-tokenizer --corpus corpus --out tokenizer
    tdmm train-lm --corpus corpus --tokenizer tokenizer --out model

Each goes on where it was stopped; flags override the settings of a `--config` file.
"""

from __future__ import annotations

import dataclasses
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from ..settings import CorpusSettings, LanguageModelSettings, TokenizerSettings, from_yaml
from .common import given


def _settings_command(kind: type, run: Callable) -> Callable:
    """A command whose flags are ``kind``'s fields, over a ``--config`` YAML file, over defaults."""
    fields = {field.name: field for field in dataclasses.fields(kind)}
    hints = inspect.get_annotations(kind, eval_str=True)

    def command(config: Path | None = None, **flags):
        base = from_yaml(kind, config) if config else kind()
        own = {name: value for name, value in flags.items() if name not in fields}
        run(dataclasses.replace(base, **given(**{n: flags[n] for n in fields})), **own)

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
                typer.Option(show_default=False, help=f"[{field.default}]"),
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


def _corpus_build(
    settings: CorpusSettings,
    out: Annotated[Path, typer.Option(help="Folder of the corpus.")],
    workers: Annotated[int, typer.Option(help="Processes; 0 for one per core.")] = 0,
) -> None:
    """Perform a corpus of (prompt, motion) pairs; a build that was stopped goes on."""
    from ..corpus.build import build

    build(settings, out, workers or os.cpu_count() or 1)
    print(f"{settings.clips} training clips: {out}")


def _train_tokenizer(
    settings: TokenizerSettings,
    corpus: Annotated[str, typer.Option(help="Corpus folder or Hub dataset.")],
    out: Annotated[Path, typer.Option(help="Folder of the trained tokenizer.")],
) -> None:
    """Train a MotionTokenizer on a corpus; a run that was stopped goes on."""
    from ..training.motion_tokenizer import train_from_corpus

    train_from_corpus(corpus, settings, out)
    print(f"motion tokenizer: {out}")


def _train_lm(
    settings: LanguageModelSettings,
    corpus: Annotated[str, typer.Option(help="Corpus folder or Hub dataset.")],
    tokenizer: Annotated[Path, typer.Option(help="Folder of a trained MotionTokenizer.")],
    out: Annotated[Path, typer.Option(help="Folder of the trained checkpoint.")],
) -> None:
    """Train the language model in both directions; a run that was stopped goes on."""
    from ..training.language_model import train_language_model

    train_language_model(corpus, tokenizer, settings, out)
    print(f"language model: {out}")


corpus_build = _settings_command(CorpusSettings, _corpus_build)
train_tokenizer = _settings_command(TokenizerSettings, _train_tokenizer)
train_lm = _settings_command(LanguageModelSettings, _train_lm)
