"""The clock in a motion: marks that tell the time, each with a state that tells what is shown.

    >>> clock = processor.clock
    >>> tokenizer.convert_ids_to_tokens(clock.ids(step=3))
    ['<|0.6s|>']
    >>> clock.with_marks("nod 2 at 1.5 at 2.4")
    'nod 2 at <|1.2s|> at <|2.4s|>'

Marks stand before every few latent steps and count from the start of the whole motion, also in a
window of it. A state is two keys, an emotion and an event that begins; the first key of all is for
nothing.
"""

import itertools
import math
import re

CLOCK_SECONDS = 0.6  # between marks, about
STATE_KEYS = 2
_TIME = re.compile(r"(?<=\bat )\d+(?:\.\d+)?\b")
_MARK = re.compile(r"<\|(\d+(?:\.\d+)?)s\|>")
_ROUNDING = 6e-4  # seconds; marks are written to the thousandth


def mark_token(seconds):
    """How a mark is written."""
    return f"<|{round(seconds, 3):g}s|>"


def state_token(key):
    """How a key of a state is written."""
    return f"<|now:{key}|>"


def clock_tokens(seconds, max_seconds, states=()):
    """All tokens of a clock that ticks every ``seconds``, up to ``max_seconds``."""
    marks = range(math.ceil(max_seconds / seconds) + 1)
    return [*(mark_token(mark * seconds) for mark in marks), *map(state_token, states)]


class Clock:
    """The marks and states that a tokenizer has.

    Args:
        tokenizer: with the tokens of the clock.
        steps: latent steps between marks; 0 for no clock.
        seconds: between marks.
        states: keys of states, the first for nothing; none for a clock without.
    """

    def __init__(self, tokenizer, steps, seconds, states=()):
        if states and not steps:
            raise ValueError(f"states need a clock, got clock_steps {steps}")
        self.steps, self.seconds = steps, seconds
        vocabulary = tokenizer.get_vocab()
        marks = (mark_token(mark * seconds) for mark in itertools.count()) if steps else ()
        known = itertools.takewhile(vocabulary.__contains__, marks)
        self.marks = _consecutive("marks of the clock", [vocabulary[mark] for mark in known])
        if steps and not self.marks:
            raise ValueError(f"the tokenizer must have the mark {mark_token(0)} of the clock")
        ids = _consecutive("states", [vocabulary[state_token(key)] for key in states])
        self.states = dict(zip(states, ids, strict=True))

    @property
    def nothing(self):
        """Ids of the state that says nothing; empty without states."""
        return list(self.states.values())[:1] * STATE_KEYS

    def ids(self, step, states=None):
        """What stands before a latent step: the mark and its state, or nothing.

        ``states`` has the ids of the state at each mark; the mark stands alone without. Past the
        last mark the clock stands still.
        """
        if not self.steps or step % self.steps:
            return []
        mark = step // self.steps
        return [self.marks[min(mark, len(self.marks) - 1)], *(states[mark] if states else ())]

    def state_ids(self, states, steps):
        """Ids of the states at the marks before latent step ``steps``, given as pairs of keys.

        States of nothing for None; None for a clock without states.
        """
        if not self.states:
            return None
        if states is None:
            return [self.nothing] * math.ceil(steps / self.steps)
        return [[self.states[key] for key in keys] for keys in states]

    def with_marks(self, plan):
        """A plan with its times as the marks that they come after."""
        if not self.steps:
            return plan
        return _TIME.sub(lambda match: self._mark_at(float(match[0])), plan)

    def _mark_at(self, seconds):
        mark = int((seconds + _ROUNDING) / self.seconds)
        return mark_token(min(mark, len(self.marks) - 1) * self.seconds)


def without_marks(plan):
    """A plan with its marks as seconds again."""
    return _MARK.sub(r"\1", plan)


def _consecutive(what, ids):
    if ids != list(range(ids[0], ids[0] + len(ids)) if ids else []):
        raise ValueError(f"{what} must have consecutive ids, got {ids[0]}..{ids[-1]}")
    return ids
