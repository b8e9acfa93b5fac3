"""Measured figures as the Hub's model-index has them.

    >>> card_results({"model": "embedded", "single": {"aits": 0.56}})[0].metric_value
    0.56

A report is a JSON of ``tdmm evaluate``, which tells its figures as a card wants them (``card``), or
one of the benchmarks', whose figures ``model_cards/results.yaml`` finds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path

import yaml

MODEL_CARDS = "tdmm_hf.model_cards"
# What benchmarks call the checkpoint inside the package.
EMBEDDED = "embedded"
DIGITS = 4
# Of a 95 % confidence interval, the half; other arguments of a metric are baselines.
INTERVAL = "interval_95"


def card_results(report: dict) -> list:
    """The figures of a report as ``huggingface_hub.EvalResult``.

    Args:
        report: with ``card``, a list of {task, dataset: {type, name, split}, metric, name, value,
            interval, baselines: {name: value}} (the last three and split may be absent), or a
            benchmark's. ``interval`` is half of a 95 % confidence interval.

    Raises:
        ValueError: there is no figure in it that a card tells, or one is no finite number.
    """
    results = [_result(**one) for one in report.get("card", [])]
    if not results:
        results = [one for source in _sources() for one in _found(source, report)]
    if not results:
        raise ValueError(f"a report must hold figures for a card, got {sorted(report)}")
    return results


def read_results(paths, checkpoint: Path) -> tuple[list, list[dict]]:
    """The results of files of reports, and the machines they were measured on.

    Raises:
        ValueError: a file is no report, or one of another model.
    """
    results, machines = [], []
    for path in map(Path, paths):
        try:
            report = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{path}: not a report in JSON ({error})") from error
        if not isinstance(report, dict):
            raise ValueError(f"{path}: a report must be a mapping, got {type(report).__name__}")
        _check_model(report.get("model"), checkpoint, path)
        results += card_results(report)
        if report.get("machine") and report["machine"] not in machines:
            machines.append(report["machine"])
    return results, machines


def _check_model(measured, checkpoint: Path, path: Path) -> None:
    """Figures of one model must not stand in the card of another."""
    if not isinstance(measured, str):
        raise ValueError(f"{path}: a report must say which model it is of, got {measured!r}")
    own = checkpoint.resolve()
    known = {own.name, EMBEDDED} if _is_embedded(own) else {own.name}
    if Path(measured).name not in known:
        raise ValueError(f"{path}: a report must be of {own.name}, got one of {measured}")


def _is_embedded(checkpoint: Path) -> bool:
    """Whether a folder has the weights that the package has."""
    embedded = Path(str(resources.files("tdmm_hf"))) / "assets" / "tdmm-lm-tiny"
    weights = sorted(path.name for path in embedded.glob("*.safetensors"))
    return bool(weights) and all(
        (checkpoint / name).is_file()
        and (checkpoint / name).read_bytes() == (embedded / name).read_bytes()
        for name in weights
    )


def _found(source: dict, report: dict) -> Iterator:
    """The results of one place of ``results.yaml`` that a report has."""
    for figure in source["figures"]:
        value = find(report, figure["path"])
        if value is not None:
            baselines = figure.get("baselines", {})
            beside = {name: find(report, path) for name, path in baselines.items()}
            yield _result(
                source["task"],
                source["dataset"],
                figure["metric"],
                value,
                name=figure["name"],
                baselines={name: one for name, one in beside.items() if one is not None},
            )


def _result(task, dataset, metric, value, name=None, interval=None, baselines=None):
    from huggingface_hub import EvalResult

    beside = {INTERVAL: interval} if interval is not None else {}
    beside |= baselines or {}
    return EvalResult(
        task_type=task,
        dataset_type=dataset["type"],
        dataset_name=dataset["name"],
        dataset_split=dataset.get("split"),
        metric_type=metric,
        metric_name=name or metric,
        metric_value=_rounded(metric, value),
        metric_args={key: _rounded(key, one) for key, one in beside.items()} or None,
    )


def _rounded(name: str, value) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {value!r}")
    return float(f"{value:.{DIGITS}g}")


@cache
def _sources() -> list[dict]:
    text = resources.files(MODEL_CARDS).joinpath("results.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


def find(report: dict, path: str):
    """What stands at "a.b.0" of a report; None where there is nothing."""
    found = report
    for key in path.split("."):
        if isinstance(found, list) and key.isdigit() and int(key) < len(found):
            found = found[int(key)]
        else:
            found = found.get(key) if isinstance(found, dict) else None
    return found
