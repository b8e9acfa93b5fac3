"""WordNet 3.0 as Debian's ``wordnet-base`` installs it, read through NLTK.

    reader = open_wordnet()
    reader.synsets("smirk", pos="v")

Needed only to remake the word lists under ``data/``; training reads those lists.
"""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path

from ..import_utils import require_package

WORDNET_VARIABLE = "TDMM_WORDNET"
WORDNET_FOLDER = "/usr/share/wordnet"
# Senses of feeling, face and voice come before more frequent ones: "blue" is sad, then a colour.
THEME_FILES = ("noun.feeling", "verb.emotion")
THEME_GLOSS = re.compile(
    r"\b(feel|emotion|mood|smil|frown|laugh|cry|weep|tears|happ|joy|sad|sorrow|grie|ang(er|ry)|"
    r"rage|fear|afraid|fright|anxi|worr|surpris|astonish|shock|disgust|contempt|scorn|confus|"
    r"bor(ed|ing)|pain|asham|embarrass|guilt|interest|curio|determin|tired|fatigue|sleep|calm|"
    r"proud|pride|love|affection|temper|excit|nervous|lips|mouth|facial|face|grimace|gaze|stare|"
    r"eyes?|eyebrow|voice|speak|speech|utter|sing)"
)
_THEME_WEIGHT = 8
_POS_WEIGHTS = {"a": 1.0, "r": 1.0, "v": 0.7, "n": 0.7}
_LEXNAMES = Path(__file__).parent / "data" / "lexnames.txt"


def open_wordnet(folder: str | Path | None = None):
    """An NLTK ``WordNetCorpusReader`` on a dictionary folder.

    Args:
        folder: the folder with ``data.noun`` and its siblings; by default that of the environment
            variable ``TDMM_WORDNET``, then Debian's.

    Raises:
        ValueError: when the folder holds no WordNet.
    """
    nltk_data = require_package("nltk.data", "train")
    from nltk.corpus.reader.wordnet import WordNetCorpusReader

    class Reader(WordNetCorpusReader):
        def open(self, file):
            # Debian's package leaves out the list of lexicographer files.
            return _LEXNAMES.open() if file == "lexnames" else super().open(file)

        def map_wn(self, version="wordnet"):
            return None  # needs a second WordNet and serves other languages only

    folder = Path(folder or os.environ.get(WORDNET_VARIABLE, WORDNET_FOLDER))
    if not (folder / "data.noun").is_file():
        raise ValueError(f"WordNet folder must hold data.noun, got {folder}")
    nltk_data.path.append(str(folder))  # NLTK reads only below its data path
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no multilingual data: not used
        return Reader(str(folder), None)


def is_theme(sense) -> bool:
    """Whether a sense is about feeling, face or voice."""
    return sense.lexname() in THEME_FILES or bool(THEME_GLOSS.search(sense.definition()))


def common_senses(wordnet, word: str) -> list:
    """Senses of a word or an inflected form, likeliest in a prompt first; no names."""
    weighted = [
        (_sense_weight(sense, word, rank, pos), sense)
        for pos in _POS_WEIGHTS
        for rank, sense in enumerate(wordnet.synsets(word.replace(" ", "_"), pos))
        if not sense.instance_hypernyms() and any(n[0].islower() for n in sense.lemma_names())
    ]
    return [sense for _, sense in sorted(weighted, key=lambda pair: -pair[0])]


def _sense_weight(sense, word: str, rank: int, pos: str) -> float:
    count = max((m.count() for m in sense.lemmas() if m.name().lower() == word), default=0)
    return (1 + count) / (1 + rank) * (_THEME_WEIGHT if is_theme(sense) else 1) * _POS_WEIGHTS[pos]


def related_words(senses: list) -> list[str]:
    """Synonyms, similar adjectives and a few derived words of some senses."""
    names = [
        name
        for sense in senses
        for near in [sense, *sense.similar_tos(), *_derived(sense)[:3]]
        for name in near.lemma_names()
    ]
    return [name.replace("_", " ") for name in dict.fromkeys(names)]


def _derived(sense) -> list:
    return [
        form.synset()
        for lemma in sense.lemmas()
        for form in lemma.derivationally_related_forms() + lemma.pertainyms()
    ]
