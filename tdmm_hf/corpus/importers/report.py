"""What became of a folder that was imported: counts, and what was left out or changed, by rule.

>>> from tdmm_hf.corpus.importers.report import Failure, ImportReport
>>> report = ImportReport(clips=2, failures=[Failure("a.csv", 3, "rates must be positive")])
>>> ImportReport.from_json(report.to_json()) == report
True
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Failure:
    """A clip or record that was not imported: its file, the row in it where one is at fault."""

    file: str
    row: int | None
    rule: str


@dataclass
class ImportReport:
    """What became of a folder.

    Args:
        source, folder, options: what was imported.
        clips: found in the folder.
        rows: imported, by split.
        seconds: of motion, by split.
        rates: clips by the frames a second that they had.
        without_caption: rows that have no text.
        failures: what was not imported, and why.
        notes: what was changed in clips that were.
        other_files: files of the folder that are no clips, by suffix.
    """

    source: str = ""
    folder: str = ""
    options: dict = field(default_factory=dict)
    clips: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    rates: dict[str, int] = field(default_factory=dict)
    without_caption: int = 0
    failures: list[Failure] = field(default_factory=list)
    notes: list[Failure] = field(default_factory=list)
    other_files: dict[str, int] = field(default_factory=dict)

    @property
    def imported(self) -> int:
        return sum(self.rows.values())

    def add(self, other: ImportReport) -> None:
        """Count a part in."""
        for name in ("rows", "seconds", "rates"):
            counted = Counter(getattr(self, name))
            counted.update(getattr(other, name))
            setattr(self, name, dict(counted))
        self.clips += other.clips
        self.without_caption += other.without_caption
        self.failures += other.failures
        self.notes += other.notes

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> ImportReport:
        entries = json.loads(text)
        for name in ("failures", "notes"):
            entries[name] = [Failure(**entry) for entry in entries[name]]
        return cls(**entries)
