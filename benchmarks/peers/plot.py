"""Rate against distortion as a picture.

draw(rows, Path("tokenizer_peers.png"))
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tdmm_hf.files import replacing

PANELS = {"fve": "face vertices, mm", "lve": "worst lip vertex, mm", "head_pose": "head, degrees"}
LOOKS = {
    "ours": {"color": "#c0392b", "marker": "o"},
    "vq": {"color": "#2c5f8a", "marker": "s"},
    "rvq": {"color": "#3f8f5f", "marker": "D"},
    "fsq": {"color": "#8a6d2c", "marker": "^"},
}


def draw(rows: Sequence[dict], path: Path) -> None:
    """Write a PNG: one panel for each kind of error, bits a second from left to right."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.6 * len(PANELS), 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (name, label) in zip(figure.subplots(1, len(PANELS)), PANELS.items(), strict=True):
        _panel(axes, rows, name)
        axes.set(title=label, xlabel="bits a second")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as beside:
        figure.savefig(beside, format="png", dpi=110)
    print(f"written: {path}")


def _panel(axes, rows: Sequence[dict], name: str) -> None:
    ours = sorted((row["bits_per_second"], row[name]) for row in rows if row["family"] == "ours")
    look = LOOKS["ours"]
    if ours:
        axes.plot(*zip(*ours, strict=True), **look, label="ours", zorder=3)
    seen: dict[str, int] = {}
    for row in rows:
        if row["family"] == "ours":
            continue
        again = seen[row["family"]] = seen.get(row["family"], 0) + 1
        face = "none" if again > 1 else LOOKS[row["family"]]["color"]
        axes.plot(
            row["bits_per_second"], row[name], **LOOKS[row["family"]], linestyle="none",
            markerfacecolor=face, label=row["title"],
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    ticks = sorted({round(row["bits_per_second"]) for row in rows})
    axes.set_xticks(_apart(ticks), [str(tick) for tick in _apart(ticks)])
    axes.minorticks_off()
    axes.grid(alpha=0.3)


def _apart(ticks: Sequence[int]) -> list[int]:
    """Ticks without those that would be written over the one before."""
    kept: list[int] = []
    for tick in ticks:
        if not kept or tick > 1.12 * kept[-1]:
            kept.append(tick)
    return kept
