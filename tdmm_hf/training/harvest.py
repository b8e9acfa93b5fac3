"""Makes the word lists under ``data/`` from WordNet and the MiniLM vocabulary.

    python -m tdmm_hf.training.harvest vocabulary

Run by hand when a list should change; training reads the lists and needs no WordNet.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from .text_encoder import DATA, VOCABULARY_WORDS, original_vocabulary
from .wordnet import open_wordnet

# Frequent English first, then the themes of face performance, then the rest of the dictionary.
FREQUENT_WORDS = 3000
THEMES = (
    "noun.feeling", "verb.emotion", "noun.body", "verb.body", "verb.communication",
    "verb.perception", "verb.motion", "adv.all",
)  # fmt: skip
THEME_GLOSS = re.compile(
    r"\b(feel|emotion|mood|fac(e|ial)|expression|smil|frown|laugh|cry|weep|tear|voice|sound|speak|"
    r"sing|speech|happ|joy|sad|sorrow|grie|ang(er|ry)|rage|fear|afraid|fright|anxi|worr|surpris|"
    r"astonish|shock|disgust|contempt|scorn|confus|bor(ed|ing)|pain|asham|embarrass|guilt|interest|"
    r"curio|determin|tired|fatigue|sleep|calm|tranquil|proud|pride|love|affection|gesture|manner|"
    r"attitude|person|temper|excit|nervous|lip|mouth|eye|brow|cheek|jaw|head|nod|gaze|look)"
)


def vocabulary_words(wordnet) -> list[str]:
    """English words in the order in which their pieces should enter the vocabulary.

    The original vocabulary is roughly in order of frequency; names and fragments, which WordNet
    does not list as common words, are left out.
    """
    words = [w for w in original_vocabulary() if w.isascii() and w.isalpha()]
    frequent = words[:FREQUENT_WORDS]
    common = [w for w in words[FREQUENT_WORDS:] if _common_senses(wordnet, w)]
    themed = [w for w in common if any(_is_theme(s) for s in _common_senses(wordnet, w))]
    return list(dict.fromkeys([*frequent, *themed, *_rare_theme_words(wordnet), *common]))


def _common_senses(wordnet, word: str) -> list:
    """Senses of a word that are not names of one person, place or thing."""
    return [
        sense
        for sense in wordnet.synsets(word)
        if not sense.instance_hypernyms() and any(n[0].islower() for n in sense.lemma_names())
    ]


def _is_theme(sense) -> bool:
    adjective = sense.pos() in "as"
    return sense.lexname() in THEMES or (adjective and bool(THEME_GLOSS.search(sense.definition())))


def _rare_theme_words(wordnet) -> list[str]:
    """Words of feeling that the original vocabulary writes in several pieces."""
    return sorted(
        {
            name
            for sense in wordnet.all_synsets()
            if sense.lexname() in ("noun.feeling", "verb.emotion")
            for name in sense.lemma_names()
            if name.isascii() and name.isalpha() and name.islower()
        }
    )


def write_words(path: Path, words: list[str]) -> None:
    path.write_text("\n".join(words) + "\n")


def main(arguments: list[str]) -> int:
    if arguments == ["vocabulary"]:
        write_words(DATA / VOCABULARY_WORDS, vocabulary_words(open_wordnet()))
        return 0
    raise ValueError(f"choose from vocabulary, got {' '.join(arguments) or 'nothing'}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
