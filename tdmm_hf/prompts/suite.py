"""The prompt suite: draws what performances are to show.

    >>> import numpy as np
    >>> from tdmm_hf.prompts.suite import iter_attributes, sample_attributes
    >>> sample_attributes(np.random.default_rng(0), duration=5.0).duration
    5.0
    >>> len(list(iter_attributes(seed=0, count=10)))
    10

Categories are drawn uniformly, so that no emotion dominates the corpus. How often everything else
is drawn, and what fits what, is in ``data/suite.yaml`` and in the tables of the vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache, lru_cache

import numpy as np

from .attributes import Action, Attributes, EmotionSpan, HeadMotion
from .data_files import read_yaml
from .vocabulary import Vocabulary, family_of, load_vocabulary

MAX_DURATION = 60.0
TWO_EMOTIONS_MIN_DURATION = 3.0
SPEED_WEIGHTS = {"slow": 0.25, "normal": 0.5, "quick": 0.25}
LASTING = 0.2  # share of head motions that can be counted and are not
EVENLY = 0.3  # share of counted head motions that are spread over the clip
MISFIT = 0.12  # share of a manner's weight left where it does not go with the emotion
FILLED = 0.9  # share of the duration that repetitions may take
ACTION_SECONDS = 1.8  # that a repeated micro-action takes, with a pause


def sample_attributes(
    rng: np.random.Generator, duration: float | None = None, category: str | None = None
) -> Attributes:
    """One performance at random.

    Args:
        rng: the only source of chance.
        duration: seconds, up to 60; drawn from 2 to 12 s (mostly 4 to 6) where None.
        category: the (first) emotion; uniform over all categories where None.

    Raises:
        ValueError: for an unknown category or a duration not within 0 < duration <= 60.
    """
    category = category or _choose(rng, list(load_vocabulary().emotions))
    transition = _weighted(rng, _settings()["transitions"])
    return _sample(rng, duration, category, transition)


def iter_attributes(
    seed: int, count: int, duration: float | None = None, first: int = 0
) -> Iterator[Attributes]:
    """``count`` performances that go through all categories in shuffled rounds.

    Number n, counted from ``first``, depends on the seed and n only. Every category leads equally
    often; in every block of twenty rounds each leads as often into each transition, and is equally
    often the second emotion of one.
    """
    size = len(load_vocabulary().emotions)
    for index in range(first, first + count):
        turn, place = divmod(index, size)
        block, turn = divmod(turn, _rounds())
        category, transition, second = _block(seed, block)[turn][place]
        rng = np.random.default_rng([seed, 1, index])
        yield _sample(rng, duration, category, transition, second)


def _sample(rng, duration, category: str, transition: str, second: str | None = None) -> Attributes:
    """A performance of an emotion, and of a second one, drawn where None, if there is time."""
    if duration is not None and not (math.isfinite(duration) and 0 < duration <= MAX_DURATION):
        raise ValueError(f"duration must be within 0 < seconds <= {MAX_DURATION:g}, got {duration}")
    vocabulary = load_vocabulary()
    family = family_of(category)
    if duration is None:
        duration = _draw_duration(rng, TWO_EMOTIONS_MIN_DURATION if transition != "hold" else 2.0)
    elif duration < TWO_EMOTIONS_MIN_DURATION:
        transition = "hold"
    if transition != "hold" and second is None:
        others = list(vocabulary.emotions)
        second = _choose(rng, [key for key in others if _may_follow(category, transition, key)])
    categories = [category] if transition == "hold" else [category, second]
    manner = _draw_manner(rng, vocabulary, family)
    head = _draw_head(rng, vocabulary, duration)
    gaze = _draw_gaze(rng, vocabulary, head)
    return Attributes(
        duration=float(duration),
        subject=_choose(rng, _subjects(vocabulary, categories)),
        emotions=_draw_spans(rng, vocabulary, categories, transition, duration),
        transition=transition,
        manner=manner,
        actions=_draw_actions(rng, vocabulary, duration, _busy_parts(manner, head, gaze)),
        head=head,
        gaze=gaze,
    )


def _subjects(vocabulary: Vocabulary, categories: list[str]) -> list[str]:
    """Who may show the emotions: not all of them are for children."""
    if not set(categories) & set(_settings()["grown_up"]):
        return list(vocabulary.subjects)
    minors = vocabulary.small["minors"]
    return [key for key, s in vocabulary.subjects.items() if not (s.child or key in minors)]


# Rounds of categories.


def _rounds() -> int:
    """Rounds of a block."""
    return sum(_settings()["transitions"].values())


@lru_cache(maxsize=4)
def _block(seed: int, block: int) -> list[list[tuple[str, str, str | None]]]:
    """Rounds of (category, transition, second category or None) that are balanced together."""
    categories, rounds = list(load_vocabulary().emotions), _rounds()
    leads = [
        np.random.default_rng([seed, 0, block * rounds + turn]).permutation(categories)
        for turn in range(rounds)
    ]
    rng = np.random.default_rng([seed, 2, block])
    ways = np.repeat(*zip(*_settings()["transitions"].items(), strict=True))
    ways = {category: rng.permutation(ways) for category in categories}
    slots = [[(str(key), str(ways[key][turn])) for key in leads[turn]] for turn in range(rounds)]
    joined = [slot for row in slots for slot in row if slot[1] != "hold"]
    seconds = iter(_seconds_of(joined, categories, rng))
    return [
        [(*slot, None if slot[1] == "hold" else next(seconds)) for slot in row] for row in slots
    ]


def _seconds_of(slots: list[tuple[str, str]], categories: list[str], rng) -> list[str | None]:
    """Second categories for slots of (category, transition): each equally often, at random.

    They are dealt out, and exchanged where one may not follow. None where no exchange helps: there
    one is drawn.
    """
    dealt = list(rng.permutation(np.resize(categories, len(slots))))
    seconds = [str(category) for category in dealt]
    for i, slot in enumerate(slots):
        for j in rng.permutation(len(slots)) if not _may_follow(*slot, seconds[i]) else ():
            if _may_follow(*slot, seconds[j]) and _may_follow(*slots[j], seconds[i]):
                seconds[i], seconds[j] = seconds[j], seconds[i]
                break
    allowed = (_may_follow(*slot, key) for slot, key in zip(slots, seconds, strict=True))
    return [key if fits else None for key, fits in zip(seconds, allowed, strict=True)]


def _may_follow(category: str, transition: str, second: str) -> bool:
    """Whether a second emotion is of another family, and may flash up if it is to."""
    emotions = load_vocabulary().emotions
    family = emotions[second].family
    lasting = transition == "flash" and family in _settings()["lasting_families"]
    return family != emotions[category].family and not lasting


# What is drawn.


@cache
def _settings() -> dict:
    """The contents of ``data/suite.yaml``."""
    return read_yaml("suite.yaml")


def _choose(rng: np.random.Generator, items):
    return items[int(rng.integers(len(items)))]


def _weighted(rng: np.random.Generator, weights: dict[str, float]) -> str:
    edges = np.cumsum(list(weights.values()))
    place = int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))
    return list(weights)[min(place, len(weights) - 1)]


def _draw_duration(rng: np.random.Generator, shortest: float) -> float:
    rows = _settings()["durations"]
    row = rows[int(rng.choice(len(rows), p=[row["probability"] for row in rows]))]
    share = min(rng.random(), rng.random()) if row.get("short") else rng.random()
    least = max(shortest, row["least"])
    return round(float(least + share * (row["most"] - least)), 1)


def _draw_intensity(rng: np.random.Generator, vocabulary: Vocabulary, category: str) -> int:
    return int(rng.integers(1, 6)) if vocabulary.emotions[category].graded else 3


def _draw_spans(rng, vocabulary, categories, transition, duration) -> tuple[EmotionSpan, ...]:
    """One span, or two; a flash lies inside the first, otherwise the second follows."""
    bounds = [(0.0, float(duration))]
    if transition == "flash":
        length = float(rng.uniform(0.7, 1.1))
        start = round(float(rng.uniform(0.25, 0.75)) * (duration - length), 1)
        bounds.append((start, round(start + length, 1)))
    elif transition != "hold":
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
    """A head motion that there is time for; a counted one mostly in a row from a time on."""
    room = FILLED * duration
    heads = vocabulary.head_motions
    name = _weighted(rng, {key: heads[key].weight for key in heads if _least(key) <= room})
    repeats = _settings()["repeats"].get(name)
    if repeats is None:
        return HeadMotion(
            name, speed=_weighted(rng, SPEED_WEIGHTS) if heads[name].speeds else "normal"
        )
    seconds = repeats["seconds"]
    seconds = seconds if isinstance(seconds, dict) else {"normal": seconds}
    speed = _weighted(rng, {s: SPEED_WEIGHTS[s] for s in seconds if seconds[s] <= room})
    most = int(room / seconds[speed])
    if most > 1 and rng.random() < LASTING:
        return HeadMotion(name, speed=speed)
    count = int(rng.integers(1, min(repeats["most"], most) + 1))
    spare = room - count * seconds[speed]
    if spare <= 0.1 or rng.random() < EVENLY:
        return HeadMotion(name, count, speed)
    return HeadMotion(name, count, speed, start=round(float(rng.uniform(0.1, spare)), 1))


def _least(head: str) -> float:
    """Seconds that a head motion needs to be seen once."""
    repeats = _settings()["repeats"].get(head)
    if repeats is None:
        return FILLED * _settings()["lasting"].get(head, 0.0)
    seconds = repeats["seconds"]
    return min(seconds.values()) if isinstance(seconds, dict) else seconds


def _draw_gaze(rng, vocabulary: Vocabulary, head: HeadMotion) -> str:
    if head.name in _settings()["leads_eyes"]:  # the eyes go with the head
        return "camera"
    return _weighted(rng, {key: gaze.weight for key, gaze in vocabulary.gazes.items()})


def _busy_parts(manner: str, head: HeadMotion, gaze: str) -> set[str]:
    """Parts of the face that are not free for micro-actions."""
    busy = set() if manner == "silent" else {"mouth"}
    if gaze != "camera" or head.name in _settings()["leads_eyes"]:
        busy.add("gaze")
    if gaze == "stare":  # without blinking
        busy.add("eyes")
    return busy


def _draw_actions(rng, vocabulary: Vocabulary, duration: float, busy: set[str]):
    """None to two actions of different face parts, as often as there is time for."""
    settings = _settings()
    silent = "mouth" not in busy
    number = int(rng.choice(3, p=settings["actions"]["silent" if silent else "else"]))
    drawn = []
    for _ in range(number):
        mouth = "mouth" not in busy and rng.random() < settings["mouth_in_silence"]
        parts = {key: action.part for key, action in vocabulary.actions.items()}
        free = [k for k, part in parts.items() if part not in busy and (part == "mouth") == mouth]
        name = _choose(rng, free)
        busy = busy | {parts[name]}
        drawn.append(_draw_action(rng, name, duration, int(duration / (ACTION_SECONDS * number))))
    return tuple(drawn)


def _draw_action(rng, name: str, duration: float, most: int) -> Action:
    """An action, up to ``most`` times; a single one now and then with the time it begins."""
    times = 1 + int(rng.choice(3, p=_settings()["times"]))
    count = max(1, min(times, most))
    start = None
    if count == 1 and rng.random() < 0.3:
        start = round(float(rng.uniform(0.15, 0.65)) * duration, 1)
    return Action(name, count, start)
