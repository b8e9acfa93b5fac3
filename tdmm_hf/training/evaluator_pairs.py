"""Pairs of texts and motions as arrays on disk, and batches of them that are hard to tell apart.

    pairs = prepare_pairs(load_corpus("corpus"), tokenizer, "run/pairs", fps=25.0)
    for batch in epoch_batches(pairs, batch_size=128, group_size=8, rng=np.random.default_rng(0)):
        ...  # (128,) clips of nearly one length

Everything is prepared once, so that a step reads its rows and does nothing else.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
from tqdm.auto import tqdm

from ..corpus.schema import row_motion
from ..parameters import get_space
from ..prompts.attributes import Attributes
from .synonyms import replace_words

# What the clips of a group have in common.
GROUPED_BY = ("manner", "head", "emotion")
# Clips of which a batch is put together, in batches: of nearly one length, yet not of a kind.
POOL_BATCHES = 8
OUTLINE_PARTS = 4  # of a motion, whose mean and spread are its outline
_READ = 256  # rows at once
_LENGTH_NOISE = 0.1
_COLUMNS = ("text", "paraphrases", "motion", "fps", "num_frames", "space", "valid", "observed")


@dataclass(frozen=True, eq=False)
class Pairs:
    """A corpus, prepared.

    Args:
        frames: (all frames, channels) float16, clip after clip.
        starts: (clips + 1,) first frame of each clip.
        pieces: (all pieces,) ids of word pieces, text after text.
        text_starts: (texts + 1,) first piece of each text.
        texts: (clips + 1,) first text of each clip.
        outlines: (clips, 2 x parts x channels) mean and standard deviation of each part.
        keys: (clips, all keys) bool, what each performs; a row of False where it is not known.
        tracks: names of the keys of each track, in the order of the columns.
    """

    frames: np.ndarray
    starts: np.ndarray
    pieces: np.ndarray
    text_starts: np.ndarray
    texts: np.ndarray
    outlines: np.ndarray
    keys: np.ndarray
    tracks: dict[str, list[str]]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.starts)

    def motion(self, clip: int) -> np.ndarray:
        """(frames, channels)."""
        return self.frames[self.starts[clip] : self.starts[clip + 1]]

    def text(self, clip: int, rng: np.random.Generator) -> np.ndarray:
        """Word pieces of one of the clip's texts."""
        text = rng.integers(self.texts[clip], self.texts[clip + 1])
        return self.pieces[self.text_starts[text] : self.text_starts[text + 1]]

    def track_slices(self) -> dict[str, slice]:
        """The columns of ``keys`` of each track."""
        ends = np.cumsum([len(names) for names in self.tracks.values()])
        return {
            track: slice(int(end) - len(names), int(end))
            for (track, names), end in zip(self.tracks.items(), ends, strict=True)
        }


def keys_of(attributes: Attributes) -> dict[str, list[str]]:
    """What a performance is, as keys by track; ``none`` for what it does not do."""
    head = attributes.head
    return {
        "emotion": [span.category for span in attributes.emotions] or ["none"],
        "intensity": [str(span.intensity) for span in attributes.emotions[:1]] or ["none"],
        "change": [attributes.transition],
        "manner": [attributes.manner],
        "head": [head.name],
        "count": [str(min(head.count, 4)) if head.count else "none"],
        "speed": [head.speed],
        "action": [action.name for action in attributes.actions] or ["none"],
        "gaze": [attributes.gaze],
    }


def prepare_pairs(
    corpus,
    tokenizer,
    folder: str | Path,
    space: str = "arkit",
    fps: float = 25.0,
    synonym_rate: float = 0.0,
) -> Pairs:
    """Write a corpus' pairs to a folder, or read them where they are there already.

    Args:
        corpus: split as ``training.codes.load_corpus`` gives it; rows without a text are left out.
        tokenizer: of the texts.
        folder: made whole or not at all.
        space: parameter space that the motions must be in.
        fps: motions are brought to this rate.
        synonym_rate: every text is there once more, with this share of its words exchanged; 0 for
            the texts alone.

    Raises:
        ValueError: no row has a text, or a motion is in another space.
    """
    folder = Path(folder)
    if not folder.exists():
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _write(corpus, tokenizer, part, space, fps, synonym_rate)
        part.rename(folder)
    arrays = {
        file.stem: np.load(file, mmap_mode="r" if file.stem == "frames" else None)
        for file in folder.glob("*.npy")
    }
    return Pairs(**arrays, tracks=json.loads((folder / "tracks.json").read_text()))


def _write(corpus, tokenizer, folder: Path, space: str, fps: float, synonym_rate: float) -> None:
    told = [i for i, text in enumerate(corpus["text"]) if text]
    if not told:
        raise ValueError(f"a corpus to learn from must have texts, got {len(corpus)} rows without")
    corpus = corpus.select(told) if len(told) < len(corpus) else corpus
    lengths, outlines, pieces, counts = [], [], [], []
    with (folder / "frames.raw").open("wb") as frames:
        for rows in _in_batches(corpus):
            texts = [_texts(row, synonym_rate) for row in rows]
            motions = [_values(row, space, fps) for row in rows]
            for motion in motions:
                frames.write(motion.astype(np.float16).tobytes())
            lengths += map(len, motions)
            outlines += [_outline(motion) for motion in motions]
            flat = [text for own in texts for text in own]
            pieces += tokenizer(flat, add_special_tokens=False).input_ids
            counts += map(len, texts)
    keys, tracks = _key_table(corpus)
    (folder / "tracks.json").write_text(json.dumps(tracks))
    arrays = {
        "starts": _starts(lengths),
        "pieces": np.concatenate([np.asarray(p, np.int32) for p in pieces]),
        "text_starts": _starts(map(len, pieces)),
        "texts": _starts(counts),
        "outlines": np.stack(outlines).astype(np.float16),
        "keys": keys,
    }
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    raw = np.memmap(folder / "frames.raw", np.float16, "r")
    np.save(folder / "frames.npy", raw.reshape(-1, len(get_space(space).channels)))
    (folder / "frames.raw").unlink()


def _in_batches(corpus) -> Iterator[list[dict]]:
    columns = corpus.select_columns([c for c in _COLUMNS if c in corpus.column_names])
    with tqdm(total=len(corpus), desc="pairs", unit="clip") as bar:
        for batch in columns.iter(_READ):
            size = len(batch["text"])
            yield [{name: batch[name][i] for name in batch} for i in range(size)]
            bar.update(size)


def _texts(row: dict, synonym_rate: float) -> list[str]:
    """A row's texts, and the same in other words."""
    written = [str(row["text"]), *map(str, row["paraphrases"])]
    if not synonym_rate:
        return written
    rng = np.random.default_rng(crc32(written[0].encode()))
    return [*written, *(replace_words(text, rng, synonym_rate) for text in written)]


def _values(row: dict, space: str, fps: float) -> np.ndarray:
    motion = row_motion(row)
    if motion.space.name != space:
        raise ValueError(f"motions must be in the space {space!r}, got {motion.space.name!r}")
    return motion.resample(fps).values


def _outline(motion: np.ndarray) -> np.ndarray:
    """Mean and standard deviation of each part of a motion, (2 x parts x channels,)."""
    parts = np.array_split(motion, OUTLINE_PARTS) if len(motion) >= OUTLINE_PARTS else [motion] * 4
    return np.concatenate([np.concatenate([p.mean(axis=0), p.std(axis=0)]) for p in parts])


def _starts(lengths) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(np.fromiter(lengths, np.int64))]).astype(np.int64)


def _key_table(corpus) -> tuple[np.ndarray, dict[str, list[str]]]:
    """Which keys each row performs (rows, keys) bool, and the keys by track."""
    if "attributes" not in corpus.column_names:
        return np.zeros((len(corpus), 0), dtype=bool), {}
    plain = corpus.select_columns("attributes").with_format(None)
    found = [
        keys_of(Attributes.from_dict(row["attributes"])) if row["attributes"] else {}
        for row in plain
    ]
    names = next((list(keys) for keys in found if keys), [])
    tracks = {name: sorted({key for keys in found for key in keys.get(name, ())}) for name in names}
    place = {pair: i for i, pair in enumerate((t, k) for t, keys in tracks.items() for k in keys)}
    table = np.zeros((len(found), len(place)), dtype=bool)
    for row, keys in enumerate(found):
        table[row, [place[track, key] for track, own in keys.items() for key in own]] = True
    return table, tracks


def epoch_batches(
    pairs: Pairs, batch_size: int, group_size: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """Every clip once, in batches (batch_size,) of nearly one length; what is left over is not.

    A batch is made of groups whose clips have their manner, head motion or emotion in common.
    """
    noise = rng.uniform(1 - _LENGTH_NOISE, 1 + _LENGTH_NOISE, len(pairs))
    order = np.argsort(pairs.lengths * noise, kind="stable")
    pool = POOL_BATCHES * batch_size
    batches = []
    for first in range(0, len(order), pool):
        clips = order[first : first + pool]
        clips = _grouped(pairs, clips[: len(clips) // batch_size * batch_size], group_size, rng)
        batches += list(clips.reshape(-1, batch_size))
    return [batches[i] for i in rng.permutation(len(batches))]


def _grouped(pairs: Pairs, clips: np.ndarray, group_size: int, rng) -> np.ndarray:
    """The clips in shuffled groups of neighbours by one track."""
    clips = rng.permutation(clips)
    track = GROUPED_BY[rng.integers(len(GROUPED_BY))]
    if track in pairs.tracks and len(clips):
        labels = pairs.keys[clips][:, pairs.track_slices()[track]].argmax(axis=1)
        clips = clips[np.argsort(labels, kind="stable")]
    groups = clips.reshape(-1, group_size)
    return groups[rng.permutation(len(groups))].reshape(-1)


def alike_rows(pairs: Pairs, clips: np.ndarray) -> np.ndarray:
    """(clips, clips) bool: the same keys, with intensities one apart at most."""
    keys = pairs.keys[clips]
    known = keys.any(axis=1)
    slices = pairs.track_slices()
    same = np.outer(known, known)
    for track, columns in slices.items():
        own = keys[:, columns]
        if track == "intensity":
            grades = own.argmax(axis=1)
            same &= abs(grades[:, None] - grades[None]) <= 1
        else:
            same &= (own[:, None] == own[None]).all(axis=-1)
    return same
