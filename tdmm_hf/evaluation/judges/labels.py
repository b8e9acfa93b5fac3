"""Captions labelled by hand, and how well a reading agrees with them.

    >>> from tdmm_hf.evaluation.judges.labels import agreement, parse_label
    >>> from tdmm_hf.evaluation.judges.reading import read_caption
    >>> fields = dict.fromkeys(["denied", "head", "actions", "gaze"], "-")
    >>> fields |= {"split": "dev", "source": "written", "text": "Livid, she whispers."}
    >>> label = parse_label(fields | {"emotions": "furious|enraged:3|4", "order": "hold",
    ...                               "manner": "whispers"})
    >>> agreement([label], [read_caption(label.text)])["families"]["f1"]
    100.0

The file's head explains the columns; ``docs/judges.md`` tells how to label.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ...prompts.vocabulary import family_of, load_vocabulary
from .reading import Reading

COLUMNS = (
    "split", "source", "emotions", "order", "denied", "manner", "head", "actions", "gaze", "text",
)  # fmt: skip
SPLITS = ("dev", "held_out")
NOTHING = "-"


class EmotionLabel(NamedTuple):
    """Categories and intensities any of which is right."""

    categories: tuple[str, ...]
    intensities: tuple[int, ...]

    @property
    def families(self) -> set[str]:
        return {family_of(category) for category in self.categories}


class MotionLabel(NamedTuple):
    """Keys any of which is right; an ``optional`` motion may be read or not."""

    keys: tuple[str, ...]
    count: int | None
    speed: str
    optional: bool


@dataclass(frozen=True)
class Label:
    """What a caption says; of alternatives any is right, None where it says nothing."""

    text: str
    split: str
    source: str
    emotions: tuple[EmotionLabel, ...]
    orders: tuple[str | None, ...]
    denied: tuple[tuple[str, ...], ...]
    manners: tuple[str | None, ...]
    heads: tuple[MotionLabel, ...]
    actions: tuple[MotionLabel, ...]
    gazes: tuple[str | None, ...]


def read_labels(path: str | os.PathLike) -> list[Label]:
    """The captions of a file.

    Raises:
        ValueError: for columns that are missing, or a key that the vocabulary does not have.
    """
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line and not line.startswith("#")]
    rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise ValueError(f"columns must be {', '.join(COLUMNS)}, got {rows.fieldnames}")
    return [parse_label(row) for row in rows]


def parse_label(fields: dict[str, str]) -> Label:
    """One row, by column.

    Raises:
        ValueError: for a split, key, intensity or count that cannot be.
    """
    vocabulary = load_vocabulary()
    if fields["split"] not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {fields['split']!r}")
    denied = [tuple(item.split("|")) for item in _items(fields["denied"])]
    return Label(
        text=fields["text"],
        split=fields["split"],
        source=fields["source"],
        emotions=tuple(_emotion(item) for item in _items(fields["emotions"])),
        orders=_alternatives(fields["order"]),
        denied=tuple(_known(keys, vocabulary.emotions) for keys in denied),
        manners=_known(_alternatives(fields["manner"]), vocabulary.manners),
        heads=tuple(_motion(item, vocabulary.head_motions) for item in _items(fields["head"])),
        actions=tuple(_motion(item, vocabulary.actions) for item in _items(fields["actions"])),
        gazes=_known(_alternatives(fields["gaze"]), vocabulary.gazes),
    )


def agreement(labels: Sequence[Label], readings: Sequence[Reading]) -> dict:
    """How often readings are right, in percent, by attribute.

    ``exact`` is the share of captions whose whole set is right; precision, recall and F1 count its
    members. Intensity, counts and speeds are judged where the emotion or the motion itself was
    found, order where a caption has more than one emotion. ``where_said`` leaves out the captions
    that say nothing of manner or gaze. ``all`` is right in family, order, manner class, head
    motions, actions and gaze at once.
    """
    pairs = list(zip(labels, readings, strict=True))
    several = [(a, b) for a, b in pairs if len(a.emotions) > 1]
    return {
        "captions": len(pairs),
        "families": _set_figures(pairs, _family_match),
        "categories": _set_figures(pairs, _category_match),
        "intensity": _intensity_figures(pairs),
        "order": _share([r.order in label.orders for label, r in several]),
        "denied": _set_figures(pairs, _denied_match),
        "manner_class": _said_figures(pairs, _manner_class_right, "manners"),
        "manner": _said_figures(pairs, lambda a, b: b.manner in a.manners, "manners"),
        "head": _set_figures(pairs, _head_match) | _motion_figures(pairs, "heads"),
        "actions": _set_figures(pairs, _action_match) | _motion_figures(pairs, "actions"),
        "gaze": _said_figures(pairs, lambda a, b: b.gaze in a.gazes, "gazes"),
        "all": _share([all_right(a, b) for a, b in pairs]),
    }


def all_right(label: Label, reading: Reading) -> bool:
    """Whether family, order, manner class, head motions, actions and gaze are all right."""
    sets = (_family_match, _head_match, _action_match)
    return (
        all(match(label, reading).right for match in sets)
        and (len(label.emotions) < 2 or reading.order in label.orders)
        and _manner_class_right(label, reading)
        and reading.gaze in label.gazes
    )


class Match(NamedTuple):
    """Pairs of a label's and a reading's members, and how many of either stay alone."""

    pairs: list[tuple]
    missed: int
    wrong: int

    @property
    def right(self) -> bool:
        return not self.missed and not self.wrong


def _match(wanted: Sequence, found: Sequence, fits: Callable) -> Match:
    pairs, left = [], list(found)
    for label in wanted:
        partner = next((member for member in left if fits(label, member)), None)
        if partner is not None:
            left.remove(partner)
            pairs.append((label, partner))
    matched = [label for label, _ in pairs]
    missed = [w for w in wanted if w not in matched and not getattr(w, "optional", False)]
    return Match(pairs, len(missed), len(left))


def _family_match(label: Label, reading: Reading) -> Match:
    return _match(label.emotions, reading.emotions, lambda a, b: b.family in a.families)


def _category_match(label: Label, reading: Reading) -> Match:
    return _match(label.emotions, reading.emotions, lambda a, b: b.category in a.categories)


def _denied_match(label: Label, reading: Reading) -> Match:
    families = tuple(dict.fromkeys(family_of(category) for category in reading.denied))
    return _match(label.denied, families, lambda a, b: b in {family_of(key) for key in a})


def _head_match(label: Label, reading: Reading) -> Match:
    return _match(label.heads, reading.heads, _same_motion)


def _action_match(label: Label, reading: Reading) -> Match:
    return _match(label.actions, reading.actions, _same_motion)


def _same_motion(label: MotionLabel, motion) -> bool:
    return bool(set(label.keys) & set(motion.keys))


def _manner_class_right(label: Label, reading: Reading) -> bool:
    manners = load_vocabulary().manners
    classes = {manners[key].manner_class if key else "silent" for key in label.manners}
    return (reading.manner_class or "silent") in classes


def _set_figures(pairs: list, match: Callable[[Label, Reading], Match]) -> dict[str, float | None]:
    matches = [match(label, reading) for label, reading in pairs]
    hits = sum(len(m.pairs) for m in matches)
    precision = _percent(hits, hits + sum(m.wrong for m in matches))
    recall = _percent(hits, hits + sum(m.missed for m in matches))
    either = 2 * hits + sum(m.wrong + m.missed for m in matches)
    return {
        "exact": _share([m.right for m in matches]),
        "precision": precision,
        "recall": recall,
        "f1": _percent(2 * hits, either),
    }


def _intensity_figures(pairs: list) -> dict[str, float | None]:
    found = [pair for label, reading in pairs for pair in _family_match(label, reading).pairs]
    off = [min(abs(feeling.intensity - i) for i in label.intensities) for label, feeling in found]
    return {"exact": _share([o == 0 for o in off]), "within_one": _share([o <= 1 for o in off])}


def _motion_figures(pairs: list, attribute: str) -> dict[str, float | None]:
    match = _head_match if attribute == "heads" else _action_match
    unsaid = None if attribute == "heads" else 1
    found = [pair for label, reading in pairs for pair in match(label, reading).pairs]
    counts = [(a.count or unsaid) == (b.count or unsaid) for a, b in found]
    figures = {"count": _share(counts)}
    if attribute == "heads":
        figures["speed"] = _share([a.speed == b.speed for a, b in found])
    return figures


def _said_figures(pairs: list, right: Callable, attribute: str) -> dict[str, float | None]:
    said = [(a, b) for a, b in pairs if None not in getattr(a, attribute)]
    return {
        "right": _share([right(a, b) for a, b in pairs]),
        "where_said": _share([right(a, b) for a, b in said]),
    }


def _share(right: Sequence[bool]) -> float | None:
    return _percent(sum(right), len(right))


def _percent(hits: int, total: int) -> float | None:
    """Share in percent to one decimal; None of nothing."""
    return round(100 * hits / total, 1) if total else None


def _items(text: str) -> list[str]:
    return [] if text == NOTHING else [item.strip() for item in text.split(",")]


def _alternatives(text: str) -> tuple[str | None, ...]:
    return tuple(None if item == NOTHING else item for item in text.split("|"))


def _known(keys: tuple, table: dict) -> tuple:
    for key in keys:
        if key is not None and key not in table:
            raise ValueError(f"keys must be of the vocabulary, got {key!r}")
    return keys


def _emotion(item: str) -> EmotionLabel:
    keys, _, intensities = item.partition(":")
    grades = tuple(int(grade) for grade in intensities.split("|") if grade.isdigit())
    if not grades or not all(1 <= grade <= 5 for grade in grades):
        raise ValueError(f"emotions must be category:intensity of 1 to 5, got {item!r}")
    return EmotionLabel(_known(tuple(keys.split("|")), load_vocabulary().emotions), grades)


def _motion(item: str, table: dict) -> MotionLabel:
    keys, *more = item.split()
    count = next((int(word[1:]) for word in more if word[1:].isdigit()), None)
    speed = next((word for word in more if word in ("slow", "quick")), "normal")
    names = tuple(keys.rstrip("?").split("|"))
    return MotionLabel(_known(names, table), count, speed, keys.endswith("?"))
