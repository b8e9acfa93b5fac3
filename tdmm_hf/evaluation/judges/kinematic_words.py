"""What is wrong with an item, in words.

>>> from tdmm_hf.evaluation.judges.kinematic_verdicts import ItemVerdict
>>> from tdmm_hf.evaluation.judges.kinematic_words import grade_of, reasons
>>> reasons(ItemVerdict("head", "nod", True, 1.0, 1.0, count=2, counted=3))
('seen 3 times instead of 2',)
>>> grade_of(3, amount=1.0), grade_of(3, amount=1.6)
(3, 5)
"""

from __future__ import annotations

import numpy as np

from ...performer.tables import gain
from ...prompts.attributes import INTENSITIES
from .kinematic_items import LEAST
from .kinematic_verdicts import LEAST_FIT, STRONG, WEAK, ChannelMove, ItemVerdict

LEAST_DEGREES = 3.0
LATE = 0.8  # seconds beside the asked start that are worth a word


def grade_of(asked: int, amount: float) -> int:
    """The intensity that an amount of an asked one comes nearest to, 1 to 5."""
    gains = np.array([gain(grade) for grade in INTENSITIES])
    return INTENSITIES[int(np.abs(gains - amount * gain(asked)).argmin())]


def reasons(verdict: ItemVerdict) -> tuple[str, ...]:
    """What is wrong, most telling first; empty where all is as asked."""
    if not verdict.told:
        return ("cannot be told: performances with and without it are alike",)
    return (*_presence(verdict), *_number(verdict), *_place(verdict))


def _presence(verdict: ItemVerdict) -> list[str]:
    still = [str(move) for move in verdict.moves if _idle(move)]
    held = _and(verdict.moves)
    if not verdict.shown:
        if verdict.amount > 0 and verdict.fit < LEAST_FIT:
            return [f"something else moves ({verdict.fit:.2f} alike): {held}"]
        return [f"not shown ({max(verdict.amount, 0):.0%} of what is performed): {held}"]
    found = []
    if verdict.amount < WEAK:
        found.append(f"weak, {verdict.amount:.0%} of what is performed")
    if verdict.amount > STRONG:
        found.append(f"strong, {verdict.amount:.0%} of what is performed")
    if still:
        found.append(f"hardly moves: {', '.join(still[:3])}")
    return found


def _idle(move: ChannelMove) -> bool:
    """Does not move, and would be seen if it did as it is performed."""
    seen = abs(move.performed) >= (LEAST_DEGREES if move.channel.startswith("head") else LEAST)
    return seen and not move.moved and move.rise < WEAK * move.performed


def _and(moves: tuple[ChannelMove, ...]) -> str:
    return ", ".join(str(move) for move in moves[:3]) or "its channels"


def _number(verdict: ItemVerdict) -> list[str]:
    if verdict.count is None or verdict.count == verdict.counted:
        return []
    times = {0: "never", 1: "once"}.get(verdict.counted, f"{verdict.counted} times")
    return [f"seen {times} instead of {verdict.count}"]


def _place(verdict: ItemVerdict) -> list[str]:
    found = ["in the wrong order"] if verdict.order is False else []
    begun = verdict.start is not None and verdict.started is not None
    if begun and abs(verdict.started - verdict.start) > LATE:
        found.append(f"at {verdict.started:.1f} s instead of {verdict.start:.1f} s")
    return found
