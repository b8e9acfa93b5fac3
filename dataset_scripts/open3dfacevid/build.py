"""Build the dataset of Open3DFaceVid's parameters and prompts from its release, and push it.

    python dataset_scripts/open3dfacevid/build.py RELEASE --out corpus
    python dataset_scripts/open3dfacevid/build.py RELEASE --out corpus --push user/name

RELEASE is a folder with the videos, the json files of prompts and the SMIRK parameters, in any
tree: a video, its parameters and its prompt have one file name, in folders of one name where there
are several. Parameters become rows in the space ``flame`` at 25 frames a second; with ``--fit`` the
videos are tracked instead and become rows in the space ``arkit``. A build that was stopped goes on
where it was.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from tdmm_hf.corpus.card import write_card
from tdmm_hf.corpus.importers import Options, Source, open_source
from tdmm_hf.corpus.importers.captions import closest
from tdmm_hf.corpus.importers.folder import ImportReport, card, import_clips
from tdmm_hf.corpus.push import push

TEMPLATE = Path(__file__).parent / "README.md.jinja"
SHOWN = 10


def main(argv: list[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    try:
        _build(options)
    except (ValueError, OSError, ImportError) as error:
        print(f"build.py: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return 0


def _build(options: argparse.Namespace) -> None:
    source = open_source(
        "videos" if options.fit else "smirk", options.release, Options(captions=options.captions)
    )
    report = import_clips(source, options.out, options.workers)
    lost = [] if options.fit else without_parameters(source)
    _tell(report, lost)
    about = card(source, report)
    about = dataclasses.replace(
        about,
        pretty_name="Open3DFaceVid",
        template=TEMPLATE,
        repo=options.push,
        tags=(*about.tags, "open3dfacevid"),
        more={**about.more, "lost": lost, "fit": options.fit},
    )
    print(write_card(options.out, about))
    if options.push:
        print(push(options.out, options.push))


def without_parameters(smirk: Source) -> list[str]:
    """Videos that no parameters belong to: SMIRK's tool stops where it loses the face."""
    keys: dict[str, list[str]] = {}
    for clip in smirk.clips():
        keys.setdefault(clip.stem, []).append(clip.key)
    videos = open_source("videos", smirk.folder)
    return [
        video.path.relative_to(smirk.folder).as_posix()
        for video in videos.clips()
        if closest(video.key, keys.get(video.stem, []), videos.parts_needed(video)) is None
    ]


def _tell(report: ImportReport, lost: list[str]) -> None:
    failures = [f"{failure.file}: {failure.rule}" for failure in report.failures]
    failures += [f"{video}: no SMIRK parameters belong to it" for video in lost]
    for line in failures[:SHOWN]:
        print(line, file=sys.stderr)
    if len(failures) > SHOWN:
        print(f"and {len(failures) - SHOWN} more", file=sys.stderr)
    print(
        f"{report.imported} of {report.clips} clips, {report.without_caption} without a prompt, "
        f"{len(lost)} videos without parameters"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("release", type=Path, help="folder of the release")
    parser.add_argument("--out", type=Path, required=True, help="folder of the corpus")
    parser.add_argument("--captions", help="the json of prompts, where it is not in the folder")
    parser.add_argument("--fit", action="store_true", help="track the videos instead")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--push", metavar="USER/NAME", help="upload it there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
