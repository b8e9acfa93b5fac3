"""Plots of a report as SVG that stands in a page: no files, no scripts.

    dots(report["generation"], "fid", table_of_metrics()["motion"]["fid"])
    spread({"model": distances, "ground truth": others})

Words stay words, so that they can be read aloud and searched; the same figures give the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .card import shown, table_of_metrics, title

WIDTH, ROW = 4.4, 0.34  # inches
MODEL, TRUTH, OTHER = "#0b5cad", "#1a7f4b", "#767c85"
_METADATA = ("Date", "Creator", "Format", "Type")
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "tdmm",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
}


@dataclass(frozen=True)
class Plot:
    """A picture, what it shows in a line, and in words for who does not see it."""

    svg: str
    caption: str
    words: str


def dots(systems: dict[str, dict], key: str, metric: dict) -> Plot | None:
    """One figure of all systems with 95 % intervals; None where fewer than two have it."""
    names = table_of_metrics()["systems"]
    found = {names[name]: systems[name][key] for name in names if _has(systems, name, key)}
    if len(found) < 2:
        return None
    scale = metric.get("scale", 1)
    figure, axes = _figure(ROW * len(found) + 0.7)
    for row, (name, one) in enumerate(found.items()):
        color = _color(name)
        axes.errorbar(
            scale * one["mean"], row, xerr=scale * (one["half_width"] or 0), fmt="o", color=color,
            capsize=3, markersize=6,
        )  # fmt: skip
        if name == names["ground truth"]:
            axes.axvline(scale * one["mean"], color=color, linewidth=1, linestyle=(0, (3, 3)))
    axes.set_yticks(range(len(found)), list(found))
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.grid(axis="x", color="#e3e6ea", linewidth=0.8)
    axes.set_axisbelow(True)
    better = {"up": "more is better", "down": "less is better", "truth": "best near the truth's"}
    caption = f"{title(metric)}: {metric['long']}; {better[metric['better']]}"
    words = "; ".join(f"{name} {shown(one, metric)}" for name, one in found.items())
    return Plot(_svg(figure), caption, f"{title(metric)}. {words}.")


def spread(distances: dict[str, np.ndarray]) -> Plot:
    """Which share of motions lies how near to their own texts, a curve a system."""
    from matplotlib.ticker import PercentFormatter

    names = table_of_metrics()["systems"]
    figure, axes = _figure(3.2)
    for name in (name for name in names if name in distances):
        axes.ecdf(distances[name], label=names[name], color=_color(names[name]), **_line(name))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.set_xlabel("distance between a motion and its text")
    axes.set_ylabel("motions as near or nearer")
    axes.grid(color="#e3e6ea", linewidth=0.8)
    figure.legend(frameon=False, fontsize=8, ncols=2, loc="outside lower center")
    medians = "; ".join(
        f"{names[name]} {np.median(distances[name]):.2f}" for name in names if name in distances
    )
    return Plot(
        _svg(figure), "How near motions lie to their texts", f"Medians of the distance: {medians}."
    )


def _line(name: str) -> dict:
    """Lines differ by more than their colour."""
    styles = {
        "model": "-", "ground truth": (0, (5, 2)), "nearest in training": (0, (3, 1, 1, 1)),
        "random from training": (0, (1, 1)), "mean face": (0, (6, 3, 1, 3)),
    }  # fmt: skip
    return {"linestyle": styles.get(name, (0, (2, 2))), "linewidth": 2 if name == "model" else 1.3}


def _has(systems: dict, name: str, key: str) -> bool:
    """Errors beside the truth have none of the truth's own."""
    own = table_of_metrics()["motion"].get(key, {}).get("group") == "truth"
    return key in systems.get(name, {}) and not (own and name == "ground truth")


def _color(name: str) -> str:
    names = table_of_metrics()["systems"]
    return {names["model"]: MODEL, names["ground truth"]: TRUTH}.get(name, OTHER)


def _figure(height: float):
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        figure = Figure((WIDTH, height), layout="constrained")
        return figure, figure.subplots()


def _svg(figure) -> str:
    """The picture's element alone, as wide as its place."""
    import matplotlib

    text = io.StringIO()
    with matplotlib.rc_context(_STYLE):
        figure.savefig(text, format="svg", metadata=dict.fromkeys(_METADATA))
    svg = text.getvalue()
    kept = set(re.findall(r"#([\w.-]+)", svg))  # a page has each name once
    names = re.compile(r' id="([^"]+)"')
    return names.sub(lambda m: m[0] if m[1] in kept else "", svg[svg.index("<svg") :])


def plots(systems: dict, keys: Iterable[str], metrics: dict) -> list[Plot]:
    """A plot for each of the figures that at least two systems have."""
    found = (dots(systems, key, metrics[key]) for key in keys)
    return [plot for plot in found if plot is not None]
