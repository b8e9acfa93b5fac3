"""Makes ``data/words.csv`` from WordNet, MiniLM and the prompt tables.

    python -m tdmm_hf.training.harvest

Run by hand when the prompt tables change; training reads the list and needs no WordNet.
"""

from __future__ import annotations

import csv
import logging
import re
from collections.abc import Iterable

import torch

from ..prompts.grammar import participle, third_person
from ..prompts.vocabulary import Words, load_vocabulary
from .emotion_words import load_emotion_words
from .minilm import embed_texts, original_vocabulary
from .text_encoder import WORDS_FILE
from .wordnet import common_senses, is_theme, open_wordnet, related_words

logger = logging.getLogger(__name__)

LISTED_WORDS = 12000
FREQUENT_WORDS = 3000
FUNCTION_WORDS = 500  # the most frequent, kept although the dictionary leaves many out
NEAREST = 5  # table texts that a word's relevance is the mean similarity to
GLOSS_SENSES = 2
MAX_RELATED = 10
MAX_GLOSS = 120  # characters
_FREQUENT_BONUS = 0.05  # of cosine, for words that are common enough to be one MiniLM piece
_WORD = re.compile(r"[a-z]+")
_QUOTED = re.compile(r";? *;? - .*|(; )+(?=;|$)|\([^)]*\) ?")
_UNFIT = re.compile(r"\b(offensive|obscene|vulgar|slurs?|sexual|copulat|derogat|disparag|genital)")


def prompt_words() -> list[str]:
    """Every word of the prompt tables and of the emotion word list."""
    texts = [*table_texts(), *(entry.word for entry in load_emotion_words())]
    return list(dict.fromkeys(w for text in texts for w in _WORD.findall(text.lower())))


def table_texts() -> list[str]:
    """Every wording in the prompt tables."""
    vocabulary = load_vocabulary()
    return [
        text
        for table in (vars(vocabulary)[name] for name in vars(vocabulary))
        for text in _texts(table)
    ]


def _texts(node) -> Iterable[str]:
    """The strings in nested tables."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _texts([str(key), value])
    elif isinstance(node, Words):
        yield from node.all
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _texts(value)
    elif hasattr(node, "__dataclass_fields__"):
        yield from _texts(list(vars(node).values()))


def candidate_words(wordnet) -> list[str]:
    """Dictionary words that MiniLM has as one piece, and rarer ones about feeling, face, voice."""
    common = [w for w in original_vocabulary() if w.isascii() and w.isalpha()]
    rare = [
        form
        for sense in wordnet.all_synsets()
        if is_theme(sense) or _comes_from_theme(sense)
        for name in sense.lemma_names()
        if name.isascii() and name.isalpha() and name.islower()
        for form in _forms(name, sense.pos())
    ]
    return [w for w in dict.fromkeys([*common, *rare]) if common_senses(wordnet, w)]


def _comes_from_theme(sense) -> bool:
    """Adverbs such as "gleefully", whose own gloss says little."""
    return any(is_theme(p.synset()) for lemma in sense.lemmas() for p in lemma.pertainyms())


def _forms(word: str, pos: str) -> list[str]:
    if pos != "v":
        return [word]
    past = word + "d" if word.endswith("e") else word + "ed"
    return [word, third_person(word), participle(word), past]


def word_entry(wordnet, word: str) -> dict[str, str]:
    """A row of the list: the word, its likeliest glosses, and related words."""
    senses = common_senses(wordnet, word)[:GLOSS_SENSES]
    glosses = [_QUOTED.sub("", sense.definition()).strip("; ") for sense in senses]
    return {
        "word": word,
        "gloss": "; ".join(filter(None, glosses))[:MAX_GLOSS],
        "related": ", ".join(related_words(senses)[:MAX_RELATED]),
    }


def word_list(wordnet) -> list[dict[str, str]]:
    """The words of prompts, then frequent English, then the rest, most relevant first."""
    english = [w for w in original_vocabulary() if w.isascii() and w.isalpha()]
    frequent = english[FUNCTION_WORDS:FREQUENT_WORDS]
    frequent = [w for w in frequent if common_senses(wordnet, w)]
    first = list(dict.fromkeys([*prompt_words(), *english[:FUNCTION_WORDS], *frequent]))
    rest = [w for w in candidate_words(wordnet) if w not in set(first)]
    logger.info("%d words to begin with, %d candidates", len(first), len(rest))
    entries = [e for e in (word_entry(wordnet, w) for w in rest) if not _UNFIT.search(e["gloss"])]
    order = _relevance(entries).argsort(descending=True)
    chosen = [entries[i] for i in order[: LISTED_WORDS - len(first)]]
    return [*(word_entry(wordnet, word) for word in first), *chosen]


def _relevance(entries: list[dict[str, str]]) -> torch.Tensor:
    """How near each word's gloss is to what prompts say, (entries,)."""
    anchors = embed_texts(sorted(set(table_texts())))  # (anchors, 384)
    glosses = embed_texts([f"{e['word']}: {e['gloss']}" for e in entries])  # (entries, 384)
    known = set(original_vocabulary())
    frequent = torch.tensor([_FREQUENT_BONUS * (e["word"] in known) for e in entries])
    return (glosses @ anchors.T).topk(NEAREST).values.mean(1) + frequent


def main() -> None:
    entries = word_list(open_wordnet())
    with WORDS_FILE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ("word", "gloss", "related"), lineterminator="\n")
        writer.writeheader()
        writer.writerows(entries)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    main()
