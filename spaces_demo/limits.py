"""What a visitor may ask for, and how a refusal reads: one sentence, never a traceback.

>>> from tdmm_hf.spaces_demo.limits import checked_prompt
>>> checked_prompt("  She   nods. ")
'She nods.'
"""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Callable

import gradio as gr

logger = logging.getLogger(__name__)

MAX_PROMPT = 1000
MAX_QUESTION = 300
MAX_UPLOAD = "50mb"
MAX_VIDEO_FRAMES = 1500
MAX_MOTION_SECONDS = 60.0
MAX_SECONDS = 20.0
MAX_COMPARED_SECONDS = 8.0
MAX_COMPARED = 4
MAX_SEED = 2**31 - 1

APOLOGY = "Something went wrong on this side; it has been noted. Please try something else."
_MARKUP = re.compile(r"[{}]|<\||\|>")  # what instruction templates and special tokens are made of


def in_a_sentence(function: Callable) -> Callable:
    """The function, with what it refuses shown to the visitor in its one sentence."""

    @functools.wraps(function)
    def wrapped(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except gr.Error:
            raise
        except (ValueError, ImportError) as error:
            raise refusal(str(error)) from error
        except OSError as error:  # without the server's own paths
            raise refusal(error.strerror or str(error)) from error
        except Exception as error:
            logger.exception("a request failed")
            raise refusal(APOLOGY) from error

    return wrapped


def refusal(message: str) -> gr.Error:
    """A message of the package as a sentence on the page."""
    text = " ".join(message.split())
    if "." not in text.split(" ")[0]:  # a file's name stays as it is
        text = text[:1].upper() + text[1:]
    return gr.Error(text, title="Not like this", print_exception=False)


def checked_prompt(prompt: str | None) -> str:
    """A prompt in one line; ``ValueError`` for one that is empty or too long."""
    return _checked("a prompt", prompt, MAX_PROMPT)


def checked_question(question: str | None) -> str | None:
    """A question to ask of a motion, or None for none; ``ValueError`` for one that is too long."""
    if not (question or "").strip():
        return None
    return _MARKUP.sub(" ", _checked("a question", question, MAX_QUESTION))


def _checked(what: str, text: str | None, longest: int) -> str:
    if len(text or "") > longest:
        raise ValueError(f"{what} must have at most {longest} characters, got {len(text)}")
    line = " ".join((text or "").split())
    if not line:
        raise ValueError(f"{what} must have a word at least, got none")
    return line


def checked_seconds(seconds: float | None, longest: float) -> float:
    """A duration; ``ValueError`` for none, or one out of range."""
    if seconds is None or not 0.2 <= seconds <= longest:
        raise ValueError(f"duration must be in 0.2..{longest:g} seconds, got {seconds}")
    return float(seconds)


def checked_seed(seed: float | None) -> int:
    """A seed; ``ValueError`` for none, a fraction, or one out of range."""
    if seed is None or seed != int(seed) or not 0 <= seed <= MAX_SEED:
        raise ValueError(f"seed must be a whole number in 0..{MAX_SEED}, got {seed}")
    return int(seed)
