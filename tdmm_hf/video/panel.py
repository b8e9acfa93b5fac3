"""What a fit says, as a column beside the picture: the strongest channels, the head, the time.

>>> import numpy as np
>>> from tdmm_hf.motion import FaceMotion
>>> from tdmm_hf.video.panel import strongest
>>> values = np.zeros((50, 55), np.float32); values[:, 24] = 0.5; values[:, 43] = 0.9
>>> strongest(FaceMotion(values), 2)
['jawOpen', 'mouthSmile']
"""

from __future__ import annotations

import itertools

import numpy as np

from ..formats.gaze import SIDES
from ..import_utils import require_package
from ..motion import FaceMotion
from ..parameters import HEAD_CHANNELS
from .overlay import font, style

PEAK = 98  # the percentile of frames that stands for a channel's peak: one odd frame does not
LEAST_PEAK = 0.02  # below it a channel is not shown
_LONE = 1.6  # a bar without a side is thicker
_LEFT_OUT = ("eyeLook", "head")  # shown in the picture, as directions


def families(motion: FaceMotion) -> dict[str, list[int]]:
    """Channels without their side, in the space's order, and their columns: one, or left, right.

    Unobserved channels, gaze and head are left out.
    """
    found: dict[str, list[int]] = {}
    for at, name in enumerate(motion.channels):
        if motion.observed[at] and not name.startswith(_LEFT_OUT):
            stem = next((name.removesuffix(side) for side in SIDES if name.endswith(side)), name)
            lone = stem in ("jaw", "mouth")  # jawLeft and jawRight are ways, not sides
            found.setdefault(name if lone else stem, []).append(at)
    return found


def strongest(motion: FaceMotion, count: int) -> list[str]:
    """The families that reach highest in frames with a face, in the space's order."""
    every, peaks = families(motion), _peaks(motion)
    peak = {name: peaks[columns].max() for name, columns in every.items()}
    moving = [name for name in every if peak[name] >= LEAST_PEAK]
    ranked = sorted(moving, key=lambda name: -peak[name])
    return sorted(ranked[:count], key=list(every).index)


def _peaks(motion: FaceMotion) -> np.ndarray:
    """(C,) what each channel reaches."""
    seen = motion.values[motion.valid] if motion.valid.any() else motion.values
    return np.percentile(seen, PEAK, axis=0)


class Panel:
    """A column of a given size for one motion.

    Args:
        motion: of space ``arkit``.
        size: width and height in pixels.
        head: whether a square picture of a head stands on top.
        unit: pixels for one of the style's.
    """

    def __init__(self, motion: FaceMotion, size: tuple[int, int], head: bool, unit: float):
        sizes = style()["panel"]
        self._motion, self._size, self._unit = motion, size, unit
        self._top = (size[0] if head else 0) + self._px("heading")
        room = size[1] - self._top - self._px("footer")
        self._rows = strongest(motion, max(0, int(room / (unit * sizes["row"]))))
        self._columns = families(motion)
        self._peak = _peaks(motion)
        self._empty = self._background()

    def draw(self, frame: int, head: np.ndarray | None = None):
        """A Pillow picture of one frame.

        Args:
            frame: of the motion.
            head: (width, width, 3) uint8, the picture on top.
        """
        image = require_package("PIL.Image", "render")
        panel = self._empty.copy()
        if head is not None:
            panel.paste(image.fromarray(head), (0, 0))
        draw = require_package("PIL.ImageDraw", "render").Draw(panel)
        self._draw_heading(draw, frame)
        for row, name in enumerate(self._rows):
            self._draw_bars(draw, row, name, frame)
        self._draw_footer(draw, frame)
        return panel

    def _background(self):
        """All that is the same in every frame: names, empty bars, the timeline."""
        image = require_package("PIL.Image", "render")
        colors = style()["colors"]
        panel = image.new("RGB", self._size, colors["background"])
        draw = require_package("PIL.ImageDraw", "render").Draw(panel)
        for row, name in enumerate(self._rows):
            top = self._top + round(row * self._unit * style()["panel"]["row"])
            at = (self._px("margin"), top + self._px("row") // 2)
            draw.text(at, name, colors["text"], self._font("font"), anchor="lm")
            for box, column in self._bars(row, name):
                draw.rectangle(box, colors["track"])
                left, right = self._span()
                peak = left + (right - left) * min(max(float(self._peak[column]), 0), 1)
                draw.line((peak, box[1], peak, box[3]), colors["peak"], max(1, round(self._unit)))
        self._draw_timeline(draw)
        return panel

    def _draw_heading(self, draw, frame: int) -> None:
        """The head's angles, in the colours of the axes they turn about."""
        colors = style()["colors"]
        width = self._size[0] - 2 * self._px("margin")
        middle = self._top - self._px("heading") // 2
        for at, channel in enumerate(HEAD_CHANNELS):
            name = channel.removeprefix("head").lower()
            angle = np.degrees(self._motion.channel(channel)[frame])
            text = f"{name} {angle:+.0f}°"
            left = self._px("margin") + at * width // 3
            draw.text((left, middle), text, colors[name], self._font("font"), anchor="lm")

    def _draw_bars(self, draw, row: int, name: str, frame: int) -> None:
        colors, seen = style()["colors"], bool(self._motion.valid[frame])
        values = self._motion.values[frame]
        left, right = self._span()
        sided = len(self._columns[name]) > 1
        for at, (box, column) in enumerate(self._bars(row, name)):
            end = left + (right - left) * min(max(float(values[column]), 0), 1)
            color = colors[SIDES[at].lower()] if sided else colors["middle"]
            if end - left >= 1:
                draw.rectangle((left, box[1], end, box[3]), color if seen else colors["peak"])
        strongest_side = max(float(values[column]) for column in self._columns[name])
        middle = self._top + round((row + 0.5) * self._unit * style()["panel"]["row"])
        at = (self._size[0] - self._px("margin"), middle)
        text = f"{strongest_side:.2f}"
        draw.text(at, text, colors["faint"], self._font("small_font"), anchor="rm")

    def _draw_timeline(self, draw) -> None:
        """Frames with and without a face, from left to right, and what colours mean."""
        colors, valid = style()["colors"], self._motion.valid
        left, right = self._px("margin"), self._size[0] - self._px("margin")
        top = self._size[1] - self._px("footer") + self._px("margin")
        changes = np.flatnonzero(np.diff(valid)) + 1
        edges = [0, *changes.tolist(), len(valid)]
        for start, end in itertools.pairwise(edges):
            box = [left + (right - left) * at / len(valid) for at in (start, end)]
            color = colors["seen"] if valid[start] else colors["unseen"]
            draw.rectangle((box[0], top, box[1], top + self._px("timeline")), color)
        for at, side in enumerate(SIDES):
            x = right - self._px("margin") * (2.2 if at else 6.2)
            text = (x, self._text_line())
            draw.text(text, side.lower(), colors[side.lower()], self._font("small_font"), "lm")

    def _draw_footer(self, draw, frame: int) -> None:
        """Where in the timeline this is, and whether the face is seen."""
        motion, colors = self._motion, style()["colors"]
        left, right = self._px("margin"), self._size[0] - self._px("margin")
        top = self._size[1] - self._px("footer") + self._px("margin")
        x = left + (right - left) * (frame + 0.5) / motion.num_frames
        half = max(1, round(1.5 * self._unit))
        beyond = round(4 * self._unit)
        bottom = top + self._px("timeline") + beyond
        draw.rectangle((x - half, top - beyond, x + half, bottom), colors["text"])
        text = f"{frame / motion.fps:.2f} s   frame {frame + 1} of {motion.num_frames}"
        at = (left, self._text_line())
        draw.text(at, text, colors["faint"], self._font("small_font"), anchor="lm")

    def _bars(self, row: int, name: str) -> list[tuple[tuple[float, float, float, float], int]]:
        """The box of each full bar of a row, and the column that it shows."""
        columns = self._columns[name]
        left, right = self._span()
        middle = self._top + (row + 0.5) * self._unit * style()["panel"]["row"]
        bar, gap = self._unit * style()["panel"]["bar"], self._unit
        edges = [middle - bar - gap / 2, middle + gap / 2]
        if len(columns) == 1:
            edges, bar = [middle - _LONE * bar / 2], _LONE * bar
        boxes = [(left, round(top), right, round(top) + round(bar) - 1) for top in edges]
        return list(zip(boxes, columns, strict=True))

    def _span(self) -> tuple[int, int]:
        """Left and right end of the full bars."""
        left = self._px("margin") + self._px("name")
        return left, self._size[0] - self._px("margin") - self._px("number")

    def _text_line(self) -> int:
        return self._size[1] - round(1.2 * self._px("margin"))

    def _px(self, name: str) -> int:
        return round(self._unit * style()["panel"][name])

    def _font(self, name: str):
        return font(self._px(name))
