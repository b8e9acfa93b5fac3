"""A report as files: JSON for programs, Markdown, and one page that needs nothing but itself.

    write_pages(report, examples, distances, Path("report"))

Templates are in ``templates/``; figures are shown as ``metrics.yaml`` says.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np

from ...files import replacing
from .card import shown, table_of_metrics, title
from .plots import plots, spread

TEMPLATES = Path(__file__).parent / "templates"
FILES = {"report.md": "report.md.jinja", "report.html": "report.html.jinja"}
JSON_FILE = "report.json"
MEDIA = {".mp4": "video/mp4", ".jpg": "image/jpeg"}
ARROWS = {"up": "↑", "down": "↓", "truth": "→"}
PLOTTED = ("r_at_1", "fid", "mm_dist", "diversity", "lve", "fve")
CAPTIONS_PLOTTED = ("cor_e", "cor_m", "cor_i", "bleu_4", "rouge_l", "cider")


def write_pages(
    report: dict, examples: list[dict], distances: dict[str, np.ndarray], out: Path
) -> None:
    """Write ``report.json``, ``report.md`` and ``report.html``, each whole or not at all.

    Args:
        report: as ``run.evaluate_model`` makes it.
        examples: clips that are shown, with the places of their films.
        distances: of each system, between motions and texts.
        out: a folder that is there.
    """
    variables = {
        "report": report,
        "tables": tables(report),
        "plots": _plots(report, distances),
        "explained": _explained(report),
        "examples": [_with_media(one) for one in examples],
    }
    for name, template in FILES.items():
        text = _environment(name.endswith(".html")).get_template(template).render(variables)
        _write(out / name, text)
    _write(out / JSON_FILE, json.dumps(report, indent=1, ensure_ascii=False) + "\n")


def _write(path: Path, text: str) -> None:
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")


def tables(report: dict) -> dict[str, dict]:
    """Tables by name, each with ``heads`` (label, words) and ``rows`` (system, cells)."""
    metrics = table_of_metrics()
    motion = metrics["motion"]
    groups = {
        group: [key for key in motion if motion[key]["group"] == group]
        for group in ("prompt", "truth")
    }
    return {
        "prompt": _table(report["generation"], groups["prompt"], motion),
        "truth": _table(report["generation"], groups["truth"], motion, without=("ground truth",)),
        "captions": _table(
            report["description"]["systems"], list(metrics["caption"]), metrics["caption"]
        ),
    }


def _explained(report: dict) -> list[tuple[str, str]]:
    """What stands beside the model, and what it is."""
    metrics = table_of_metrics()
    there = {**report["generation"], **report["description"]["systems"]}
    return [
        (metrics["systems"][name], words)
        for name, words in metrics["explained"].items()
        if name in there
    ]


def _table(systems: dict, keys: list[str], metrics: dict, without: tuple[str, ...] = ()) -> dict:
    keys = [key for key in keys if any(key in figures for figures in systems.values())]
    names = table_of_metrics()["systems"]
    return {
        "heads": [
            (f"{title(metrics[key])} {ARROWS[metrics[key]['better']]}", metrics[key]["long"])
            for key in keys
        ],
        "rows": [
            (names[name], [shown(systems[name].get(key), metrics[key]) for key in keys])
            for name in names
            if name in systems and name not in without
        ],
    }


def _plots(report: dict, distances: dict[str, np.ndarray]) -> dict[str, list]:
    metrics = table_of_metrics()
    captions = report["description"]["systems"]
    return {
        "motion": [*plots(report["generation"], PLOTTED, metrics["motion"]), spread(distances)],
        "captions": plots(captions, CAPTIONS_PLOTTED, metrics["caption"]),
    }


def _with_media(one: dict) -> dict:
    """An example with its films as data of the page."""
    films = one["films"] or {}
    return {**one, "films": {k: tuple(map(_data, paths)) for k, paths in films.items()}}


def _data(path: Path) -> str:
    encoded = base64.b64encode(path.read_bytes()).decode()
    return f"data:{MEDIA[path.suffix]};base64,{encoded}"


def _environment(html: bool):
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=html,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
