"""A picture of a motion: its strongest channels over time (PNG, write only).

>>> import numpy as np
>>> from tdmm_hf.motion import FaceMotion
>>> from tdmm_hf.formats.curves import strongest_channels
>>> values = np.zeros((50, 55)); values[:, 24] = np.linspace(0, 0.8, 50)
>>> [name for name, curve in strongest_channels(FaceMotion(values), 1)]
['jawOpen']
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..files import replacing
from ..motion import FaceMotion

MAX_CURVES = 8


def strongest_channels(
    motion: FaceMotion, count: int = MAX_CURVES
) -> list[tuple[str, dict[str, np.ndarray]]]:
    """The weight channels that are most active, left and right together.

    Returns:
        ``(name, {label: curve (frames,)})``, strongest first; head channels are not among them.
    """
    families: dict[str, dict[str, np.ndarray]] = {}
    for channel, unit in zip(motion.channels, motion.space.units, strict=True):
        if unit == "radian":
            continue
        side = next((s for s in ("Left", "Right") if channel.endswith(s)), "")
        family = channel.removesuffix(side) if side else channel
        families.setdefault(family, {})[side.lower() or family] = motion.channel(channel)

    def activity(curves: dict[str, np.ndarray]) -> float:
        return max(float(np.abs(c).mean() + c.std()) for c in curves.values())

    ranked = sorted(families.items(), key=lambda item: -activity(item[1]))
    return ranked[:count]


def write(motion: FaceMotion, path: str | Path) -> None:
    """Draw the strongest channels and the head's angles against time."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = strongest_channels(motion)
    head = [
        c for c, unit in zip(motion.channels, motion.space.units, strict=True) if unit == "radian"
    ]
    figure = Figure(figsize=(9, 0.75 * len(rows) + 2.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(
        len(rows) + 1, 1, sharex=True, height_ratios=[1] * len(rows) + [2], squeeze=False
    )[:, 0]
    time = (np.arange(motion.num_frames) + 0.5) / motion.fps
    for axis, (name, curves) in zip(axes, rows, strict=False):
        for (label, curve), style in zip(curves.items(), ("-", "--"), strict=False):
            axis.plot(time, curve, style, color="#2f5d8a", linewidth=1.2, label=label)
        axis.set_ylim(-0.03, 1.03)
        axis.set_yticks([0, 1])
        axis.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    for channel, color in zip(head, ("#b5482a", "#3b7d4f", "#7a5ba6"), strict=False):
        axes[-1].plot(time, np.degrees(motion.channel(channel)), color=color, label=channel, lw=1.3)
    axes[-1].set_ylabel("degrees", fontsize=9)
    axes[-1].set_xlabel("seconds")
    axes[-1].legend(loc="lower left", bbox_to_anchor=(0, 0.97), fontsize=8, ncols=3, frameon=False)
    axes[0].set_title("left solid, right dashed", fontsize=8, loc="right")
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.margins(x=0)
    with replacing(path) as beside:
        figure.savefig(beside, dpi=110, format="png")
