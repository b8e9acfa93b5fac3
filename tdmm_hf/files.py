"""Files whole or not at all, written beside the target and renamed; and what is wrong with one.

>>> import tempfile
>>> from pathlib import Path
>>> path = Path(tempfile.mkdtemp()) / "note.txt"
>>> with replacing(path) as beside:
...     _ = beside.write_text("done")
>>> path.read_text()
'done'
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def one_line(error: BaseException, longest: int = 400) -> str:
    """What an error says of a file, in one line that is not too long: it may quote the file."""
    return " ".join(str(error).split())[:longest] or type(error).__name__


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yields a path to write to; it takes the target's name if the block ends without error.

    If the block fails, the target stays as it was and nothing is left beside it.
    """
    path = Path(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield beside
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
