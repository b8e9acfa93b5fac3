"""The clock in a motion: marks that tell the time, each with a state that tells what is shown.

    >>> clock = processor.clock
    >>> tokenizer.convert_ids_to_tokens(clock.ids(step=3))
    ['<|0.6s|>']
    >>> clock.with_marks("nod 2 at 1.5 at 2.4")
    'nod 2 at <|1.2s|> at <|2.4s|>'
    >>> states = clock.lay_out("calm 3 then angry 4 at 1.3, nod 1 at 0.7", seconds=2.0)
    >>> tokenizer.convert_ids_to_tokens(states[1])
    ['<|emotion:calm|>', '<|head:nod|>', '<|action:-|>']

Marks stand before every few latent steps and count from the start of the whole motion, also in a
window of it. A state has a key of each of several tracks, or nothing: the key of the first track
holds from here on, those of the others begin here. States follow from a plan and its duration.
"""

import itertools
import math
import re

CLOCK_SECONDS = 0.6  # between marks, about
FLASH_SECONDS = 0.9  # how long an emotion lasts that flashes up
NOTHING = "-"
_TIME = re.compile(r"(?<=\bat )\d+(?:\.\d+)?\b")
_MARK = re.compile(r"<\|(\d+(?:\.\d+)?)s\|>")
_HELD = re.compile(r"([a-z ]+?) \d+(?: (then|fade|flash) ([a-z ]+?) \d+(?: at (\d+(?:\.\d+)?))?)?")
_BEGUN = re.compile(r"([a-z ]+?)(?: \d+)?(?: slow| quick)?((?: at \d+(?:\.\d+)?)+)")
_ROUNDING = 6e-4  # seconds; marks are written to the thousandth


def mark_token(seconds):
    """How a mark is written."""
    return f"<|{round(seconds, 3):g}s|>"


def state_tokens(tracks):
    """How the keys of each track are written, the one for nothing first: lists by track."""
    return {
        track: [f"<|{track}:{key}|>" for key in (NOTHING, *keys)] for track, keys in tracks.items()
    }


def clock_tokens(seconds, max_seconds, tracks):
    """All tokens of a clock that ticks every ``seconds``, up to ``max_seconds``."""
    marks = range(math.ceil(max_seconds / seconds) + 1)
    states = itertools.chain(*state_tokens(tracks).values())
    return [*(mark_token(mark * seconds) for mark in marks), *states]


class Clock:
    """The marks and states that a tokenizer has.

    Args:
        tokenizer: with the tokens of the clock.
        steps: latent steps between marks; 0 for no clock.
        seconds: between marks.
        tracks: the keys of each track; none for a clock without states.
    """

    def __init__(self, tokenizer, steps, seconds, tracks):
        if tracks and not steps:
            raise ValueError(f"tracks need a clock, got clock_steps {steps}")
        self.steps, self.seconds = steps, seconds
        vocabulary = tokenizer.get_vocab()
        marks = (mark_token(mark * seconds) for mark in itertools.count()) if steps else ()
        known = itertools.takewhile(vocabulary.__contains__, marks)
        self.marks = _consecutive("marks of the clock", [vocabulary[mark] for mark in known])
        if steps and not self.marks:
            raise ValueError(f"the tokenizer must have the mark {mark_token(0)} of the clock")
        self.tracks = []  # of each: key to id
        for track, tokens in state_tokens(tracks).items():
            ids = _consecutive(f"states of {track}", [vocabulary[token] for token in tokens])
            self.tracks.append(dict(zip((NOTHING, *tracks[track]), ids, strict=True)))

    @property
    def state_ids(self):
        """Ids of all keys of all tracks."""
        return [i for track in self.tracks for i in track.values()]

    @property
    def held(self):
        """Key to id of the track that holds; empty without states."""
        return self.tracks[0] if self.tracks else {}

    def length(self, steps):
        """Most tokens of the clock in so many latent steps."""
        return math.ceil(steps / self.steps) * (1 + len(self.tracks)) if self.steps else 0

    def ids(self, step, states=None):
        """What stands before a latent step: the mark and its state, or nothing.

        ``states`` has the ids of the state at each mark; the mark stands alone without. Past the
        last of them the clock stands still.
        """
        if not self.steps or step % self.steps:
            return []
        mark = step // self.steps
        state = states[min(mark, len(states) - 1)] if states else ()
        return [self.marks[min(mark, len(self.marks) - 1)], *state]

    def reading(self, steps):
        """What is read from a motion of so many latent steps before it is put into words, its marks
        and states: slices of ids to choose each from."""
        if not self.tracks:
            return []
        tracks = [slice(min(track.values()), max(track.values()) + 1) for track in self.tracks]
        marks = [self.ids(step) for step in range(0, steps, self.steps)]
        return [choice for (mark,) in marks for choice in [slice(mark, mark + 1), *tracks]]

    def lay_out(self, plan, seconds):
        """The plan of a motion in time: ids of the state at each of its marks, (marks, tracks).

        What is no key of a track is left out, and what begins after the end; an empty list for a
        clock without states.
        """
        if not self.tracks:
            return []
        count = max(1, math.ceil(round(seconds / self.seconds, 6)))
        first, *parts = re.split(r"\s*,\s*", plan.strip())
        events = [event for part in parts if (event := _BEGUN.fullmatch(part))]
        return [
            list(state)
            for state in zip(
                self._held(self.held, first, seconds, count),
                *(self._begun(track, events, count) for track in self.tracks[1:]),
                strict=True,
            )
        ]

    def _held(self, track, part, seconds, count):
        """Ids of what holds at each mark, (count,)."""
        emotions = _HELD.fullmatch(part)
        if not emotions:
            return [track[NOTHING]] * count
        one, transition, other, start = emotions.groups()
        ids = [track.get(_key(one), track[NOTHING])] * count
        if other:
            begin = min(self._mark(float(start) if start else seconds / 2), count - 1)
            lasts = math.ceil(FLASH_SECONDS / self.seconds) if transition == "flash" else count
            end = min(begin + lasts, count)
            ids[begin:end] = [track.get(_key(other), track[NOTHING])] * (end - begin)
        return ids

    def _begun(self, track, events, count):
        """Ids of what begins at each mark, (count,); the first named where two do."""
        ids = [track[NOTHING]] * count
        for event in events:
            for time in _TIME.findall(event[2]):
                mark = self._mark(float(time))
                if mark < count and ids[mark] == track[NOTHING]:
                    ids[mark] = track.get(_key(event[1]), track[NOTHING])
        return ids

    def with_marks(self, plan):
        """A plan with its times as the marks that they come after."""
        if not self.steps:
            return plan
        return _TIME.sub(lambda time: mark_token(self._mark(float(time[0])) * self.seconds), plan)

    def _mark(self, time):
        """The number of the mark that a time comes after."""
        return min(int((time + _ROUNDING) / self.seconds), len(self.marks) - 1)


def without_marks(plan):
    """A plan with its marks as seconds again."""
    return _MARK.sub(r"\1", plan)


def _key(words):
    return words.replace(" ", "_")


def _consecutive(what, ids):
    if ids != list(range(ids[0], ids[0] + len(ids)) if ids else []):
        raise ValueError(f"{what} must have consecutive ids, got {ids[0]}..{ids[-1]}")
    return ids
