"""From a prompt's attributes to a performed motion.

    >>> from tdmm_hf.performer import perform
    >>> from tdmm_hf.prompts.attributes import Attributes, EmotionSpan, HeadMotion
    >>> prompt = Attributes(
    ...     duration=5.0,
    ...     subject="woman",
    ...     emotions=(EmotionSpan("surprised", "surprised", 4, 0.0, 5.0),),
    ...     manner="speaks_bursts",
    ...     head=HeadMotion("nod", count=2),
    ... )
    >>> perform(prompt, seed=1).num_frames
    125

The face is composed in layers: the resting face, the emotion, the manner (speech, laughter ...),
eyes and lids, micro-actions, blinks. The seed is a person and a take: the same seed at another
intensity is the same person doing more.
"""

from __future__ import annotations

import math

import numpy as np

from ..motion import FaceMotion, frame_count
from ..prompts.attributes import INTENSITIES, SPEEDS, TRANSITIONS, Attributes
from .actions import act, keeps_eyes, schedule
from .expression import Expressed, express
from .eyes import LIDS, WIDE, blink, follow_with_lids, gaze_weights, look, stays_open
from .head import drift, move_head
from .idle import Unrest, unrest
from .manners import vocalise
from .person import Person, stream
from .speech import Vocal
from .tables import ARKIT, HEAD, table, vocabulary

_EYES_AGAINST_HEAD = 9.0  # degrees at most
_JAW_OPEN, _MOUTH_CLOSE = ARKIT.index("jawOpen"), ARKIT.index("mouthClose")
_BROWS_UP = ARKIT.indices(("browInnerUp", "browOuterUpLeft", "browOuterUpRight"))
_BROWS_DOWN = ARKIT.indices(("browDownLeft", "browDownRight"))
_UPPER = [i for group in ("brows", "cheeks", "nose") for i in ARKIT.groups[group]]
# The eyes turn down and the muscle around them tightens while the lids are shut.
_WITH_BLINKS = (
    (ARKIT.indices(("eyeLookDownLeft", "eyeLookDownRight")), 0.3),
    (ARKIT.indices(("eyeSquintLeft", "eyeSquintRight")), 0.22),
    (ARKIT.indices(("browDownLeft", "browDownRight")), 0.03),
)


def perform(attributes: Attributes, seed: int, fps: float = 25.0) -> FaceMotion:
    """Perform a prompt.

    Args:
        attributes: what to perform.
        seed: zero or more; the person and the take. Same attributes and seed: same values.
        fps: frames per second of the result; timing does not depend on it.

    Returns:
        round(duration x fps) frames in space ``arkit``, within its bounds.

    Raises:
        ValueError: naming an unknown key, a span outside the duration, or another broken rule.
    """
    check(attributes, seed, fps)
    times = (np.arange(frame_count(attributes.duration, fps)) + 0.5) / fps
    person = Person.from_seed(seed)
    expressed = express(times, attributes, person, seed)
    style = _personal(expressed, person)
    vocal = vocalise(times, attributes.duration, attributes.manner, stream(seed, "manner"), style)
    alive = unrest(times, attributes.duration, stream(seed, "idle"), vocal.activity)
    head = _head(times, attributes, expressed, vocal, alive, style, seed) + person.head_resting
    below = person.resting + _emphasised(expressed.face, vocal.accents)
    face = vocal.layer.over(below + person.unrest * alive.face * (1 - below))
    face = _with_eyes(face, times, attributes, expressed, head, style, person, seed)
    face[:, _MOUTH_CLOSE] = np.minimum(face[:, _MOUTH_CLOSE], face[:, _JAW_OPEN])
    face[:, HEAD] = np.radians(head)
    return FaceMotion(ARKIT.clip(face), fps=fps, space=ARKIT)


def _personal(expressed: Expressed, person: Person) -> dict:
    """The emotion's behaviour on top of the person's own."""
    style = expressed.style
    return style | {
        "speech_rate": style["speech_rate"] * person.speech_rate,
        "jaw": style["jaw"] * person.jaw,
        "lips": style["lips"] * person.lips,
        "rhythm": person.rhythm,
        "lively": person.lively,
        "tone": expressed.tone,
        "drift": style["drift"] * person.restlessness,
        "restlessness": person.restlessness,
        "blink_rate": style["blink_rate"] * person.blink_rate,
    }


def _emphasised(face: np.ndarray, accents: np.ndarray) -> np.ndarray:
    """What the upper face shows, marked with the voice: brows that are knit are knit further,
    others go up, (frames, 55)."""
    accents = accents[:, None]
    knit = np.clip(3.0 * face[:, _BROWS_DOWN].mean(axis=1, keepdims=True) - 0.3, 0.0, 1.0)
    marked = face.copy()
    marked[:, _UPPER] *= 1 + 0.3 * accents
    for channels, shown in ((_BROWS_UP, 1 - knit), (_BROWS_DOWN, 0.8 * knit)):
        marked[:, channels] += 0.28 * accents * shown * (1 - np.minimum(marked[:, channels], 1.0))
    return np.minimum(marked, np.maximum(face, 0.95))


def _head(times, attributes, expressed: Expressed, vocal: Vocal, alive: Unrest, style, seed):
    """Pitch, yaw and roll in degrees, (frames, 3)."""
    row = table("head")[attributes.head.name]
    motion = move_head(times, attributes.duration, attributes.head, stream(seed, "head"))
    wander = drift(times, stream(seed, "drift"), style["drift"])
    wander += style["restlessness"] * alive.head
    own = row["drift"] * wander + row["lean"] * expressed.lean + row["jolts"] * vocal.head
    return motion + own


def _with_eyes(face, times, attributes, expressed, head, style, person, seed) -> np.ndarray:
    """Gaze, lids, micro-actions and blinks on a face, (frames, 55)."""
    gaze = _gaze(times, attributes, expressed, head, style, seed)
    face = face + gaze_weights(gaze)
    follow_with_lids(face, gaze)
    events = schedule(attributes.actions, attributes.duration)
    face = act(times, events, person.leads_left).over(face)
    quiet = np.concatenate([keeps_eyes(events), stays_open(attributes.gaze, attributes.duration)])
    if any(event.name == "blink" for event in events):
        quiet = np.array([[0.0, attributes.duration]])  # a prompt's two blinks are two
    rng = stream(seed, "blink")
    rate, length = style["blink_rate"], style["blink_length"]
    shut = blink(times, attributes.duration, rate, length, rng, quiet)[:, None]
    face[:, LIDS] += shut * (1 - np.minimum(face[:, LIDS], 1.0))
    face[:, WIDE] *= 1 - 0.8 * shut
    for channels, share in _WITH_BLINKS:
        face[:, channels] += share * shut * (1 - np.minimum(face[:, channels], 1.0))
    return face


def _gaze(times, attributes, expressed, head, style, seed) -> np.ndarray:
    """Gaze against the head in degrees, yaw and pitch, (frames, 2): eyes stay while it moves."""
    hold, spread = style["gaze_hold"], style["gaze_spread"]
    rng = stream(seed, "eyes")
    gaze = look(times, attributes.duration, attributes.gaze, rng, hold, spread)
    if attributes.gaze == "camera":
        gaze = gaze + expressed.gaze
    steady = table("head")[attributes.head.name]["eyes"]
    return gaze - np.clip(steady * head[:, [1, 0]], -_EYES_AGAINST_HEAD, _EYES_AGAINST_HEAD)


def check(attributes: Attributes, seed: int, fps: float) -> None:
    """``ValueError`` for anything that cannot be performed."""
    duration = attributes.duration
    if not (math.isfinite(fps) and fps > 0):
        raise ValueError(f"fps must be positive and finite, got {fps}")
    if not (math.isfinite(duration) and frame_count(duration, fps) >= 1):
        raise ValueError(f"duration must give at least one frame at {fps:g} fps, got {duration} s")
    if seed < 0:
        raise ValueError(f"seed must be zero or more, got {seed}")
    for kind, key in _keys(attributes):
        known = vocabulary()[kind]
        if key not in known:
            raise ValueError(f"unknown {kind} {key!r}: choose from {', '.join(sorted(known))}")
    _check_choices(attributes)


def _keys(attributes: Attributes) -> list[tuple[str, str]]:
    return [
        *(("category", span.category) for span in attributes.emotions),
        *(("action", action.name) for action in attributes.actions),
        ("manner", attributes.manner),
        ("head motion", attributes.head.name),
        ("gaze", attributes.gaze),
    ]


def _check_choices(attributes: Attributes) -> None:
    if attributes.transition not in TRANSITIONS:
        raise ValueError(f"transition must be one of {TRANSITIONS}, got {attributes.transition!r}")
    spans = 1 if attributes.transition == "hold" else 2
    if len(attributes.emotions) != spans:
        raise ValueError(
            f"transition {attributes.transition!r} needs {spans} emotion spans, "
            f"got {len(attributes.emotions)}"
        )
    if attributes.head.speed not in SPEEDS:
        raise ValueError(f"head speed must be one of {SPEEDS}, got {attributes.head.speed!r}")
    counts = [attributes.head.count] + [action.count for action in attributes.actions]
    if any(count is not None and count < 1 for count in counts):
        raise ValueError(f"counts must be 1 or more, got {counts}")
    starts = [attributes.head.start] + [action.start for action in attributes.actions]
    if any(start is not None and not 0 <= start <= attributes.duration for start in starts):
        raise ValueError(f"starts must lie in 0..{attributes.duration:g} s, got {starts}")
    for span in attributes.emotions:
        if span.intensity not in INTENSITIES:
            raise ValueError(f"intensity must be one of {INTENSITIES}, got {span.intensity}")
        if not 0 <= span.start < span.end <= attributes.duration + 1e-6:
            raise ValueError(
                f"emotion span must satisfy 0 <= start < end <= {attributes.duration:g} s, "
                f"got {span.start}..{span.end}"
            )
