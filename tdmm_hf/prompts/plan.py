"""Plans: what a performance does, in the fewest words; what the language model writes first.

    >>> from tdmm_hf.prompts.attributes import Attributes, EmotionSpan, HeadMotion
    >>> from tdmm_hf.prompts.plan import write_plan
    >>> spans = (EmotionSpan("surprised", "surprised", 4, 0.0, 5.0),)
    >>> nod = HeadMotion("nod", count=2, speed="quick")
    >>> write_plan(Attributes(5.0, "woman", spans, manner="speaks_bursts", head=nod))
    'surprised 4, speaks bursts, nod 2 quick'

A plan names the keys of the vocabulary tables: each emotion with its intensity, then what is not
left at its default of manner, head motion, actions (with a count over one) and gaze. It says
nothing about the subject and about times, but that the first emotion comes first.
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
        parts.append(f"{action.name} {action.count}" if action.count > 1 else action.name)
    if attributes.gaze != "camera":
        parts.append(f"gaze {attributes.gaze}")
    return ", ".join(parts).replace("_", " ")


def _emotions(attributes: Attributes) -> str:
    graded = [f"{span.category} {span.intensity}" for span in attributes.emotions]
    return f" {attributes.transition} ".join(graded)


def _head(head: HeadMotion) -> str:
    words = [head.name] if head.count is None else [head.name, str(head.count)]
    return " ".join(words if head.speed == "normal" else [*words, head.speed])
