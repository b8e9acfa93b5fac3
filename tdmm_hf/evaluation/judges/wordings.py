"""Patterns of everyday wordings, from ``data/wordings.yaml``.

    >>> from tdmm_hf.evaluation.judges.wordings import compile_phrases
    >>> found = compile_phrases(["roll~ * eyes"]).search("she rolled both her eyes")
    >>> found[0]
    'rolled both her eyes'

The head of the file explains the placeholders.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib import resources

import yaml

from ...prompts.grammar import participle, third_person
from ...prompts.parsing import POSSESSIVES

WORD = re.compile(r"[\w'-]+")
_OPEN = {"*": r"(?:\s+[\w'-]+){0,2}?", "...": r"(?:\s+[\w'-]+){0,5}?"}
_THEIR = "|".join(sorted({*POSSESSIVES, "a", "an", "both", "one"}, key=len, reverse=True))
_KINDS = ("emotion", "manner", "head", "action", "gaze", "grade", "grade_after", "order")
_SINGLE_KINDS = ("negation", "assertion", "comparison")


@cache
def load_tables() -> dict:
    """The file as plain containers."""
    file = resources.files(__package__).joinpath("data", "wordings.yaml")
    return yaml.load(file.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@cache
def patterns() -> tuple[tuple[str, object, re.Pattern], ...]:
    """(kind, key, pattern) of everything that the file has phrases for."""
    tables = load_tables()
    keyed = [(kind, key, words) for kind in _KINDS for key, words in tables[kind].items()]
    keyed += [(kind, None, tables[kind]) for kind in _SINGLE_KINDS]
    return tuple((kind, key, compile_phrases(words)) for kind, key, words in keyed)


def compile_phrases(phrases: Iterable[str]) -> re.Pattern:
    """One pattern for any of some phrases, longer ones first, in lower-case text."""
    longest_first = sorted(map(str, phrases), key=len, reverse=True)
    body = "|".join(_phrase(phrase.lower().split()) for phrase in longest_first)
    return re.compile(rf"(?<![\w'-])(?:{body})(?![\w-])")


def verb_forms(verb: str) -> tuple[str, ...]:
    """``nod``, ``nods``, ``nodding``, ``nodded``, and past forms of irregular verbs."""
    ing = participle(verb)
    return tuple(dict.fromkeys((verb, third_person(verb), ing, *past_forms(verb))))


def past_forms(verb: str) -> tuple[str, ...]:
    irregular = load_tables()["irregular"].get(verb)
    if irregular:
        return tuple(irregular)
    if verb.endswith("e"):
        return (verb + "d",)
    if re.search(r"[^aeiou]y$", verb):
        return (verb[:-1] + "ied",)
    return (participle(verb).removesuffix("ing") + "ed",)


def _phrase(words: list[str]) -> str:
    first, *rest = words
    return _word(first) + "".join(_next(word) for word in rest)


def _next(word: str) -> str:
    """A space and a word, or what stands for one."""
    if word in _OPEN:
        return _OPEN[word]
    if word == "their":
        return rf"(?:\s+(?:{_THEIR}))?"
    if word.endswith("?"):
        return rf"(?:\s+{_word(word[:-1])})?"
    return rf"\s+{_word(word)}"


def _word(word: str) -> str:
    return f"(?:{'|'.join(_option(option) for option in word.split('|'))})"


def _option(word: str) -> str:
    if word.endswith("~"):
        return "|".join(map(re.escape, sorted(verb_forms(word[:-1]), key=len, reverse=True)))
    if word.endswith("(s)"):
        return re.escape(word[:-3]) + "s?"
    if word.startswith("*"):
        return r"\w*" + re.escape(word[1:])
    return re.escape(word)
