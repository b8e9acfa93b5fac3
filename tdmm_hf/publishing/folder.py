"""The folder that would be uploaded: made whole or not at all, from what is there.

>>> import tempfile
>>> from pathlib import Path
>>> out = Path(tempfile.mkdtemp()) / "mine"
>>> with new_folder(out) as folder:
...     _ = (folder / "README.md").write_text("# Mine")
>>> sorted(path.name for path in out.iterdir())
['README.md']
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .kinds import Kind

CARD_FILE = "README.md"
# Larger files are linked, not copied, where the disk allows it. They are never changed here.
LINKED_BYTES = 1_000_000


@dataclass(frozen=True)
class Prepared:
    """A folder that may be uploaded as it is.

    Args:
        kind: what it holds.
        folder: where it is.
        checks: what was found sound, a line each.
    """

    kind: Kind
    folder: Path
    checks: tuple[str, ...]

    def files(self) -> dict[str, Path]:
        """Every file by its path in the repo, in order."""
        found = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path for path in found}


@contextmanager
def new_folder(out: str | Path | None, name: str = "prepared") -> Iterator[Path]:
    """Yields an empty folder that becomes ``out`` if the block ends without error.

    Args:
        out: new or empty; None for a folder that is deleted at the end.
        name: of the folder that is yielded; some loaders go by it.

    Raises:
        ValueError: there is something in ``out``.
    """
    parent = None
    if out is not None:
        out = empty_folder(out).resolve()
        out.rmdir()
        parent = out.parent
    with tempfile.TemporaryDirectory(prefix=".tdmm-push-", dir=parent) as around:
        folder = Path(around) / name
        folder.mkdir()
        yield folder
        if out is not None:
            os.replace(folder, out)


def empty_folder(folder: str | Path) -> Path:
    """The folder, made if it is not there; ``ValueError`` if there is something in it."""
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"the folder to prepare must be new or empty, got {folder}")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def take(files: Iterable[Path], source: Path, folder: Path) -> None:
    """Put files of ``source`` at the same places in ``folder``."""
    for path in files:
        target = folder / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        path = path.resolve()
        if path.stat().st_size >= LINKED_BYTES:
            try:
                os.link(path, target)
                continue
            except OSError:  # another disk, or one without links
                pass
        shutil.copyfile(path, target)
