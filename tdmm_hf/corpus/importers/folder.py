"""The clips of a source to a corpus on disk, shard by shard, and a report of what was not imported.

    report = import_clips(open_source("smirk", "coeff"), Path("corpus"), workers=2)

Clips are resampled to 25 frames a second and held within the bounds of their space. A clip that
breaks a rule is left out, named in ``import_report.json`` with its file, row and rule, and the rest
goes on. A shard is written beside its place and renamed when whole, with its part of the report in
its metadata: an import that was stopped goes on where it was.

The split of a clip is the one that its makers put it in. Where they say none, a hash of its file
name decides: of all names 90 % are train, 5 % validation, 5 % test, on any machine, in any folder.
"""

from __future__ import annotations

import hashlib
import inspect
import logging
import re
import textwrap
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np

from ...files import replacing
from ...motion import FaceMotion
from ...parameters import get_space
from ...settings import claim
from ..card import About, write_card
from ..processes import one_thread, worker_pool
from ..schema import SCHEMA_VERSION, make_row
from ..shards import shard_path, shard_schema, write_rows
from .common import SPLITS, Clip, Options, Source
from .report import Failure, ImportReport

FPS = 25.0
HELD_OUT_SHARES = {"validation": 0.05, "test": 0.05}
SETTINGS_FILE = "build.json"
REPORT_FILE = "import_report.json"
RULE_CHARACTERS = 400
REPORT_KEY = b"tdmm_import_report"
# Beyond a bound by more than this, in shares of what is between the bounds, a number has another
# unit than it should; less is noise of the tracker, and is held within the bounds.
LEEWAY = {"weight": 0.5, "coefficient": 0.5, "radian": 0.0}
_ROW = re.compile(r"\b(?:row|frame|line|keyframe|record) (\d+)\b")
_BAD_FILE = (ValueError, OSError, OverflowError, MemoryError, RecursionError)


@dataclass(frozen=True)
class Shard:
    """One file of one split, and the clips that go into it."""

    split: str
    index: int
    total: int
    clips: tuple[Clip, ...]

    @property
    def path(self) -> str:
        return shard_path(self.split, self.index, self.total)


def hashed_split(stem: str) -> str:
    """The split of a clip that nobody put in one; depends on its file name alone."""
    place = int.from_bytes(hashlib.sha256(stem.encode()).digest()[:8], "big") / 2**64
    for split, share in HELD_OUT_SHARES.items():
        if place < share:
            return split
        place -= share
    return "train"


def import_clips(
    source: Source,
    out: Path,
    workers: int = 1,
    shard_clips: int | None = None,
    progress: bool = True,
) -> ImportReport:
    """Make or finish a corpus of a source in ``out``; returns the report, which is also there.

    Args:
        source: a folder in a layout.
        out: the corpus' folder.
        workers: processes.
        shard_clips: clips in a shard; the source's own number by default.
        progress: whether to show a bar.

    Raises:
        ValueError: no clips, ``out`` lies in the folder or holds something else, or not one clip
            can be imported.
    """
    if out.resolve().is_relative_to(source.folder.resolve()):
        raise ValueError(f"a corpus must not lie in the folder that it is made of, got {out}")
    clips, doubled = _distinct(source.clips(), source.folder)
    if not clips:
        raise ValueError(f"{source.folder} has no {source.layout}")
    shard_clips = source.shard_clips if shard_clips is None else shard_clips
    shards = plan(source, clips, shard_clips)
    (out / "data").mkdir(parents=True, exist_ok=True)
    claim(out / SETTINGS_FILE, _settings(source, clips, shard_clips), "an import of")
    report = _start(source, clips)
    report.failures += doubled
    for part in _parts(source, shards, out, workers, progress):
        report.add(part)
    _finish(report, clips)
    with replacing(out / REPORT_FILE) as beside:
        beside.write_text(report.to_json(), encoding="utf-8")
    if not report.imported:
        first = report.failures[0]
        raise ValueError(
            f"not one of {len(clips)} clips can be imported, first {first.file}: {first.rule}"
        )
    write_card(out, card(source, report))
    return report


def card(source: Source, report: ImportReport) -> About:
    """What the card tells of an import besides what its shards hold."""
    return About(
        pretty_name=source.title,
        license="other",
        template="imported.md.jinja",
        tags=("face-motion", source.space, "text-to-motion", "motion-captioning"),
        more={
            "report": report,
            "reading": inspect.getdoc(inspect.getmodule(type(source))),
            "source_page": f"see {source.page}" if source.page else "the terms of the source",
        },
    )


def plan(source: Source, clips: list[Clip], shard_clips: int) -> list[Shard]:
    """The shards of all splits, in order."""
    if shard_clips < 1:
        raise ValueError(f"shard_clips must be positive, got {shard_clips}")
    members: dict[str, list[Clip]] = {split: [] for split in SPLITS}
    for clip in clips:
        members[source.split(clip) or hashed_split(clip.stem)].append(clip)
    shards = []
    for split, own in members.items():
        total = -(-len(own) // shard_clips)
        parts = (own[i * shard_clips : (i + 1) * shard_clips] for i in range(total))
        shards += [Shard(split, i, total, tuple(part)) for i, part in enumerate(parts)]
    return shards


def _distinct(clips: list[Clip], folder: Path) -> tuple[list[Clip], list[Failure]]:
    """Clips of different names, in order, and what has the name of another."""
    kept, doubled = [], []
    ordered = sorted(clips, key=lambda clip: (clip.key, str(clip.path)))
    for key, same in groupby(ordered, key=lambda clip: clip.key):
        first, *others = same
        kept.append(first)
        for clip in others:
            rule = f"clips must have different names, {first.path.name} is {key!r} too"
            doubled.append(Failure(_relative(clip.path, folder), None, rule))
    return kept, doubled


def _settings(source: Source, clips: list[Clip], shard_clips: int) -> dict:
    """What an import that is gone on with must have been begun with."""
    return {
        "schema_version": SCHEMA_VERSION,
        "source": source.name,
        "options": source.options.told(),
        "clips": _digest("\n".join(clip.key for clip in clips)),
        "captions": _digest(repr(sorted(source.table.entries.items(), key=lambda item: item[0]))),
        "shard_clips": shard_clips,
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _start(source: Source, clips: list[Clip]) -> ImportReport:
    """A report of all but the clips themselves."""
    own = {clip.path for clip in clips}
    others = (p for p in source.folder.rglob("*") if p.is_file() and p not in own)
    return ImportReport(
        source=source.name,
        folder=source.folder.name,
        options=source.options.told(),
        failures=[Failure(bad.file, bad.row, bad.rule) for bad in source.table.bad],
        other_files=dict(sorted(Counter(path.suffix.lower() for path in others).items())),
    )


def _finish(report: ImportReport, clips: list[Clip]) -> None:
    report.clips = len(clips)
    report.rows = {split: report.rows[split] for split in SPLITS if report.rows.get(split)}
    report.seconds = {split: round(report.seconds[split], 2) for split in report.rows}
    report.rates = dict(sorted(report.rates.items(), key=lambda item: float(item[0])))
    report.failures.sort(key=lambda failure: (failure.file, failure.row or 0))
    report.notes.sort(key=lambda note: note.file)


def _parts(
    source: Source, shards: list[Shard], out: Path, workers: int, progress: bool
) -> Iterator[ImportReport]:
    """The report of each shard, as they are read or found."""
    from tqdm import tqdm

    missing = [shard for shard in shards if not (out / shard.path).exists()]
    done = [shard for shard in shards if shard not in missing]
    yield from (_read_report(out / shard.path) for shard in done)
    bar = tqdm(
        total=sum(len(shard.clips) for shard in shards),
        initial=sum(len(shard.clips) for shard in done),
        unit="clip",
        desc=source.name,
        disable=None if progress else True,
    )
    with bar:
        if workers == 1 or len(missing) < 2:
            for shard in missing:
                yield write_shard(source, shard, out, bar.update)
            return
        for part in _parts_of_workers(source, missing, out, min(workers, len(missing))):
            bar.update(part.clips)
            yield part


def _parts_of_workers(
    source: Source, shards: list[Shard], out: Path, workers: int
) -> Iterator[ImportReport]:
    """The report of each shard, as processes finish them.

    Raises:
        OSError: a process was killed.
    """
    with one_thread(), worker_pool(workers, _take, source, out) as pool:
        try:
            for future in as_completed([pool.submit(_work, shard) for shard in shards]):
                yield future.result()
        except BrokenProcessPool as error:
            raise OSError(
                "a process of the import was killed, perhaps for want of memory: started again, "
                "the import goes on where it was"
            ) from error
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _take(source: Source, out: Path) -> None:
    """Give a worker what all its shards share."""
    _taken.update(source=source, out=out)


def _work(shard: Shard) -> ImportReport:
    return write_shard(_taken["source"], shard, _taken["out"])


_taken: dict = {}


def _read_report(path: Path) -> ImportReport:
    import pyarrow.parquet as pq

    return ImportReport.from_json(pq.read_schema(path).metadata[REPORT_KEY])


def write_shard(source: Source, shard: Shard, out: Path, done=lambda clips: None) -> ImportReport:
    """Read the clips of a shard and write those that can be read; returns its report.

    A shard of which no clip can be read is not written.
    """
    report = ImportReport(clips=len(shard.clips))
    rows = []
    for clip in shard.clips:
        row = _row(source, clip, report)
        if row is not None:
            rows.append(row)
            seconds = row["num_frames"] / row["fps"]
            report.add(ImportReport(rows={shard.split: 1}, seconds={shard.split: seconds}))
        done(1)
    if rows:
        schema = shard_schema(source.space)
        metadata = {**schema.metadata, REPORT_KEY: report.to_json().encode()}
        write_rows(rows, out / shard.path, schema.with_metadata(metadata))
    return report


def _row(source: Source, clip: Clip, report: ImportReport) -> dict | None:
    """A clip's row; None, and a failure in the report, for one that breaks a rule."""
    file = _relative(clip.path, source.folder)
    try:
        with _heard() as warnings, np.errstate(all="ignore"):
            motion = source.read(clip)
            captions = source.captions(clip)
        bounded, note = within_bounds(motion)
        row = make_row(
            row_id=f"{source.name}/{clip.key}",
            motion=bounded.resample(FPS),
            texts=list(captions.texts),
            descriptions=list(captions.descriptions),
            attributes=None,
            source=source.name,
        )
    except _BAD_FILE as error:
        report.failures.append(_failure(file, clip, error))
        return None
    notes = [*warnings, *([note] if note else [])]
    report.notes += [Failure(file, _row_of(text), text) for text in notes]
    rate = f"{motion.fps:g}"
    report.rates[rate] = report.rates.get(rate, 0) + 1
    report.without_caption += row["text"] is None
    return row


def within_bounds(motion: FaceMotion) -> tuple[FaceMotion, str | None]:
    """The motion held within the bounds of its space, and a note of what that changed.

    Raises:
        ValueError: a number so far outside that it must have another unit; names frame and channel.
    """
    space = get_space(motion.space.name)
    lower, upper = np.float32(space.lower), np.float32(space.upper)
    room = np.float32([LEEWAY[unit] for unit in space.units]) * (upper - lower)
    wrong = (motion.values < lower - room) | (motion.values > upper + room)
    if wrong.any():
        frame, channel = np.argwhere(wrong)[0]
        raise ValueError(
            f"{space.channels[channel]} must lie in {lower[channel]:.4g}..{upper[channel]:.4g}, "
            f"got {motion.values[frame, channel]:.4g} in frame {frame}: another unit?"
        )
    held = space.clip(motion.values)
    moved = (held != motion.values).any(axis=0)
    if not moved.any():
        return motion, None
    names = [name for name, changed in zip(space.channels, moved, strict=True) if changed]
    largest = float(np.abs(held - motion.values).max())
    note = f"held within bounds, by up to {largest:.2g}: {', '.join(names)}"
    return replace(motion, values=held), note


def _failure(file: str, clip: Clip, error: BaseException) -> Failure:
    """A failure in one line; the file's own name before its rule is left out."""
    if isinstance(error, OSError) and error.strerror:
        rule = error.strerror
    else:
        rule = " ".join(str(error).split()) or type(error).__name__
    rule = textwrap.shorten(rule.removeprefix(f"{clip.path.name}: "), RULE_CHARACTERS)
    return Failure(file, _row_of(rule), rule)


def _row_of(rule: str) -> int | None:
    found = _ROW.search(rule)
    return int(found[1]) if found else None


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


@contextmanager
def _heard() -> Iterator[list[str]]:
    """The warnings of the package's readers, for the report in place of the screen."""
    heard: list[str] = []
    logger = logging.getLogger("tdmm_hf")
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: heard.append(record.getMessage())
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield heard
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


__all__ = ["Failure", "ImportReport", "Options", "hashed_split", "import_clips", "plan"]
