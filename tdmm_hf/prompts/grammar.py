"""The little English grammar that templates need: verb forms, series, articles, punctuation.

>>> from tdmm_hf.prompts.grammar import inflect, series, tidy
>>> inflect("nod twice", "ing"), inflect("not say a word", "s")
('nodding twice', 'does not say a word')
>>> tidy("a angry man looks on , nodding,.")
'An angry man looks on, nodding.'
"""

from __future__ import annotations

import re
from functools import cache

from .data_files import read_yaml

_THIRD_PERSON = {"be": "is", "have": "has", "do": "does"}
_PARTICIPLE = {"die": "dying", "lie": "lying", "tie": "tying", "be": "being"}
_ENDS_DOUBLED = re.compile(r"[^aeiou]*[aeiou][bdgmnprt]|[^aeiou]*qu[aeiou][bdgmnpt]")
_STRESSED = {"begin", "forget", "regret", "admit", "upset", "commit", "permit", "submit", "rebut"}
_LEADING = re.compile(r"(\w+ly) (.+)")
_TWO_VERBS = re.compile(r"(\w+) (and|or) (\w+)( .*)?")


def third_person(verb: str) -> str:
    """``cry`` to ``cries``."""
    if verb in _THIRD_PERSON:
        return _THIRD_PERSON[verb]
    if re.search(r"(s|x|z|ch|sh|o)$", verb):
        return verb + "es"
    if re.search(r"[^aeiou]y$", verb):
        return verb[:-1] + "ies"
    return verb + "s"


def participle(verb: str) -> str:
    """``nod`` to ``nodding``."""
    if verb in _PARTICIPLE:
        return _PARTICIPLE[verb]
    if verb.endswith("e") and not verb.endswith("ee"):
        return verb[:-1] + "ing"
    if _ENDS_DOUBLED.fullmatch(verb) or verb in _STRESSED:
        return verb + verb[-1] + "ing"
    if verb.endswith("ic"):
        return verb + "king"
    return verb + "ing"


def inflect(phrase: str, form: str) -> str:
    """A verb phrase in base form put into ``base``, ``s`` or ``ing``.

    Its first word inflects; after an adverb the next, and second verbs as in "bow and come up".
    """
    verb, _, rest = phrase.partition(" ")
    if form == "base":
        return phrase
    if form == "ing" and verb == "keep" and rest.partition(" ")[0].endswith("ing"):
        return f"constantly {rest}"  # "keeping nodding" is no English
    if leading := _LEADING.fullmatch(phrase):
        return f"{leading[1]} {inflect(leading[2], form)}"
    if two := _TWO_VERBS.fullmatch(phrase):
        return f"{inflect(two[1], form)} {two[2]} {inflect(two[3], form)}{two[4] or ''}"
    if verb == "not":
        return f"does not {rest}" if form == "s" else f"not {inflect(rest, 'ing')}"
    rest = _joined_verbs().sub(lambda m: m[1] + inflect(m[2], form), rest)
    verb = third_person(verb) if form == "s" else participle(verb)
    return f"{verb} {rest}".strip()


@cache
def _joined_verbs() -> re.Pattern:
    """A second verb of a phrase: "bow and come up again"."""
    verbs = "|".join(read_yaml("wordings.yaml")["joined verbs"])
    return re.compile(rf"(\b(?:and|but) (?:then )?)(not \w+|{verbs})\b(?!-)")


def plural(noun: str) -> str:
    """``nod`` to ``nods``, ``toss`` to ``tosses``."""
    return noun + ("es" if re.search(r"(s|x|z|ch|sh)$", noun) else "s")


def negate_plural(phrase: str) -> str:
    """``not say a word`` to ``do not say a word``, as after "do"; others stay."""
    return f"do {phrase}" if phrase.startswith("not ") else phrase


def agree_plural(phrase: str) -> str:
    """A verb phrase as after "they": ``be bored`` to ``are bored``; most stay."""
    return re.sub(r"^be\b", "are", negate_plural(phrase))


def series(items: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1])))


def continue_series(items: list[str]) -> str:
    """The end of a series whose first member is already said: `` and a`` or ``, a and b``."""
    if not items:
        return ""
    return f" and {items[0]}" if len(items) == 1 else f", {series(items)}"


def tidy(text: str, sentences: bool = True) -> str:
    """Spaces, doubled punctuation and a/an mended; sentence starts capitalised on request."""
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s+([,.;:?!])", r"\1", text)
    text = re.sub(r",(?:\s*,)+", ",", text)
    text = re.sub(r",\s*([.;:?!])", r"\1", text)
    text = re.sub(r"([.;:?!])[.;,]+", r"\1", text)
    vowel = r"[aeiou](?!uphor|ne\b)|8|1[18][.\s-]"  # an eight-second clip, an 11-second clip
    text = re.sub(rf"\b(a) (?={vowel})", r"\1n ", text, flags=re.IGNORECASE)
    text = text.strip(" ,;:")
    if not sentences:
        return text
    return re.sub(r"(^|[.?!] )([a-z])", lambda m: m[1] + m[2].upper(), text)
