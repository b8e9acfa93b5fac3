"""The card of a model: a template filled from what the checkpoint holds and what was measured.

    >>> from tdmm_hf.publishing.model_card import write_model_card
    >>> write_model_card("runs/tdmm-lm-tiny", "user/face-motion")    # doctest: +SKIP

Templates are in ``model_cards/``: ``base.md.jinja`` has what is told of any model, a template for
each type of model what is told of that one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from ..files import replacing
from .folder import CARD_FILE
from .kinds import TAG
from .results import INTERVAL, MODEL_CARDS, read_results

PLACE = "PATH"  # where a card's example loads from, until the model has a place on the Hub
PAPER = "2603.16936"
TEMPLATES = {
    "tdmm": "language_model.md.jinja",
    "tdmm_motion_tokenizer": "motion_tokenizer.md.jinja",
    "tdmm_evaluator": "evaluator.md.jinja",
}
PIPELINE_TAGS = {"tdmm": "text-to-3d"}


@dataclass(frozen=True)
class ModelAbout:
    """What a checkpoint does not say of itself.

    Args:
        title: the card's title; the repo's name by default.
        license: a key of the Hub's list of licences.
        license_note: more on the licence, in Markdown.
        datasets: "user/name" of the datasets that it learned from.
        base_model: "user/name" of the language model that it began with.
        training: what it learned from and how, in Markdown.
        limits: more limits than its kind has, in Markdown.
        tags: more tags.
    """

    title: str | None = None
    license: str = "apache-2.0"
    license_note: str = ""
    datasets: Sequence[str] = ()
    base_model: str | None = None
    training: str = ""
    limits: str = ""
    tags: Sequence[str] = ()


NOTHING_TOLD = ModelAbout()


def write_model_card(
    folder: str | Path,
    repo: str | None = None,
    about: ModelAbout = NOTHING_TOLD,
    results: Sequence[str | Path] = (),
    checkpoint: str | Path | None = None,
    parameters: int | None = None,
) -> Path:
    """Write ``README.md`` of a checkpoint, whole or not at all; returns its path.

    Args:
        folder: of the checkpoint.
        repo: "user/name", where the examples load from.
        about: what the checkpoint does not say.
        results: JSON files of ``tdmm evaluate`` or of benchmarks.
        checkpoint: the folder that was measured, where ``folder`` is a copy of it.
        parameters: of the model; all values in the files of weights by default.

    Raises:
        ValueError: a type of model without a template, or results of another model.
    """
    from huggingface_hub import ModelCard

    folder = Path(folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    kind = config.get("model_type")
    if kind not in TEMPLATES:
        raise ValueError(f"there are cards for {', '.join(TEMPLATES)}, got model_type {kind!r}")
    checkpoint = Path(checkpoint or folder).resolve()
    figures, machines = read_results(results, checkpoint)
    name = repo.split("/")[-1] if repo else checkpoint.name
    content = (
        _environment()
        .get_template(TEMPLATES[kind])
        .render(
            card_data=_metadata(kind, name, about, figures).to_yaml(),
            about=about,
            title=about.title or name,
            place=repo or PLACE,
            paper=PAPER,
            config=config,
            motion=config.get("motion_config") or config,
            facts=_facts(folder, config, parameters),
            results=figures,
            intervals=any(INTERVAL in (figure.metric_args or {}) for figure in figures),
            machines=machines,
        )
    )
    with replacing(folder / CARD_FILE) as beside:
        ModelCard(content).save(beside)
    return folder / CARD_FILE


def _environment():
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["figure"] = _figure
    return environment


def _template(name: str) -> str | None:
    file = resources.files(MODEL_CARDS).joinpath(name)
    return file.read_text(encoding="utf-8") if file.is_file() else None


def _metadata(kind: str, name: str, about: ModelAbout, figures: list):
    from huggingface_hub import ModelCardData

    tags = ["face-motion", "blendshapes", "custom_code", *about.tags, TAG]
    return ModelCardData(
        license=about.license,
        language="en",
        library_name="transformers",
        pipeline_tag=PIPELINE_TAGS.get(kind),
        base_model=about.base_model,
        datasets=list(about.datasets) or None,
        tags=tags,
        model_name=name if figures else None,
        eval_results=figures or None,
    )


def _facts(folder: Path, config: dict, parameters: int | None) -> dict:
    """Sizes, and what the codes of motion carry, as far as the type of model has them."""
    weights = sorted(folder.glob("*.safetensors"))
    facts = {
        "parameters": parameters or sum(_values(path) for path in weights),
        "bytes": sum(path.stat().st_size for path in weights),
    }
    motion = config.get("motion_config") or config
    if "codebook_size" in motion:
        streams = motion.get("streams") or [motion]
        books = sum(stream["num_codebooks"] for stream in streams)
        steps = motion["fps"] / motion["downsample"]
        facts |= {
            "codebooks": books,
            "tokens_per_second": steps * books,
            "bits_per_second": steps * books * math.log2(motion["codebook_size"]),
        }
    return facts


def _values(path: Path) -> int:
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as tensors:
        shapes = [tensors.get_slice(name).get_shape() for name in tensors.keys()]  # noqa: SIM118
    return sum(map(math.prod, shapes))


def _figure(result) -> str:
    """A result's value as a card's table has it."""
    beside = dict(result.metric_args or {})
    interval = beside.pop(INTERVAL, None)
    value = f"{result.metric_value:g}" + (f" ± {interval:g}" if interval is not None else "")
    baselines = ", ".join(f"{name} {one:g}" for name, one in beside.items())
    return f"{value} ({baselines})" if baselines else value
