"""Work of a report that is kept beside it, so that a run that was stopped goes on.

    work = Work(out / "work", {"model": "embedded", "seed": 0})
    points = work.arrays("points/model", lambda: {"points": embed(motions)})["points"]

What is made under a name is read from its file from then on; files are whole or not there. A folder
serves one model, dataset and settings.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ...arrays import read_npz
from ...files import replacing
from ...settings import claim

FOLDER = "work"
CLAIM = "settings.json"
MOST_BYTES = 2**33  # of the arrays of one name
_SAMPLE = 1 << 20  # bytes read at either end of a file to tell it from others


class Work:
    """A folder of arrays and values by name.

    Args:
        folder: made where there is none.
        wanted: what its contents depend on.

    Raises:
        ValueError: the folder holds work of something else; names what differs.
    """

    def __init__(self, folder: Path, wanted: dict):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        claim(folder / CLAIM, wanted, "a report of")

    def arrays(self, name: str, make: Callable[[], dict]) -> dict[str, np.ndarray]:
        """The arrays of that name, made where they are not there."""
        path = self.folder / f"{name}.npz"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            made = make()
            with replacing(path) as beside, beside.open("wb") as file:
                np.savez_compressed(file, **made)
        return read_npz(path, most_bytes=MOST_BYTES)

    def value(self, name: str, make: Callable[[], object]):
        """Plain data of that name, made where it is not there."""
        path = self.folder / f"{name}.json"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(make(), ensure_ascii=False)
            with replacing(path) as beside:
                beside.write_text(text, encoding="utf-8")
        return json.loads(path.read_text(encoding="utf-8"))

    def file(self, name: str, make: Callable[[Path], object]) -> Path:
        """A file of that name; ``make`` writes it to the path it gets."""
        path = self.folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            make(path)
        return path


def digest(*words: str) -> str:
    """A short name for words, fit for a file."""
    return hashlib.blake2b("\0".join(words).encode(), digest_size=6).hexdigest()


def fingerprint(files: list[Path]) -> str:
    """What files are, by their names, sizes, first and last megabyte."""
    found = hashlib.blake2b(digest_size=8)
    for path in sorted(files, key=lambda path: path.name):
        size = path.stat().st_size
        found.update(f"{path.name} {size} ".encode())
        with path.open("rb") as file:
            found.update(file.read(_SAMPLE))
            file.seek(max(_SAMPLE, size - _SAMPLE))
            found.update(file.read())
    return found.hexdigest()
