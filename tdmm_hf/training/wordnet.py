"""WordNet 3.0 as Debian's ``wordnet-base`` installs it, read through NLTK.

    reader = open_wordnet()
    reader.synsets("smirk", pos="v")

Needed only to remake the word lists under ``data/``; training reads those lists.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from ..import_utils import require_package

WORDNET_VARIABLE = "TDMM_WORDNET"
WORDNET_FOLDER = "/usr/share/wordnet"
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
