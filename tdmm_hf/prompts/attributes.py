"""What a performance is, in structured form: the truth behind every prompt and caption.

    >>> from tdmm_hf.prompts.attributes import Attributes, EmotionSpan, HeadMotion
    >>> surprised = Attributes(
    ...     duration=5.0,
    ...     subject="woman",
    ...     emotions=(EmotionSpan("surprised", "surprised", 4, 0.0, 5.0),),
    ...     manner="speaks_bursts",
    ...     head=HeadMotion("nod", count=2),
    ... )
    >>> Attributes.from_dict(surprised.to_dict()) == surprised
    True

Keys (category, manner, action, head motion, gaze, transition) are those of the vocabulary tables.
Times are seconds from the start of the performance.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

INTENSITIES = (1, 2, 3, 4, 5)
TRANSITIONS = ("hold", "then", "fade", "flash")
SPEEDS = ("slow", "normal", "quick")


@dataclass(frozen=True)
class EmotionSpan:
    """One emotion held over a time span.

    Args:
        category: key in the emotion table.
        word: the word for it that a caption may use.
        intensity: 1 (barely noticeable) to 5 (extreme).
        start, end: seconds.
    """

    category: str
    word: str
    intensity: int
    start: float
    end: float


@dataclass(frozen=True)
class Action:
    """A facial micro-action: ``count`` times, the first at ``start`` (None: spread evenly)."""

    name: str
    count: int = 1
    start: float | None = None


@dataclass(frozen=True)
class HeadMotion:
    """A head motion; ``count`` is None for one that goes on throughout or is simply held.

    One with a count and a ``start`` (seconds) begins there and repeats at once; without a start its
    repetitions are spread evenly.
    """

    name: str = "natural"
    count: int | None = None
    speed: str = "normal"
    start: float | None = None


@dataclass(frozen=True)
class Attributes:
    """Everything a performance does.

    Args:
        duration: seconds.
        subject: key in the subject table.
        emotions: one span, or two in time order (``transition`` says how they join).
        transition: ``hold`` (one emotion), ``then``, ``fade``, or ``flash`` (the second is a brief
            flash inside the first).
        manner: key in the manner table (``silent``, ``speaks_bursts``, ``sings_softly``, ...).
        actions: facial micro-actions.
        head: the head motion.
        gaze: key in the gaze table (``camera`` by default).
    """

    duration: float
    subject: str
    emotions: tuple[EmotionSpan, ...]
    transition: str = "hold"
    manner: str = "silent"
    actions: tuple[Action, ...] = ()
    head: HeadMotion = HeadMotion()
    gaze: str = "camera"

    def to_dict(self) -> dict:
        """Plain containers, as the dataset row stores them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: dict) -> Attributes:
        """The inverse of ``to_dict``.

        Raises:
            ValueError: fields are missing or unknown, or are no containers where they must be.
        """
        try:
            return cls(
                **{
                    **fields,
                    "emotions": tuple(EmotionSpan(**span) for span in fields["emotions"]),
                    "actions": tuple(Action(**action) for action in fields["actions"]),
                    "head": HeadMotion(**fields["head"]),
                }
            )
        except KeyError as error:
            raise ValueError(f"attributes must have the field {error}") from error
        except TypeError as error:
            message = f"attributes must have the fields of a performance ({error!s:.200})"
            raise ValueError(message) from error
