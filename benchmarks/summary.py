"""One table of what the benchmarks measured, beside what is wanted.

    python benchmarks/summary.py [--results benchmarks/results]

Reads the results and writes ``README.md`` beside them. Which figures, and what each must reach,
stands in ``data/figures.yaml``; a figure that has not been measured says so.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from common import RESULTS, load_yaml

from tdmm_hf.files import replacing
from tdmm_hf.publishing.results import find

BOUNDS = ("at least", "at most")
INTRODUCTION = """# Results

What `make benchmarks` measured last, by `benchmarks/summary.py`. Each figure stands in the JSON
file that is named, with the machine it was measured on, and comes from the script of that name.
"""


def bound(figure: dict, result: dict) -> tuple[str, float] | None:
    """("at least" or "at most", the value that is wanted); None where nothing is."""
    for kind in BOUNDS:
        wanted = figure.get(kind)
        if isinstance(wanted, dict):
            other = find(result, wanted["at"])
            wanted = None if other is None else other * wanted.get("times", 1)
        if wanted is not None:
            return kind, wanted
    return None


def reached(value: float, kind: str, wanted: float) -> bool:
    """Whether a figure keeps its bound."""
    return value >= wanted if kind == "at least" else value <= wanted


def row(figure: dict, results: dict[str, dict]) -> tuple[str, str, str, str, str]:
    """The cells of a figure: what, measured, wanted, whether it is reached, file."""
    result = results.get(figure["in"], {})
    value, wanted = find(result, figure["at"]), bound(figure, result)
    told = "not measured" if value is None else _number(value, figure["unit"])
    asked = f"{wanted[0]} {_number(wanted[1], figure['unit'])}" if wanted else ""
    verdict = "" if value is None or not wanted else ("yes" if reached(value, *wanted) else "no")
    return figure["what"], told, asked, verdict, f"[{figure['in']}]({figure['in']}.json)"


def _number(value: float, unit: str) -> str:
    return f"{value:.3g} {unit}".strip()


def table(figures: list[dict], results: dict[str, dict]) -> str:
    """A table in Markdown."""
    rows = [("what", "measured", "wanted", "reached", "from"), ("---",) * 5]
    rows += [row(figure, results) for figure in figures]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows)


def summary(folder: Path) -> str:
    """The page about the results of a folder."""
    results = {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")
    }
    parts = [
        f"## {topic}\n\n{table(figures, results)}\n"
        for topic, figures in load_yaml("figures").items()
    ]
    return "\n".join([INTRODUCTION, *parts])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--results", type=Path, default=RESULTS)
    folder = arguments.parse_args().results
    page = summary(folder)
    with replacing(folder / "README.md") as beside:
        beside.write_text(page, encoding="utf-8")
    print(page)
    print(f"written: {folder / 'README.md'}")


if __name__ == "__main__":
    main()
