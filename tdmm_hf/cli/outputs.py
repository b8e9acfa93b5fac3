"""Where a motion goes: the files that a command writes, motion files or films."""

from __future__ import annotations

import errno
import importlib.util
import os
import re
import sys
from pathlib import Path

from .films import FILMS, check_picture, film

DEFAULT_SUFFIXES = (".csv", ".npz", ".png", ".glb")  # and .mp4 where it can be filmed
FILM_SIZE = 512
FILM_PACKAGES = ("av", "moderngl", "numba", "PIL")  # the extra ``render``


def targets(texts: list[str], out: Path | None) -> list[list[Path]]:
    """The files that each prompt writes."""
    if out is None or not out.suffix:
        folder, suffixes = out or Path("out"), _default_suffixes()
        stems = _numbered([_slug(text) for text in texts])
        return [[folder / f"{stem}{suffix}" for suffix in suffixes] for stem in stems]
    if len(texts) == 1:
        return [[out]]
    width = len(str(len(texts)))
    return [
        [out.with_name(f"{out.stem}-{i:0{width}d}{out.suffix}")] for i in range(1, len(texts) + 1)
    ]


def _slug(text: str) -> str:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return "-".join(words[:8])[:60] or "motion"


def _numbered(stems: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    for i, stem in enumerate(stems):
        seen[stem] = seen.get(stem, 0) + 1
        if seen[stem] > 1:
            stems[i] = f"{stem}-{seen[stem]}"
    return stems


def _default_suffixes() -> tuple[str, ...]:
    """What a motion is written as where nothing is asked; says so if it cannot be filmed."""
    lacking = [name for name in FILM_PACKAGES if not importlib.util.find_spec(name)]
    if not lacking:
        return (*DEFAULT_SUFFIXES, ".mp4")
    print(f"no .mp4 without {', '.join(lacking)}: pip install 'tdmm-hf[render]'", file=sys.stderr)
    return DEFAULT_SUFFIXES


def check_target(path: Path) -> None:
    """``ValueError`` unless a motion can be written or filmed under this name."""
    if path.suffix.lower() in FILMS:
        check_picture(path, FILM_SIZE)
    else:
        from ..formats import check_suffix

        try:
            check_suffix(path)
        except ValueError as error:
            raise ValueError(f"{error}, {', '.join(FILMS)}") from None


def check_writable(path: Path) -> None:
    """``OSError`` unless a file can be made there; to be asked before the long work."""
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    effective = os.access in os.supports_effective_ids
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=effective):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))


def write(motion, path: Path) -> None:
    """A motion file, or a film of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() in FILMS:
        film(motion, path, size=FILM_SIZE)
    else:
        from ..formats import save

        save(motion, path)
