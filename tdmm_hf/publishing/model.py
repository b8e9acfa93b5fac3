"""A checkpoint as a model of the Hub: weights, the code that runs them, and a card.

>>> from tdmm_hf.publishing.model import prepare_model
>>> prepare_model("runs/tdmm-lm-tiny", "prepared", repo="user/face-motion")    # doctest: +SKIP
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from .cards import check_card, mark
from .folder import CARD_FILE, Prepared, empty_folder, take
from .kinds import MODEL
from .model_card import NOTHING_TOLD, ModelAbout, write_model_card
from .trial import run_trial

# All that a checkpoint needs; optimizers, logs and pickles stay where they are.
TAKEN = (
    "config.json", "generation_config.json", "*.safetensors", "*.safetensors.index.json", "*.py",
    "*processor_config.json", "tokenizer*", "chat_template.jinja", "special_tokens_map.json",
    "added_tokens.json", "vocab.*", "merges.txt", "LICENSE*", "NOTICE*",
)  # fmt: skip
WEIGHTS = ("model.safetensors", "model.safetensors.index.json")


def prepare_model(
    checkpoint: str | Path,
    folder: Path,
    repo: str | None = None,
    about: ModelAbout = NOTHING_TOLD,
    results: Sequence[str | Path] = (),
    keep_card: bool = False,
) -> Prepared:
    """Put the folder of a model together and check it.

    Args:
        checkpoint: folder of a language model, a motion tokenizer or an evaluator; not changed.
        folder: empty.
        repo: "user/name", for the card.
        about: what the checkpoint does not say of itself.
        results: JSON files of ``tdmm evaluate`` or of benchmarks of this checkpoint.
        keep_card: take the checkpoint's own README.md.

    Raises:
        ValueError: the folder is no checkpoint that carries its code, a file of results is of
            another model, the card would not be read, or the auto classes do not load it.
    """
    checkpoint, folder = Path(checkpoint), empty_folder(folder)
    check_checkpoint(checkpoint)
    files = {path for pattern in TAKEN for path in checkpoint.glob(pattern) if path.is_file()}
    take(sorted(files), checkpoint, folder)
    loaded = _load(folder)
    if keep_card:
        take([checkpoint / CARD_FILE], checkpoint, folder)
        mark(folder / CARD_FILE, MODEL)
    else:
        write_model_card(folder, repo, about, results, checkpoint, loaded["parameters"])
    card = check_card(folder / CARD_FILE, MODEL)
    checks = (
        f"AutoModel with remote code, without this package: {loaded['class']}, "
        f"{loaded['parameters'] / 1e6:.1f} M parameters, all finite",
        f"card: header, {len(card.data.eval_results or [])} results in its model-index",
    )
    if "processor" in loaded:
        checks = (*checks, f"AutoProcessor with remote code: {loaded['processor']}")
    return Prepared(MODEL, folder, checks)


def check_checkpoint(folder: Path) -> None:
    """Whether a folder holds a checkpoint with its code.

    Raises:
        ValueError: naming what is missing.
    """
    if not (folder / "config.json").is_file():
        raise ValueError(f"a model must be a folder with a config.json, none in {folder}")
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{folder / 'config.json'}: not JSON ({error})") from error
    named = config.get("auto_map", {})
    if "AutoModel" not in named:
        raise ValueError(f"config.json must name an AutoModel in auto_map, none in {folder}")
    files = {f"{str(reference).split('.')[0]}.py" for reference in named.values()}
    if lost := sorted(name for name in files if not (folder / name).is_file()):
        raise ValueError(f"a checkpoint must carry its code, none of {', '.join(lost)} in {folder}")
    _check_weights(folder)


def _check_weights(folder: Path) -> None:
    single, index = (folder / name for name in WEIGHTS)
    if index.is_file():
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        if lost := sorted(name for name in names if not (folder / name).is_file()):
            raise ValueError(f"weights are missing, none of {', '.join(lost)} in {folder}")
    elif not single.is_file():
        raise ValueError(f"a checkpoint must have its weights as safetensors, none in {folder}")


def _load(folder: Path) -> dict:
    try:
        return run_trial("model.py", folder)
    except ValueError as error:
        raise ValueError(f"AutoModel does not load the folder: {error}") from error
