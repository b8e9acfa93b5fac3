"""FaceMotion: the immutable value that every part of the package passes on.

>>> import numpy as np
>>> from tdmm_hf.motion import FaceMotion
>>> still = FaceMotion(np.zeros((50, 55)), fps=25)
>>> still.duration, still.resample(50).num_frames
(2.0, 100)
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from .parameters import ParameterSpace, get_space


def frame_count(duration: float, fps: float) -> int:
    """Frames of a duration in seconds: round(duration x fps)."""
    return round(duration * fps)


@dataclass(frozen=True, eq=False)
class FaceMotion:
    """A face in motion.

    Args:
        values: (frames, channels), stored float32 and read-only, in the space's units.
        fps: frames per second, positive.
        space: a ParameterSpace or its name.
        valid: (frames,) bool, False where no face was seen; all True by default.
        observed: (channels,) bool, False for channels the source cannot know; all True by default.

    Raises:
        ValueError: naming the rule and the value received.
    """

    values: np.ndarray
    fps: float = 25.0
    space: ParameterSpace | str = "arkit"
    valid: np.ndarray = field(default=None)
    observed: np.ndarray = field(default=None)

    def __post_init__(self):
        space = get_space(self.space) if isinstance(self.space, str) else self.space
        values = np.array(self.values, dtype=np.float32)
        _check_values(values, space)
        if not (math.isfinite(self.fps) and self.fps > 0):
            raise ValueError(f"fps must be positive and finite, got {self.fps}")
        frozen = {
            "space": space,
            "fps": float(self.fps),
            "values": values,
            "valid": _mask("valid", self.valid, values.shape[0]),
            "observed": _mask("observed", self.observed, values.shape[1]),
        }
        for name, value in frozen.items():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
            object.__setattr__(self, name, value)

    @property
    def num_frames(self) -> int:
        return self.values.shape[0]

    @property
    def duration(self) -> float:
        """Seconds: frames / fps."""
        return self.num_frames / self.fps

    @property
    def channels(self) -> tuple[str, ...]:
        return self.space.channels

    def channel(self, name: str) -> np.ndarray:
        """One channel's curve, (frames,)."""
        return self.values[:, self.space.index(name)]

    def __eq__(self, other) -> bool:
        return (
            isinstance(other, FaceMotion)
            and self.space.name == other.space.name
            and self.fps == other.fps
            and all(
                np.array_equal(getattr(self, name), getattr(other, name))
                for name in ("values", "valid", "observed")
            )
        )

    def resample(self, fps: float) -> FaceMotion:
        """The same motion at another rate; linear in value, nearest in validity.

        A frame stands for the middle of its interval, so the duration is kept as well as
        round(duration x fps) whole frames can keep it.
        """
        if not (math.isfinite(fps) and fps > 0):
            raise ValueError(f"fps must be positive and finite, got {fps}")
        if fps == self.fps:
            return self
        frames = max(1, frame_count(self.duration, fps))
        at = np.clip((np.arange(frames) + 0.5) * self.fps / fps - 0.5, 0, self.num_frames - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, self.num_frames - 1)
        share = (at - low)[:, None].astype(np.float32)
        values = self.values[low] * (1 - share) + self.values[high] * share
        return replace(self, values=values, fps=fps, valid=self.valid[np.rint(at).astype(int)])

    def crop(self, start: float, end: float) -> FaceMotion:
        """The part between two times in seconds."""
        first, last = frame_count(start, self.fps), frame_count(end, self.fps)
        if not 0 <= first < last <= self.num_frames:
            raise ValueError(
                f"crop must satisfy 0 <= start < end <= {self.duration:g} s, got {start}..{end}"
            )
        return replace(self, values=self.values[first:last], valid=self.valid[first:last])

    def mirror(self) -> FaceMotion:
        """Left and right exchanged, as in a mirror."""
        if self.space.mirror_index is None:
            raise ValueError(f"space {self.space.name!r} has no known mirror")
        order = list(self.space.mirror_index)
        values = self.values[:, order] * np.float32(self.space.mirror_sign)
        return replace(self, values=values, observed=self.observed[order])

    def concat(self, other: FaceMotion, blend: float = 0.0) -> FaceMotion:
        """This motion, then another; ``blend`` seconds of both overlap and cross-fade."""
        if self.space.name != other.space.name or self.fps != other.fps:
            raise ValueError(
                "concat needs one space and one fps, got "
                f"{self.space.name}@{self.fps:g} and {other.space.name}@{other.fps:g}"
            )
        overlap = frame_count(blend, self.fps)
        if not 0 <= overlap <= min(self.num_frames, other.num_frames):
            raise ValueError(f"blend must lie within both motions, got {blend} s")
        keep = self.num_frames - overlap
        share = ((np.arange(overlap) + 1) / (overlap + 1))[:, None].astype(np.float32)
        mixed = self.values[keep:] * (1 - share) + other.values[:overlap] * share
        return replace(
            self,
            values=np.concatenate([self.values[:keep], mixed, other.values[overlap:]]),
            valid=np.concatenate(
                [
                    self.valid[:keep],
                    self.valid[keep:] & other.valid[:overlap],
                    other.valid[overlap:],
                ]
            ),
            observed=self.observed & other.observed,
        )

    def smooth(self, seconds: float) -> FaceMotion:
        """Gaussian smoothing in time; ``seconds`` is the standard deviation."""
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(f"smoothing must be zero or more seconds, got {seconds}")
        frames = seconds * self.fps
        if frames < 0.1:  # the filter ends at four of these: it reaches no neighbour
            return self
        values = gaussian_filter1d(self.values, frames, axis=0, mode="nearest")
        return replace(self, values=values)


def _check_values(values: np.ndarray, space: ParameterSpace) -> None:
    if values.ndim != 2 or values.shape[1] != len(space.channels):
        raise ValueError(
            f"values must be (frames, {len(space.channels)}) for space {space.name!r}, "
            f"got shape {values.shape}"
        )
    if not values.shape[0]:
        raise ValueError("motion must have at least one frame, got 0")
    if not np.isfinite(values).all():
        frame, channel = np.argwhere(~np.isfinite(values))[0]
        raise ValueError(
            f"values must be finite, got {values[frame, channel]} "
            f"at frame {frame}, channel {space.channels[channel]!r}"
        )


def _mask(name: str, mask, length: int) -> np.ndarray:
    if mask is None:
        return np.ones(length, dtype=bool)
    mask = np.array(mask, dtype=bool)
    if mask.shape != (length,):
        raise ValueError(f"{name} must have shape ({length},), got {mask.shape}")
    return mask
