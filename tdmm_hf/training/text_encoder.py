"""Word knowledge for the embedded model: its text tokenizer and its frozen prompt encoder.

    tokenizer = build_text_tokenizer(vocabulary_size=10000)
    encoder = build_prompt_encoder(tokenizer)
    ids = prompt_ids(tokenizer, "She beams at the camera.")
    features = encoder(input_ids=ids[None]).last_hidden_state  # (1, tokens + 2, 384)

What a word means is read off its dictionary entry: MiniLM's sentence vectors of WordNet's glosses,
retrofitted to WordNet's synonyms, tell rare words of feeling apart far better than MiniLM's own
reading of the words.
WordNet 3.0 is copyright 2006 by Princeton University.
"""

from __future__ import annotations

import csv
import string
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from .minilm import (
    SPECIAL_TOKENS,
    embed_texts,
    load_minilm,
    original_tokenizer,
    original_vocabulary,
    piece_rows,
)

WORDS_FILE = Path(__file__).parent / "data" / "words.csv"
EOS_TOKEN = "<eos>"
MAX_POSITIONS = 160
WIDTH = 384  # of the prompt encoder's outputs
SUFFIX_PIECES = 600  # most frequent ## pieces, for words outside the list
COMMON_WORDS = 4000  # of English as MiniLM's vocabulary has it, most frequent first
_RETROFIT_ROUNDS = 2
_RETROFIT_SHARE = 0.7  # of the neighbours' mean
_SPELLING_WIDTH = 128  # share of WIDTH that MiniLM's own word vectors get
_CHARACTERS = string.ascii_lowercase + string.digits
_PUNCTUATION = string.punctuation + "–—‘’“”…"


@cache
def listed_words() -> dict[str, dict[str, str]]:
    """The word list in order of priority: word to its row (``word``, ``gloss``, ``related``)."""
    with WORDS_FILE.open(newline="", encoding="utf-8") as file:
        return {row["word"]: row for row in csv.DictReader(file)}


def build_text_tokenizer(
    vocabulary_size: int = 10000, extra_words: Iterable[str] = ()
) -> PreTrainedTokenizerFast:
    """MiniLM's uncased WordPiece tokenizer with a vocabulary of its own.

    Special tokens, characters, punctuation and frequent endings stay; then come ``extra_words``
    (words or whole texts), common words and the word list, each word one piece, until
    ``vocabulary_size``.
    Other words are cut into pieces. ``<eos>`` is an added token behind the pieces, so
    ``len(tokenizer)`` is ``vocabulary_size + 1``. The tokenizer adds no [CLS] or [SEP].
    """
    pieces = _choose_pieces(vocabulary_size, extra_words)
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(
        models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100)
    )
    tokenizer.normalizer = original_tokenizer().normalizer
    tokenizer.pre_tokenizer = original_tokenizer().pre_tokenizer
    tokenizer.decoder = _decoder()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        padding_side="left",
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        eos_token=EOS_TOKEN,
        clean_up_tokenization_spaces=False,
    )


def _choose_pieces(size: int, extra_words: Iterable[str]) -> list[str]:
    """Special tokens, signs and endings, then words, by priority."""
    known = original_vocabulary()
    signs = [*_CHARACTERS, *(f"##{c}" for c in _CHARACTERS), *_PUNCTUATION]
    endings = [p for p in known if p.startswith("##") and p.isascii() and p[2:].isalpha()]
    needed = [*SPECIAL_TOKENS, *sorted(set(signs) & set(known)), *endings[:SUFFIX_PIECES]]
    needed = dict.fromkeys([*needed, *_split(extra_words)])
    if len(needed) > size:
        raise ValueError(f"vocabulary_size must be at least {len(needed)}, got {size}")
    common = [p for p in known if p.isascii() and p.isalpha() and len(p) > 1][:COMMON_WORDS]
    pieces = list(dict.fromkeys([*needed, *common, *listed_words()]))[:size]
    if len(pieces) < size:
        raise ValueError(f"vocabulary_size must be at most {len(pieces)}, got {size}")
    return pieces


def _split(texts: Iterable[str]) -> list[str]:
    """The words of texts as the tokenizer would see them before cutting pieces."""
    original = original_tokenizer()
    normal = [original.normalizer.normalize_str(text) for text in texts]
    return [word for text in normal for word, _ in original.pre_tokenizer.pre_tokenize_str(text)]


def _decoder() -> decoders.Decoder:
    """Joins ## pieces and sets punctuation, hyphens, apostrophes and decimals as written."""
    return decoders.Sequence(
        [
            decoders.WordPiece(prefix="##", cleanup=True),
            decoders.Fuse(),
            decoders.Replace(Regex(r"(?<=\w) - (?=\w)"), "-"),
            decoders.Replace(Regex(r"(?<=\w) ['’] (?=(s|t|re|ve|ll|d|m)\b)"), "'"),
            decoders.Replace(Regex(r"(?<=\d)\. (?=\d)"), "."),
            decoders.Replace(Regex(r" (?=[;:%)])"), ""),
            decoders.Replace(Regex(r"(?<=\() "), ""),
        ]
    )


def prompt_ids(tokenizer: PreTrainedTokenizerFast, text: str) -> torch.Tensor:
    """[CLS] text [SEP] as ids, (tokens + 2,): what the prompt encoder reads."""
    ids = tokenizer(text, add_special_tokens=False).input_ids
    return torch.tensor([tokenizer.cls_token_id, *ids, tokenizer.sep_token_id])


def build_prompt_encoder(
    tokenizer: PreTrainedTokenizerFast, num_layers: int = 0, max_positions: int = MAX_POSITIONS
) -> BertModel:
    """The frozen prompt encoder of a tokenizer's pieces; outputs are (batch, tokens, 384).

    Args:
        tokenizer: of ``build_text_tokenizer``; its added tokens have no row.
        num_layers: 0 for the table of word meanings, a BERT without layers; 1 to 6 for MiniLM's
            lowest layers, whose outputs are MiniLM's own where all words are MiniLM's pieces.
        max_positions: longest text in tokens, [CLS] and [SEP] included.
    """
    if not 0 <= num_layers <= 6:
        raise ValueError(f"num_layers must be 0 to 6, got {num_layers}")
    pieces = _pieces_of(tokenizer)
    encoder = (
        _pruned_minilm(pieces, num_layers, max_positions)
        if num_layers
        else _meaning_table(pieces, max_positions)
    )
    return encoder.requires_grad_(False).eval()


def _pieces_of(tokenizer: PreTrainedTokenizerFast) -> tuple[str, ...]:
    return tuple(tokenizer.convert_ids_to_tokens(range(tokenizer.vocab_size)))


def _pruned_minilm(pieces: tuple[str, ...], num_layers: int, max_positions: int) -> BertModel:
    encoder = load_minilm()
    encoder.encoder.layer = encoder.encoder.layer[:num_layers]
    embeddings = encoder.embeddings
    positions = embeddings.position_embeddings.weight[:max_positions]
    embeddings.word_embeddings = _frozen(_minilm_rows(pieces), padding_idx=0)
    embeddings.position_embeddings = _frozen(positions.clone())
    embeddings.position_ids = embeddings.position_ids[:, :max_positions].clone()
    embeddings.token_type_ids = embeddings.token_type_ids[:, :max_positions].clone()
    encoder.config.num_hidden_layers = num_layers
    encoder.config.vocab_size = len(pieces)
    encoder.config.max_position_embeddings = max_positions
    return encoder


def _frozen(weight: torch.Tensor, padding_idx: int | None = None) -> torch.nn.Embedding:
    return torch.nn.Embedding.from_pretrained(weight, padding_idx=padding_idx)


@cache
def _minilm_rows(pieces: tuple[str, ...]) -> torch.Tensor:
    """MiniLM's input embeddings, (pieces, 384); the mean for a word that it cuts up."""
    weight = load_minilm().embeddings.word_embeddings.weight
    return torch.stack([weight[rows].mean(0) for rows in piece_rows(list(pieces))])


def _meaning_table(pieces: tuple[str, ...], max_positions: int) -> BertModel:
    """A BERT without layers: the word's meaning, layer-normalised, at every position alike."""
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=WIDTH,
        num_hidden_layers=0,
        num_attention_heads=1,
        intermediate_size=WIDTH,
        max_position_embeddings=max_positions,
        type_vocab_size=1,
        pad_token_id=0,
    )
    encoder = BertModel(config, add_pooling_layer=False)
    embeddings = encoder.embeddings
    embeddings.position_embeddings.weight.data.zero_()
    embeddings.token_type_embeddings.weight.data.zero_()
    embeddings.word_embeddings.weight.data.copy_(meaning_vectors(pieces))
    return encoder


@cache
def meaning_vectors(pieces: tuple[str, ...]) -> torch.Tensor:
    """What each piece means, (pieces, 384): its dictionary gloss and MiniLM's word vector.

    A word that is not listed stands for itself in place of a gloss.

    Both are centred and reduced by PCA, the gloss to 256 columns, the word vector to 128; glosses
    are then drawn towards those of related words.
    """
    is_word = torch.tensor([len(piece) > 1 and piece.isalpha() for piece in pieces])
    words = [piece for piece, word in zip(pieces, is_word.tolist(), strict=True) if word]
    meaning = torch.zeros(len(pieces), WIDTH - _SPELLING_WIDTH)
    meaning[is_word] = retrofit(reduce(_gloss_vectors(words), meaning.shape[1]), words)
    spelling = reduce(_minilm_rows(pieces), _SPELLING_WIDTH)
    return torch.cat([_unit_variance(meaning), _unit_variance(spelling)], dim=1)


def _gloss_vectors(words: list[str]) -> torch.Tensor:
    """Sentence vectors of the words' glosses, (words, 384)."""
    glosses = {word: listed_words().get(word, {}).get("gloss") for word in words}
    return embed_texts([f"{word}: {gloss}" if gloss else word for word, gloss in glosses.items()])


def retrofit(vectors: torch.Tensor, words: list[str]) -> torch.Tensor:
    """Vectors (words, columns) drawn towards those of related words.

    Retrofitting to semantic lexicons, Faruqui et al. 2015, https://aclanthology.org/N15-1184.
    """
    edges = _related_pairs(words)  # (edges, 2)
    shape = (len(words), len(words))
    ones = torch.ones(len(edges))
    graph = torch.sparse_coo_tensor(edges.T, ones, shape, check_invariants=True).coalesce()
    degree = graph.sum(1).to_dense()[:, None]
    result = vectors
    for _ in range(_RETROFIT_ROUNDS):
        near = (graph @ result) / degree.clamp(min=1)
        result = vectors.lerp(near, _RETROFIT_SHARE * (degree > 0))
    return result


def _related_pairs(words: list[str]) -> torch.Tensor:
    """Places of words that name each other in the word list, both ways, (edges, 2)."""
    place = {word: i for i, word in enumerate(words)}
    pairs = {
        tuple(sorted((i, place[other])))
        for word, i in place.items()
        for other in listed_words().get(word, {}).get("related", "").split(", ")
        if other != word and other in place
    }
    one_way = torch.tensor(sorted(pairs), dtype=torch.long).reshape(-1, 2)
    return torch.cat([one_way, one_way.flip(1)])


def reduce(vectors: torch.Tensor, width: int) -> torch.Tensor:
    """The first ``width`` principal components of centred rows, (rows, width)."""
    centred = vectors - vectors.mean(0)
    _, basis = torch.linalg.eigh(centred.T @ centred)  # ascending
    return centred @ basis.flip(1)[:, :width]


def _unit_variance(vectors: torch.Tensor) -> torch.Tensor:
    return vectors / vectors.std()


def initial_text_embeddings(
    tokenizer: PreTrainedTokenizerFast, width: int, std: float = 0.02
) -> torch.Tensor:
    """Input embeddings that start out knowing the words, (len(tokenizer), width).

    Principal components of the meaning vectors at standard deviation ``std``; rows of added
    tokens are drawn at random.
    """
    if width > WIDTH:
        raise ValueError(f"width must be at most {WIDTH}, got {width}")
    known = reduce(meaning_vectors(_pieces_of(tokenizer)), width)
    embeddings = torch.randn(len(tokenizer), width)
    embeddings[: len(known)] = _unit_variance(known)
    return embeddings * std
