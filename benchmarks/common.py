"""What the benchmarks share: data files, generation in batches, tables, results.

from common import DATA, load_yaml, print_table, write_result
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path

import yaml
from tqdm import tqdm

HERE = Path(__file__).parent
DATA = HERE / "data"
RESULTS = HERE / "results"
SHARED_DATA = HERE.parent.parent / "shared" / "data"
FACEKIT = SHARED_DATA / "ict_facekit_subset.tar.xz"
LANDMARKER = SHARED_DATA / "face_landmarker.task"
BATCH_SIZE = 32


def load_yaml(name: str):
    """A data file of ``benchmarks/data`` by its stem."""
    return yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))


def parser(description: str, name: str) -> argparse.ArgumentParser:
    """Arguments that every model benchmark takes; results go to ``results/NAME.json``."""
    found = argparse.ArgumentParser(description=description.splitlines()[0])
    found.add_argument("model", nargs="?", help="checkpoint folder or Hub id; embedded by default")
    found.add_argument("--out", type=Path, default=RESULTS / f"{name}.json")
    found.add_argument("--device", default="cpu")
    return found


def load_pipeline(task: str, model: str | None, device: str = "cpu"):
    """``transformers.pipeline(task)`` as a user gets it with the package imported."""
    import transformers

    import tdmm_hf  # noqa: F401  registers the tasks

    return transformers.pipeline(task, model=model, device=device)


def load_rig(name: str):
    """The rig of that name; ICT FaceKit, where it is not installed, from ``../shared/data``."""
    from tdmm_hf.rigs import get_rig, ict

    if name == "ict" and not ict.packed_path().exists() and FACEKIT.exists():
        os.environ.setdefault(ict.ICT_VARIABLE, str(FACEKIT))
    return get_rig(name)


def generate(
    pipe, prompts: Sequence[str], seed: int, duration: float = 5.0, batch_size: int = BATCH_SIZE
) -> list:
    """One FaceMotion a prompt, in batches, with a progress bar."""
    from tdmm_hf.motion import FaceMotion

    motions = []
    with tqdm(total=len(prompts), desc=f"seed {seed}, {duration:g} s", leave=False) as bar:
        for first in range(0, len(prompts), batch_size):
            batch = list(prompts[first : first + batch_size])
            made = pipe(batch, duration=duration, seed=seed, batch_size=batch_size)
            motions += [FaceMotion(one["motion"], fps=one["fps"]) for one in made]
            bar.update(len(batch))
    return motions


def print_table(headers: Sequence[str], rows: Sequence[Sequence]) -> None:
    """Columns aligned: text to the left, figures to the right."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headers, *cells, strict=True)]
    numeric = [all(not isinstance(row[i], str) for row in rows) for i in range(len(headers))]
    for line in [list(headers), ["-" * width for width in widths], *cells]:
        padded = [
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        ]
        print("  ".join(padded).rstrip())
    print()


def _cell(value) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def percent(hits: int, total: int) -> float:
    """Share in percent to one decimal; 0 of 0 is 0."""
    return round(100 * hits / total, 1) if total else 0.0


def write_result(path: Path, result: dict) -> None:
    """JSON with the machine it was measured on, whole or not at all."""
    from tdmm_hf.evaluation.report.machine import machine

    write_json(path, {**result, "machine": machine()}, indent=2)


def write_json(path: Path, value: dict, indent: int = 1) -> None:
    """A JSON file, whole or not at all."""
    from tdmm_hf.files import replacing

    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as beside:
        text = json.dumps(value, indent=indent, ensure_ascii=False)
        beside.write_text(text + "\n", encoding="utf-8")
    print(f"written: {path}")
