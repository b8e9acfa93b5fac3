"""From attributes to sentences: prompts, captions and descriptions.

    >>> import numpy as np
    >>> from tdmm_hf.prompts.suite import sample_attributes
    >>> from tdmm_hf.prompts.wording import captions, describe
    >>> rng = np.random.default_rng(0)
    >>> attributes = sample_attributes(rng)
    >>> len(set(captions(attributes, rng, count=8)))
    8
    >>> describe(attributes, rng)[-1]
    '.'

Every text names each emotion, in order, with its intensity (grade 3 often goes unmarked), and all
else that was asked; the terse style may omit actions and gaze. A natural head, a gaze into the
camera and silence mostly go unsaid, except that ``describe`` always tells the manner. What reads
back as anything else than was asked is written again.
"""

from __future__ import annotations

import numpy as np

from .attributes import Attributes
from .parsing import parse_description
from .truth import claims
from .vocabulary import load_vocabulary
from .writer import Writer

__all__ = ["captions", "describe", "parse_description", "prompt"]

STYLE_WEIGHTS = {
    "plain": 0.3,
    "colloquial": 0.13,
    "terse": 0.13,
    "instruction": 0.13,
    "imperative": 0.08,
    "detailed": 0.12,
    "timing": 0.11,
}
MAIN_STYLE_WEIGHTS = {
    "plain": 0.4,
    "colloquial": 0.1,
    "instruction": 0.12,
    "detailed": 0.2,
    "timing": 0.18,
}
INSTRUCTIONS = ("instruction", "imperative")
ALL_KINDS = 6  # of text: so many captions have one of each
HELD_OUT_TEMPLATE_SHARE = 0.5
MAX_TRIES_PER_CAPTION = 100


def captions(
    attributes: Attributes, rng: np.random.Generator, count: int, held_out: bool = False
) -> list[str]:
    """Different wordings of a performance.

    The first is the main one: it names everything and is never terse. Six or more have at least
    one each that is plain, colloquial, terse, detailed, with times, and an instruction.

    Args:
        attributes: what is performed.
        rng: the only source of chance.
        count: how many, at least one.
        held_out: use wording that training text never has: every emotion word is held out, and
            often the template and the other words too.

    Raises:
        ValueError: where there are not that many different ones.
    """
    texts: dict[str, None] = {}
    styles = _styles(rng, count)
    for _ in range(MAX_TRIES_PER_CAPTION * count):
        texts[_true_caption(attributes, rng, styles[len(texts)], held_out)] = None
        if len(texts) == count:
            return list(texts)
    raise ValueError(f"count must be at most the {len(texts)} different captions, got {count}")


def prompt(
    attributes: Attributes,
    rng: np.random.Generator,
    held_out: bool = False,
    style: str | None = None,
) -> str:
    """One wording, in any style of `captions` where ``style`` is None.

    The style ``situation`` is no caption: it tells what befalls the subject, or shows on the face,
    and leaves the emotion to be understood. It is there for emotions of intensity 3 and 4 and
    grown-up subjects; for others the plain style stands in.
    """
    return _true_caption(attributes, rng, style or _draw(rng, STYLE_WEIGHTS), held_out)


def describe(attributes: Attributes, rng: np.random.Generator) -> str:
    """The canonical description: plain words, few variants, a neutral subject."""
    writer = Writer(attributes, rng, style="describe")
    return writer.write_any(load_vocabulary().describe[attributes.transition])


def _draw(rng: np.random.Generator, weights: dict[str, float]) -> str:
    return list(weights)[int(rng.choice(len(weights), p=list(weights.values())))]


def _styles(rng: np.random.Generator, count: int) -> list[str]:
    """The styles of so many captions, the main one first."""
    first = _draw(rng, MAIN_STYLE_WEIGHTS)
    rest = []
    if count >= ALL_KINDS:
        kinds = ["plain", "colloquial", "terse", "detailed", "timing"]
        kinds.append(INSTRUCTIONS[int(rng.integers(len(INSTRUCTIONS)))])
        done = INSTRUCTIONS if first in INSTRUCTIONS else (first,)
        rest = [kind for kind in kinds if kind not in done]
    rest += [_draw(rng, STYLE_WEIGHTS) for _ in range(count - 1 - len(rest))]
    rng.shuffle(rest)
    return [first, *rest]


def _true_caption(attributes: Attributes, rng, style: str, held_out: bool) -> str:
    """A caption that says what is so, or of several tries the one that comes nearest."""
    tried = []
    for _ in range(MAX_TRIES_PER_CAPTION // 10):
        text, written_in = _caption(attributes, rng, style, held_out)
        untrue = claims(text, attributes, partial=written_in == "terse")
        if not untrue:
            return text
        tried.append((len(untrue), text))
    return min(tried)[1]


def _caption(attributes: Attributes, rng, style: str, held_out: bool) -> tuple[str, str]:
    """A text and the style that it is in."""
    templates = load_vocabulary().templates[attributes.transition]
    if held_out and rng.random() < HELD_OUT_TEMPLATE_SHARE:
        style = "held_out"
    for choice in (style, "instruction", "plain") if style in INSTRUCTIONS else (style, "plain"):
        text = Writer(attributes, rng, choice, held_out).write_any(templates[choice])
        if text:
            return text, choice
    raise ValueError(f"no template fits these attributes: {attributes}")
