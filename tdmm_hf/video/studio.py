"""The studio: where the camera stands, how the lights fall, what is behind the head.

>>> from tdmm_hf.video.studio import camera_degrees, backdrop
>>> camera_degrees("left45"), camera_degrees("-20")
(45.0, -20.0)
>>> backdrop("#203040", 64)[0, 0].tolist()
[32, 48, 64]
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import yaml

from ..rigs.mesh import MeshRig

_CHIN = 8  # iBUG's tip of the chin
_NEAR, _FAR = 0.3, 3.0  # clipping planes in camera distances


@cache
def _studio() -> dict:
    return yaml.safe_load(Path(__file__).with_name("studio.yaml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class View:
    """What a renderer needs besides the head; world coordinates, millimetres.

    Args:
        projection: (4, 4) world to clip space, y up.
        eye: (3,) the camera.
        light_directions: (3, 3) unit vectors towards the lights.
        light_colors: (3, 3) linear RGB.
        sky: (3,) light from above.
        ground: (3,) light from below.
        backdrop: (size, size, 3) uint8.
    """

    projection: np.ndarray
    eye: np.ndarray
    light_directions: np.ndarray
    light_colors: np.ndarray
    sky: np.ndarray
    ground: np.ndarray
    backdrop: np.ndarray

    @property
    def size(self) -> int:
        return len(self.backdrop)


def camera_degrees(camera: str | float) -> float:
    """Degrees around the head, positive to the subject's left, of a name or a number.

    Raises:
        ValueError: neither a camera's name nor a finite number.
    """
    cameras = _studio()["cameras"]
    if camera in cameras:
        return float(cameras[camera])
    try:
        degrees = float(camera)
    except (TypeError, ValueError):
        degrees = math.nan
    if not math.isfinite(degrees):
        raise ValueError(
            f"camera must be one of {', '.join(cameras)} or degrees to the subject's left, "
            f"got {camera!r}"
        )
    return degrees


def backdrop(background: str, size: int) -> np.ndarray:
    """(size, size, 3) uint8 picture of a background's name or ``#rrggbb``.

    Raises:
        ValueError: neither a background's name nor a colour.
    """
    named = _studio()["backgrounds"]
    if background not in named and not re.fullmatch("#[0-9a-fA-F]{6}", str(background)):
        raise ValueError(
            f"background must be one of {', '.join(named)} or #rrggbb, got {background!r}"
        )
    center, edge = (_rgb(color) for color in named.get(background, [background] * 2))
    at = (np.arange(size) + 0.5) / size * 2 - 1
    away = np.clip(np.hypot(at, at[:, None] + 0.1) / 1.3, 0, 1)[..., None]
    share = away * away * (3 - 2 * away)
    return np.rint(center + share * (edge - center)).astype(np.uint8)


def _rgb(color: str) -> np.ndarray:
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.float64)


def view(
    rig: MeshRig, resting: np.ndarray, camera: str | float, background: str, size: int
) -> View:
    """The view of a head that rests at ``resting`` (V, 3)."""
    studio = _studio()
    yaw = math.radians(camera_degrees(camera))
    frame = np.array(
        [
            [math.cos(yaw), 0, -math.sin(yaw)],
            [0, 1, 0],
            [math.sin(yaw), 0, math.cos(yaw)],
        ]
    )  # rows: right, up, towards the camera
    target, half = _framing(rig, resting)
    slope = math.tan(math.radians(studio["lens"]["degrees"]) / 2)
    eye = target + frame[2] * half / slope
    directions = np.array([light["direction"] for light in studio["lights"].values()])
    directions = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return View(
        projection=_projection(frame, eye, slope, half / slope),
        eye=eye,
        light_directions=directions @ frame,
        light_colors=np.array([light["color"] for light in studio["lights"].values()]),
        sky=np.array(studio["ambient"]["sky"]),
        ground=np.array(studio["ambient"]["ground"]),
        backdrop=backdrop(background, size),
    )


def _framing(rig: MeshRig, resting: np.ndarray) -> tuple[np.ndarray, float]:
    """The point looked at, and half of the height seen there, from chin to crown and beyond."""
    chin = resting[rig.landmarks[_CHIN], 1] if len(rig.landmarks) else resting[:, 1].min()
    head = resting[resting[:, 1] >= chin]
    crown = head[:, 1].max()
    lens, height = _studio()["lens"], crown - chin
    top = crown + lens["above"] * height
    end = resting[:, 1].min() + lens["margin"] * height  # where the neck is cut stays out of sight
    bottom = chin - lens["below"] * height
    if end < chin:
        bottom = max(bottom, end)
    middle = (head.min(0) + head.max(0)) / 2
    return np.array([middle[0], (top + bottom) / 2, middle[2]]), (top - bottom) / 2


def _projection(frame: np.ndarray, eye: np.ndarray, slope: float, distance: float) -> np.ndarray:
    """(4, 4) world to clip space of a camera with these axes (rows) at this place."""
    to_camera = np.eye(4)
    to_camera[:3, :3] = frame
    to_camera[:3, 3] = -frame @ eye
    near, far = _NEAR * distance, _FAR * distance
    lens = np.zeros((4, 4))
    lens[0, 0] = lens[1, 1] = 1 / slope
    lens[2, 2:] = -(far + near) / (far - near), -2 * far * near / (far - near)
    lens[3, 2] = -1
    return lens @ to_camera
