"""What a fit saw, drawn over the picture: contours of the face, axes of the head, where eyes look.

    >>> from tdmm_hf.video.overlay import draw_face, draw_no_face
    >>> draw_face(picture, landmarks, values)             # doctest: +SKIP
    >>> draw_no_face(picture, "the face leaves the picture")  # doctest: +SKIP

Both draw into a Pillow picture.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import yaml
from scipy.spatial.transform import Rotation

from ..formats.gaze import SIDES, gaze_angles
from ..import_utils import require_package
from ..parameters import HEAD_CHANNELS, get_space
from ..rigs import head_rotation

STYLE_FILE = Path(__file__).with_name("preview.yaml")
EYE_CORNERS = ((362, 263), (33, 133))  # left, right: between them lies the middle of an eye
IRISES = {"Left": 473, "Right": 468}  # their middles; four landmarks around each follow
NOSE_TIP = 4
_AXES = ("pitch", "yaw", "roll")  # the colours of what turns about x, y, z
_SMOOTHING = 2  # lines are drawn this much larger and made smaller: no stairs
_ROOM = 1.0  # around the face, in distances between the eyes: the axes are longer than the face


@cache
def style() -> dict:
    """Sizes, colours and contours of ``preview.yaml``."""
    return yaml.safe_load(STYLE_FILE.read_text(encoding="utf-8"))


@cache
def font(size: int):
    """The font that Pillow carries, in this size."""
    return require_package("PIL.ImageFont", "render").load_default(max(size, 6))


def draw_face(picture, landmarks: np.ndarray, values: np.ndarray, unit: float = 1.0) -> None:
    """Contours, head axes and gaze.

    Args:
        picture: a Pillow picture, changed.
        landmarks: (478, 3) MediaPipe's, in pixels of the picture.
        values: (55,) of space ``arkit``: where head and eyes are turned.
        unit: pixels of the picture for one of the style's.
    """
    points = landmarks[:, :2]
    apart = eye_distance(landmarks)
    low = np.floor(points.min(axis=0) - _ROOM * apart).astype(int)
    high = np.ceil(points.max(axis=0) + _ROOM * apart).astype(int)
    low, high = np.maximum(low, 0), np.minimum(high, picture.size)
    if (high <= low).any():
        return  # the face lies outside the picture
    image = require_package("PIL.Image", "render")
    layer = image.new("RGBA", tuple((_SMOOTHING * (high - low)).tolist()))
    pen = _Pen(layer, low)
    for contour in style()["contours"].values():
        for line in contour["lines"]:
            pen.line(points[line], contour["color"], unit * style()["picture"]["line"])
    _draw_gaze(pen, points, values, apart, unit)
    _draw_axes(pen, points, values, apart, unit)
    layer = layer.reduce(_SMOOTHING)
    picture.paste(layer, tuple(low.tolist()), layer)


def draw_no_face(picture, cause: str, unit: float = 1.0) -> None:
    """A frame in red and a plate that says so."""
    sizes, colors = style()["picture"], style()["colors"]
    draw = require_package("PIL.ImageDraw", "render").Draw(picture)
    width = max(2, round(unit * sizes["frame"]))
    draw.rectangle((0, 0, picture.width - 1, picture.height - 1), None, colors["unseen"], width)
    lettering = font(round(unit * sizes["font"]))
    text = _shortened(f"no face: {cause}" if cause else "no face", lettering, picture.width)
    margin = round(unit * sizes["font"] * 0.7)
    left = top = width + margin
    box = draw.textbbox((left, top), text, lettering)
    plate = (box[0] - margin, box[1] - margin // 2, box[2] + margin, box[3] + margin // 2)
    draw.rounded_rectangle(plate, margin // 2, fill=colors["unseen"])
    draw.text((left, top), text, colors["background"], lettering)


def eye_distance(landmarks: np.ndarray) -> float:
    """Between the middles of the eyes, in the landmarks' unit, depth and all: turning keeps it."""
    left, right = (landmarks[list(corners)].mean(axis=0) for corners in EYE_CORNERS)
    return float(np.linalg.norm(left - right))


class _Pen:
    """Lines on a layer that covers the picture from ``origin`` on."""

    def __init__(self, layer, origin: np.ndarray):
        self._draw = require_package("PIL.ImageDraw", "render").Draw(layer)
        self._origin = origin

    def line(self, points: np.ndarray, color: str, width: float) -> None:
        at = _SMOOTHING * (points - self._origin + 0.5)
        thick = max(1, round(_SMOOTHING * width))
        self._draw.line([tuple(p) for p in at.tolist()], fill=color, width=thick, joint="curve")

    def circle(self, center: np.ndarray, radius: float, color: str, width: float) -> None:
        x, y = (_SMOOTHING * (center - self._origin + 0.5)).tolist()
        radius = _SMOOTHING * radius
        box = (x - radius, y - radius, x + radius, y + radius)
        self._draw.ellipse(box, outline=color, width=max(1, round(_SMOOTHING * width)))

    def arrow(self, start: np.ndarray, step: np.ndarray, color: str, width: float) -> None:
        self.line(np.stack([start, start + step]), color, width)
        x, y = (_SMOOTHING * (start + step - self._origin + 0.5)).tolist()
        radius = _SMOOTHING * width * 1.3
        self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)


def _draw_axes(pen: _Pen, points: np.ndarray, values: np.ndarray, apart: float, unit: float):
    """x to the subject's left, y up, z out of the face, the farthest first."""
    sizes, colors = style()["picture"], style()["colors"]
    axes = _head(values).T
    for at in np.argsort(axes[:, 2]):
        step = sizes["axis_length"] * apart * _on_screen(axes[at])
        pen.arrow(points[NOSE_TIP], step, colors[_AXES[at]], unit * sizes["axis"])


def _draw_gaze(pen: _Pen, points: np.ndarray, values: np.ndarray, apart: float, unit: float):
    sizes, colors = style()["picture"], style()["colors"]
    for side in SIDES:
        middle = points[IRISES[side]]
        around = points[IRISES[side] + 1 : IRISES[side] + 5]
        radius = float(np.linalg.norm(around - middle, axis=1).mean())
        pen.circle(middle, radius, colors["gaze"], unit * sizes["line"])
        eye = Rotation.from_euler("YX", gaze_angles(values, side)).as_matrix()
        step = sizes["gaze_length"] * apart * _on_screen(_head(values) @ eye[:, 2])
        pen.arrow(middle, step, colors["gaze"], unit * sizes["line"])


def _head(values: np.ndarray) -> np.ndarray:
    """(3, 3) rotation of the head."""
    return head_rotation(values[get_space("arkit").indices(HEAD_CHANNELS)])


def _on_screen(direction: np.ndarray) -> np.ndarray:
    """(2,) of a direction (3,) in the camera's space: pixels go down."""
    return direction[:2] * [1, -1]


def _shortened(text: str, lettering, width: int) -> str:
    """The text, cut where it would not fit into the width."""
    if lettering.getlength(text) <= 0.85 * width:
        return text
    while text and lettering.getlength(text + "...") > 0.85 * width:
        text = text[:-1]
    return text.rstrip() + "..."
