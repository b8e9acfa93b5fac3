"""A corpus to the Hub: whether it is whole, and the upload.

    tdmm corpus push corpus user/performed-face-motion

The same as ``tdmm push dataset``, see ``tdmm_hf.publishing``.
"""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from .card import CARD_FILE, SIZE_CATEGORIES
from .schema import check_version

FILES = [CARD_FILE, "*.json", "data/*.parquet"]
SHARD_NAME = re.compile(r"data/(?P<split>\w+)-(?P<index>\d{5})-of-(?P<total>\d{5})\.parquet")


def push(directory: str | Path, repo: str, private: bool = False) -> str:
    """Check a corpus folder and upload it; the repo is made where there is none.

    Shards that an earlier corpus left in the repo are deleted: the card's patterns would find them.

    Args:
        directory: of a finished corpus.
        repo: "user/name".
        private: whether a new repo is private.

    Returns:
        The dataset's address.

    Raises:
        ValueError: the folder is no finished corpus, there is no token of the Hub, or the repo
            holds something else.
        OSError: the Hub refuses, or the connection is lost; call again to go on.
    """
    from .. import publishing

    check_corpus(directory)
    publishing.check_token()
    with publishing.new_folder(None) as folder:
        prepared = publishing.prepare_dataset(directory, folder, repo)
        return publishing.upload(publishing.make_plan(prepared, repo, private))


def check_corpus(directory: str | Path) -> None:
    """Whether a folder is a whole corpus with a card that tells what it holds.

    Raises:
        ValueError: naming what is wrong.
    """
    directory = Path(directory)
    if not (directory / CARD_FILE).is_file():
        raise ValueError(f"a corpus must have a {CARD_FILE}, none in {directory}: is it finished?")
    info = _card_info(directory)
    rows = dict.fromkeys((split["name"] for split in info["splits"]), 0)
    totals: dict[str, set[int]] = {split: set() for split in rows}
    for path in sorted(directory.glob("data/*.parquet")):
        found = SHARD_NAME.fullmatch(path.relative_to(directory).as_posix())
        if not found or found["split"] not in rows:
            raise ValueError(f"a corpus must hold shards of {', '.join(rows)} only, got {path}")
        rows[found["split"]] += _row_count(path)
        check_version(path)
        totals[found["split"]].add(int(found["total"]))
    for split in info["splits"]:
        if len(totals[split["name"]]) != 1 or rows[split["name"]] != split["num_examples"]:
            raise ValueError(
                f"{split['name']} must have the {split['num_examples']} rows that the card tells, "
                f"got {rows[split['name']]} in {directory}"
            )


def _row_count(path: Path) -> int:
    try:
        return pq.read_metadata(path).num_rows
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path}: not a parquet file ({error})") from error


def _card_info(directory: Path) -> dict:
    """The card's ``dataset_info``; ``ValueError`` where the header is not sound."""
    from huggingface_hub import DatasetCard

    data = DatasetCard.load(directory / CARD_FILE).data.to_dict()
    for name in ("license", "configs", "dataset_info", "size_categories"):
        if not data.get(name):
            raise ValueError(f"a card must tell {name}, none in {directory / CARD_FILE}")
    if data["size_categories"] not in [name for _, name in SIZE_CATEGORIES]:
        raise ValueError(f"unknown size_categories in a card: {data['size_categories']!r}")
    return data["dataset_info"]
