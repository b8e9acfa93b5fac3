"""The command ``tdmm``.

    tdmm generate "He frowns and shakes his head." --duration 4 --out frown.csv
    tdmm describe frown.csv
    tdmm render frown.csv --out frown.mp4
    tdmm fit clip.mp4 --out clip.npz
    tdmm convert frown.csv frown.glb
    tdmm play frown.csv --to livelink://127.0.0.1:11111

One module for each family of commands. Heavy packages are imported inside the commands:
``tdmm --help`` imports no torch.
"""

from __future__ import annotations

import sys

import typer

from . import (
    convert,
    corpus,
    corpus_import,
    corpus_videos,
    evaluate,
    films,
    judge,
    motions,
    play,
    push,
    ratings,
    rigs,
    training,
)
from . import demo as demo_page

app = typer.Typer(
    help="Text and 3D face motion: generate, describe, render, convert, play, and train your own.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
corpus_app = typer.Typer(help="Corpora of (text, motion) pairs.", no_args_is_help=True)
rig_app = typer.Typer(help="Heads that are not in the package.", no_args_is_help=True)
ratings_app = typer.Typer(help="What people think of motions.", no_args_is_help=True)
push_app = typer.Typer(help="What goes to the Hub.", no_args_is_help=True)
app.add_typer(corpus_app, name="corpus")
app.add_typer(rig_app, name="rig")
app.add_typer(push_app, name="push")
app.add_typer(ratings_app, name="ratings")

app.command()(motions.generate)
app.command()(motions.describe)
app.command()(films.render)
app.command()(motions.fit)
app.command()(convert.convert)
app.command()(play.play)
app.command()(evaluate.evaluate)
app.command()(judge.judge)
app.command()(demo_page.demo)
push_app.command("model")(push.model)
push_app.command("dataset")(push.dataset)
push_app.command("metric")(push.metric)
push_app.command("space")(push.space)
corpus_app.command("build")(corpus.build)
corpus_app.command("import")(corpus_import.import_corpus)
corpus_app.command("generate-videos")(corpus_videos.generate_videos)
corpus_app.command("fit")(corpus_videos.fit)
corpus_app.command("push")(corpus.push)
app.command("train-tokenizer")(training.train_tokenizer)
app.command("train-lm")(training.train_lm)
app.command("train-evaluator")(training.train_evaluator)
app.command("train-fit")(training.train_fit)
ratings_app.command("prepare")(ratings.prepare)
ratings_app.command("report")(ratings.report)
rig_app.command("install")(rigs.install)

USER_ERROR = 2
INTERRUPTED = 130
# typer brings its own copy of click or uses the installed one; either way this is the base class.
ClickException = typer.BadParameter.__base__.__base__


def main(argv: list[str] | None = None) -> int:
    """Run the command; a user's mistake is one line on stderr and exit status 2."""
    try:
        return app(args=argv, prog_name="tdmm", standalone_mode=False) or 0
    except typer.Exit as done:
        if done.exit_code == INTERRUPTED:
            print("tdmm: stopped", file=sys.stderr)
        return done.exit_code
    except (ClickException, ValueError, OSError, ImportError) as error:
        message = error.format_message() if isinstance(error, ClickException) else str(error)
        print(f"tdmm: {' '.join(message.split())}", file=sys.stderr)
        return USER_ERROR
    except (KeyboardInterrupt, typer.Abort):
        print("tdmm: stopped", file=sys.stderr)
        return INTERRUPTED


def entry() -> None:
    sys.exit(main())
