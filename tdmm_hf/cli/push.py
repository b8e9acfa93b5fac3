"""What goes to the Hub.

tdmm push model runs/tdmm-lm-tiny --repo user/face-motion --results report/report.json
tdmm push dataset corpus --repo user/performed-face-motion
tdmm push metric motion_fid --repo user/motion_fid
tdmm push space --repo user/face-motion-page --dry-run
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

Repo = Annotated[
    str | None,
    typer.Option(help="Where to on the Hub; without it the folder is prepared and checked only.",
                 metavar="USER/NAME"),
]  # fmt: skip
Out = Annotated[Path | None, typer.Option(help="Keep the prepared folder there; new or empty.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan and upload nothing.")]
Private = Annotated[bool, typer.Option("--private", help="Make a new repo private.")]
Replace = Annotated[bool, typer.Option("--replace", help="Take a repo that holds something else.")]


def model(
    checkpoint: Annotated[Path, typer.Argument(help="Folder of a checkpoint.", metavar="DIR")],
    repo: Repo = None,
    results: Annotated[
        list[Path] | None,
        typer.Option(help="JSON of `tdmm evaluate` or of a benchmark, for the card; repeatable."),
    ] = None,
    about: Annotated[
        Path | None, typer.Option(help="YAML of what the checkpoint does not say of itself.")
    ] = None,
    keep_card: Annotated[
        bool, typer.Option("--keep-card", help="Take the README.md of DIR as the card.")
    ] = False,
    out: Out = None,
    dry_run: DryRun = False,
    private: Private = False,
    replace: Replace = False,
) -> None:
    """Upload a checkpoint with its code and a card; it is loaded without this package first."""
    from ..publishing.model import prepare_model
    from ..publishing.model_card import ModelAbout
    from ..settings import from_yaml

    told = from_yaml(ModelAbout, about) if about else ModelAbout()

    def prepare(folder: Path):
        return prepare_model(checkpoint, folder, repo, told, results or (), keep_card)

    _push(prepare, checkpoint.resolve().name, repo, out, dry_run, private, replace)


def dataset(
    corpus: Annotated[Path, typer.Argument(help="Folder of a corpus.", metavar="DIR")],
    repo: Repo = None,
    out: Out = None,
    dry_run: DryRun = False,
    private: Private = False,
    replace: Replace = False,
) -> None:
    """Upload a corpus, where `load_dataset` opens it; every row is read first."""
    from ..publishing.dataset import prepare_dataset

    def prepare(folder: Path):
        return prepare_dataset(corpus, folder, repo)

    _push(prepare, corpus.resolve().name, repo, out, dry_run, private, replace)


def metric(
    name: Annotated[str, typer.Argument(help="A metric of this package, or a folder with one.")],
    repo: Repo = None,
    out: Out = None,
    dry_run: DryRun = False,
    private: Private = False,
    replace: Replace = False,
) -> None:
    """Upload a metric, where `evaluate.load` opens it; its examples are run first."""
    from ..publishing.metric import find_metric, prepare_metric

    def prepare(folder: Path):
        return prepare_metric(name, folder, repo)

    _push(prepare, find_metric(name).name, repo, out, dry_run, private, replace)


def space(
    repo: Repo = None,
    wheel: Annotated[
        Path | None,
        typer.Option(help="The package's wheel; built from the source by default."),
    ] = None,
    out: Out = None,
    dry_run: DryRun = False,
    private: Private = False,
    replace: Replace = False,
) -> None:
    """Upload the page of `tdmm demo` as a Space; it is started from the folder first."""
    from ..publishing.space import prepare_space

    def prepare(folder: Path):
        return prepare_space(folder, wheel, repo)

    _push(prepare, "space", repo, out, dry_run, private, replace)


def _push(
    prepare: Callable, name: str, repo: str | None, out: Path | None, dry_run: bool,
    private: bool, replace: bool,
) -> None:  # fmt: skip
    """Prepare, say what was checked and what is to be done, and do it."""
    from huggingface_hub.utils import logging

    from ..publishing.folder import new_folder
    from ..publishing.remote import check_repo, check_token, make_plan, upload

    logging.set_verbosity_error()  # of each try again, that is
    uploads = repo is not None and not dry_run
    if repo is not None:
        check_repo(repo)
    if uploads:
        check_token()
    with new_folder(out, name) as folder:
        prepared = prepare(folder)
        for check in prepared.checks:
            print(f"checked: {check}")
        plan = make_plan(prepared, repo, private, replace)
        print("\n".join(plan.lines()))
        if uploads:
            print(upload(plan))
    if not uploads:
        print("nothing was uploaded" + (f", the folder is {out}" if out else ""))
