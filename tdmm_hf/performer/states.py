"""States: what a performance shows from moment to moment, in one key for the emotion and one for an
event that begins.

    >>> from tdmm_hf.performer.plan import read_plan
    >>> from tdmm_hf.performer.states import write_states
    >>> write_states(read_plan("calm 3 then angry 4 at 1.3, nod 1 at 0.7", duration=2.0), every=0.6)
    [('calm', '-'), ('calm', 'nod'), ('angry', '-'), ('angry', '-')]

The language model writes them between its motion tokens and reads them out of motion: a plan in
time. They follow from a plan and its duration.
"""

from __future__ import annotations

import math

from ..prompts.attributes import Attributes
from ..prompts.vocabulary import load_vocabulary
from .head import event_starts

NOTHING = "-"
_EXACT = 1e-6  # seconds; what rounding may do to a time


def state_keys() -> list[str]:
    """All keys that states are made of."""
    vocabulary = load_vocabulary()
    counted = [key for key, head in vocabulary.head_motions.items() if head.counted.train]
    return [NOTHING, *vocabulary.emotions, *counted]


def write_states(attributes: Attributes, every: float) -> list[tuple[str, str]]:
    """The state of each stretch of ``every`` seconds: an emotion, and a head motion that begins."""
    head = attributes.head
    starts = event_starts(attributes.duration, head).round(1)  # as the plan says them
    states = []
    for stretch in range(math.ceil(round(attributes.duration / every, 6))):
        begin, end = stretch * every, (stretch + 1) * every
        event = head.name if any(begin <= s + _EXACT < end for s in starts) else NOTHING
        states.append((_emotion(attributes, begin, end), event))
    return states


def _emotion(attributes: Attributes, begin: float, end: float) -> str:
    """The emotion that began last and is not over."""
    shown = [
        span
        for span in attributes.emotions
        if span.start + _EXACT < end and span.end - _EXACT > begin
    ]
    return max(shown, key=lambda span: span.start).category if shown else NOTHING
