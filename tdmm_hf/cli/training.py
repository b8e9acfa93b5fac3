"""The road to a checkpoint: the motion tokenizer, the language model; what measures them.

    tdmm train-tokenizer --corpus corpus --out tokenizer
    tdmm train-lm --corpus corpus --tokenizer tokenizer --out model
    tdmm train-evaluator --corpus corpus --out evaluator
    tdmm train-fit --model face_landmarker.task --people people --out inverse.safetensors

Each goes on where it was stopped; flags override the settings of a `--config` file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..settings import LanguageModelSettings, TokenizerSettings
from ..training.evaluator_settings import EvaluatorSettings
from ..training.inverse_settings import InverseSettings
from .common import settings_command


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


def _train_evaluator(
    settings: EvaluatorSettings,
    corpus: Annotated[str, typer.Option(help="Corpus folder or Hub dataset.")],
    out: Annotated[Path, typer.Option(help="Folder of the trained evaluator.")],
) -> None:
    """Train the joint space of texts and motions; a run that was stopped goes on."""
    from ..training.evaluator import train_evaluator

    train_evaluator(corpus, settings, out)
    print(f"evaluator: {out}")


def _train_fit(
    settings: InverseSettings,
    people: Annotated[Path, typer.Option(help="Folder of filmed people; goes on with one.")],
    out: Annotated[Path, typer.Option(help="The trained file, .safetensors.")],
    model: Annotated[Path | None, typer.Option(help="Face Landmarker file.")] = None,
    count: Annotated[int, typer.Option(min=2, help="People to film in all.")] = 160,
    rigs: Annotated[str, typer.Option(help="Their rigs, in turn, with commas between.")] = "tdmm",
) -> None:
    """Film people with known weights, track them, and learn to read the weights back."""
    from ..fitting.model_file import landmarker_path
    from ..training.filming import film_people, load_people
    from ..training.inverse import train_inverse

    names = rigs.split(",")
    film_people(people, count, landmarker_path(model), names)
    train_inverse(load_people(people, names), settings, out)
    print(f"inverse of the tracker's response: {out}")


train_tokenizer = settings_command(TokenizerSettings, _train_tokenizer)
train_lm = settings_command(LanguageModelSettings, _train_lm)
train_evaluator = settings_command(EvaluatorSettings, _train_evaluator)
train_fit = settings_command(InverseSettings, _train_fit)
