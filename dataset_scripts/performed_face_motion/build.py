"""Build the dataset of performed face motion, and push it.

    python dataset_scripts/performed_face_motion/build.py --hours 80 --out corpus
    python dataset_scripts/performed_face_motion/build.py --hours 80 --out corpus --push user/name

A build that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path

import tdmm_hf
from tdmm_hf.corpus.build import build
from tdmm_hf.corpus.card import About, write_card
from tdmm_hf.corpus.push import push
from tdmm_hf.settings import CorpusSettings

TEMPLATE = Path(__file__).parent / "README.md.jinja"


def main(argv: list[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    amount = {"clips": options.clips} if options.clips else {"hours": options.hours}
    settings = CorpusSettings(**amount, held_out=options.held_out, seed=options.seed)
    build(settings, options.out, options.workers)
    about = About(
        template=TEMPLATE,
        repo=options.push,
        more={"version": tdmm_hf.__version__, "arguments": shlex.join(_arguments(settings))},
    )
    print(write_card(options.out, about))
    if options.push:
        print(push(options.out, options.push))
    return 0


def _arguments(settings: CorpusSettings) -> list[str]:
    """What makes the same corpus again."""
    amount = ["--clips", settings.clips] if settings.clips else ["--hours", f"{settings.hours:g}"]
    rest = ["--held-out", settings.held_out, "--seed", settings.seed]
    return [str(word) for word in [*amount, *rest, "--out", "corpus"]]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("--hours", type=float, default=80.0, help="of training motion")
    amount.add_argument("--clips", type=int, help="training clips")
    parser.add_argument("--held-out", type=int, default=1000, help="clips of every other split")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, required=True, help="folder of the corpus")
    parser.add_argument("--push", metavar="USER/NAME", help="upload it there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
