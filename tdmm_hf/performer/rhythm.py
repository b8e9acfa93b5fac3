"""The timing of speech and song: phrases, words, stresses, breaths, hesitation.

    >>> import numpy as np
    >>> from tdmm_hf.performer.rhythm import syllabify
    >>> from tdmm_hf.performer.tables import table
    >>> manner = table("manners")["manners"]["speaks_steadily"]
    >>> syllables = syllabify(5.0, manner, {"speech_rate": 1.0}, np.random.default_rng(0))
    >>> bool((np.diff(syllables.starts) > 0).all())
    True

Words have one to three syllables, most words that carry meaning are stressed on one of them, what
is stressed is longer, phrases fall off and end on a long syllable (Klatt, "Linguistic uses of
segmental duration in English", 1976).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_WORD_SIZES = (0.56, 0.3, 0.14)  # shares of words of one, two and three syllables
_MEANING = 0.62  # share of words that are stressed
_UNEVEN = 0.2
_LEAST_BREATH = 0.22  # seconds of pause that a breath needs


@dataclass(frozen=True, eq=False)
class Syllables:
    """Syllables in order of time.

    Args:
        starts, lengths: (syllables,) seconds.
        stresses: (syllables,) around 1.
        repeated: (syllables,) is a false start of the next one.
        empty: (syllables,) is a filler ("uh").
        phrases: (phrases,) seconds at which each phrase begins.
        breaths: ends of the breaths before phrases and their lengths, (breaths,) seconds each.
    """

    starts: np.ndarray
    lengths: np.ndarray
    stresses: np.ndarray
    repeated: np.ndarray
    empty: np.ndarray
    phrases: np.ndarray
    breaths: tuple[np.ndarray, np.ndarray]

    def at(self, chosen: np.ndarray) -> Syllables:
        """Only some of the syllables."""
        parts = (self.starts, self.lengths, self.stresses, self.repeated, self.empty)
        return Syllables(*(part[chosen] for part in parts), self.phrases, self.breaths)


def syllabify(duration: float, manner: dict, style: dict, rng) -> Syllables:
    """Phrases and pauses that fill the duration.

    Args:
        manner: rate in syllables a second; phrase and pause as [least, most]; and, where it has
            them, even, contrast, meter, fillers, repeats, final (see ``data/manners.yaml``).
        style: factors ``speech_rate`` and ``rhythm``.
    """
    rate, uneven = manner["rate"] * style["speech_rate"], style.get("rhythm", 1.0)
    at = rng.uniform(0.1, 0.35)
    rows, phrases, breaths = [], [], [(at, at)]
    while at < duration - 0.25:
        phrases.append(at)
        rows += _phrase(at, manner, rate, uneven, rng)
        end = rows[-1][0] + rows[-1][1]
        pause = rng.uniform(*manner["pause"])
        at = end + pause
        if pause > _LEAST_BREATH:
            breaths.append((at, min(0.75 * pause, 0.45)))
    rows = [row for row in rows if row[0] + row[1] < duration + 0.1]
    starts, lengths, stresses, repeated, empty = np.array(rows).reshape(-1, 5).T
    ends, sizes = np.array(breaths).T
    return Syllables(
        *(starts, lengths, stresses, repeated > 0, empty > 0), np.array(phrases), (ends, sizes)
    )


def _phrase(at: float, manner: dict, rate: float, uneven: float, rng) -> list[tuple]:
    """Rows of start, length, stress, repeated, empty."""
    count = int(rng.integers(manner["phrase"][0], manner["phrase"][1] + 1))
    first, stresses = _stresses(count, manner, rng)
    scatter = _UNEVEN * uneven * (1.0 - manner.get("even", 0.0))
    spans = np.exp(rng.normal(scale=scatter, size=count)) / rate
    spans *= 1 + 0.22 * manner.get("contrast", 1.0) * np.clip(stresses - 1.0, -0.8, 0.8)
    spans[-1] *= manner.get("final", 1.35)
    rows = []
    if rng.random() < manner.get("fillers", 0.0):
        at = _filler(rows, at, rng)
    stumbles = rng.random(count) < manner.get("repeats", 0.0)
    hangs = rng.random(count) < 0.4 * manner.get("fillers", 0.0)
    for i in range(count):
        if first[i] and i and hangs[i]:
            at = _filler(rows, at + rng.uniform(0.1, 0.3), rng)
        if first[i] and stumbles[i]:
            at = _false_starts(rows, at, rng)
        rows.append((at, spans[i], stresses[i], 0, 0))
        at += spans[i]
    return rows


def _filler(rows: list, at: float, rng) -> float:
    """A drawn-out "uh" and the silence after it; when that is over."""
    length = rng.uniform(0.35, 0.65)
    rows.append((at, length, 1.1, 0, 1))
    return at + length + rng.uniform(0.15, 0.45)


def _false_starts(rows: list, at: float, rng) -> float:
    """Two to four quick tries at the next syllable; when they are over."""
    length = rng.uniform(0.14, 0.18)
    for _ in range(int(rng.integers(2, 5))):
        rows.append((at, 0.8 * length, rng.uniform(0.7, 1.0), 1, 0))
        at += length
    return at


def _stresses(count: int, manner: dict, rng) -> tuple[np.ndarray, np.ndarray]:
    """Which syllables begin a word, and the stress of each, around 1: (syllables,) both.

    A ``meter`` stresses every so-manieth syllable instead.
    """
    sizes = rng.choice(3, size=count, p=_WORD_SIZES) + 1
    begins = np.cumsum(sizes) - sizes
    begins = begins[begins < count]
    first = np.zeros(count, dtype=bool)
    first[begins] = True
    strong = np.zeros(count, dtype=bool)
    strong[begins[rng.random(len(begins)) < _MEANING]] = True
    if "meter" in manner:
        strong = np.arange(count) % manner["meter"] == 0
    contrast = manner.get("contrast", 1.0)
    level = np.where(strong, 1 + 0.5 * contrast, 1 - 0.45 * contrast)
    level *= np.exp(rng.normal(scale=0.28 * min(contrast, 1.0) + 0.03, size=count))
    return first, level * (1.08 - 0.25 * min(contrast, 1.0) * np.arange(count) / count)
