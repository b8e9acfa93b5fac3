"""What the kinematic judge answers.

>>> from tdmm_hf.evaluation.judges.kinematic_verdicts import ItemVerdict, KinematicVerdict
>>> nod = ItemVerdict("head", "nod", shown=True, amount=0.9, fit=1.0, count=2, counted=3)
>>> nod.holds, nod.score
(False, 0.5)
>>> KinematicVerdict((nod,)).score
0.5
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

STRONG = 1.7  # times what is performed: more is too much
WRONG_ORDER = 0.5  # what is left of the score
WEAK = 0.7
LEAST_FIT = 0.75  # what is less alike is something else


@dataclass(frozen=True)
class ChannelMove:
    """One channel that an item names.

    Args:
        channel: its name, without the side where both are meant.
        rise: how far it moved from the neutral face, in weight (head: degrees).
        performed: how far the performer moves it for the same attributes.
        moved: whether a viewer would see that it moved.
    """

    channel: str
    rise: float
    performed: float
    moved: bool

    def __str__(self) -> str:
        return f"{self.channel} {self.rise:+.2f} of {self.performed:+.2f}"


@dataclass(frozen=True)
class ItemVerdict:
    """One thing that was asked, and what was seen of it.

    Args:
        kind, name: what was asked.
        shown: whether it is there.
        amount: how much of it: 0 as in performances without it, 1 as in those with it.
        fit: whether what changed is what it changes, -1..1.
        told: False where performances with it are like those without, so that nobody could tell.
        count, counted: how often it was asked and seen; None where it was not asked.
        order: whether it stands where it was asked, before or after the other; None with no other.
        grade, graded: intensity asked and seen, 1 to 5; None for what has none.
        start, started: seconds at which it was asked to begin, and does; None where not asked.
        moves: the channels it names.
        reasons: what is wrong, in words.
    """

    kind: str
    name: str
    shown: bool
    amount: float
    fit: float
    told: bool = True
    count: int | None = None
    counted: int | None = None
    order: bool | None = None
    grade: int | None = None
    graded: int | None = None
    start: float | None = None
    started: float | None = None
    moves: tuple[ChannelMove, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Shown, in the asked number and order, its intensity within a step of the asked one."""
        graded = self.grade is None or abs(self.graded - self.grade) <= 1
        return self.shown and graded and self.count == self.counted and self.order is not False

    @property
    def score(self) -> float:
        """0 to 1: how much of it is there, up to all; less for a wrong number or order.

        Nothing for what is not shown, half of ``amount`` at most for a wrong order, and the share
        of the asked number that is right.
        """
        if not self.shown:
            return 0.0
        score = min(self.amount / WEAK, 1.0, STRONG / max(self.amount, STRONG))
        if self.count is not None and self.counted is not None:
            score *= max(0.0, 1.0 - abs(self.counted - self.count) / max(self.count, 1))
        return score * (WRONG_ORDER if self.order is False else 1.0)

    def __str__(self) -> str:
        asked = " ".join(str(part) for part in (self.name, self.grade, self.count) if part)
        found = "; ".join(self.reasons) or "as asked"
        score = f"{self.score:.2f}" if self.told else "-"
        return f"{self.kind} {asked}: {score}, {found}"


@dataclass(frozen=True)
class KinematicVerdict:
    """All that was asked of a motion. What nobody could tell (``told`` False) does not count."""

    items: tuple[ItemVerdict, ...]

    @property
    def judged(self) -> tuple[ItemVerdict, ...]:
        """The items that can be told."""
        return tuple(item for item in self.items if item.told)

    @property
    def score(self) -> float | None:
        """Mean over the items, 0 to 1; None where nothing can be told."""
        scores = [item.score for item in self.judged]
        return sum(scores) / len(scores) if scores else None

    @property
    def holds(self) -> bool:
        """Everything that can be told is there as it was asked."""
        return all(item.holds for item in self.judged)

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(f"{item.name}: {why}" for item in self.items for why in item.reasons)

    def lines(self) -> list[str]:
        """One line an item, and the score."""
        score = "nothing to judge" if self.score is None else f"{self.score:.2f}"
        return [*map(str, self.items), f"score {score}"]

    def to_dict(self) -> dict:
        """Plain containers, with the scores."""
        rows = [
            {**asdict(item), "holds": item.holds, "score": round(item.score, 3)}
            for item in self.items
        ]
        return {"score": self.score, "holds": self.holds, "items": rows}
