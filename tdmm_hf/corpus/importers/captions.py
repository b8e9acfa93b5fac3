"""Captions: a text beside each clip, or a table that names clips and says their texts.

>>> table = CaptionTable.of_records([{"file": "day1/take_1.mp4", "text": "She smiles."}])
>>> table.of("motions/day1/take_1").texts
('She smiles.',)

A table is a ``.csv`` with a header, a ``.json`` (a list of records, an object of clips to texts, or
one record of the clip that is named as the file) or a ``.jsonl``. A record names its clip under one
of ``CLIP_KEYS`` and says its texts under any of ``TEXT_KEYS``; a text may be a list of texts. Clips
are found by file name, with or without suffix, and by as many folders before it as are needed to
tell them apart.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

CLIP_KEYS = (
    "file", "file_name", "filename", "video", "video_path", "video_name", "path", "clip", "name",
    "id", "key",
)  # fmt: skip
TEXT_KEYS = (
    "text", "caption", "prompt", "texts", "captions", "prompts", "paraphrases", "paraphrase",
)  # fmt: skip
DESCRIPTION_KEYS = ("description", "descriptions")
TABLE_SUFFIXES = (".csv", ".json", ".jsonl")
TABLE_NAMES = ("captions", "metadata", "prompts", "texts", "annotations")  # never clips
MAX_BYTES = 2**28
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")


@dataclass(frozen=True)
class Captions:
    """``texts``: wordings of the prompt, the main one first; ``descriptions``: of the motion."""

    texts: tuple[str, ...] = ()
    descriptions: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.texts or self.descriptions)

    def __add__(self, other: Captions) -> Captions:
        return Captions(
            once(self.texts + other.texts), once(self.descriptions + other.descriptions)
        )


NO_CAPTIONS = Captions()


@dataclass(frozen=True)
class BadRecord:
    """What of a table could not be used: its file, the record (None: the whole file), the rule."""

    file: str
    row: int | None
    rule: str


@dataclass
class CaptionTable:
    """Captions by clip.

    Args:
        entries: captions by the clip's path without suffix.
        bad: what could not be used.
    """

    entries: dict[str, Captions] = field(default_factory=dict)
    bad: list[BadRecord] = field(default_factory=list)

    def __post_init__(self):
        self._by_stem: dict[str, list[str]] = {}
        for name in self.entries:
            self._by_stem.setdefault(PurePosixPath(name).name, []).append(name)

    @classmethod
    def read(cls, path: Path) -> CaptionTable:
        """From a file; records without a clip or a text are noted as bad.

        Raises:
            ValueError: no table, or not one record of it can be used; names the rule.
        """
        if path.suffix.lower() not in TABLE_SUFFIXES:
            raise ValueError(
                f"captions must come as {', '.join(TABLE_SUFFIXES)}, got {path.name!r}"
            )
        try:
            return cls.of_records(_records(path), path.name)
        except (UnicodeDecodeError, json.JSONDecodeError, csv.Error, RecursionError) as error:
            raise ValueError(f"{path.name}: no readable table of captions ({error})") from error
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from error

    @classmethod
    def of_records(cls, records: Iterable, file: str = "captions") -> CaptionTable:
        """From records; several of one clip add up.

        Raises:
            ValueError: not one of them can be used.
        """
        entries: dict[str, Captions] = {}
        bad = []
        for number, record in enumerate(records, start=1):
            try:
                clip, captions = _record(record)
            except ValueError as error:
                bad.append(BadRecord(file, number, str(error)))
                continue
            for name in {clip, _SUFFIX.sub("", clip)}:
                entries[name] = entries.get(name, NO_CAPTIONS) + captions
        if not entries:
            raise ValueError(f"{bad[0].rule} in row 1" if bad else "must hold at least one record")
        return cls(entries, bad)

    def of(self, key: str, least: int = 1) -> Captions:
        """The captions of a clip; none where no name in the table is clearly its own."""
        names = self._by_stem.get(PurePosixPath(key).name, [])
        name = closest(key, names, least)
        return NO_CAPTIONS if name is None else self.entries[name]


def closest(key: str, names: Iterable[str], least: int = 1) -> str | None:
    """The one of some paths that ends most like a key; None where no single one does.

    Args:
        key: a path without suffix.
        names: paths without suffix.
        least: how many parts must be the same, from the file name on: 2 where several clips have
            that file name.
    """
    shared = {name: _shared(PurePosixPath(key).parts, PurePosixPath(name).parts) for name in names}
    most = max(shared.values(), default=0)
    best = [name for name, count in shared.items() if count == most]
    return best[0] if len(best) == 1 and most >= least else None


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How many parts two paths have in common, from the file name on."""
    count = 0
    while count < min(len(one), len(other)) and one[-1 - count] == other[-1 - count]:
        count += 1
    return count


def find_captions(
    folder: Path, clip_suffixes: tuple[str, ...], lists: tuple[str, ...] = ()
) -> CaptionTable:
    """What the tables of a folder say of its clips.

    Tables lie anywhere in it, and name clips from where they are. Where clips have a suffix of
    tables, they lie at the top, under one of ``TABLE_NAMES``. Files that should be tables and are
    none are noted as bad.

    Args:
        folder: of a source.
        clip_suffixes: of its clips.
        lists: patterns of files that are known to say something else.
    """
    entries: dict[str, Captions] = {}
    bad: list[BadRecord] = []
    found = folder.iterdir() if set(clip_suffixes) & set(TABLE_SUFFIXES) else folder.rglob("*")
    for path in sorted(found):
        known = any(fnmatch(path.name, pattern) for pattern in lists)
        if known or not is_table(path, clip_suffixes):
            continue
        inside = path.relative_to(folder)
        if any(part.startswith(".") for part in inside.parts):
            continue
        try:
            table = CaptionTable.read(path)
        except (ValueError, OSError) as error:
            rule = str(error).removeprefix(f"{path.name}: ")
            bad.append(BadRecord(inside.as_posix(), None, f"not used as captions: {rule}"))
            continue
        for clip, captions in table.entries.items():
            name = (inside.parent / clip).as_posix()
            entries[name] = entries.get(name, NO_CAPTIONS) + captions
        bad += [replace(record, file=inside.as_posix()) for record in table.bad]
    return CaptionTable(entries, bad)


def is_table(path: Path, clip_suffixes: tuple[str, ...]) -> bool:
    """Whether a file is to be read as captions rather than as a clip."""
    suffix = path.suffix.lower()
    if suffix not in TABLE_SUFFIXES or path.name.startswith(".") or not path.is_file():
        return False
    return suffix not in clip_suffixes or path.stem.lower() in TABLE_NAMES


def once(texts: Iterable[str]) -> tuple[str, ...]:
    """Texts with single spaces, each once, none empty."""
    return tuple(dict.fromkeys(line for text in texts if (line := " ".join(text.split()))))


def lines_of(path: Path) -> tuple[str, ...]:
    """The lines of a text file.

    Raises:
        ValueError: not a UTF-8 text, or too large; names the file.
    """
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path.name} must have at most {MAX_BYTES} bytes")
    try:
        return once(path.read_text(encoding="utf-8-sig").splitlines())
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} must be a UTF-8 text ({error.reason})") from error


def _records(path: Path) -> list:
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"must have at most {MAX_BYTES} bytes")
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() == ".csv":
        return list(csv.DictReader(io.StringIO(text, newline="")))
    if path.suffix.lower() == ".jsonl":
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    found = json.loads(text)
    if isinstance(found, dict):
        if any(str(name).lower() in TEXT_KEYS for name in found):
            return [{"file": path.stem, **found}]
        return [_named(clip, entry) for clip, entry in found.items()]
    if not isinstance(found, list):
        raise ValueError(f"must hold a list or an object, got {type(found).__name__}")
    return found


def _named(clip: str, entry) -> dict:
    """A record of an entry of an object of clips."""
    return {**entry, "file": clip} if isinstance(entry, dict) else {"file": clip, "text": entry}


def _record(record) -> tuple[str, Captions]:
    """The clip that a record names, and its captions."""
    if not isinstance(record, dict):
        raise ValueError(f"a record must be an object, got {type(record).__name__}")
    fields = {str(name).strip().lower(): value for name, value in record.items()}
    clip = next((fields[name] for name in CLIP_KEYS if fields.get(name)), None)
    if not isinstance(clip, (str, int)):
        raise ValueError(f"a record must name its clip under one of {', '.join(CLIP_KEYS)}")
    texts = _texts(fields, TEXT_KEYS)
    descriptions = _texts(fields, DESCRIPTION_KEYS)
    if not texts and not descriptions:
        raise ValueError(f"a record must have a text under one of {', '.join(TEXT_KEYS)}")
    name = str(clip).replace("\\", "/").removeprefix("./")
    return name, Captions(texts or descriptions, descriptions)


def _texts(fields: dict, names: tuple[str, ...]) -> tuple[str, ...]:
    found: list[str] = []
    for name in names:
        value = fields.get(name)
        values = [] if value is None else value if isinstance(value, list) else [value]
        if not all(isinstance(text, str) for text in values):
            raise ValueError(f"{name} must be a text or a list of texts")
        found.extend(values)
    return once(found)
