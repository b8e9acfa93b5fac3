"""Language models that rewrite texts: behind an OpenAI-compatible endpoint, or in this process.

    >>> from tdmm_hf.prompts.rewriters import Endpoint
    >>> Endpoint("http://localhost:8000/v1", "Qwen/Qwen3-4B-Instruct-2507").name
    'http://localhost:8000/v1 Qwen/Qwen3-4B-Instruct-2507'

Both take conversations, lists of ``{"role": ..., "content": ...}``, and answer each with a text.
`vllm serve`, `transformers serve`, llama.cpp's server and the hosted services all speak the first.
"""

from __future__ import annotations

import json
import logging
import os
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

logger = logging.getLogger(__name__)

Conversation = list[dict[str, str]]
_WORTH_RETRYING = (408, 409, 425, 429, 500, 502, 503, 504)


class Rewriter(Protocol):
    """Answers conversations; ``name`` tells models apart in a cache."""

    name: str

    def answer(self, conversations: Sequence[Conversation]) -> list[str]: ...


class Endpoint:
    """A model behind ``/chat/completions``.

    Args:
        base_url: the address up to ``/v1``.
        model: the name that the server knows it by.
        key_variable: environment variable that holds the key, where one is needed.
        max_tokens, temperature: of each answer.
        concurrency: requests under way at once.
        retries: further tries after a failure that may pass, each after twice the wait.
        timeout, wait: seconds; of one request, and before the first retry.

    Raises:
        ValueError: for an address that is not http, or a key variable that is not set.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        key_variable: str | None = None,
        max_tokens: int = 160,
        temperature: float = 0.7,
        concurrency: int = 8,
        retries: int = 4,
        timeout: float = 120.0,
        wait: float = 1.0,
    ):
        if not base_url.startswith(("http://", "https://")):
            raise ValueError(f"base_url must begin with http:// or https://, got {base_url!r}")
        if key_variable and key_variable not in os.environ:
            raise ValueError(
                f"environment variable {key_variable} must hold the key, it is not set"
            )
        self.url = base_url.rstrip("/") + "/chat/completions"
        self.model = model
        self.key = os.environ[key_variable] if key_variable else None
        self.options = {"max_tokens": max_tokens, "temperature": temperature}
        self.concurrency = concurrency
        self.retries = retries
        self.timeout = timeout
        self.wait = wait

    @property
    def name(self) -> str:
        return f"{self.url.removesuffix('/chat/completions')} {self.model}"

    def answer(self, conversations: Sequence[Conversation]) -> list[str]:
        """One text each, in order.

        Raises:
            ConnectionError: where a request fails for good, or to the last try.
        """
        with ThreadPoolExecutor(self.concurrency) as pool:
            return list(pool.map(self._answer, conversations))

    def _answer(self, conversation: Conversation) -> str:
        fields = {"model": self.model, "messages": conversation, **self.options}
        for attempt in range(self.retries + 1):
            try:
                return self._post(fields)
            except (OSError, KeyError, ValueError) as error:
                passing = getattr(error, "code", None) in (None, *_WORTH_RETRYING)
                if not passing or attempt == self.retries:
                    raise ConnectionError(f"{self.url} gave no answer: {error}") from error
                logger.warning("%s: %s, try %d of %d", self.url, error, attempt + 1, self.retries)
                time.sleep(self.wait * 2**attempt)
        raise AssertionError("unreachable")

    def _post(self, fields: dict) -> str:
        headers = {"Content-Type": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        request = urllib.request.Request(self.url, json.dumps(fields).encode(), headers)
        with urllib.request.urlopen(request, timeout=self.timeout) as response:
            return json.load(response)["choices"][0]["message"]["content"] or ""


class LocalModel:
    """A causal language model of transformers, in batches.

    Args:
        model: a folder or a name on the Hub; ``device`` as torch names it.
        max_tokens, temperature: of each answer; temperature 0 takes the likeliest words.
        batch_size: conversations at once.
        seed: of the sampling.
    """

    def __init__(
        self,
        model: str,
        device: str = "cpu",
        max_tokens: int = 160,
        temperature: float = 0.7,
        batch_size: int = 16,
        seed: int = 0,
    ):
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.name = model
        self.tokenizer = AutoTokenizer.from_pretrained(model, padding_side="left")
        if self.tokenizer.pad_token is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        self.model = AutoModelForCausalLM.from_pretrained(model).to(device).eval()
        self.options = {"max_new_tokens": max_tokens, "do_sample": temperature > 0}
        if temperature > 0:
            self.options["temperature"] = temperature
        self.batch_size = batch_size
        self.seed = seed

    def answer(self, conversations: Sequence[Conversation]) -> list[str]:
        """One text each, in order."""
        starts = range(0, len(conversations), self.batch_size)
        batches = [conversations[start : start + self.batch_size] for start in starts]
        return [text for batch in batches for text in self._batch(batch)]

    def _batch(self, conversations: Sequence[Conversation]) -> list[str]:
        import torch

        prompts = [self._prompt(conversation) for conversation in conversations]
        special = self.tokenizer.chat_template is None
        inputs = self.tokenizer(
            prompts, return_tensors="pt", padding=True, add_special_tokens=special
        ).to(self.model.device)
        with torch.random.fork_rng(), torch.inference_mode():
            torch.manual_seed(self.seed)
            ids = self.model.generate(
                **inputs, pad_token_id=self.tokenizer.pad_token_id, **self.options
            )
        answers = ids[:, inputs["input_ids"].shape[1] :]  # (batch, new tokens)
        return self.tokenizer.batch_decode(answers, skip_special_tokens=True)

    def _prompt(self, conversation: Conversation) -> str:
        if self.tokenizer.chat_template is None:
            return "\n".join(message["content"] for message in conversation) + "\n"
        return self.tokenizer.apply_chat_template(
            conversation, tokenize=False, add_generation_prompt=True
        )
