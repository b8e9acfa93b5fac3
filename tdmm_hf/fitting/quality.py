"""How far a fitted clip can be trusted: measures, one score, and reasons to reject it.

    >>> from tdmm_hf.fitting import fit_video
    >>> quality = fit_video("clip.mp4").quality  # doctest: +SKIP
    >>> quality.score, quality.reasons, quality.gaps  # doctest: +SKIP
    (0.67, (), (Gap(start=3.5, end=4.04, cause='the head is turned 62 degrees away'),))

The score is that of the worst measure, each falling from 1 at ``good`` to 0 at ``limit`` in
``quality.yaml``; a clip is rejected, with the rule and the value, where one is beyond its limit.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
import yaml

from ..motion import FaceMotion
from ..parameters import HEAD_CHANNELS

QUALITY_FILE = Path(__file__).with_name("quality.yaml")
MAD_TO_STD = 1.4826
# What speech, blinks and brows hardly move: nose, temples, forehead and the corners of the eyes.
FIRM_LANDMARKS = (
    *(1, 2, 4, 5, 6, 168, 195, 197, 98, 327, 129, 358),
    *(33, 133, 362, 263, 127, 356, 234, 454, 93, 323, 10, 109, 338, 67, 297, 151),
)


@dataclass(frozen=True)
class Gap:
    """A time without the face, ``start`` to ``end`` in seconds, and what it probably comes of."""

    start: float
    end: float
    cause: str

    def __str__(self) -> str:
        return f"no face from {self.start:.2f} to {self.end:.2f} s: {self.cause}"


@dataclass(frozen=True)
class Quality:
    """A clip's measures.

    Attributes:
        seen: share of frames with a face.
        face_size: median in pixels, the square root of the area of the landmarks' box.
        head_jitter: standard deviation of frame noise in degrees, the worst of the three angles.
        weight_jitter: the same of the weights, mean over the observed ones.
        jumps: frames in 100 to which the head, its place or the weights leap.
        cuts: times at which the face becomes another person's, or the shot another.
        out_of_range: share of observed values outside their channel's bounds.
        reprojection: landmark error in percent of the distance between the eyes; None before a
            solver has measured it.
        span: start and end in seconds of the longest time without a gap.
        gaps: times without the face.
        cut_times: seconds.
        score: 0 (unusable) to 1.
        reasons: rules that the clip breaks, with its values; none for a clip worth keeping.
    """

    seen: float
    face_size: float
    head_jitter: float
    weight_jitter: float
    jumps: float
    cuts: int
    out_of_range: float
    reprojection: float | None
    span: tuple[float, float]
    gaps: tuple[Gap, ...]
    cut_times: tuple[float, ...]
    score: float
    reasons: tuple[str, ...]

    def lines(self) -> list[str]:
        """The verdict in words: score and span, gaps and cuts, reasons for rejection."""
        start, end = self.span
        return [
            f"quality {self.score:.2f}, {'rejected' if self.reasons else 'kept'}: "
            f"face in {self.seen:.0%} of the frames, without a gap from {start:.2f} to {end:.2f} s",
            *map(str, self.gaps),
            *(f"another person or shot from {time:.2f} s" for time in self.cut_times),
            *(f"rejected: {reason}" for reason in self.reasons),
        ]

    def to_dict(self) -> dict:
        """For JSON."""
        return asdict(self)


def assess(
    motion: FaceMotion,
    landmarks: np.ndarray,
    matrices: np.ndarray,
    image_size: tuple[int, int],
    reprojection: float | None = None,
) -> Quality:
    """Judge a fitted clip.

    Args:
        motion: ``arkit`` values, not yet clipped to their bounds.
        landmarks: (frames, 478, 3) in pixels.
        matrices: (frames, 4, 4) the head in the camera's space.
        image_size: width and height in pixels.
        reprojection: mean landmark error in percent of the distance between the eyes, if known.
    """
    sizes = face_sizes(landmarks)
    cut_frames = find_cuts(motion, landmarks, matrices)
    measures = {
        "seen": float(motion.valid.mean()),
        "face_size": float(np.median(sizes[motion.valid])),
        "head_jitter": float(np.degrees(max(_jitters(motion, head=True)))),
        "weight_jitter": float(np.mean(_jitters(motion, head=False))),
        "jumps": 100 * float(find_jumps(motion, landmarks).mean()),
        "cuts": len(cut_frames),
        "out_of_range": _out_of_range(motion),
        "reprojection": reprojection,
    }
    score, reasons = judge(measures)
    return Quality(
        **measures,
        span=_longest(motion),
        gaps=tuple(_gaps(motion, landmarks, image_size)),
        cut_times=tuple(frame / motion.fps for frame in cut_frames),
        score=score,
        reasons=reasons,
    )


def judge(measures: dict[str, float | None]) -> tuple[float, tuple[str, ...]]:
    """The worst measure's score, and the rules that are broken; unknown measures do not count."""
    scores, reasons = [], []
    for name, rule in _settings()["rules"].items():
        value, good, limit = measures[name], rule["good"], rule["limit"]
        if value is None:
            continue
        scores.append(float(np.clip((value - limit) / (good - limit), 0, 1)))
        if scores[-1] == 0:
            reasons.append(rule["rule"].format(limit=limit, value=value))
    return min(scores), tuple(reasons)


def jitter(curve: np.ndarray, valid: np.ndarray | None = None) -> float:
    """Standard deviation of frame noise in a (frames,) curve, deaf to motion.

    From second differences over valid frames, whose standard deviation for white noise is sqrt(6)
    times the noise's; by their median deviation, which fast movement barely raises. 0 where no
    three valid frames follow each other.
    """
    bends = np.diff(curve, 2)
    if valid is not None:
        bends = bends[valid[2:] & valid[1:-1] & valid[:-2]]
    if not len(bends):
        return 0.0
    return float(MAD_TO_STD * np.median(np.abs(bends - np.median(bends))) / np.sqrt(6))


def face_sizes(landmarks: np.ndarray) -> np.ndarray:
    """(frames,) square root of the box's area in pixels, of landmarks (frames, 478, 3)."""
    return np.sqrt(np.prod(np.ptp(landmarks[..., :2], axis=1), axis=1))


def find_jumps(motion: FaceMotion, landmarks: np.ndarray) -> np.ndarray:
    """(frames,) bool: the frames that the face cannot have come to by moving."""
    limits = _settings()["jump"]
    head = motion.space.indices(HEAD_CHANNELS)
    steps = np.abs(np.diff(motion.values, axis=0)) * motion.fps
    place = np.diff(landmarks[..., :2].mean(axis=1), axis=0) * motion.fps
    leaps = np.zeros(motion.num_frames, dtype=bool)
    leaps[1:] = (
        (np.degrees(np.linalg.norm(steps[:, head], axis=1)) > limits["head"])
        | (np.linalg.norm(place, axis=1) > limits["place"] * face_sizes(landmarks)[:-1])
        | (np.delete(steps, head, axis=1).mean(axis=1) > limits["weights"])
    )
    return leaps & motion.valid & np.roll(motion.valid, 1)


def find_cuts(motion: FaceMotion, landmarks: np.ndarray, matrices: np.ndarray) -> list[int]:
    """First frames of another person or shot.

    The shape of the firm landmarks, turned to the front, is compared between the last frames before
    and the first after, of those in which the face was seen, so that someone else's return after a
    gap is a cut. Near profile the tracker guesses the shape, and frames are passed over.
    """
    limits = _settings()["cut"]
    seen = np.flatnonzero(motion.valid)
    shapes = firm_shapes(landmarks[seen], matrices[seen])
    yaw = np.abs(np.degrees(motion.channel("headYaw")[seen]))
    far = np.zeros(len(seen))
    for at in range(2, len(seen) - 1):
        before, after = slice(max(0, at - limits["frames"]), at), slice(at, at + limits["frames"])
        if max(np.median(yaw[before]), np.median(yaw[after])) < limits["yaw"]:
            far[at] = _apart(np.median(shapes[after], axis=0), np.median(shapes[before], axis=0))
    steps = np.concatenate([[0.0], _apart(shapes[1:], shapes[:-1])])
    peaks = _peaks(far, limits["shape"], limits["frames"])
    return [int(seen[_steepest(steps, at, limits["frames"] // 2)]) for at in peaks]


def _apart(shapes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Root mean square distance of points, of shapes (..., points, 3)."""
    return np.sqrt(((shapes - others) ** 2).sum(axis=-1).mean(axis=-1))


def _steepest(steps: np.ndarray, near: int, reach: int) -> int:
    """Where the change that medians smear is greatest."""
    first = max(0, near - reach)
    return first + int(np.argmax(steps[first : near + reach + 1]))


def firm_shapes(landmarks: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """(frames, points, 3) firm landmarks in the face's own axes, centred, of spread 1."""
    points = landmarks[:, FIRM_LANDMARKS] * np.float32([1, -1, -1])
    points = points - points.mean(axis=1, keepdims=True)
    points = points @ matrices[:, :3, :3]  # R^T p of row vectors
    return points / np.sqrt((points**2).sum(axis=2).mean(axis=1))[:, None, None]


def _peaks(heights: np.ndarray, over: float, apart: int) -> list[int]:
    """Places of the highest values over a threshold, at least ``apart`` from each other."""
    found: list[int] = []
    for at in np.argsort(-heights):
        if heights[at] <= over:
            break
        if all(abs(at - other) >= apart for other in found):
            found.append(int(at))
    return sorted(found)


def _jitters(motion: FaceMotion, head: bool) -> list[float]:
    chosen = [
        index
        for index, channel in enumerate(motion.channels)
        if motion.observed[index] and (channel in HEAD_CHANNELS) == head
    ]
    return [jitter(motion.values[:, index], motion.valid) for index in chosen]


def _out_of_range(motion: FaceMotion) -> float:
    values = motion.values[motion.valid][:, motion.observed]
    inside = motion.space.clip(motion.values)[motion.valid][:, motion.observed]
    return float((values != inside).mean())


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """First and last-plus-one of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _longest(motion: FaceMotion) -> tuple[float, float]:
    first, last = max(_runs(motion.valid), key=lambda run: run[1] - run[0])
    return first / motion.fps, last / motion.fps


def _gaps(motion: FaceMotion, landmarks: np.ndarray, image_size: tuple[int, int]) -> list[Gap]:
    found = []
    for first, last in _runs(~motion.valid):
        edges = [frame for frame in (first - 1, last) if 0 <= frame < motion.num_frames]
        causes = [_cause(motion, landmarks, frame, image_size) for frame in edges]
        cause = next(filter(None, causes), "hidden, blurred or not there")
        found.append(Gap(first / motion.fps, last / motion.fps, cause))
    return found


def _cause(motion: FaceMotion, landmarks: np.ndarray, frame: int, image_size) -> str | None:
    """What at the edge of a gap would lose a face, if anything."""
    limits = _settings()["loss"]
    yaw = abs(np.degrees(motion.channel("headYaw")[frame]))
    places = landmarks[frame, :, :2] / np.array(image_size)
    border = limits["border"]
    if yaw > limits["profile"]:
        return f"the head is turned {yaw:.0f} degrees away"
    if places.min() < border or places.max() > 1 - border:
        return "the face is at the picture's border"
    size = face_sizes(landmarks[frame : frame + 1])[0]
    return f"the face is {size:.0f} pixels small" if size < limits["size"] else None


@cache
def _settings() -> dict:
    return yaml.safe_load(QUALITY_FILE.read_text(encoding="utf-8"))
