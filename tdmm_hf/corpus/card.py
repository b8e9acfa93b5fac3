"""The card of a corpus: YAML that the Hub and ``datasets`` read, and a page for people.

    >>> from tdmm_hf.corpus.card import write_card
    >>> write_card("corpus")    # doctest: +SKIP

Both are filled from what the shards hold. Pages are Jinja templates in ``cards/``:
``base.md.jinja`` has what is told of any corpus and leaves blocks for the rest. A template of one's
own begins with ``{% extends "base.md.jinja" %}``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..files import replacing
from ..parameters import get_space
from ..prompts.vocabulary import load_vocabulary
from .facts import SECONDS_EDGES, SplitFacts, split_facts
from .schema import COLUMNS, SCHEMA_VERSION, row_features
from .shards import read_columns
from .splits import SPLITS

CARDS = Path(__file__).parent / "cards"
CARD_FILE = "README.md"
SIZE_CATEGORIES = (
    (10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
)  # fmt: skip
BAR_WIDTH = 30
PLACE = "PATH"  # where a card's example loads from, until the corpus has a place on the Hub


@dataclass(frozen=True)
class About:
    """What the shards do not say of a corpus.

    Args:
        pretty_name: the card's title.
        license: a key of the Hub's list of licences.
        template: file name in ``cards/``, or a path.
        tags, task_categories: for the Hub's search.
        language: of the captions.
        repo: "user/name" on the Hub, for the card's example.
        more: further variables of the template.
    """

    pretty_name: str = "Performed face motion"
    license: str = "apache-2.0"
    template: str | Path = "performed.md.jinja"
    tags: tuple[str, ...] = (
        "face-motion", "blendshapes", "arkit", "text-to-motion", "motion-captioning", "synthetic",
    )  # fmt: skip
    task_categories: tuple[str, ...] = ("text-to-3d", "other")
    language: str = "en"
    repo: str | None = None
    more: dict = field(default_factory=dict)


def write_card(directory: str | Path, about: About = About()) -> Path:
    """Write ``README.md`` of a corpus folder, whole or not at all; returns its path.

    Raises:
        ValueError: the folder has no shards.
    """
    from huggingface_hub import DatasetCard

    directory = Path(directory)
    facts = [split_facts(directory, split) for split in SPLITS]
    facts = [one for one in facts if one.clips]
    if not facts:
        raise ValueError(f"a corpus must have data/SPLIT-*.parquet, got none in {directory}")
    space = corpus_space(directory)
    content = _page(about).render(
        card_data=_metadata(facts, space, about).to_yaml(),
        **_variables(facts, space, about),
    )
    card = DatasetCard(content)
    with replacing(directory / CARD_FILE) as beside:
        card.save(beside)
    return directory / CARD_FILE


def name_repo(directory: str | Path, repo: str) -> None:
    """Let the example of a card that names no place load from a repo of the Hub."""
    path = Path(directory) / CARD_FILE
    text = path.read_text(encoding="utf-8")
    with replacing(path) as beside:
        beside.write_text(
            text.replace(f'load_dataset("{PLACE}"', f'load_dataset("{repo}"'), encoding="utf-8"
        )


def corpus_space(directory: Path) -> str:
    """The parameter space of a corpus' motions."""
    path = min(Path(directory).glob("data/*.parquet"))
    return read_columns(path, ["space"])["space"][0].as_py()


def _page(about: About):
    import jinja2

    template = Path(about.template)
    folders = [CARDS, template.parent] if template.parent != Path() else [CARDS]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template.name)


def _metadata(facts: list[SplitFacts], space: str, about: About):
    """The YAML part: configs, features, sizes, and what the Hub sorts by."""
    from datasets import DatasetInfo, SplitDict, SplitInfo
    from datasets.info import DatasetInfosDict
    from datasets.utils.metadata import MetadataConfigs
    from huggingface_hub import DatasetCardData

    data = DatasetCardData(
        pretty_name=about.pretty_name,
        license=about.license,
        language=about.language,
        tags=list(about.tags),
        task_categories=list(about.task_categories),
        size_categories=_size_category(sum(one.clips for one in facts)),
    )
    splits = SplitDict()
    for one in facts:
        splits.add(SplitInfo(name=one.name, num_bytes=one.num_bytes, num_examples=one.clips))
    info = DatasetInfo(
        features=row_features(space),
        splits=splits,
        download_size=sum(one.file_bytes for one in facts),
        dataset_size=sum(one.num_bytes for one in facts),
    )
    files = [{"split": one.name, "path": f"data/{one.name}-*.parquet"} for one in facts]
    DatasetInfosDict({space: info}).to_dataset_card_data(data)
    MetadataConfigs({space: {"data_files": files, "default": True}}).to_dataset_card_data(data)
    return data


def _size_category(clips: int) -> str:
    return next((name for limit, name in SIZE_CATEGORIES if clips < limit), "n>1T")


def _variables(facts: list[SplitFacts], space: str, about: About) -> dict:
    main = facts[0]
    return {
        "about": about,
        "place": about.repo or PLACE,
        "space": get_space(space),
        "schema_version": SCHEMA_VERSION,
        "splits": facts,
        "main": main,
        "hours": sum(one.hours for one in facts),
        "clips": sum(one.clips for one in facts),
        "unique_share": main.unique_texts / main.clips,
        "columns": [(name, _kind(row_features(space)[name]), COLUMNS[name]) for name in COLUMNS],
        "families": _families(main),
        "categories": _bars(main.emotions, list(load_vocabulary().emotions), main.leading),
        "shares": [
            ("manners", main.manners),
            ("head motions", main.head_motions),
            ("actions", main.actions),
            ("gaze", main.gazes),
            ("transitions", main.transitions),
        ],
        "seconds": _bars(_spans(main.seconds)),
        **about.more,
    }


def _kind(feature) -> str:
    """A feature in a word or two."""
    if isinstance(feature, dict):
        return "struct"
    if hasattr(feature, "shape"):
        return f"{feature.dtype} {feature.shape}".replace("None", "frames")
    inner = getattr(feature, "feature", None)
    return f"list of {_kind(inner)}" if inner is not None else feature.dtype


def _families(facts: SplitFacts) -> list[dict]:
    """A row for each family of emotions: its categories, and the clips that they lead."""
    rows: dict[str, dict] = {}
    for category, emotion in load_vocabulary().emotions.items():
        if category in facts.leading:
            row = rows.setdefault(emotion.family, {"family": emotion.family, "counts": []})
            row["counts"].append(facts.leading[category])
    return list(rows.values())


def _spans(seconds) -> dict[str, int]:
    edges = [0, *SECONDS_EDGES]
    ends = [f" to {edge} s" for edge in edges[1:]] + [" s and more"]
    named = {edge: f"{edge}{end}" for edge, end in zip(edges, ends, strict=True)}
    return {named[edge]: seconds[edge] for edge in edges if seconds[edge]}


def _bars(counts: dict[str, int], order: list[str] | None = None, beside=None) -> str:
    """A histogram in text: name, count, (another count,) bar."""
    names = [name for name in order or counts if name in counts]
    if not names:
        return ""
    most, width = max(counts.values()), max(map(len, names))
    return "\n".join(
        f"{name:<{width}} "
        + (f"{beside[name]:>6} " if beside is not None else "")
        + f"{counts[name]:>6}  {'█' * max(1, round(BAR_WIDTH * counts[name] / most))}"
        for name in names
    )
