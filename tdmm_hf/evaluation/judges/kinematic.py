"""A judge of generated motion that looks at the motion itself.

    >>> from tdmm_hf.evaluation.judges.kinematic import KinematicJudge
    >>> from tdmm_hf.performer import perform
    >>> from tdmm_hf.performer.plan import read_plan
    >>> asked = read_plan("happy 4, nod 2", duration=4.0)
    >>> judge = KinematicJudge()
    >>> judge.judge(perform(asked, seed=1), asked).holds
    True
    >>> print(*judge.judge(perform(asked, seed=1), "happy 4, nod 3").lines(), sep="\\n")
    emotion happy 4: 1.00, as asked
    head nod 3: 0.67, seen 2 times instead of 3
    score 0.83

It asks of each thing that a prompt's attributes (or a plan) name: do the channels that it names
move, by how much, in the asked order and number? What a thing does to a motion is not written down
anywhere: the performer plays the attributes with and without it, by people (``TAKES``) other than
those who made the corpus, and the motion is placed between the two (`Contrast`): 0 as without, 1 as
performed. What performances with and without have in common cannot be told and is left out.
Channels come from the prototypes and tables (`kinematic_items`), counts from peaks
(`kinematic_events`).

A model's own neutral motions, given as `Baseline`, take the place of the performer's: what its
faces do unasked is then no sign of anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from ...motion import FaceMotion
from ...performer import perform
from ...performer.plan import read_plan
from ...performer.tables import table
from ...prompts.attributes import Attributes
from ..cues import Baseline
from .kinematic_events import action_features, find_actions, find_head_motions
from .kinematic_features import FLOORS, Contrast, Match, features
from .kinematic_items import NEUTRAL, Item, items
from .kinematic_moves import channel_moves, neutrality
from .kinematic_order import place_emotions
from .kinematic_verdicts import LEAST_FIT, ItemVerdict, KinematicVerdict
from .kinematic_words import grade_of, reasons

TAKES = 5
FIRST_TAKE = 9_000_000  # seeds of the reference performances; no corpus has as many rows
LEAST_AMOUNT = 0.4  # nearer to performances without it than this is not shown
LEAST_EMOTION = 0.25  # the same of an emotion: the faintest of the greatest intensity
LEAST_SIZE = 3.0  # deviations of takes; what changes a motion less cannot be told
LEAST_RECALL = 0.5  # of the performances, in which the number must be found to be asked for
_APART = 0.02  # seconds by which attributes and motion may differ in length, beside a frame


@lru_cache(maxsize=256)
def performances(attributes: Attributes, fps: float) -> tuple[FaceMotion, ...]:
    """The reference performances of some attributes."""
    return tuple(perform(attributes, FIRST_TAKE + take, fps) for take in range(TAKES))


def neutral_performances(duration: float, fps: float) -> tuple[FaceMotion, ...]:
    """The performer's neutral face, as long as the motion."""
    return performances(read_plan(f"{NEUTRAL} 3", duration), fps)


@lru_cache(maxsize=16)
def performed_baseline(duration: float, fps: float) -> Baseline:
    """What the performer's neutral face does unasked."""
    return Baseline(neutral_performances(duration, fps))


class KinematicJudge:
    """Judges motions by what was asked of them.

    Args:
        baseline: neutral motions of what made the motions (space arkit); the performer's own where
            None. Their resting face is taken off every motion.
    """

    def __init__(self, baseline: Baseline | None = None):
        self.baseline = baseline

    def judge(self, motion: FaceMotion, asked: Attributes | str) -> KinematicVerdict:
        """The verdict on a motion.

        Args:
            motion: in space arkit; unseen frames are bridged, unobserved channels left out.
            asked: attributes as long as the motion, or a plan (`performer.plan`).

        Raises:
            ValueError: for another space, a motion with less than two seen frames, attributes of
                another length, a plan that is none.
        """
        asked = _attributes(asked, motion)
        neutral = self.baseline or performed_baseline(asked.duration, motion.fps)
        motion = _rested(_seen(motion), self.baseline, asked.duration)
        wanted = items(asked)
        emotions = [item for item in wanted if item.kind == "emotion"]
        placed = place_emotions(motion, emotions, performances(asked, motion.fps))
        return KinematicVerdict(
            tuple(
                neutrality(item, motion, neutral, [other for other in wanted if other is not item])
                if item.name == NEUTRAL
                else self._item(item, motion, neutral, placed.get(item.index))
                for item in wanted
            )
        )

    def ladder(
        self, motions: Sequence[FaceMotion], asked: Sequence[Attributes | str]
    ) -> tuple[float, ...]:
        """How much of the strongest step's emotion each motion of an intensity ladder shows.

        Args:
            motions: by step; of the same length.
            asked: what each step asks, the last one most.

        Returns:
            One amount a step, 1 for what is performed for the last; monotonic where each is more
            than the one before.
        """
        if len(motions) != len(asked) or len(asked) < 2:
            raise ValueError(
                f"a ladder must have a motion for each of two steps or more, "
                f"got {len(motions)} motions and {len(asked)} steps"
            )
        strongest = items(_attributes(asked[-1], motions[-1]))[0]
        contrast = self._contrast(strongest, motions[-1].fps)
        rested = [_rested(_seen(one), self.baseline, one.duration) for one in motions]
        return tuple(contrast.match(_features(strongest, one)).amount for one in rested)

    def _contrast(self, item: Item, fps: float) -> Contrast:
        performed, without = (performances(a, fps) for a in (item.asked, item.without))
        return Contrast.of(
            np.array([_features(item, take) for take in performed]),
            np.array([_features(item, take, absent=True) for take in without]),
            FLOORS[item.kind],
        )

    def _item(self, item: Item, motion: FaceMotion, neutral: Baseline, place) -> ItemVerdict:
        place = place if item.kind == "emotion" else None
        span = place.span if place else item.span
        contrast = self._contrast(item, motion.fps)
        match = contrast.match(_features(item, motion, span=span))
        events = _events(item, motion)
        verdict = ItemVerdict(
            item.kind,
            item.name,
            _shown(match, events, item),
            round(match.amount, 3),
            round(match.fit, 3),
            told=contrast.size >= LEAST_SIZE and _countable(item, motion.fps),
            count=item.count if events is not None else None,
            counted=len(events) if events is not None else None,
            order=place.order if place else None,
            grade=item.grade,
            graded=grade_of(item.grade, match.amount) if item.grade else None,
            start=item.start,
            started=_started(item, motion, events),
            moves=channel_moves(item, motion, span, neutral, performances(item.asked, motion.fps)),
        )
        return replace(verdict, reasons=reasons(verdict))


def _attributes(asked: Attributes | str, motion: FaceMotion) -> Attributes:
    if motion.space.name != "arkit":
        raise ValueError(f"motion must be in space 'arkit', got {motion.space.name!r}")
    if motion.valid.sum() < 2:
        raise ValueError(f"motion must have two seen frames, got {int(motion.valid.sum())}")
    if isinstance(asked, str):
        return read_plan(asked, motion.duration)
    if abs(asked.duration - motion.duration) > 1 / motion.fps + _APART:
        raise ValueError(
            f"attributes must be as long as the motion ({motion.duration:g} s), "
            f"got {asked.duration:g} s"
        )
    return asked


def _seen(motion: FaceMotion) -> FaceMotion:
    """Unseen frames bridged in a straight line."""
    if motion.valid.all():
        return motion
    frames, seen = np.arange(motion.num_frames), np.flatnonzero(motion.valid)
    curves = [np.interp(frames, seen, curve[seen]) for curve in motion.values.T]
    return replace(motion, values=np.stack(curves, axis=1), valid=None)


def _rested(motion: FaceMotion, baseline: Baseline | None, duration: float) -> FaceMotion:
    """The motion on the performer's resting face; what its source cannot know is at rest too."""
    neutral = neutral_performances(duration, motion.fps)
    resting = np.mean([take.values.mean(axis=0) for take in neutral], axis=0)
    values = motion.values.copy()
    if baseline is not None:
        values += resting - np.mean([own.values.mean(axis=0) for own in baseline.motions], axis=0)
    values[:, ~motion.observed] = resting[~motion.observed]
    return replace(motion, values=values)


def _features(
    item: Item, motion: FaceMotion, absent: bool = False, span: tuple[float, float] | None = None
) -> np.ndarray:
    if item.kind == "action":
        return action_features(motion, item.name, absent)
    return features(item.kind, motion, span or item.span)


def _events(item: Item, motion: FaceMotion):
    """What is counted of an item, None where no number was asked."""
    if item.count is None:
        return None
    if item.kind == "action":
        return find_actions(motion, item.name)
    if item.kind == "head" and "apart" in table("head")[item.name]:
        return find_head_motions(motion, item.name)
    return None


def _shown(match: Match, events, item: Item) -> bool:
    seen = len(events) > 0 if events is not None and item.kind == "action" else True
    least = LEAST_EMOTION if item.kind == "emotion" else LEAST_AMOUNT
    return bool(seen and match.amount >= least and match.fit >= LEAST_FIT)


def _countable(item: Item, fps: float) -> bool:
    """Whether the asked number is found in the performances themselves."""
    found = [_events(item, take) for take in performances(item.asked, fps)]
    right = [events is None or len(events) == item.count for events in found]
    return bool(np.mean(right) >= LEAST_RECALL)


def _started(item: Item, motion: FaceMotion, events) -> float | None:
    """When the first of them begins: as long before its peak as in the performances."""
    if item.start is None or events is None or not len(events):
        return None
    takes = [_events(item, take) for take in performances(item.asked, motion.fps)]
    before = [found.times[0] - item.start for found in takes if len(found)]
    return round(float(events.times[0] - np.median(before)), 2) if before else None
