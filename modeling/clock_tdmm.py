"""The clock in a motion: marks that tell the time, each with a state that tells what is shown.

    >>> clock = processor.clock
    >>> tokenizer.convert_ids_to_tokens(clock.ids(step=3))
    ['<|0.6s|>']
    >>> clock.with_marks("nod 2 at 1.5 at 2.4")
    'nod 2 at <|1.2s|> at <|2.4s|>'
    >>> states = clock.lay_out("calm 3 then angry 4 at 1.3, speaks, nod 1 at 0.7", seconds=2.0)
    >>> tokenizer.convert_ids_to_tokens(states[1])[:5]
    ['<|emotion:calm|>', '<|intensity:3|>', '<|change:-|>', '<|manner:speaks|>', '<|head:nod_at|>']

Marks stand before every few latent steps and count from the start of the whole motion, also in a
window of it. A state is all that a plan says of the time from here to the next mark: a key of each
of several tracks, or nothing. What has a time in the plan is there where it begins, with a key that
ends with ``_at``; what has none is there throughout. A track ``head_step`` tells after how many
latent steps what ``head`` shows begins, if not at the mark. States follow from a plan and its
duration, and a plan from its states (`summary_tdmm`).
"""

import itertools
import math
import re

CLOCK_SECONDS = 0.6  # between marks, about
FLASH_SECONDS = 0.9  # how long an emotion lasts that flashes up
NOTHING = "-"
EVENT = "_at"  # what the key of something ends with that begins at a time
STEP = "_step"  # what the name of a track ends with that tells when another's events begin
_TIME = re.compile(r"(?<=\bat )\d+(?:\.\d+)?\b")
_MARK = re.compile(r"<\|(\d+(?:\.\d+)?)s\|>")
_EMOTION = r"([a-z ]+?) (\d+)"
_EMOTIONS = re.compile(rf"{_EMOTION}(?: (then|fade|flash) {_EMOTION}(?: at (\d+(?:\.\d+)?))?)?")
_PART = re.compile(r"([a-z ]+?)(?: \d+)?(?: (slow|quick))?((?: at \d+(?:\.\d+)?)*)")
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
        tracks: the keys of each track as plans name them; none for a clock without states.
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
        self.tracks = {}  # of each: key to id
        for track, tokens in state_tokens(tracks).items():
            ids = _consecutive(f"states of {track}", [vocabulary[token] for token in tokens])
            self.tracks[track] = dict(zip((NOTHING, *tracks[track]), ids, strict=True))

    @property
    def state_ids(self):
        """Ids of all keys of all tracks."""
        return [i for track in self.tracks.values() for i in track.values()]

    @property
    def step_seconds(self):
        """Seconds of a latent step."""
        return self.seconds / self.steps

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
        ids = map(list, (track.values() for track in self.tracks.values()))
        tracks = [slice(track[0], track[-1] + 1) for track in ids]
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
        shown = self._emotions(first, seconds, count)
        shown += [one for part in parts for one in self._part(part, count)]
        tracks = [self._track(name, shown, count) for name in self.tracks]
        return [list(state) for state in zip(*tracks, strict=True)]

    def _track(self, name, shown, count):
        """Ids at each mark, (count,), of what a track shows; the first named where two are shown.

        ``shown`` has the words of things with the marks where they are, and latent steps after
        each.
        """
        of = name.removesuffix(STEP)
        known, track = self.tracks[of], self.tracks[name]
        keys = {}
        for words, places in shown:
            key = words.removeprefix(f"{of} ").replace(" ", "_")
            for mark, step in places if key in known else ():
                keys.setdefault(mark, key if name == of else str(step))
        return [track.get(keys.get(mark), track[NOTHING]) for mark in range(count)]

    def _emotions(self, part, seconds, count):
        """The emotions of a plan and their intensities, each with its marks."""
        found = _EMOTIONS.fullmatch(part)
        if not found:
            return []
        one, grade, transition, other, other_grade, start = found.groups()
        begin = end = count
        if other:
            begin, _ = self._place(float(start) if start else seconds / 2)
            begin = min(begin, count - 1)
            lasts = math.ceil(FLASH_SECONDS / self.seconds) if transition == "flash" else count
            end = min(begin + lasts, count)
        before = [(mark, 0) for mark in (*range(begin), *range(end, count))]
        during = [(mark, 0) for mark in range(begin, end)]
        spans = [(one, grade, before), (other or "", other_grade, during)]
        known = self.tracks.get("emotion", ())
        shown = [span for span in spans if span[0].replace(" ", "_") in known]
        changes = [(transition, [(begin, 0)])] if transition else []
        return changes + [(words, places) for *pair, places in shown for words in pair]

    def _part(self, part, count):
        """What another part of a plan names and its speed, with its marks: those of its times, or
        all."""
        found = _PART.fullmatch(part)
        if not found:
            return []
        words, speed, times = found[1], found[2], _TIME.findall(found[3])
        if times:
            words += EVENT
        places = [self._place(float(time)) for time in times] or [(i, 0) for i in range(count)]
        return [(words, places), *([(speed, places)] if speed else [])]

    def with_marks(self, plan):
        """A plan with its times as the marks that they come after."""
        if not self.steps:
            return plan
        return _TIME.sub(
            lambda time: mark_token(self._place(float(time[0]))[0] * self.seconds), plan
        )

    def _place(self, time):
        """The number of the mark that a time comes after, and of whole latent steps in between."""
        mark = min(int((time + _ROUNDING) / self.seconds), len(self.marks) - 1)
        return mark, int((time + _ROUNDING - mark * self.seconds) / self.step_seconds)


def without_marks(plan):
    """A plan with its marks as seconds again."""
    return _MARK.sub(r"\1", plan)


def _consecutive(what, ids):
    if ids != list(range(ids[0], ids[0] + len(ids)) if ids else []):
        raise ValueError(f"{what} must have consecutive ids, got {ids[0]}..{ids[-1]}")
    return ids
