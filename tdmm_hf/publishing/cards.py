"""Whether a card's header is one that the Hub takes, as far as that can be known without it.

    >>> check_card("README.md", MODEL)    # doctest: +SKIP

What is held against it: huggingface_hub's card classes, which read the header by the Hub server's
own pattern and turn its model-index into results and back; the metadata that the Hub verifies
(licence, datasets, model-index), by the rules that its documentation gives. The Hub looks at the
header once more when a push begins, before any file is sent.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from .kinds import TAG, Kind

LICENSE = re.compile(r"[a-z0-9][a-z0-9.+-]*")
LANGUAGE = re.compile(r"[a-z]{2,3}|code|multilingual")


def load_card(path: str | Path, kind: Kind):
    """The card of a kind; ``ValueError`` where its header cannot be read."""
    import yaml
    from huggingface_hub import DatasetCard, ModelCard, SpaceCard
    from huggingface_hub.repocard import REGEX_YAML_BLOCK

    path = Path(path)
    if not path.is_file():
        raise ValueError(f"a {kind.name} needs a card, none at {path}")
    if not REGEX_YAML_BLOCK.search(path.read_text(encoding="utf-8-sig")):
        raise ValueError(f"a card must begin with a header between lines of ---, none in {path}")
    classes = {"model": ModelCard, "dataset": DatasetCard, "space": SpaceCard}
    try:
        return classes[kind.repo_type].load(path)
    except (ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: the card's header cannot be read ({error})") from error


def mark(path: str | Path, kind: Kind) -> None:
    """Let a card say which package prepared it, if it does not yet."""
    card = load_card(path, kind)
    tags = card.data.get("tags") or []
    if TAG not in tags:
        card.data["tags"] = [*tags, TAG]
        card.save(path)


def name_repo(path: str | Path, placeholder: str, repo: str) -> None:
    """Let the examples of a card name the repo instead of a placeholder."""
    path = Path(path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(f'"{placeholder}"', f'"{repo}"'), encoding="utf-8")


def check_card(path: str | Path, kind: Kind):
    """The card, if its header is sound.

    Raises:
        ValueError: naming what is wrong.
    """
    from huggingface_hub import metadata_load

    card = load_card(path, kind)
    header = card.data.to_dict()
    written = metadata_load(path) or {}  # the classes mend some of what they read
    _check_license(written)
    _check_lists(written)
    if "model-index" in header:
        _check_model_index(header["model-index"])
    again = type(card)(str(card)).data.to_dict()
    if again != header:
        changed = sorted(k for k in {*again, *header} if again.get(k) != header.get(k))
        raise ValueError(f"a card's header must come back as it was, {changed} of {path} do not")
    return card


def _check_license(header: dict) -> None:
    license = header.get("license")
    if not license:
        raise ValueError("a card must tell license, got none")
    for one in license if isinstance(license, list) else [license]:
        if not isinstance(one, str) or not LICENSE.fullmatch(one):
            raise ValueError(f"license must be an identifier such as apache-2.0, got {one!r}")
    if license == "other" and not header.get("license_name"):
        raise ValueError("license other needs a license_name, got none")


def _check_lists(header: dict) -> None:
    from huggingface_hub.utils import validate_repo_id

    for name in ("tags", "datasets", "base_model", "language", "metrics", "task_categories"):
        values = header.get(name, [])
        values = [values] if isinstance(values, str) else values
        if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
            raise ValueError(f"{name} must be a list of words, got {values!r}")
        if name in ("datasets", "base_model"):
            for one in values:
                validate_repo_id(one)
        if name == "language":
            for one in values:
                if not LANGUAGE.fullmatch(one):
                    raise ValueError(f"language must be an ISO 639 code such as en, got {one!r}")


def _check_model_index(index: list[dict]) -> None:
    from huggingface_hub.repocard_data import (
        eval_results_to_model_index,
        model_index_to_eval_results,
    )

    name, results = model_index_to_eval_results(index)
    _, again = model_index_to_eval_results(eval_results_to_model_index(name, results))
    if sorted(map(repr, again)) != sorted(map(repr, results)):
        raise ValueError("model-index must come back as it was, its results do not")
    for result in results:
        required = ("task_type", "dataset_type", "dataset_name", "metric_type")
        if missing := [field for field in required if not getattr(result, field)]:
            raise ValueError(f"a result of model-index needs {', '.join(missing)}")
        value = result.metric_value
        if not isinstance(value, str) and not (
            isinstance(value, (int, float)) and math.isfinite(value)
        ):
            raise ValueError(f"{result.metric_type} must be a finite number, got {value!r}")
