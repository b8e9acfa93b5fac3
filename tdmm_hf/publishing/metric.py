"""A metric as the Hub keeps it: a Space of its own that ``evaluate.load("user/name")`` reads.

    >>> from tdmm_hf.publishing.metric import prepare_metric
    >>> prepare_metric("motion_fid", "prepared/motion_fid").checks    # doctest: +SKIP

A Space needs a page: a static one, made of the metric's card, which needs no machine to run.
"""

from __future__ import annotations

from pathlib import Path

from ..evaluation.modules import module_names, module_path
from ..import_utils import require_package
from .cards import check_card, load_card
from .folder import CARD_FILE, Prepared, empty_folder, take
from .kinds import METRIC, METRIC_TAG, TAG
from .trial import run_trial

PAGE = "index.html"
TAGS = ("evaluate", METRIC_TAG, TAG)
TAKEN = ("*.py", "*.md", "*.txt", "LICENSE*")
# How a card loads a metric that is on no Hub yet.
IMPORT = ">>> from tdmm_hf.evaluation.modules import module_path\n"
# What a Space's header must have and a metric's card need not say.
HEADER = {
    "emoji": "📏",
    "colorFrom": "green",
    "colorTo": "gray",
    "sdk": METRIC.sdk,
    "app_file": PAGE,
    "license": "apache-2.0",
}


def prepare_metric(name: str | Path, folder: Path, repo: str | None = None) -> Prepared:
    """Put the folder of a metric together and check it.

    Args:
        name: of a metric of this package, or a folder with ``NAME.py`` and ``README.md``.
        folder: empty, with the metric's name.
        repo: "user/name".

    Raises:
        ValueError: there is no such metric, its repo has another name (``evaluate`` goes by it),
            its card would not be read, or ``evaluate.load`` does not open it.
    """
    require_package("evaluate", "evaluate")
    source, folder = find_metric(name), empty_folder(folder)
    name = source.name
    if repo and repo.split("/")[-1] != name:
        raise ValueError(f"a metric's repo must bear its name, USER/{name}, got {repo}")
    take([path for pattern in TAKEN for path in source.glob(pattern)], source, folder)
    complete_card(folder / CARD_FILE, name)
    if repo:
        load_from(folder / CARD_FILE, name, repo)
    write_page(folder, name, repo or f"USER/{name}")
    check_card(folder / CARD_FILE, METRIC)
    found = try_metric(folder / f"{name}.py")
    examples = f", {found['examples']} examples of its documentation" if found["examples"] else ""
    checks = (
        "card: header of a static Space, tagged as a metric",
        f"evaluate.load in a process of its own: {name}({', '.join(found['inputs'])}){examples}",
    )
    return Prepared(METRIC, folder, checks)


def find_metric(name: str | Path) -> Path:
    """The folder of a metric of this package, or the one that was named."""
    known = module_names()
    source = Path(module_path(str(name))) if str(name) in known else Path(name).resolve()
    if not (source / f"{source.name}.py").is_file():
        raise ValueError(
            f"a metric must be one of {', '.join(known)}, or a folder with a file of its name, "
            f"got {name}"
        )
    return source


def complete_card(path: Path, name: str) -> None:
    """Let a metric's card be the card of a Space, too."""
    card = load_card(path, METRIC)
    for key, value in {"title": name, **HEADER}.items():
        if not card.data.get(key):
            card.data[key] = value
    card.data["sdk"], card.data["app_file"] = METRIC.sdk, PAGE
    card.data.pop("sdk_version", None)
    tags = card.data.get("tags") or []
    card.data["tags"] = [*tags, *(tag for tag in TAGS if tag not in tags)]
    card.save(path)


def load_from(path: Path, name: str, repo: str) -> None:
    """Let the examples of a card load the metric from the Hub."""
    text = path.read_text(encoding="utf-8").replace(IMPORT, "")
    path.write_text(text.replace(f'module_path("{name}")', f'"{repo}"'), encoding="utf-8")


def write_page(folder: Path, name: str, repo: str) -> None:
    """The page that the Space shows: its card."""
    import jinja2

    markdown = require_package("markdown_it", "evaluate").MarkdownIt("commonmark", {"html": False})
    text = load_card(folder / CARD_FILE, METRIC).text
    template = Path(__file__).parent / "metric.html.jinja"
    page = jinja2.Template(template.read_text(encoding="utf-8"), autoescape=True)
    body = markdown.enable("table").render(text)
    (folder / PAGE).write_text(page.render(name=name, repo=repo, body=body), encoding="utf-8")


def try_metric(script: Path) -> dict:
    """What ``evaluate.load`` finds in a process of its own."""
    try:
        return run_trial("metric.py", script)
    except ValueError as error:
        raise ValueError(f"evaluate.load does not open {script.name}: {error}") from error
