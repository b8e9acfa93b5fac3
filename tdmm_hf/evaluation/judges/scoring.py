"""A reading against the truth: CorE, CorM and CorI by the rubric.

    >>> from tdmm_hf.evaluation.judges.reading import read_caption
    >>> from tdmm_hf.evaluation.judges.scoring import score
    >>> from tdmm_hf.prompts.attributes import Attributes, EmotionSpan, HeadMotion
    >>> spans = (EmotionSpan("sad", "sad", 2, 0.0, 5.0),)
    >>> truth = Attributes(5.0, "woman", spans, head=HeadMotion("nod", count=2))
    >>> score(read_caption("She looks slightly gloomy and nods three times."), truth)
    Verdict(emotion=5, motion=4, intensity=5, reasons=('head: says 3 times, are 2',))

Each score is 1 + 4 x the share of what is right among all that is so or is said (intersection over
union, weighted; ``data/rubric.yaml`` has the weights); intensity is 5 less the mean step that it is
off.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import permutations

from ...prompts.attributes import Attributes, EmotionSpan
from ...prompts.vocabulary import load_vocabulary
from .reading import Feeling, Motion, Reading
from .verdicts import HIGHEST, LOWEST, Verdict, load_rubric

DEFAULTS = {"manner": "silent", "head": "natural", "gaze": "camera"}
MAX_FEELINGS = 4  # of a caption; more are not paired with the truth


def score(reading: Reading, truth: Attributes) -> Verdict:
    """The verdict on what a caption says of a performance."""
    reasons: list[str] = []
    pairs = _pair(reading.emotions[:MAX_FEELINGS], truth.emotions)
    return Verdict(
        emotion=_level(_emotion_share(reading, truth, pairs, reasons)),
        motion=_level(_motion_share(reading, truth, reasons)),
        intensity=_intensity(truth, pairs, reasons),
        reasons=tuple(reasons),
    )


def _level(share: float) -> int:
    """A share of 0 to 1 as a score; halves go up."""
    return LOWEST + math.floor((HIGHEST - LOWEST) * share + 0.5)


def likeness(said: str, true: str) -> float:
    """How near two emotion categories are, 0 to 1."""
    emotions, rule = load_vocabulary().emotions, load_rubric()["offline"]["alike"]
    one, other = emotions[said], emotions[true]
    if said == true:
        return rule["category"]
    if one.family == other.family:
        return rule["family"]
    distance = math.dist((one.valence, one.arousal), (other.valence, other.arousal))
    return rule["neighbour"] if distance <= rule["distance"] else 0.0


def _pair(
    feelings: Sequence[Feeling], spans: Sequence[EmotionSpan]
) -> list[tuple[Feeling | None, EmotionSpan]]:
    """Each true emotion with the feeling said for it: as alike as can be, then in order."""
    places = [*range(len(feelings)), *[None] * len(spans)]

    def fit(chosen: tuple[int | None, ...]) -> tuple[float, int, bool]:
        said = [place for place in chosen if place is not None]
        alike = sum(
            likeness(feelings[place].category, span.category)
            for place, span in zip(chosen, spans, strict=True)
            if place is not None
        )
        return round(alike, 6), len(said), said == sorted(said)

    best = max(permutations(places, len(spans)), key=fit)
    said = [None if place is None else feelings[place] for place in best]
    return list(zip(said, spans, strict=True))


def _emotion_share(reading: Reading, truth: Attributes, pairs: list, reasons: list[str]) -> float:
    rule = load_rubric()["offline"]
    families = load_vocabulary().emotions
    denied = {families[key].family for key in reading.denied}
    for span in truth.emotions:
        if families[span.category].family in denied - set(reading.families):
            reasons.append(f"emotion: denies {span.category}")
            return 0.0
    weights = _weights(truth)
    likes = [likeness(said.category, span.category) if said else 0.0 for said, span in pairs]
    right = sum(like * weight for like, weight in zip(likes, weights, strict=True))
    extra = len(reading.emotions) - sum(said is not None for said, _ in pairs)
    reasons += _emotion_reasons(pairs, likes, extra)
    return right / (sum(weights) + extra) * _order_factor(reading, truth, pairs, rule, reasons)


def _weights(truth: Attributes) -> list[float]:
    """Of each true emotion: one that only flashes weighs less."""
    flash = load_rubric()["offline"]["flash_weight"] if truth.transition == "flash" else 1.0
    return [1.0 if place == 0 else flash for place in range(len(truth.emotions))]


def _emotion_reasons(pairs: list, likes: list[float], extra: int) -> list[str]:
    wrong = [
        f"emotion: says {said.category if said else 'nothing'}, is {span.category}"
        for (said, span), like in zip(pairs, likes, strict=True)
        if like < load_rubric()["offline"]["alike"]["family"]
    ]
    return wrong + ([f"emotion: says {extra} more"] if extra > 0 else [])


def _order_factor(
    reading: Reading, truth: Attributes, pairs: list, rule: dict, reasons: list[str]
) -> float:
    """1 where one emotion is true or said, or all in their order; else less."""
    said = [feeling for feeling, _ in pairs if feeling is not None]
    if len(said) < 2:
        return 1.0
    places = [reading.emotions.index(feeling) for feeling in said]
    if places != sorted(places):
        reasons.append("emotion: told in another order")
        return rule["order"]["reversed"]
    orders = {reading.order, truth.transition}
    if len(orders) == 1:
        return 1.0
    if orders == {"then", "fade"}:
        return rule["order"]["nuance"]
    reasons.append(f"emotion: told as {reading.order}, is {truth.transition}")
    return rule["order"]["flash" if "flash" in orders else "together"]


def _intensity(truth: Attributes, pairs: list, reasons: list[str]) -> int:
    """5 less the mean step off; what is not named counts as four steps off."""
    widest = HIGHEST - LOWEST
    steps = [abs(said.intensity - span.intensity) if said else widest for said, span in pairs]
    weights = _weights(truth)
    off = sum(s * w for s, w in zip(steps, weights, strict=True)) / (sum(weights) or 1.0)
    reasons += [
        f"intensity: says {said.intensity} of {span.category}, is {span.intensity}"
        for said, span in pairs
        if said and said.intensity != span.intensity
    ]
    return HIGHEST - math.ceil(off - 0.5)


def _motion_share(reading: Reading, truth: Attributes, reasons: list[str]) -> float:
    """Right weight over all weight; 1 where there is nothing to tell and nothing is told."""
    head = Motion(truth.head.name, truth.head.count, truth.head.speed)
    true_actions = [Motion(action.name, action.count) for action in truth.actions]
    parts = [
        _manner_part(reading.manner, truth.manner, reasons),
        _head_part(reading.heads, head, reasons),
        _gaze_part(reading.gaze, truth.gaze, reasons),
        _actions_part(reading.actions, true_actions, reasons),
    ]
    right, whole = (sum(part[place] for part in parts) for place in (0, 1))
    return right / whole if whole else 1.0


Part = tuple[float, float]  # right weight, whole weight


def _slot(about: str, said: str | None, true: str, like: float, reasons: list[str]) -> Part:
    """The part of what is there just once; its default may go unsaid."""
    rule = load_rubric()["offline"]
    weight = rule["weights"][about]
    default = DEFAULTS[about]
    if true == default and said in (None, default):
        return (0.0, 0.0) if said is None else (weight * rule["said_default"],) * 2
    if like < 1.0:
        reasons.append(f"{about}: says {said or 'nothing'}, is {true}")
    return weight * like, weight


def _manner_part(said: str | None, true: str, reasons: list[str]) -> Part:
    manners = load_vocabulary().manners
    like = 0.0
    if said == true:
        like = 1.0
    elif said and manners[said].manner_class == manners[true].manner_class:
        like = load_rubric()["offline"]["manner_class"]
    return _slot("manner", said, true, like, reasons)


def _gaze_part(said: str | None, true: str, reasons: list[str]) -> Part:
    like = _related("gaze", (said,), true) if said else 0.0
    return _slot("gaze", said, true, like, reasons)


def _head_part(said: Sequence[Motion], true: Motion, reasons: list[str]) -> Part:
    """The likeliest of the head motions said; each other one is made up."""
    if not said:
        return _slot("head", None, true.key, 0.0, reasons)
    likes = [_motion_like("head", motion, true) for motion in said]
    best = likes.index(max(likes))
    chosen, more = said[best], len(said) - 1
    counted = likes[best] < 1.0 and true.key in chosen.keys
    if counted and chosen.count != true.count:
        reasons.append(f"head: says {chosen.count or 'no'} times, are {true.count}")
    name = true.key if true.key in chosen.keys else chosen.key
    right, whole = _slot("head", name, true.key, likes[best], [] if counted else reasons)
    extra = load_rubric()["offline"]["weights"]["action"] * more
    reasons += [f"head: says {more} more"] if more else []
    return right, whole + extra


def _actions_part(said: Sequence[Motion], true: Sequence[Motion], reasons: list[str]) -> Part:
    """Each true action with the likeliest that is said; what is left over is made up."""
    weight = load_rubric()["offline"]["weights"]["action"]
    left, right = list(said), 0.0
    for action in true:
        likes = [_motion_like("action", motion, action) for motion in left]
        like = max(likes, default=0.0)
        if like:
            left.pop(likes.index(like))
        if like < 1.0:
            reasons.append(f"action: {action.key} {'not quite right' if like else 'left out'}")
        right += weight * like
    reasons += [f"action: says {motion.key}, which is not so" for motion in left]
    return right, weight * (len(true) + len(left))


def _motion_like(about: str, said: Motion, true: Motion) -> float:
    """How near a motion that is said comes to a true one: key, count and speed."""
    rule = load_rubric()["offline"]
    like = _related(about, said.keys, true.key)
    wanted = true.count or (1 if about == "action" else None)
    if like and wanted is not None and said.count != wanted and (said.count, wanted) != (None, 1):
        like *= rule["count"]["wrong" if said.count else "unsaid"]
    if like and wanted is None and said.count is not None:
        like *= rule["count"]["wrong"]
    return like if said.speed == true.speed else like * rule["speed"]


def _related(about: str, said: Sequence[str | None], true: str) -> float:
    if true in said:
        return 1.0
    rows = load_rubric()["related"][about]
    near = any(true in row and any(key in row for key in said) for row in rows)
    return load_rubric()["offline"]["related"] if near else 0.0
