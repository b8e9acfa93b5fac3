"""The figures of a report as a model card wants them, and as its tables show them.

>>> shown({"mean": 0.4123, "half_width": 0.004}, {"scale": 100, "digits": 1})
'41.2 ± 0.4'

``metrics.yaml`` says how each figure is called and shown.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import yaml

MOTION, CAPTION = "text-to-face-motion", "face-motion-to-text"


@cache
def table_of_metrics() -> dict:
    """``metrics.yaml``."""
    file = resources.files(__package__).joinpath("metrics.yaml")
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def shown(figure: dict | None, metric: dict, unit: bool = False) -> str:
    """A figure with its interval as tables have it; a dash where there is none."""
    if figure is None:
        return "–"
    scale, digits = metric.get("scale", 1), metric["digits"]
    value = f"{scale * figure['mean']:.{digits}f}"
    half = figure.get("half_width")
    if half:
        value += f" ± {scale * half:.{digits}f}"
    return f"{value} {metric['unit']}" if unit and "unit" in metric else value


def title(metric: dict) -> str:
    """Label and unit."""
    return f"{metric['label']} ({metric['unit']})" if "unit" in metric else metric["label"]


def card_entries(report: dict) -> list[dict]:
    """``card`` of a report, see ``publishing.results.card_results``."""
    metrics, place = table_of_metrics(), report["dataset"]
    dataset = {name: place[name] for name in ("type", "name", "split")}
    captions = report["description"]["systems"]
    entries = [
        _entry(task, dataset, key, metrics[part][key], systems)
        for task, part, systems in (
            (MOTION, "motion", report["generation"]),
            (MOTION, "token", {"model": {"token_accuracy": report["tokens"]}}),
            (CAPTION, "caption", captions),
        )
        for key in metrics[part]
        if key in systems["model"]
    ]
    for entry in entries:
        if entry["metric"].startswith("cor_"):
            entry["name"] += f" by the {report['description']['judge']['name']} judge"
    timed = report["timings"]["aits"]
    figure = {"mean": timed["aits"], "half_width": timed["interval"]}
    aits = {"model": {"aits": figure}}
    return [*entries, _entry(MOTION, dataset, "aits", metrics["time"]["aits"], aits)]


def _beside_nothing(metric: dict) -> tuple[str, ...]:
    """Systems that a figure has no baseline in: the truth is at no distance from itself."""
    return ("model", "ground truth") if metric.get("group") == "truth" else ("model",)


def _entry(task: str, dataset: dict, key: str, metric: dict, systems: dict) -> dict:
    scale = metric.get("scale", 1)
    own = systems["model"][key]
    found = {
        "task": task,
        "dataset": dataset,
        "metric": key,
        "name": title(metric),
        "value": scale * own["mean"],
        "baselines": {
            name: scale * figures[key]["mean"]
            for name, figures in systems.items()
            if key in figures and name not in _beside_nothing(metric)
        },
    }
    half = own.get("half_width")
    return found if half is None else {**found, "interval": scale * half}
