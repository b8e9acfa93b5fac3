"""A corpus as a dataset of the Hub.

>>> from tdmm_hf.publishing.dataset import prepare_dataset
>>> prepare_dataset("corpus", "prepared", repo="user/faces").checks    # doctest: +SKIP
"""

from __future__ import annotations

from pathlib import Path

from ..corpus.card import name_repo
from ..corpus.push import FILES, check_corpus
from .cards import check_card, mark
from .folder import CARD_FILE, Prepared, empty_folder, take
from .kinds import DATASET
from .trial import run_trial


def prepare_dataset(corpus: str | Path, folder: Path, repo: str | None = None) -> Prepared:
    """Put the folder of a dataset together and check it.

    Args:
        corpus: folder of a finished corpus; it is not changed.
        folder: empty.
        repo: "user/name", for the card's examples.

    Raises:
        ValueError: the corpus is not whole, its card would not be read, or ``load_dataset`` does
            not open it.
    """
    corpus = Path(corpus)
    if not corpus.is_dir():
        raise ValueError(f"a corpus must be a folder, none at {corpus}")
    check_corpus(corpus)
    folder = empty_folder(folder)
    files = [path for pattern in FILES for path in corpus.glob(pattern)]
    take([path for path in files if not path.name.startswith(".")], corpus, folder)
    card = folder / CARD_FILE
    mark(card, DATASET)
    if repo:
        name_repo(folder, repo)
    info = check_card(card, DATASET).data.to_dict()["dataset_info"]
    found = _load(folder, {split["name"]: split["num_examples"] for split in info["splits"]})
    rows = ", ".join(f"{name} {count}" for name, count in found["rows"].items())
    return Prepared(
        DATASET,
        folder,
        (
            "card: header, splits and rows as the shards have them",
            f"load_dataset without this package: every row read ({rows})",
        ),
    )


def _load(folder: Path, told: dict[str, int]) -> dict:
    try:
        found = run_trial("dataset.py", folder)
    except ValueError as error:
        raise ValueError(f"load_dataset does not open the folder: {error}") from error
    if found["rows"] != told:
        raise ValueError(f"load_dataset must find the rows {told}, got {found['rows']}")
    return found
