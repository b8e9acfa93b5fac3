"""Any generator behind an HTTP endpoint.

    >>> from tdmm_hf.video.generators import get_generator
    >>> server = get_generator("endpoint", url="http://localhost:8000/generate")
    >>> server.generate(prompt, 7, Path("clip.mp4"))  # doctest: +SKIP

A request is a POST of JSON with ``prompt``, ``negative_prompt``, ``seed``, ``duration`` (seconds)
and the ``options``. The answer is the MP4 itself, or JSON where ``answer`` says the way
(``video.url``) to an address or to base64 text.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import ClassVar

from ...files import replacing
from ...prompts.attributes import Attributes
from ...prompts.video_prompts import VideoPrompt
from .checking import MAX_BYTES, inspect_video
from .interface import GeneratedVideo, GenerationError, check_request, one_line

_SCHEMES = ("http", "https")
_CHUNK = 2**18
_SAID = 2000  # bytes of a refusal that are read


@dataclass(frozen=True)
class EndpointGenerator:
    """Asks a server for every video.

    Args:
        url: where requests go; http or https.
        answer: keys, with dots between, to the video in a JSON answer; None where the answer is
            the video.
        options: further fields of every request.
        key_variable: environment variable with the key, where one is needed; sent as a bearer
            token, to the address's own host only.
        timeout: seconds that one video may take in all.
        max_bytes: of an answer.
    """

    url: str
    answer: str | None = None
    options: dict = field(default_factory=dict)
    key_variable: str | None = None
    timeout: float = 1800.0
    max_bytes: int = MAX_BYTES

    name: ClassVar[str] = "endpoint"
    needs_attributes: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _check_address(self.url, "url")
        if not self.timeout > 0:
            raise ValueError(f"timeout must be positive, got {self.timeout}")
        if not 0 < self.max_bytes <= MAX_BYTES:
            raise ValueError(f"max_bytes must be in 1..{MAX_BYTES}, got {self.max_bytes}")
        if self.key_variable and not os.environ.get(self.key_variable):
            raise ValueError(
                f"environment variable {self.key_variable} must hold the key, it is not set"
            )

    def generate(
        self, prompt: VideoPrompt, seed: int, out: Path, attributes: Attributes | None = None
    ) -> GeneratedVideo:
        """Ask for one video; see ``VideoGenerator.generate``."""
        check_request(prompt, seed, out)
        end = time.monotonic() + self.timeout
        fields = {**prompt._asdict(), "seed": seed, **self.options}
        body = self._fetch(self.url, end, json.dumps(fields).encode())
        if self.answer is not None:
            body = self._follow(body, end)
        with replacing(out) as beside:
            beside.write_bytes(body)
            try:
                facts = inspect_video(beside)
            except GenerationError as error:
                raise GenerationError(f"{self.url}: {error}") from error
        settings = {"url": self.url, "options": self.options, "seed": seed}
        return GeneratedVideo(out, facts.frames, facts.fps, self.name, settings)

    def _follow(self, body: bytes, end: float) -> bytes:
        """The video that a JSON answer names or holds."""
        try:
            found = json.loads(body)
            for key in self.answer.split("."):
                found = found[int(key)] if isinstance(found, list) else found[key]
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            said = one_line(body[:_SAID].decode(errors="replace"))
            raise GenerationError(f"{self.url}: no {self.answer} in its answer: {said}") from error
        if not isinstance(found, str):
            raise GenerationError(f"{self.url}: {self.answer} must be text, got {one_line(found)}")
        if found.startswith("data:"):
            found = found.partition(",")[2]
        elif ":" in found:
            return self._fetch(found, end)
        try:
            return base64.b64decode(found, validate=True)
        except binascii.Error as error:
            raise GenerationError(
                f"{self.url}: {self.answer} is no address and no base64: {one_line(found)}"
            ) from error

    def _fetch(self, url: str, end: float, data: bytes | None = None) -> bytes:
        """What an address answers, within the bounds."""
        try:
            _check_address(url, "address")
            request = urllib.request.Request(url, data, self._headers(url, data))
            with _OPENER.open(request, timeout=_left(end)) as response:
                return self._read(response, end)
        except urllib.error.HTTPError as error:
            with error:
                said = one_line(error.read(_SAID).decode(errors="replace") or error.reason)
            raise GenerationError(f"{url} answered {error.code}: {said}") from error
        except TimeoutError as error:
            raise GenerationError(f"{url} took longer than {self.timeout:g} s") from error
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, TimeoutError):
                reason = f"took longer than {self.timeout:g} s"
            raise GenerationError(f"{url} gave no video: {one_line(reason)}") from error

    def _headers(self, url: str, data: bytes | None) -> dict[str, str]:
        headers = {"Content-Type": "application/json"} if data is not None else {}
        if self.key_variable and _host(url) == _host(self.url):
            headers["Authorization"] = f"Bearer {os.environ[self.key_variable]}"
        return headers

    def _read(self, response, end: float) -> bytes:
        parts, size = [], 0
        while part := response.read1(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > self.max_bytes:
                raise ValueError(f"it has more than {self.max_bytes} bytes")
            _left(end)
        announced = response.headers.get("Content-Length")
        if announced and announced.isdigit() and size < int(announced):
            raise ValueError(f"it broke off after {size} of {announced} bytes")
        return b"".join(parts)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to http and https only, and takes no key to another host."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        _check_address(newurl, "redirect")
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None and _host(newurl) != _host(req.full_url):
            request.remove_header("Authorization")
        return request

    def http_error_302(self, req, fp, code, msg, headers):
        address = headers.get("Location") or headers.get("URI") or ""
        _check_address(urllib.parse.urljoin(req.full_url, address), "redirect")
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


_OPENER = urllib.request.build_opener(_Redirects)


def _check_address(url: str, what: str) -> None:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise ValueError(f"{what} must begin with http:// or https://, got {one_line(url)!r}")


def _host(url: str) -> tuple:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _left(end: float) -> float:
    """Seconds until ``end``; ``TimeoutError`` if there are none."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
