"""Template text in a language model's words, where they still say the same.

    >>> import numpy as np
    >>> from tdmm_hf.prompts.polish import Polisher
    >>> from tdmm_hf.prompts.suite import sample_attributes
    >>> from tdmm_hf.prompts.wording import captions
    >>> class Echo:
    ...     name = "echo"
    ...     def answer(self, conversations):
    ...         return ["She swims." for _ in conversations]
    >>> rng = np.random.default_rng(0)
    >>> clips = [sample_attributes(rng) for _ in range(2)]
    >>> rows = [captions(clip, rng, 3) for clip in clips]
    >>> polished = Polisher(Echo()).polish_rows(rows, clips)
    >>> polished.texts == rows, polished.kept, dict(polished.dropped)
    (True, 0, {'untrue': 6})

A model that writes well still forgets a wink or turns left into right. Each of its texts is read
back (`truth.claims`), and where it says anything else than the performance shows, the template's
text stays.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..files import replacing
from .attributes import Attributes
from .data_files import read_yaml
from .rewriters import Conversation, Rewriter
from .truth import claims
from .wording import describe

_THOUGHT = re.compile(r"<think>.*?(</think>|$)", re.DOTALL)
_LABEL = re.compile(r"^\W*(?:(?:new|rewritten|polished) )?caption\W*:\s*", re.IGNORECASE)
_QUOTES = "\"'“”‘’*`"


class Polished(NamedTuple):
    """Texts as they were given, some of them polished.

    Args:
        texts: one list for each clip.
        kept: how many polished texts are among them.
        dropped: how many were not taken, by reason: ``empty``, ``too long``, ``untrue``,
            ``repeated`` (within a clip).
    """

    texts: list[list[str]]
    kept: int
    dropped: Counter


class Polisher:
    """Polishes captions through a language model.

    Args:
        rewriter: an ``Endpoint`` or a ``LocalModel``.
        cache: file of answers (JSON lines); with it a run that was killed goes on where it was,
            and a second run asks nothing.
        batch_size: texts asked for between two writes of the cache.
        progress: called with the texts done and all texts.
    """

    def __init__(
        self,
        rewriter: Rewriter,
        cache: str | os.PathLike | None = None,
        batch_size: int = 64,
        progress: Callable[[int, int], None] | None = None,
    ):
        self.rewriter = rewriter
        self.batch_size = batch_size
        self.progress = progress
        self.cache = Path(cache) if cache else None
        self.answers = _read_answers(self.cache) if self.cache else {}

    def polish_rows(
        self, texts: Sequence[Sequence[str]], attributes: Sequence[Attributes]
    ) -> Polished:
        """The captions of clips, polished where the polished text says the same.

        Args:
            texts: the captions of each clip.
            attributes: what each clip shows.

        Raises:
            ValueError: where there are not as many clips of one as of the other.
            ConnectionError: where the endpoint fails; what was answered stays in the cache.
        """
        if len(texts) != len(attributes):
            raise ValueError(
                f"texts and attributes must be of as many clips, got {len(texts)} and "
                f"{len(attributes)}"
            )
        asked = [(text, clip) for row, clip in zip(texts, attributes, strict=True) for text in row]
        answers = iter(self._ask([_conversation(text, clip) for text, clip in asked]))
        dropped: Counter = Counter()
        rows = [
            _choose(row, clip, [next(answers) for _ in row], dropped)
            for row, clip in zip(texts, attributes, strict=True)
        ]
        return Polished(rows, len(asked) - dropped.total(), dropped)

    def _ask(self, conversations: list[Conversation]) -> list[str]:
        """An answer each, from the cache or from the model."""
        keys = [_key(self.rewriter.name, conversation) for conversation in conversations]
        new = {k: c for k, c in zip(keys, conversations, strict=True) if k not in self.answers}
        waiting = list(new.items())
        for start in range(0, len(waiting), self.batch_size):
            batch = waiting[start : start + self.batch_size]
            found = self.rewriter.answer([conversation for _, conversation in batch])
            self._remember({key: text for (key, _), text in zip(batch, found, strict=True)})
            if self.progress:
                self.progress(len(keys) - len(waiting) + start + len(batch), len(keys))
        return [self.answers[key] for key in keys]

    def _remember(self, answers: dict[str, str]) -> None:
        self.answers |= answers
        if self.cache:
            lines = [json.dumps({"key": key, "text": text}) for key, text in answers.items()]
            with self.cache.open("a", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")


def _read_answers(path: Path) -> dict[str, str]:
    """The answers of a cache; a line that a kill cut short is taken out."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        return {}
    text = path.read_text(encoding="utf-8")
    answers = {}
    for line in text.splitlines():
        try:
            entry = json.loads(line)
            answers[entry["key"]] = entry["text"]
        except (ValueError, KeyError, TypeError):
            continue
    if not text.endswith("\n"):
        whole = [json.dumps({"key": key, "text": said}) + "\n" for key, said in answers.items()]
        with replacing(path) as beside:
            beside.write_text("".join(whole), encoding="utf-8")
    return answers


@cache
def _rubric() -> dict:
    return read_yaml("polish.yaml")


def _conversation(text: str, attributes: Attributes) -> Conversation:
    facts = describe(attributes, np.random.default_rng(0))
    return [
        {"role": "system", "content": _rubric()["system"].strip()},
        {"role": "user", "content": _rubric()["user"].strip().format(facts=facts, text=text)},
    ]


def _key(name: str, conversation: Conversation) -> str:
    return hashlib.sha256(json.dumps([name, conversation]).encode()).hexdigest()[:32]


def _choose(
    row: Sequence[str], attributes: Attributes, answers: Sequence[str], dropped: Counter
) -> list[str]:
    """The polished text of each caption of a clip, or where it has a fault the caption."""
    chosen: list[str] = []
    for text, answer in zip(row, answers, strict=True):
        polished = _cleaned(answer)
        fault = _fault(polished, text, attributes)
        if not fault and polished in (*chosen, *row):
            fault = "repeated"
        dropped.update([fault] if fault else [])
        chosen.append(text if fault else polished)
    return chosen


def _cleaned(answer: str) -> str:
    """The first paragraph of an answer, without thoughts, labels and quotes around it."""
    answer = _THOUGHT.sub("", answer).strip().split("\n\n")[0]
    answer = _LABEL.sub("", " ".join(answer.split()))
    return answer.strip(_QUOTES + " ")


def _fault(polished: str, text: str, attributes: Attributes) -> str | None:
    """Why a polished text cannot stand for a caption."""
    longest = _rubric()["longest"]
    words = len(text.split())
    if not polished:
        return "empty"
    if len(polished.split()) > longest["times"] * words + longest["more"]:
        return "too long"
    partial = bool(claims(text, attributes))  # terse captions leave things out themselves
    return "untrue" if claims(polished, attributes, partial) else None
