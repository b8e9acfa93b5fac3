"""Attributes as prompts for text-to-video generators: one face, one fixed camera.

    >>> import numpy as np
    >>> from tdmm_hf.prompts.attributes import Attributes, EmotionSpan, HeadMotion
    >>> from tdmm_hf.prompts.video_prompts import video_prompt
    >>> emotions = (EmotionSpan("angry", "angry", 2, 0.0, 5.0),)
    >>> nods = Attributes(5.0, "grandmother", emotions, head=HeadMotion("nod", count=2))
    >>> wanted = video_prompt(nods, np.random.default_rng(0))
    >>> "grandmother" in wanted.prompt, wanted.duration
    (True, 5.0)

As in the paper's corpus, a prompt says who is seen, what the face does, and in a few phrases that
never change that the camera stands still with head and shoulders in the middle of a plain picture.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

import numpy as np

from .attributes import Attributes
from .choosing import Chooser
from .data_files import read_yaml
from .grammar import tidy
from .truth import claims
from .vocabulary import Subject, load_vocabulary
from .writer import Writer

MAX_TRIES = 20


class VideoPrompt(NamedTuple):
    """What a text-to-video generator is asked for: texts, and a length in seconds."""

    prompt: str
    negative_prompt: str
    duration: float


def video_prompt(attributes: Attributes, rng: np.random.Generator) -> VideoPrompt:
    """A prompt for a clip of a performance.

    It names the subject with looks drawn at random, every emotion with its intensity, the manner,
    head motion, actions and gaze.

    Args:
        attributes: what is performed.
        rng: the only source of chance.
    """
    table = _table()
    subject = load_vocabulary().subjects[attributes.subject]
    pronouns = load_vocabulary().small["pronouns"][subject.pronoun]
    chooser = Chooser(rng, "video", pronouns)
    text = chooser.any(table["prompts"]).format(
        shot=chooser.any(table["shots"]),
        person=_person(subject, chooser),
        performance=_performance(attributes, rng),
        camera=" ".join(chooser.any(phrases) for phrases in table["camera"]),
    )
    negative = list(table["negative"])
    if load_vocabulary().manners[attributes.manner].manner_class == "silent":
        negative.append(table["silent"])
    return VideoPrompt(tidy(text), ", ".join(negative), attributes.duration)


@cache
def _table() -> dict:
    return read_yaml("video_prompts.yaml")


def _person(subject: Subject, chooser: Chooser) -> str:
    """``a nurse in her forties with short brown hair, wearing light blue scrubs``."""
    table = _table()
    named = f"{subject.key} {'child' if subject.child else ''}"
    group = next(group for group in table["ages"] if re.search(group["of"], named))
    hair = chooser.any(table["hair"][subject.pronoun])
    hair = hair.format(chooser.any(table["colours"][group["hair"]]))
    age = chooser.any(group["age"]).format(their=chooser.pronouns["their"])
    comma = "," if age.startswith("about") else ""
    clothes = chooser.any(table["clothes"].get(subject.key, table["clothes"]["any"]))
    return f"a {subject.noun}{comma} {age}{comma} with {hair}, wearing {clothes}"


def _performance(attributes: Attributes, rng: np.random.Generator) -> str:
    """Sentences about the face that read back as the attributes; the nearest of several tries."""
    templates = _table()["performance"][attributes.transition]
    tried = []
    for _ in range(MAX_TRIES):
        text = Writer(attributes, rng, "detailed").write_any(templates)
        if text is None:
            raise ValueError(f"no sentence fits these attributes: {attributes}")
        untrue = claims(text, attributes)
        if not untrue:
            return text
        tried.append((len(untrue), text))
    return min(tried)[1]
