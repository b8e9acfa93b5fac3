"""Who is filmed, where and in what light: the chance in the embedded generator's clips.

>>> from tdmm_hf.video.generators.scenes import draw_scene
>>> draw_scene(7) == draw_scene(7), draw_scene(7) == draw_scene(8)
(True, False)

The table ``scenes.yaml`` holds the ranges.
"""

from __future__ import annotations

import colorsys
import math
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import yaml
from scipy.ndimage import zoom
from scipy.spatial.transform import Rotation

from ...rigs.looks import look_names
from ..studio import View

_STREAM = 0x5CE7E  # a performance of the same seed has streams of its own
_LAMPS = ("key", "fill", "rim")

Color = tuple[float, float, float]


@dataclass(frozen=True)
class Scene:
    """One person in one place.

    Args:
        identity: seed of the head's shape.
        look: colours of skin, eyes and hair, a name of materials.yaml.
        degrees: the camera around the head, positive to the subject's left.
        zoom: how much nearer than head and shoulders.
        offset: (right, up) of the head from the middle, in halves of the picture.
        directions: unit vectors to key, fill and rim light: right, up, towards the camera.
        lamps: linear RGB of key, fill and rim light.
        sky, ground: linear RGB from above and below.
        background: ``vignette``, ``gradient`` or ``blurred``.
        colors: sRGB 0..1, middle and edge, or top and bottom.
    """

    identity: int
    look: str
    degrees: float
    zoom: float
    offset: tuple[float, float]
    directions: tuple[tuple[float, float, float], ...]
    lamps: tuple[Color, ...]
    sky: Color
    ground: Color
    background: str
    colors: tuple[Color, Color]

    def applied_to(self, view: View) -> View:
        """A view from this scene's degrees, with its lens, light and background."""
        around = Rotation.from_euler("y", self.degrees, degrees=True)
        lens = np.diag([self.zoom, self.zoom, 1.0, 1.0])
        lens[:2, 3] = self.offset
        return replace(
            view,
            projection=lens @ view.projection,
            light_directions=around.apply(self.directions),
            light_colors=np.array(self.lamps),
            sky=np.array(self.sky),
            ground=np.array(self.ground),
            backdrop=self.backdrop(view.size),
        )

    def backdrop(self, size: int) -> np.ndarray:
        """(size, size, 3) uint8."""
        first, last = (np.array(color) for color in self.colors)
        at = (np.arange(size) + 0.5) / size
        if self.background == "vignette":
            share = np.clip(np.hypot(2 * at - 1, 2 * at[:, None] - 0.9) / 1.3, 0, 1) ** 2
        else:
            share = np.broadcast_to(at[:, None], (size, size))
        picture = first + share[..., None] * (last - first)
        if self.background == "blurred":
            picture = picture * _patches(self.identity, size)[..., None]
        return np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8)


@cache
def _table() -> dict:
    return yaml.safe_load(Path(__file__).with_name("scenes.yaml").read_text(encoding="utf-8"))


def draw_scene(seed: int) -> Scene:
    """The scene of a seed, zero or more."""
    rng = np.random.default_rng([_STREAM, seed])
    identity, look = int(rng.integers(2**31)), str(rng.choice(look_names()))
    return Scene(identity, look, **_camera(rng), **_light(rng), **_background(rng))


def _camera(rng: np.random.Generator) -> dict:
    table = _table()["camera"]
    spread, limit = table["degrees"]
    nearer = rng.uniform(*table["zoom"])
    neck = _table()["neck_end"]
    lowest, highest = table["up"]
    highest = min(highest, neck["lies"] * nearer - neck["stays"])
    return {
        "degrees": float(np.clip(spread * rng.standard_normal(), -limit, limit)),
        "zoom": float(nearer),
        "offset": (float(rng.uniform(*table["across"])), float(rng.uniform(lowest, highest))),
    }


def _light(rng: np.random.Generator) -> dict:
    table = _table()["light"]
    side = rng.choice([-1.0, 1.0])
    strength = rng.uniform(*table["key"]["strength"])
    directions, lamps = [], []
    for name in _LAMPS:
        across = side if name == "key" else -side
        azimuth = across * math.radians(rng.uniform(*table[name]["azimuth"]))
        elevation = math.radians(rng.uniform(*table[name]["elevation"]))
        level = math.cos(elevation)
        towards = (level * math.sin(azimuth), math.sin(elevation), level * math.cos(azimuth))
        directions.append(towards)
        lamps.append(_lamp(rng, table, name, strength))
    sky, ground = (_lamp(rng, table, name, strength) for name in ("sky", "ground"))
    return {"directions": tuple(directions), "lamps": tuple(lamps), "sky": sky, "ground": ground}


def _lamp(rng: np.random.Generator, table: dict, name: str, strength: float) -> Color:
    tint = rng.uniform(*table[name]["tint"])
    share = rng.uniform(*table[name].get("share", (1, 1)))
    color = np.array(table["warm"]) + tint * (np.array(table["cool"]) - table["warm"])
    return tuple((strength * share * color).tolist())


def _background(rng: np.random.Generator) -> dict:
    table = _table()["backgrounds"]
    kinds = table["kinds"]
    odds = np.array(list(kinds.values()), float)
    kind = str(rng.choice(list(kinds), p=odds / odds.sum()))
    hue, saturation = rng.random(), rng.uniform(*table["saturation"])
    colors = tuple(
        colorsys.hsv_to_rgb(hue, saturation, rng.uniform(*table["brightness"])) for _ in range(2)
    )
    return {"background": kind, "colors": colors}


def _patches(seed: int, size: int) -> np.ndarray:
    """(size, size) brightness of things far out of focus, around 1."""
    table = _table()["backgrounds"]
    cells = np.random.default_rng(seed).uniform(-1, 1, (table["cells"] + 2,) * 2)
    smooth = zoom(cells, (size + 2) / len(cells), order=3, mode="nearest", grid_mode=True)
    return 1 + table["contrast"] * np.clip(smooth[:size, :size], -1, 1)
