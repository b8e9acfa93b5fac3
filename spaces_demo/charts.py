"""Curves of a motion to look into: its strongest channels and the head's angles against time.

>>> from tdmm_hf.spaces_demo.charts import curves   # doctest: +SKIP
>>> curves(motion).show()                           # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..formats.curves import strongest_channels
from ..motion import FaceMotion

ROWS = 6
COMPARED_ROWS = 4
ROW_HEIGHT, TOP, BOTTOM = 68, 56, 44  # pixels
COLORS = ("#0d9488", "#d97706", "#7c3aed", "#db2777")
SIDES = {"left": "solid", "right": "dot"}
INK, GRID = "#64748b", "rgba(100, 116, 139, 0.18)"


def times(motion: FaceMotion) -> np.ndarray:
    """(frames,) seconds of the middle of each frame."""
    return (np.arange(motion.num_frames) + 0.5) / motion.fps


def curves(motion: FaceMotion) -> go.Figure:
    """The strongest channels, a row each (left solid, right dotted), and the head below."""
    rows = strongest_channels(motion, ROWS)
    figure = _figure([name for name, _ in rows] + ["head"], motion.duration)
    for row, (name, sides) in enumerate(rows, start=1):
        for side, curve in sides.items():
            label = name if side == name else f"{name}, {side}"
            figure.add_trace(_line(motion, curve, label, COLORS[0], SIDES.get(side)), row, 1)
    for color, (label, degrees) in zip(COLORS[1:], _head(motion), strict=False):
        figure.add_trace(_line(motion, degrees, label, color, unit="°"), len(rows) + 1, 1)
    return figure


def compared(motions: Sequence[FaceMotion], labels: Sequence[str]) -> go.Figure:
    """The channels that are strongest in any of several motions, a colour for each motion."""
    names = _shared_names(motions)
    head = _widest_head_channel(motions)
    figure = _figure([*names, head], max(motion.duration for motion in motions))
    for motion, label, color in zip(motions, labels, COLORS, strict=False):
        families = dict(strongest_channels(motion, len(motion.channels)))
        for row, name in enumerate(names, start=1):
            strongest = max(families[name].values(), key=lambda curve: float(np.abs(curve).max()))
            line = _line(motion, strongest, label, color, legend=row == 1)
            figure.add_trace(line, row, 1)
        degrees = np.degrees(motion.channel(head))
        figure.add_trace(_line(motion, degrees, label, color, unit="°"), len(names) + 1, 1)
    return figure


def _shared_names(motions: Sequence[FaceMotion]) -> list[str]:
    """Names of the channels, left and right as one, that do most in any of the motions."""
    ranked = [[name for name, _ in strongest_channels(motion, ROWS)] for motion in motions]
    names = dict.fromkeys(name for rank in zip(*ranked, strict=True) for name in rank)
    return list(names)[:COMPARED_ROWS]


def _widest_head_channel(motions: Sequence[FaceMotion]) -> str:
    """The head's angle that varies most."""
    names = [name for name, _ in _head(motions[0])]
    return max(names, key=lambda name: max(float(np.ptp(m.channel(name))) for m in motions))


def _head(motion: FaceMotion) -> list[tuple[str, np.ndarray]]:
    """Names and curves in degrees of the angles."""
    return [
        (channel, np.degrees(motion.channel(channel)))
        for channel, unit in zip(motion.channels, motion.space.units, strict=True)
        if unit == "radian"
    ]


def _line(motion, curve, label, color, dash=None, unit="", legend=False) -> go.Scatter:
    return go.Scatter(
        x=np.round(times(motion), 3),
        y=np.round(curve, 3),
        name=label,
        line={"color": color, "width": 1.8, "dash": dash or "solid"},
        showlegend=legend,
        hovertemplate=f"%{{y:.2f}}{unit} {label}<extra></extra>",
    )


def _figure(names: Sequence[str], seconds: float) -> go.Figure:
    """An empty figure: a narrow row for each name, the last in degrees, one axis of time."""
    count = len(names)
    figure = make_subplots(rows=count, cols=1, shared_xaxes=True, vertical_spacing=0.28 / count)
    for row, name in enumerate(names, start=1):
        where = {"xref": "paper", "yref": f"y{row if row > 1 else ''} domain", "x": 0, "y": 1}
        figure.add_annotation(
            text=name, showarrow=False, xanchor="left", yanchor="bottom", font_size=11, **where
        )
    axis = {"gridcolor": GRID, "zerolinecolor": GRID, "tickfont_size": 10, "fixedrange": True}
    figure.update_xaxes(range=[0, seconds], **axis)
    figure.update_yaxes(range=[-0.03, 1.03], tickvals=[0, 1], **axis)
    figure.update_yaxes(range=None, autorange=True, tickvals=None, nticks=4, row=count, col=1)
    figure.update_xaxes(title_text="seconds", title_font_size=11, row=count, col=1)
    figure.update_layout(
        height=TOP + ROW_HEIGHT * count + BOTTOM,
        margin={"l": 34, "r": 10, "t": TOP, "b": BOTTOM},
        hovermode="x unified",
        font={"color": INK, "family": "ui-sans-serif, system-ui, sans-serif"},
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.0, "yanchor": "bottom"},
    )
    return figure
