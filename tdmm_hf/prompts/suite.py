"""The prompt suite: draws what performances are to show.

    >>> import numpy as np
    >>> from tdmm_hf.prompts.suite import iter_attributes, sample_attributes
    >>> sample_attributes(np.random.default_rng(0), duration=5.0).duration
    5.0
    >>> len(list(iter_attributes(seed=0, count=10)))
    10

Categories are drawn uniformly, so that no emotion dominates the corpus.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from .attributes import Action, Attributes, EmotionSpan, HeadMotion
from .vocabulary import Vocabulary, family_of, load_vocabulary

MAX_DURATION = 60.0
TWO_EMOTIONS_MIN_DURATION = 3.0
SECONDS_PER_CYCLE = {"slow": 1.5, "normal": 0.95, "quick": 0.65}  # of a nod or a shake
TRANSITION_WEIGHTS = {"hold": 0.65, "then": 0.15, "fade": 0.1, "flash": 0.1}
ACTION_COUNT_WEIGHTS = (0.5, 0.33, 0.17)
SPEED_WEIGHTS = {"slow": 0.25, "normal": 0.5, "quick": 0.25}
EVENLY = 0.3  # share of counted head motions that are spread over the clip
MISFIT = 0.12  # share of a manner's weight left where it does not go with the emotion


def sample_attributes(
    rng: np.random.Generator, duration: float | None = None, category: str | None = None
) -> Attributes:
    """One performance at random.

    Args:
        rng: the only source of chance.
        duration: seconds, up to 60; drawn from 2 to 8 s (mostly 4 to 6) where None.
        category: the (first) emotion; uniform over all categories where None.

    Raises:
        ValueError: for an unknown category or a duration not within 0 < duration <= 60.
    """
    if duration is not None and not (math.isfinite(duration) and 0 < duration <= MAX_DURATION):
        raise ValueError(f"duration must be within 0 < seconds <= {MAX_DURATION:g}, got {duration}")
    vocabulary = load_vocabulary()
    category = category or _choose(rng, list(vocabulary.emotions))
    transition = _weighted(rng, TRANSITION_WEIGHTS)
    if duration is None:
        duration = _draw_duration(rng, TWO_EMOTIONS_MIN_DURATION if transition != "hold" else 2.0)
    elif duration < TWO_EMOTIONS_MIN_DURATION:
        transition = "hold"
    family = family_of(category)
    manner = _draw_manner(rng, vocabulary, family)
    head = _draw_head(rng, vocabulary, duration)
    return Attributes(
        duration=float(duration),
        subject=_choose(rng, list(vocabulary.subjects)),
        emotions=_draw_spans(rng, vocabulary, category, transition, duration),
        transition=transition,
        manner=manner,
        actions=_draw_actions(rng, vocabulary, manner, duration),
        head=head,
        gaze=_draw_gaze(rng, vocabulary, head),
    )


def iter_attributes(
    seed: int, count: int, duration: float | None = None, first: int = 0
) -> Iterator[Attributes]:
    """``count`` performances that go through all categories in shuffled rounds.

    Number n, counted from ``first``, depends on the seed and n only, and every category leads
    equally often.
    """
    categories = list(load_vocabulary().emotions)
    for index in range(first, first + count):
        turn, place = divmod(index, len(categories))
        order = np.random.default_rng([seed, 0, turn]).permutation(len(categories))
        rng = np.random.default_rng([seed, 1, index])
        yield sample_attributes(rng, duration, category=categories[order[place]])


def _choose(rng: np.random.Generator, items):
    return items[int(rng.integers(len(items)))]


def _weighted(rng: np.random.Generator, weights: dict[str, float]) -> str:
    edges = np.cumsum(list(weights.values()))
    place = int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))
    return list(weights)[min(place, len(weights) - 1)]


def _draw_duration(rng: np.random.Generator, shortest: float) -> float:
    low, high = (4.0, 6.0) if rng.random() < 0.7 else (shortest, 8.0)
    return round(float(rng.uniform(low, high)), 1)


def _draw_intensity(rng: np.random.Generator, vocabulary: Vocabulary, category: str) -> int:
    return int(rng.integers(1, 6)) if vocabulary.emotions[category].graded else 3


def _draw_spans(rng, vocabulary, category, transition, duration) -> tuple[EmotionSpan, ...]:
    """One span, or two; a flash lies inside the first, otherwise the second follows."""
    bounds = [(0.0, float(duration))]
    categories = [category]
    if transition != "hold":
        categories.append(_other_category(rng, vocabulary, category, transition))
        if transition == "flash":
            length = float(rng.uniform(0.7, 1.1))
            start = round(float(rng.uniform(0.25, 0.75)) * (duration - length), 1)
            bounds.append((start, round(start + length, 1)))
        else:
            switch = round(float(rng.uniform(0.4, 0.6)) * duration, 1)
            bounds = [(0.0, switch), (switch, float(duration))]
    return tuple(
        EmotionSpan(
            category=key,
            word=key,
            intensity=_draw_intensity(rng, vocabulary, key),
            start=start,
            end=end,
        )
        for key, (start, end) in zip(categories, bounds, strict=True)
    )


def _other_category(rng, vocabulary: Vocabulary, category: str, transition: str) -> str:
    families = set(vocabulary.families) - {vocabulary.emotions[category].family}
    if transition == "flash":  # calm or tiredness cannot flash up
        families -= {"calm", "tiredness", "boredom"}
    return _choose(
        rng, [key for key, emotion in vocabulary.emotions.items() if emotion.family in families]
    )


def _draw_manner(rng, vocabulary: Vocabulary, family: str) -> str:
    """Silence, or a manner that goes with the family, with a small chance for one that does not."""
    manners = dict(vocabulary.manners)
    if rng.random() < manners.pop("silent").weight:
        return "silent"
    fits = {key: not m.families or family in m.families for key, m in manners.items()}
    return _weighted(
        rng, {key: m.weight * (1.0 if fits[key] else MISFIT) for key, m in manners.items()}
    )


def _draw_head(rng, vocabulary: Vocabulary, duration: float) -> HeadMotion:
    name = _weighted(rng, {key: head.weight for key, head in vocabulary.head_motions.items()})
    head = vocabulary.head_motions[name]
    speed = _weighted(rng, SPEED_WEIGHTS) if head.speeds else "normal"
    if not head.counted.train or rng.random() < 0.2:
        return HeadMotion(name, speed=speed)
    most = int(0.9 * duration / SECONDS_PER_CYCLE[speed])
    if most < 1:
        speed = "normal"
    count = int(rng.integers(1, min(4, max(1, most)) + 1))
    spare = 0.9 * duration - count * SECONDS_PER_CYCLE[speed]
    if spare <= 0.1 or rng.random() < EVENLY:
        return HeadMotion(name, count, speed)
    return HeadMotion(name, count, speed, start=round(float(rng.uniform(0.1, spare)), 1))


def _draw_actions(rng, vocabulary: Vocabulary, manner: str, duration: float) -> tuple[Action, ...]:
    """None to two actions of different face parts; those of the mouth need a silent one."""
    parts = {key: action.part for key, action in vocabulary.actions.items()}
    busy = set() if manner == "silent" else {"mouth"}
    drawn = []
    for _ in range(int(rng.choice(3, p=ACTION_COUNT_WEIGHTS))):
        name = _choose(rng, [key for key, part in parts.items() if part not in busy])
        busy.add(parts[name])
        most = min(3, max(1, int(duration / 2)))
        count = 1 if rng.random() < 0.6 else int(rng.integers(1, most + 1))
        start = None
        if count == 1 and rng.random() < 0.3:
            start = round(float(rng.uniform(0.15, 0.65)) * duration, 1)
        drawn.append(Action(name, count, start))
    return tuple(drawn)


def _draw_gaze(rng, vocabulary: Vocabulary, head: HeadMotion) -> str:
    if head.name == "look_around":  # the eyes go with the head
        return "camera"
    return _weighted(rng, {key: gaze.weight for key, gaze in vocabulary.gazes.items()})
