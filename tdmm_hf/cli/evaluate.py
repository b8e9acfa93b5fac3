"""How good a model is: every metric with its interval, and what stands beside it.

tdmm evaluate --dataset corpus --out report
tdmm evaluate runs/face --dataset corpus --split test_wording --clips 64 --out report
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .common import given

EMBEDDED = "embedded"


def evaluate(
    dataset: Annotated[str, typer.Option(help="Corpus folder or Hub dataset.")],
    out: Annotated[Path, typer.Option(help="The report's folder; a stopped run goes on there.")],
    model: Annotated[
        str, typer.Argument(help="Checkpoint folder or Hub id; the package's by default.")
    ] = EMBEDDED,
    split: Annotated[str, typer.Option(help="Split of the dataset.")] = "test",
    clips: Annotated[
        int | None, typer.Option(help="Clips; as many as there are, up to 500, by default.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Motions generated for each clip.")] = 3,
    repetitions: Annotated[int, typer.Option(help="Repetitions that intervals are over.")] = 20,
    seed: Annotated[int, typer.Option(help="The same seed gives the same figures.")] = 0,
    batch_size: Annotated[int, typer.Option(help="Motions made at once.")] = 32,
    full: Annotated[
        bool, typer.Option("--full", help="30 motions a prompt for MultiModality, not 10.")
    ] = False,
    judge: Annotated[
        str | None,
        typer.Option(help='Language model that judges too: "URL MODEL", a folder or a Hub id.'),
    ] = None,
    judge_key: Annotated[
        str | None, typer.Option(help="Environment variable with the endpoint's key.")
    ] = None,
    encoder: Annotated[
        str | None, typer.Option(help="Folder of a text encoder, for BERTScore.")
    ] = None,
    examples: Annotated[int, typer.Option(help="Clips that the page shows.")] = 6,
    sentences: Annotated[int, typer.Option(help="Prompts that are timed one by one.")] = 50,
    device: Annotated[str, typer.Option(help="Of the networks, such as cuda.")] = "cpu",
) -> None:
    """Measure a model's motions and descriptions, beside baselines, and write a report."""
    from .outputs import check_writable

    check_writable(out / "report.json")
    from ..evaluation.report.settings import ReportSettings

    settings = ReportSettings(
        split=split, clips=clips, seeds=seeds, repetitions=repetitions, seed=seed,
        batch_size=batch_size, full=full, examples=examples, sentences=sentences,
        **given(judge=judge, judge_key=judge_key, encoder=encoder),
    )  # fmt: skip
    from ..evaluation.report.clips import check_dataset

    check_dataset(dataset, split)
    from ..evaluation.report.run import evaluate_model

    path, name = _model(model)
    report = evaluate_model(path, name, dataset, out, settings, device)
    print("\n".join(_lines(report, out)))


def _model(model: str) -> tuple[str, str]:
    """Where a model is, and what its report calls it."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    if model == EMBEDDED:
        from ..pipelines import EMBEDDED_CHECKPOINT

        return str(EMBEDDED_CHECKPOINT), EMBEDDED
    return model, Path(model).resolve().name if Path(model).is_dir() else model


def _lines(report: dict, out: Path) -> list[str]:
    from ..evaluation.report.card import shown, table_of_metrics, title

    metrics = table_of_metrics()
    parts = {"motion": report["generation"], "caption": report["description"]["systems"]}
    rows = [
        (title(metric), *(shown(parts[part].get(name, {}).get(key), metric) for name in names))
        for part, names in (
            ("motion", ("model", "ground truth", "random from training")),
            ("caption", ("model", "ground truth", "shuffled answers")),
        )
        for key, metric in metrics[part].items()
        if key in parts[part]["model"]
    ]
    head = ("", report["model"], "ground truth", "random or shuffled")
    lines = ["  ".join(f"{cell:<20}" for cell in row).rstrip() for row in [head, *rows]]
    names = ("report.html", "report.md", "report.json")
    return [*lines, *(f"written: {out / name}" for name in names)]
