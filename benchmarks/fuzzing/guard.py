"""One damaged file, one reader: what came of it, within limits of time and memory.

>>> from pathlib import Path
>>> verdict(lambda path: int("x"), Path("x.csv"), (ValueError,), False, 99).kind
'refused'
>>> verdict(lambda path: {}["x"], Path("x.csv"), (ValueError,), False, 99).signature
"KeyError: 'x'"
"""

from __future__ import annotations

import contextlib
import resource
import signal
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SECONDS = 10.0  # of processor time, which a busy machine does not lengthen
SPARE_BYTES = 2 << 30
_PACKAGE = "tdmm_hf"


class TooSlowError(BaseException):
    """Not an Exception, so that no reader takes it for its own."""


READ, REFUSED, FAILED = "read", "refused", "failed"


@dataclass(frozen=True)
class Verdict:
    """What a reader did.

    Args:
        kind: ``read``, ``refused`` in one line by an error of its own, or ``failed``.
        signature: the same for refusals and failures of one cause.
        detail: of a failure, the traceback or the message.
    """

    kind: str
    signature: str = ""
    detail: str = ""


def verdict(
    read: Callable[[Path], object],
    path: Path,
    own: tuple[type, ...],
    names_file: bool,
    longest: int,
) -> Verdict:
    """Read a file, and judge what the reader did.

    Args:
        read: the reader.
        path: the damaged file.
        own: the errors that the reader documents.
        names_file: whether its messages begin with the file's name.
        longest: characters of a message.
    """
    try:
        with _time_limit(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read(path)
    except own as error:
        broken = _broken_rule(error, path, names_file, longest)
        if broken is None:
            return Verdict(REFUSED, f"{type(error).__name__} at {_place(error)}")
        detail = f"{type(error).__name__}: {str(error)[:500]!r}"
        return Verdict(FAILED, f"{broken} at {_place(error)}", detail)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        return Verdict(FAILED, _signature(error), traceback.format_exc(limit=-12))
    return Verdict(READ)


def _broken_rule(error: BaseException, path: Path, names_file: bool, longest: int) -> str | None:
    """What is wrong with a message, if anything."""
    message = str(error)
    if isinstance(error, OSError) and error.strerror:
        return None  # the system's own words
    rules = {
        "a message of several lines": "\n" in message or "\r" in message,
        "an empty message": not message.strip(),
        f"a message of over {longest} characters": len(message) > longest,
        "a message without the file": names_file and not message.startswith(path.name),
    }
    return next((rule for rule, is_so in rules.items() if is_so), None)


def _signature(error: BaseException) -> str:
    words = str(error).split("\n")[0][:60]
    place = _place(error)
    return f"{type(error).__name__}: {words}" + (f" at {place}" if place else "")


def _place(error: BaseException) -> str:
    """The innermost line of the package, of the first error where one led to another."""
    while error.__cause__ is not None:
        error = error.__cause__
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if f"/{_PACKAGE}/" in frame.filename]
    if not ours:
        return ""
    return f"{ours[-1].filename.rpartition(f'/{_PACKAGE}/')[2]}:{ours[-1].lineno}"


@contextlib.contextmanager
def _time_limit() -> Iterator[None]:
    began = time.process_time()

    def stop(number, frame):
        if time.process_time() - began >= SECONDS:
            raise TooSlowError(f"more than {SECONDS:g} s")

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS, SECONDS)
    try:
        yield
    finally:
        # Ignored from here on, not given back its default: a signal already on its way may come
        # late, and the default kills the process.
        signal.signal(signal.SIGPROF, signal.SIG_IGN)
        signal.setitimer(signal.ITIMER_PROF, 0)


@contextlib.contextmanager
def memory_limit(spare: int = SPARE_BYTES) -> Iterator[None]:
    """Within, the process may take that many bytes more than it has: else ``MemoryError``."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + spare, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
