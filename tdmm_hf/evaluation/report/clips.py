"""The clips that a model is measured on, and the training set that baselines come from.

data = open_data("corpus", ReportSettings(), shortest=0.5, longest=60.0, fps=25.0)
data.clips[0].text, data.clips[0].motion, data.training.nearest(points)
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ...corpus.schema import row_motion
from ...corpus.splits import SPLITS
from ...motion import FaceMotion
from ...prompts.attributes import Attributes
from ..metrics.matching import BATCH
from .settings import CLIPS, ReportSettings
from .work import fingerprint

TRAIN = "train"
CARD = "README.md"


@dataclass(frozen=True, eq=False)
class Clip:
    """One motion of the split, what was asked for and what is true of it.

    Args:
        key: the row's id.
        text: the prompt.
        references: descriptions of the motion, at least one.
        motion: at the evaluator's frame rate.
        attributes: None where only captions are known.
    """

    key: str
    text: str
    references: tuple[str, ...]
    motion: FaceMotion
    attributes: Attributes | None


@dataclass(frozen=True, eq=False)
class Data:
    """Clips in the order they were drawn in, and where they are from.

    Args:
        kind: what the Hub calls the dataset: "user/name", or the folder's name.
        name: its title.
        split: of the clips.
        clips: those measured.
        available, left_out: clips with a text in the split, and those of a length that cannot be
            measured.
        described: whether all references are descriptions of motion; else they are prompts.
        training: None where the dataset has no training split.
        digest: tells the dataset from others.
    """

    kind: str
    name: str
    split: str
    clips: list[Clip]
    available: int
    left_out: int
    described: bool
    training: Training | None
    digest: str


class Training:
    """The training split, where baselines look for motions and words.

    Args:
        rows: as ``training.codes.load_corpus`` gives them.
        fps: motions are brought to this rate.
    """

    def __init__(self, rows, fps: float):
        texts = _column(rows, "text")
        self.places = [i for i, text in enumerate(texts) if text]
        self.texts = [texts[i] for i in self.places]
        self._rows, self._fps = rows, fps

    def __len__(self) -> int:
        return len(self.texts)

    def motion(self, number: int) -> FaceMotion:
        """The motion of one of ``texts``."""
        return row_motion(self._rows[self.places[number]]).resample(self._fps)

    @cached_property
    def commonest_caption(self) -> str:
        """What descriptions say most often (prompts, where there are none); first by letters."""
        told = Counter(
            caption for row in _column(self._rows, "descriptions") or [] for caption in row or []
        )
        counts = told or Counter(self.texts)
        most = max(counts.values())
        return min(caption for caption, count in counts.items() if count == most)


def open_data(
    dataset: str | Path, settings: ReportSettings, shortest: float, longest: float, fps: float
) -> Data:
    """Draw the clips of a report.

    Args:
        dataset: corpus folder or Hub dataset.
        settings: split, clips and seed.
        shortest, longest: seconds that can be measured.
        fps: motions are brought to this rate.

    Raises:
        ValueError: no such dataset or split, or too few clips for one batch.
    """
    from ...training.codes import load_corpus

    check_dataset(dataset, settings.split)
    rows = load_corpus(dataset, settings.split)
    fitting, texts = _fitting(rows, shortest, longest)
    most = CLIPS if settings.clips is None else settings.clips
    least = BATCH if settings.clips is None else settings.clips
    if len(fitting) < least:
        raise ValueError(
            f"{dataset} must have {least} clips of {shortest:g} to {longest:g} s with a text in "
            f"{settings.split} (batches are of {BATCH}), got {len(fitting)}"
        )
    rng = np.random.default_rng([settings.seed, 1])
    chosen = rng.permutation(fitting)[:most]
    described = all(_column(rows.select(chosen), "descriptions"))
    return Data(
        kind=_kind(dataset),
        name=_title(dataset),
        split=settings.split,
        clips=[_clip(rows, int(i), described, fps) for i in chosen],
        available=sum(map(bool, texts)),
        left_out=sum(map(bool, texts)) - len(fitting),
        described=described,
        training=_training(dataset, settings.split, fps),
        digest=_digest(dataset, settings.split),
    )


def check_dataset(dataset: str | Path, split: str) -> None:
    """Whether a dataset may be there and has the split; quick, to be asked before long work.

    Raises:
        ValueError: no such folder or split; names those there are.
    """
    folder = Path(dataset)
    if not folder.is_dir():
        if folder.is_absolute() or str(dataset).startswith(".") or str(dataset).count("/") != 1:
            raise ValueError(f"a dataset must be a folder or a Hub id, none at {str(dataset)!r}")
        return
    if not any(folder.glob(f"data/{split}-*.parquet")):
        found = sorted({path.name.rsplit("-", 3)[0] for path in folder.glob("data/*.parquet")})
        there = ", ".join(s for s in (*SPLITS, *found) if s in found) or "none"
        raise ValueError(f"split must be one of {dataset} ({there}), got {split!r}")


def _column(rows, name: str) -> list | None:
    return rows.select_columns(name).with_format(None)[name][:] if name in rows.column_names else []


def _fitting(rows, shortest: float, longest: float) -> tuple[np.ndarray, list]:
    """Places of rows with a text and a length within bounds, and all texts."""
    texts = _column(rows, "text")
    seconds = np.array(_column(rows, "num_frames")) / np.array(_column(rows, "fps"))
    told = np.array([bool(text) for text in texts])
    return np.flatnonzero(told & (seconds >= shortest) & (seconds <= longest)), texts


def _clip(rows, place: int, described: bool, fps: float) -> Clip:
    row = rows[place]
    plain = rows.select([place]).with_format(None).remove_columns("motion")[0]
    told = plain["descriptions"] if described else [plain["text"], *plain["paraphrases"]]
    attributes = plain.get("attributes")
    return Clip(
        key=plain["id"],
        text=plain["text"],
        references=tuple(told),
        motion=row_motion(row).resample(fps),
        attributes=Attributes.from_dict(attributes) if attributes else None,
    )


def _training(dataset: str | Path, split: str, fps: float) -> Training | None:
    from ...training.codes import load_corpus

    if split == TRAIN:
        return None
    if Path(dataset).is_dir() and not any(Path(dataset).glob(f"data/{TRAIN}-*.parquet")):
        return None
    training = Training(load_corpus(dataset, TRAIN), fps)
    return training if len(training) else None


def _kind(dataset: str | Path) -> str:
    return Path(dataset).resolve().name if Path(dataset).is_dir() else str(dataset)


def _title(dataset: str | Path) -> str:
    """The title of a folder's card; the dataset's own name where it has none."""
    card = Path(dataset) / CARD
    if card.is_file():
        from huggingface_hub import metadata_load

        title = (metadata_load(card) or {}).get("pretty_name")
        if title:
            return str(title)
    return _kind(dataset)


def _digest(dataset: str | Path, split: str) -> str:
    if not Path(dataset).is_dir():
        return str(dataset)
    return fingerprint(
        [path for name in (split, TRAIN) for path in Path(dataset).glob(f"data/{name}-*.parquet")]
    )
