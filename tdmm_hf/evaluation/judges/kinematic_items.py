"""What a performance asks of the face: its items, and the channels that each of them names.

    >>> from tdmm_hf.evaluation.judges.kinematic_items import items
    >>> from tdmm_hf.performer.plan import read_plan
    >>> for item in items(read_plan("happy 4, nod 2, wink left")):
    ...     print(item.kind, item.name, *list(item.channels)[:3])
    emotion happy mouthSmileLeft mouthSmileRight cheekSquintLeft
    head nod headPitch
    action wink_left eyeBlinkLeft cheekSquintLeft mouthSmileLeft

The channels come from the package's tables: an emotion's from its prototype in FACS action units
(``prompts/data/emotions.csv``), an action's, a gaze's, a head motion's and a manner's from the row
that performs it (``performer/data``). Nothing is named here by hand.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ...performer.eyes import gaze_weights
from ...performer.tables import ARKIT, HEAD, expressions, gain, table, vector
from ...prompts.attributes import Action, Attributes, EmotionSpan, HeadMotion

KINDS = ("emotion", "manner", "head", "action", "gaze")
NEUTRAL = "neutral"
LEAST = 0.08  # weight: what a viewer would see of a channel that is held (cues.MARGINS["level"])
NAMED_SHARE = 0.25  # of the strongest weight: less than this only accompanies
_AXES = ("headPitch", "headYaw", "headRoll")
_JAW, _JAW_SHARE = ARKIT.index("jawOpen"), 0.25  # how far a row's jaw of 1 opens it
_KIND_AXES = {"circle": (0, 1), "eight": (0, 1), "tremble": (1,), "look": (1,)}


@dataclass(frozen=True, eq=False)
class Item:
    """One thing that is asked.

    Args:
        kind: one of ``KINDS``.
        name: its key in the vocabulary.
        channels: the channels it names and the weight (radians for the head) that its row gives
            them; the sign says which way.
        asked, without: the whole performance, and the same one without this item.
        span: seconds in which it is to be seen.
        count: how often, None where that is not asked.
        start: seconds at which the first begins, None where that is not asked.
        index: which of the performance's emotions or actions it is.
    """

    kind: str
    name: str
    channels: dict[str, float]
    asked: Attributes
    without: Attributes
    span: tuple[float, float]
    count: int | None = None
    start: float | None = None
    index: int = 0
    grade: int | None = field(default=None)


def items(attributes: Attributes) -> list[Item]:
    """Everything that a performance asks beyond its defaults, emotions first."""
    whole = (0.0, attributes.duration)
    found = [_emotion(attributes, index) for index in range(len(attributes.emotions))]
    if attributes.manner != "silent":
        without = replace(attributes, manner="silent")
        channels = manner_channels(attributes.manner)
        found.append(Item("manner", attributes.manner, channels, attributes, without, whole))
    if attributes.head.name != "natural":
        without = replace(attributes, head=HeadMotion())
        head = attributes.head
        channels = head_channels(head.name)
        found.append(
            Item("head", head.name, channels, attributes, without, whole, head.count, head.start)
        )
    found += [_action(attributes, index) for index in range(len(attributes.actions))]
    if attributes.gaze != "camera":
        without = replace(attributes, gaze="camera")
        channels = gaze_channels(attributes.gaze)
        found.append(Item("gaze", attributes.gaze, channels, attributes, without, whole))
    return found


def _emotion(attributes: Attributes, index: int) -> Item:
    span = attributes.emotions[index]
    calm = replace(span, category=NEUTRAL, word=NEUTRAL, intensity=3)
    spans = tuple(calm if i == index else other for i, other in enumerate(attributes.emotions))
    return Item(
        "emotion",
        span.category,
        emotion_channels(span.category, span.intensity),
        attributes,
        replace(attributes, emotions=spans),
        _clear_of_joins(attributes, index),
        index=index,
        grade=span.intensity,
    )


def _clear_of_joins(attributes: Attributes, index: int) -> tuple[float, float]:
    """The seconds of an emotion span in which it is there alone: no onset, no passage."""
    span = attributes.emotions[index]
    if attributes.transition == "hold":
        return _shrunk(span, min(0.5, 0.2 * attributes.duration), 0.0)
    if attributes.transition == "flash":
        return (span.start, span.end) if index else _beside_flash(attributes)
    if attributes.transition == "fade":
        return _thirds(attributes.duration, index)
    edge = 0.25 * (span.end - span.start)
    return _shrunk(span, 0.0 if index == 0 else edge, edge if index == 0 else 0.0)


def _shrunk(span: EmotionSpan, head: float, tail: float) -> tuple[float, float]:
    return span.start + head, span.end - tail


def _thirds(duration: float, index: int) -> tuple[float, float]:
    return (0.0, 0.3 * duration) if index == 0 else (0.7 * duration, duration)


def _beside_flash(attributes: Attributes) -> tuple[float, float]:
    """The longer stretch of the first emotion that the flash leaves."""
    flash, duration = attributes.emotions[1], attributes.duration
    before, after = (0.0, flash.start), (min(flash.end + 0.3, duration), duration)
    return max(before, after, key=lambda stretch: stretch[1] - stretch[0])


def _action(attributes: Attributes, index: int) -> Item:
    action: Action = attributes.actions[index]
    others = tuple(other for i, other in enumerate(attributes.actions) if i != index)
    return Item(
        "action",
        action.name,
        action_channels(action.name),
        attributes,
        replace(attributes, actions=others),
        (0.0, attributes.duration),
        action.count,
        action.start,
        index,
    )


def emotion_channels(category: str, intensity: int = 5) -> dict[str, float]:
    """The weights that a category's prototype gives at an intensity, what accompanies left out.

    >>> emotion_channels("disgusted", 5)["noseSneerLeft"] > 0.5
    True
    """
    face = expressions()[category].face * gain(intensity)
    return _named(face)


def action_channels(name: str) -> dict[str, float]:
    """The weights of an action at its apex, where a side leads: the left."""
    return _named(vector(table("actions")[name]["channels"]))


def manner_channels(name: str) -> dict[str, float]:
    """A manner's posture and pulses; ``jawOpen`` where syllables or bites move it."""
    row = table("manners")["manners"][name]
    face = vector(row.get("pose", {})) + vector(row.get("pulse", {}))
    jaw = min(_JAW_SHARE * row.get("jaw", 0.0), 0.5)
    if jaw > NAMED_SHARE * face.max():
        face[_JAW] = max(face[_JAW], jaw)
    return _named(face)


def gaze_channels(name: str) -> dict[str, float]:
    """The ``eyeLook`` weights of where a gaze goes, both sides where it takes turns."""
    row = table("gaze")[name]
    places = [(yaw, pitch) for yaw in _reach(row, "yaw") for pitch in _reach(row, "pitch")]
    weights = gaze_weights(np.array(places, dtype=float)).max(axis=0)
    return _named(weights)


def _reach(row: dict, axis: str) -> list[float]:
    """The middle of where a gaze rests on an axis, and the opposite where it changes sides."""
    middle = sum(row[axis]) / 2
    both = row.get("turns") == axis or (axis == "yaw" and ("either" in row or "sweep" in row))
    if axis == "yaw" and "line" in row:
        return [row["line"][0], row["line"][1]]
    return [middle, -middle] if both else [middle]


def head_channels(name: str) -> dict[str, float]:
    """The axes that a head motion goes along, by its size in radians; signed where one way only."""
    row = table("head")[name]
    if "degrees" not in row:
        return {}
    size = np.radians(np.mean(row["degrees"]))
    axes = _axis_shares(row)
    most = max(abs(share) for share in axes.values())
    return {
        _AXES[axis]: float(size * share) for axis, share in axes.items() if abs(share) >= 0.5 * most
    }


def _axis_shares(row: dict) -> dict[int, float]:
    """Each axis that a row of the head table moves, and how far in shares of its degrees."""
    if "path" in row:
        path = np.array(row["path"])[:, 1:]
        return {i: float(path[np.abs(path[:, i]).argmax(), i]) for i in range(3)}
    if row["kind"] in _KIND_AXES:
        return dict.fromkeys(_KIND_AXES[row["kind"]], 1.0)
    return {("pitch", "yaw", "roll").index(row["axis"]): float(row.get("sign", 1))}


def _named(face: np.ndarray) -> dict[str, float]:
    """The blendshapes of a (55,) face that count, strongest first."""
    weights = dict(zip(ARKIT.channels[: HEAD.start], map(float, face), strict=False))
    most = max(weights.values())
    kept = {c: w for c, w in weights.items() if w >= max(LEAST, NAMED_SHARE * most)}
    return dict(sorted(kept.items(), key=lambda pair: -pair[1]))
