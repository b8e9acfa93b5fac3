"""A language model as the judge: behind any OpenAI-compatible endpoint, or in this process.

    >>> from tdmm_hf.evaluation.judges.llm import parse_reply
    >>> parse_reply('Sure! {"emotion": 4, "motion": "5/5", "intensity": 3}')
    Verdict(emotion=4, motion=5, intensity=3, reasons=())

    LLMJudge(Endpoint("http://localhost:8000/v1", "Qwen/Qwen3-8B", temperature=0.0)).judge(...)

It is asked by the rubric, at temperature 0. An answer that cannot be read is asked for again, with
what was wrong with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

import numpy as np
from tqdm import tqdm

from ...prompts.attributes import Attributes
from ...prompts.rewriters import Conversation, Endpoint, LocalModel, Rewriter
from ...prompts.wording import describe
from .verdicts import SCORES, JudgeInfo, Judgement, Verdict, check_pairs, load_rubric

_THOUGHT = re.compile(r"<think>.*?(</think>|$)", re.DOTALL)
_OBJECT = re.compile(r"\{[^{}]*\}", re.DOTALL)
_SCORE = re.compile(r"\s*([1-5])(?:\.0+)?\s*(?:/\s*5|out of 5)?\s*")
_NAMES = {name: (name, label.lower()) for name, label in SCORES.items()}
EXCERPT = 120  # characters of an unreadable answer that an error shows


class LLMJudge:
    """Asks a language model for the three scores.

    Args:
        model: answers conversations; see ``endpoint_judge`` and ``local_judge``.
        attempts: how often one caption is asked about, at least once.
        tolerated: share of captions, 0 to 1, whose answers may stay unreadable; they have no
            verdict, and the summary counts them.
        batch_size: captions asked about at once; the endpoint's concurrency is its own.

    Raises:
        ValueError: for attempts under 1 or a share outside 0 to 1.
    """

    def __init__(
        self, model: Rewriter, attempts: int = 3, tolerated: float = 0.0, batch_size: int = 64
    ):
        if attempts < 1:
            raise ValueError(f"attempts must be at least 1, got {attempts}")
        if not 0 <= tolerated <= 1:
            raise ValueError(f"tolerated must be a share of 0 to 1, got {tolerated}")
        self.model = model
        self.attempts = attempts
        self.tolerated = tolerated
        self.batch_size = batch_size

    @property
    def info(self) -> JudgeInfo:
        return JudgeInfo("llm", self.model.name, load_rubric()["version"])

    def judge(
        self, captions: Sequence[str], truths: Sequence[Attributes], progress: bool = False
    ) -> Judgement:
        """Scores of each caption.

        Raises:
            ValueError: where there are not as many captions as truths, a truth has no emotion, or
                more answers than tolerated cannot be read; the message shows one.
            ConnectionError: where the endpoint fails.
        """
        check_pairs(captions, truths)
        asked = [ask(*pair) for pair in zip(captions, truths, strict=True)]
        verdicts: list[Verdict | None] = []
        allowed = int(self.tolerated * len(asked))
        with tqdm(total=len(asked), desc="judging", disable=not progress) as bar:
            for start in range(0, len(asked), self.batch_size):
                batch = asked[start : start + self.batch_size]
                found, fault = self._batch(batch)
                verdicts += found
                if verdicts.count(None) > allowed:
                    raise ValueError(fault)
                bar.update(len(batch))
        return Judgement(self.info, tuple(verdicts))

    def _batch(self, asked: list[Conversation]) -> tuple[list[Verdict | None], str]:
        """A verdict each, and what is wrong with the last answer that has none."""
        verdicts: list[Verdict | None] = [None] * len(asked)
        talks, fault = dict(enumerate(asked)), ""
        for _ in range(self.attempts):
            replies = self.model.answer(list(talks.values()))
            for place, reply in zip(list(talks), replies, strict=True):
                try:
                    verdicts[place] = parse_reply(reply)
                    del talks[place]
                except ValueError as error:
                    fault = str(error)
                    talks[place] = _asked_again(talks[place], reply, fault)
            if not talks:
                break
        return verdicts, fault


def endpoint_judge(base_url: str, model: str, key_variable: str | None = None, **options):
    """A judge behind an OpenAI-compatible endpoint.

    Args:
        base_url: the address up to ``/v1``.
        model: the name that the server knows it by.
        key_variable: environment variable that holds the key, where one is needed.
        options: of ``Endpoint`` (concurrency, retries, timeout) and ``LLMJudge``.
    """
    ours = {key: options.pop(key) for key in _OWN_OPTIONS if key in options}
    limit = load_rubric()["max tokens"]
    settings = {"max_tokens": limit, **options, "temperature": 0.0}
    return LLMJudge(Endpoint(base_url, model, key_variable, **settings), **ours)


def local_judge(model: str, device: str = "cpu", **options) -> LLMJudge:
    """A judge in this process: a causal language model's folder or name on the Hub."""
    ours = {key: options.pop(key) for key in _OWN_OPTIONS if key in options}
    limit = load_rubric()["max tokens"]
    settings = {"max_tokens": limit, **options, "temperature": 0.0}
    return LLMJudge(LocalModel(model, device, **settings), **ours)


_OWN_OPTIONS = ("attempts", "tolerated")


def ask(caption: str, truth: Attributes) -> Conversation:
    """The conversation that asks for the scores of a caption."""
    rubric = load_rubric()
    levels = {
        name: "\n".join(f"  {level}: {words}" for level, words in steps.items())
        for name, steps in rubric["levels"].items()
    }
    facts = describe(truth, np.random.default_rng(0))
    user = rubric["user"].format(
        facts=facts, strengths=_strengths(truth), caption=" ".join(caption.split()), **levels
    )
    return [
        {"role": "system", "content": rubric["system"].strip()},
        {"role": "user", "content": user.strip()},
    ]


def parse_reply(reply: str) -> Verdict:
    """The verdict in an answer, whatever is written around it.

    Raises:
        ValueError: where one of the scores is missing or not 1 to 5; it shows the answer.
    """
    text = _THOUGHT.sub("", reply)
    for fields in _objects(text):
        scores = {name: _score(fields, names) for name, names in _NAMES.items()}
        if None not in scores.values():
            reason = fields.get("reason")
            return Verdict(**scores, reasons=(reason,) if isinstance(reason, str) else ())
    scores = {name: _line(text, names) for name, names in _NAMES.items()}
    if None in scores.values():
        shown = " ".join(reply.split())[:EXCERPT]
        raise ValueError(
            f"the answer must give emotion, motion and intensity from 1 to 5, got {shown!r}"
        )
    return Verdict(**scores)


def _objects(text: str) -> Iterator[dict]:
    """JSON objects in a text, the last first, with keys in lower case."""
    for match in reversed(_OBJECT.findall(text)):
        try:
            fields = json.loads(match)
        except ValueError:
            continue
        yield {str(key).strip().lower(): value for key, value in fields.items()}


def _score(fields: dict, names: Sequence[str]) -> int | None:
    value = next((fields[name] for name in names if name in fields), None)
    found = None if isinstance(value, bool) else _SCORE.fullmatch(str(value))
    return int(found[1]) if found else None


def _line(text: str, names: Sequence[str]) -> int | None:
    """``Emotion: 4/5``, the last of them; ``1 to 5`` is the question's own."""
    score = r"[\s\"'*:=-]*([1-5])(?![\d.]*\d)(?!\s*(?:to|or|-|–)\s*\d)"
    found = re.findall(rf"\b(?:{'|'.join(names)})\b{score}", text, re.I)
    return int(found[-1]) if found else None


def _asked_again(talk: Conversation, reply: str, fault: str) -> Conversation:
    again = load_rubric()["again"].format(fault=fault).strip()
    return [*talk[:2], {"role": "assistant", "content": reply}, {"role": "user", "content": again}]


def _strengths(truth: Attributes) -> str:
    steps = [f"{span.category.replace('_', ' ')} {span.intensity}" for span in truth.emotions]
    order = "" if len(steps) < 2 else f" The second emotion: {truth.transition}."
    return f"Strength, of 5: {', '.join(steps) or 'no emotion'}.{order}"
