"""Plans: what a performance does, in the fewest words; what the language model writes first.

    >>> from tdmm_hf.prompts.attributes import Attributes, EmotionSpan, HeadMotion
    >>> from tdmm_hf.prompts.plan import write_plan
    >>> spans = (EmotionSpan("surprised", "surprised", 4, 0.0, 5.0),)
    >>> nod = HeadMotion("nod", count=2, speed="quick")
    >>> write_plan(Attributes(5.0, "woman", spans, manner="speaks_bursts", head=nod))
    'surprised 4, speaks bursts, nod 2 quick'

A plan names the keys of the vocabulary tables: each emotion with its intensity, then what is not
left at its default of manner, head motion, actions (with a count over one) and gaze; events that
have a start say it in seconds, so that motion need not guess when. It says nothing about the
subject.
"""

from __future__ import annotations

from .attributes import Attributes, HeadMotion


def write_plan(attributes: Attributes) -> str:
    """The plan of a performance."""
    parts = [_emotions(attributes)]
    if attributes.manner != "silent":
        parts.append(attributes.manner)
    if attributes.head.name != "natural":
        parts.append(_head(attributes.head))
    for action in attributes.actions:
        count = [str(action.count)] if action.count > 1 else []
        parts.append(" ".join([action.name, *count, *_at(action.start)]))
    if attributes.gaze != "camera":
        parts.append(f"gaze {attributes.gaze}")
    return ", ".join(parts).replace("_", " ")


def _emotions(attributes: Attributes) -> str:
    graded = [f"{span.category} {span.intensity}" for span in attributes.emotions]
    return f" {attributes.transition} ".join(graded)


def _head(head: HeadMotion) -> str:
    words = [head.name] if head.count is None else [head.name, str(head.count)]
    speed = [] if head.speed == "normal" else [head.speed]
    return " ".join([*words, *speed, *_at(head.start)])


def _at(start: float | None) -> list[str]:
    """When it begins, to the half second."""
    return [] if start is None else [f"at {round(2 * start) / 2:g}"]
