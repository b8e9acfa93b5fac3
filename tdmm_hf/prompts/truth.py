"""What a text says of a performance that is not so, and what it leaves out.

    >>> from tdmm_hf.prompts.attributes import Attributes, EmotionSpan, HeadMotion
    >>> from tdmm_hf.prompts.truth import claims
    >>> emotions = (EmotionSpan("sad", "sad", 2, 0.0, 5.0),)
    >>> nods = Attributes(5.0, "woman", emotions, head=HeadMotion("nod", count=2))
    >>> claims("The woman looks slightly sad and nods twice.", nods)
    []
    >>> for claim in claims("He is very sad and whispers.", nods):
    ...     print(claim)
    emotion: says intensity 4 of sad, which is 2
    manner: says whispers, which is not so
    head: leaves out nod
    subject: says he of the woman

It reads by the tables' wordings, seconds and pronouns: of a text that uses none of them it can only
say what is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import NamedTuple

from .attributes import Attributes
from .parsing import Wordings, find_wordings
from .vocabulary import load_vocabulary

_GENDERED = {
    "she": ("she", "her", "hers", "herself", "woman", "girl", "lady"),
    "he": ("he", "him", "his", "himself", "man", "boy", "guy", "gentleman"),
}
_DEFAULTS = {"manner": "silent", "head": "natural", "gaze": "camera"}
_NEAR = 0.51  # seconds: times are said to half a second


class Claim(NamedTuple):
    """Something untrue or left out, by what it is about (``emotion``, ``head``, ``time``, ...)."""

    about: str
    fault: str

    def __str__(self) -> str:
        return f"{self.about}: {self.fault}"


def claims(text: str, attributes: Attributes, partial: bool = False) -> list[Claim]:
    """All that a text says and the performance does not have, and all that it leaves out.

    Args:
        text: a caption or a description.
        attributes: the truth.
        partial: whether actions and gaze may be left out, as in terse captions.
    """
    found = find_wordings(text, _true(attributes))
    return [
        *_about_emotions(found, attributes),
        *_about_manner(found, attributes),
        *_about_head(found, attributes),
        *_about_actions(found, attributes, partial),
        *_about_gaze(found, attributes, partial),
        *_about_times(found.text, attributes),
        *_about_subject(found.text, attributes),
    ]


def _true(attributes: Attributes) -> set[tuple[str, object]]:
    return {
        *(("emotion", span.category) for span in attributes.emotions),
        *(("action", action.name) for action in attributes.actions),
        ("manner", attributes.manner),
        ("head", attributes.head.name),
        ("gaze", attributes.gaze),
    }


def _about_emotions(found: Wordings, attributes: Attributes) -> list[Claim]:
    true = [span.category for span in attributes.emotions]
    said = [match.key for match in found["emotion"]]
    wrong = [f"says {key}, which is not so" for key in dict.fromkeys(said) if key not in true]
    wrong += [f"leaves out {key}" for key in true if key not in said]
    if wrong:
        return [Claim("emotion", fault) for fault in wrong]
    if list(dict.fromkeys(said)) != list(dict.fromkeys(true)):
        return [Claim("emotion", f"says {', then '.join(said)} in place of {', then '.join(true)}")]
    categories, grades = found.grades()
    return [
        Claim("emotion", f"says intensity {grade} of {key}, which is {span.intensity}")
        for key, grade, span in zip(categories, grades, attributes.emotions, strict=False)
        if grade != span.intensity and not _leaves_open(found, key, grade, span.intensity)
    ]


def _leaves_open(found: Wordings, category: str, said: int, true: int) -> bool:
    """Situations show an emotion plainly or strongly, and leave open which of the two."""
    named = {found.text[m.start : m.end] for m in found["emotion"] if m.key == category}
    return (said, true) == (3, 4) and not any(_graded_word(category, word) for word in named)


@cache
def _graded_word(category: str, text: str) -> bool:
    words = load_vocabulary().emotions[category].words
    graded = [slot for slot in words if slot not in ("situations", "fragments")]
    return any(text in word or word in text for slot in graded for word in words[slot].all)


def _about_manner(found: Wordings, attributes: Attributes) -> list[Claim]:
    return _about_key("manner", found, attributes.manner)


def _about_gaze(found: Wordings, attributes: Attributes, partial: bool) -> list[Claim]:
    return _about_key("gaze", found, attributes.gaze, partial)


def _about_head(found: Wordings, attributes: Attributes) -> list[Claim]:
    head = attributes.head
    wrong = _about_key("head", found, head.name)
    if wrong or head.name == _DEFAULTS["head"]:
        return wrong
    counted = bool(load_vocabulary().head_motions[head.name].counted.all)
    for match in found["head"]:
        if counted and match.count != head.count and (match.count, head.count) != (None, 1):
            wrong.append(Claim("head", f"says {match.count} times, which are {head.count}"))
        if match.speed != head.speed:
            wrong.append(Claim("head", f"says {match.speed} speed, which is {head.speed}"))
    return wrong


def _about_key(about: str, found: Wordings, true: str, partial: bool = False) -> list[Claim]:
    said = [match.key for match in found[about]]
    wrong = [f"says {key}, which is not so" for key in dict.fromkeys(said) if key != true]
    if true not in said and true != _DEFAULTS[about] and not partial:
        wrong.append(f"leaves out {true}")
    return [Claim(about, fault) for fault in wrong]


def _about_actions(found: Wordings, attributes: Attributes, partial: bool) -> list[Claim]:
    true = Counter({action.name: action.count for action in attributes.actions})
    said = Counter()
    for match in found["action"]:
        said[match.key] = max(said[match.key], match.count or 1)
    wrong = [f"says {key}, which is not so" for key in said if key not in true]
    wrong += [f"leaves out {key}" for key in true if key not in said and not partial]
    wrong += [
        f"says {count} times {key}, which are {true[key]}"
        for key, count in said.items()
        if key in true and count != true[key]
    ]
    return [Claim("action", fault) for fault in wrong]


def _about_times(text: str, attributes: Attributes) -> list[Claim]:
    """Numbers of seconds that are neither when something happens nor how long."""
    events = [event.start for event in (attributes.head, *attributes.actions)]
    spans = [t for s in attributes.emotions for t in (s.start, s.end, s.end - s.start)]
    true = [attributes.duration, *spans, *(start for start in events if start is not None)]
    return [
        Claim("time", f"says {match[0]}, when nothing happens")
        for match in _seconds().finditer(text)
        if not any(abs(_value(match[1]) - time) < _NEAR for time in true)
    ]


@cache
def _seconds() -> re.Pattern:
    return re.compile(rf"\b(\d+(?:\.\d+)?|{'|'.join(_numbers())})[ -]seconds?\b")


@cache
def _numbers() -> dict[str, float]:
    names = load_vocabulary().small["length names"]
    return {"half a": 0.5} | {name: float(number) for number, name in names.items()}


def _value(number: str) -> float:
    return _numbers().get(number) or float(number)


def _about_subject(text: str, attributes: Attributes) -> list[Claim]:
    """Words of another gender than the subject's."""
    subject = load_vocabulary().subjects[attributes.subject]
    said = set(re.findall(r"[a-z]+", text))
    wrong = [
        word
        for gender, words in _GENDERED.items()
        for word in words
        if gender != subject.pronoun and word in said - set(subject.noun.split())
    ]
    return [Claim("subject", f"says {word} of the {subject.noun}") for word in wrong[:1]]
