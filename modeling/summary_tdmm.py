"""Summing up the states that were read off a motion: the plan whose states they are, or nearly.

    >>> states = clock.lay_out("calm 3 then angry 4 at 1.3, speaks, nod 1 at 0.7", seconds=3.0)
    >>> sum_up(clock, states)
    'calm 3 then angry 4 at 1.2, speaks, nod 1 at 0.6'

The opposite of `Clock.lay_out`, and as much of a rule: what a motion shows is read by the model,
mark by mark, and so are the words made of a plan. Where states contradict each other, the plan that
most of them agree with is taken.
"""

import math
from collections import Counter

from .clock_tdmm import EVENT, FLASH_SECONDS, NOTHING, STEP

CHANGE_COST = 1.5  # marks that a second emotion must explain before it is believed


def sum_up(clock, states):
    """The plan of a motion whose states these are.

    Args:
        clock: the Clock that they were read by.
        states: ids of the state at each mark, (marks, tracks).

    Returns:
        A plan in seconds; empty where no emotion was read.
    """
    names = [{i: key for key, i in track.items()} for track in clock.tracks.values()]
    shown = {
        name: [keys[state[t]] for state in states]
        for t, (name, keys) in enumerate(zip(clock.tracks, names, strict=True))
    }
    emotions = _emotions(shown, clock)
    if not emotions:
        return ""
    lasting = {name: _lasting(shown.get(name, ())) for name in ("manner", "head", "gaze")}
    head = lasting["head"]
    moves = [" ".join([head, *_speed(head, shown)])] if head else []
    parts = [
        emotions,
        *([lasting["manner"]] if lasting["manner"] else []),
        *(moves or _events("head", shown, clock, once=True)),
        *_events("action", shown, clock),
        *([f"gaze {lasting['gaze']}"] if lasting["gaze"] else []),
    ]
    return ", ".join(parts).replace("_", " ")


def _lasting(keys):
    """The key that most marks show; empty for nothing, or for what only begins at some marks."""
    key = _commonest([k for k in keys if not k.endswith(EVENT)], NOTHING)
    return "" if key == NOTHING else key


def _speed(head, shown):
    """How fast the head moves at the marks that show a key: a list of one word, or of none."""
    read = zip(shown["head"], shown.get("speed", ()), strict=False)
    speed = _commonest([speed for key, speed in read if key == head], NOTHING)
    return [] if speed == NOTHING else [speed]


def _events(name, shown, clock, once=False):
    """What begins at times: parts of a plan, in the order of their first times.

    ``once`` keeps the one that is there most often.
    """
    keys = shown.get(name, ())
    events = list(dict.fromkeys(key for key in keys if key.endswith(EVENT)))
    if once and events:
        events = [max(events, key=keys.count)]
    return [_event(name, key, shown, clock) for key in events]


def _event(name, event, shown, clock):
    marks = [i for i, key in enumerate(shown[name]) if key == event]
    steps = shown.get(name + STEP, [NOTHING] * len(shown[name]))
    times = [
        i * clock.seconds + (0 if steps[i] == NOTHING else int(steps[i])) * clock.step_seconds
        for i in marks
    ]
    words = [event.removesuffix(EVENT)]
    if name == "head" or len(marks) > 1:
        words.append(str(len(marks)))
    if name == "head":
        words += _speed(event, shown)
    return " ".join([*words, *map(_at, times)])


def _emotions(shown, clock):
    """The emotions, with intensities and the time of a second one; empty where there is none."""
    keys = shown.get("emotion", ())
    if not any(key != NOTHING for key in keys):
        return ""
    change, begin, end = _change(keys, shown.get("change", ()), clock)
    during = [begin <= i < end for i in range(len(keys))]
    first = _emotion(shown, [not inside for inside in during])
    if not change:
        return first
    return f"{first} {change} {_emotion(shown, during)} {_at(begin * clock.seconds)}"


def _emotion(shown, chosen):
    """The emotion that most of the chosen marks show, and its intensity there."""
    keys = [key for key, here in zip(shown["emotion"], chosen, strict=True) if here]
    emotion = _commonest([key for key in keys if key != NOTHING], "")
    read = zip(shown["emotion"], shown.get("intensity", ()), chosen, strict=False)
    grades = [grade for key, grade, here in read if here and key == emotion and grade != NOTHING]
    return f"{emotion} {_commonest(grades, '3')}"


def _change(keys, changes, clock):
    """How, from which mark and up to which mark there is a second emotion.

    ("", marks, marks) where most marks are explained without.
    """
    count = len(keys)
    flash = math.ceil(FLASH_SECONDS / clock.seconds)
    best = (count - _most(keys), ("", count, count))
    for begin in range(1, count):
        read = changes[begin] if changes else NOTHING
        for kind, end in (("then", count), ("fade", count), ("flash", min(begin + flash, count))):
            before, during = [*keys[:begin], *keys[end:]], keys[begin:end]
            if _commonest(before, "") == _commonest(during, ""):
                continue
            cost = count - _most(before) - _most(during) + CHANGE_COST - (read == kind)
            cost += 0.1 * (kind != "then")
            best = min(best, (cost, (kind, begin, end)))
    return best[1]


def _most(keys):
    """How many marks show the commonest key."""
    return max(Counter(keys).values(), default=0)


def _commonest(keys, default):
    """The commonest key, the first of those that are equally common."""
    return Counter(keys).most_common(1)[0][0] if keys else default


def _at(seconds):
    return f"at {round(seconds, 3):g}"
