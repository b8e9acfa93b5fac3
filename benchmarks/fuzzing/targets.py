"""Every reader of the package, with sound files to spoil.

>>> sorted(TARGETS)[:3]
['attributes', 'beat', 'beat2']

A target's sound files are small and made here, and a test reads each of them: what is spoiled was
whole before.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from . import corpora, damage, samples
from .containers import (
    spoiled_glb,
    spoiled_json,
    spoiled_npz,
    spoiled_pickle,
    spoiled_tar,
    spoiled_zip,
    zeros_npz,
    zeros_tar,
)

OWN = (ValueError, OSError)
# What an import notes in its report in place of a clip, its messages shortened.
SHORTENED = 100_000
BAD_CLIP = (*OWN, OverflowError, MemoryError, RecursionError)


@dataclass(frozen=True)
class Target:
    """A reader and what is done to its files.

    Args:
        file: the name that the damaged file gets.
        sound: makes files that the reader takes.
        spoiled: makes a strategy of damaged files, of the sound ones.
        read: the reader.
        own: the errors that it documents.
        names_file: whether its messages begin with the file's name.
        longest: characters of its messages.
        weight: its share of the inputs, for how fast it is and how much it does.
        bombs: makes files that unpack to more than a reader may take, to be refused.
        beside: makes other files of the folder.
    """

    file: str
    sound: Callable[[], list[bytes]]
    spoiled: Callable[[list[bytes]], st.SearchStrategy[bytes]]
    read: Callable[[Path], object]
    own: tuple[type, ...] = OWN
    names_file: bool = False
    longest: int = 1000
    weight: float = 1.0
    bombs: Callable[[], list[bytes]] = list
    beside: Callable[[], dict[str, bytes]] = dict


def _motion(path: Path):
    from tdmm_hf.formats import load

    return load(path)


def _texts(sound: list[bytes]) -> st.SearchStrategy[bytes]:
    texts = [data.decode("utf-8") for data in sound]
    return st.one_of(damage.spoiled_text(texts), damage.spoiled_bytes(sound))


def _tables(sound: list[bytes]) -> st.SearchStrategy[bytes]:
    rows = [[line.split(",") for line in data.decode().splitlines()] for data in sound]
    return st.one_of(damage.spoiled_table(rows), _texts(sound))


def _trees(sound: list[bytes]) -> st.SearchStrategy[bytes]:
    return st.one_of(spoiled_json([json.loads(data) for data in sound]), _texts(sound))


def _lines(sound: list[bytes]) -> st.SearchStrategy[bytes]:
    """JSON lines: one of them spoiled, or all as a text."""
    trees = [json.loads(line) for data in sound for line in data.splitlines()]
    one = spoiled_json(trees)
    return st.one_of(st.builds(lambda a, b: a + b"\n" + b, one, one), _texts(sound))


def _arrays(arrays: list[dict]):
    def spoiled(sound: list[bytes]) -> st.SearchStrategy[bytes]:
        return st.one_of(spoiled_npz(arrays), spoiled_npz(arrays), damage.spoiled_bytes(sound))

    return spoiled


def _pickles(values: list):
    def spoiled(sound: list[bytes]) -> st.SearchStrategy[bytes]:
        return st.one_of(spoiled_pickle(values), damage.spoiled_bytes(sound))

    return spoiled


def _source(name: str, file: str):
    """Reads the folder of a file as the importer of that name does."""

    def read(path: Path):
        from tdmm_hf.corpus.importers import keyframeface, open_source

        keyframeface._chats.cache_clear()
        folder = path.parents[len(Path(file).parts) - 1]
        source = open_source(name, folder)
        for clip in source.clips():
            source.split(clip)
            source.read(clip)
            source.captions(clip)

    return read


def _folder_of(name: str, file: str, sound, spoiled, weight=1.0, **more) -> Target:
    read = _source(name, file)
    return Target(
        file, sound, spoiled, read, own=BAD_CLIP, longest=SHORTENED, weight=weight, **more
    )


def _archive(path: Path):
    from tdmm_hf.rigs.archive import read_members

    return list(read_members(path, lambda inside: inside.suffix == ".obj"))


def _zips(sound: list[bytes]) -> st.SearchStrategy[bytes]:
    return st.one_of(spoiled_zip([samples.MEMBERS]), damage.spoiled_bytes(sound))


def _tars(compression: str):
    def spoiled(sound: list[bytes]) -> st.SearchStrategy[bytes]:
        return st.one_of(spoiled_tar([samples.MEMBERS], compression), damage.spoiled_bytes(sound))

    return spoiled


def _pickled_arrays(path: Path):
    from tdmm_hf.rigs.pickled_arrays import read_arrays

    return read_arrays(path)


def _pickled_plain(path: Path):
    from tdmm_hf.rigs.pickled_arrays import read_plain

    return read_plain(path)


def _attributes(path: Path):
    from tdmm_hf.corpus.importers.common import read_json
    from tdmm_hf.prompts.attributes import Attributes

    return Attributes.from_dict(read_json(path))


def _settings(path: Path):
    from tdmm_hf import settings

    for kind in ("CorpusSettings", "TokenizerSettings", "LanguageModelSettings", "VideoSettings"):
        try:
            settings.from_yaml(getattr(settings, kind), path)
        except ValueError as error:
            if "unknown settings" not in str(error):
                raise


def _packet(path: Path):
    from tdmm_hf.live.livelink import decode

    return decode(path.read_bytes())


def _live_target(path: Path):
    from tdmm_hf.live.targets import parse_target

    return parse_target(path.read_bytes().decode("utf-8", "surrogatepass"))


def _plan(path: Path):
    from tdmm_hf.performer.plan import read_plan

    return read_plan(path.read_bytes().decode("utf-8", "surrogatepass"))


def _description(path: Path):
    from tdmm_hf.prompts.wording import parse_description

    return parse_description(path.read_bytes().decode("utf-8", "surrogatepass"))


def _captions(path: Path):
    from tdmm_hf.corpus.importers.captions import CaptionTable

    return CaptionTable.read(path)


def _video(path: Path):
    from tdmm_hf.fitting.video import open_video

    with open_video(path) as video:
        return sum(1 for _ in video.frames())


def _flame(path: Path):
    from tdmm_hf.rigs import flame

    flame._load.cache_clear()
    return flame.flame_rig(path)


def _glbs(sound: list[bytes]) -> st.SearchStrategy[bytes]:
    return st.one_of(
        spoiled_glb(samples.heads()), spoiled_glb(samples.heads()), damage.spoiled_bytes(sound)
    )


def _motion_bombs() -> list[bytes]:
    """Values that unpack to more than a motion's, beside names that do not."""
    return [zeros_npz(["values", "fps", "space", "space_version", "channels", "valid", "observed"],
                      [600, 1, 1, 1, 1, 1, 1])]  # fmt: skip


TARGETS: dict[str, Target] = {
    "csv": Target("m.csv", samples.takes, _tables, _motion, names_file=True, weight=2),
    "npz": Target(
        "m.npz", samples.motion_npz, _arrays(samples.motion_arrays()), _motion, names_file=True,
        weight=2, bombs=_motion_bombs,
    ),
    "json": Target("m.json", samples.motion_json, _trees, _motion, names_file=True, weight=2),
    "glb": Target("m.glb", samples.glbs, _glbs, _motion, names_file=True, weight=2),
    "bvh": Target("m.bvh", samples.bvhs, _texts, _motion, names_file=True, weight=2),
    "usda": Target("m.usda", samples.usda, _texts, _motion, names_file=True, weight=0.7),
    "usdc": Target(
        "m.usdc", samples.usdc, damage.spoiled_bytes, _motion, names_file=True, weight=0.7
    ),
    "usdz": Target(
        "m.usdz", samples.usdz, damage.spoiled_bytes, _motion, names_file=True, weight=0.3
    ),
    "zip": Target(
        "a.zip", samples.zips, _zips, _archive, bombs=lambda: [zeros_npz(["a.obj"], [40])]
    ),
    "tar": Target("a.tar", samples.tars, _tars(""), _archive),
    "tar.gz": Target(
        "a.tar.gz", samples.gzipped_tars, _tars("gz"), _archive,
        bombs=lambda: [zeros_tar("a.obj", 40)],
    ),
    "pickle": Target("a.pkl", samples.pickles, _pickles(samples.tree_list()), _pickled_arrays),
    "plain pickle": Target("a.pkl", samples.pickles, _pickles(samples.tree_list()), _pickled_plain),
    "pickled npz": Target(
        "a.npz", samples.number_npz, _arrays([samples.number_arrays()]), _pickled_arrays,
        bombs=lambda: [zeros_npz(["weights"], [1300])],
    ),
    "flame": Target(
        "f.npz", samples.flame_npz, _arrays([samples.flame_arrays()]), _flame, weight=0.5
    ),
    "livelink": _folder_of("livelink", "a.csv", samples.takes, _tables),
    "express4d": _folder_of("express4d", "a.npy", corpora.takes_npy, corpora.spoiled_takes_npy),
    "keyframes": _folder_of("keyframeface", "a.json", corpora.keyframes, _trees),
    "keyframe chats": _folder_of("keyframeface", "a.jsonl", corpora.chats, _lines, weight=0.7),
    "smirk": _folder_of("smirk", "a.pkl", corpora.smirk, _pickles([corpora.smirk_entries()])),
    "mmhead": _folder_of(
        "mmhead", "facial_motion/a.pkl", corpora.mmhead, _pickles(corpora.mmhead_values())
    ),
    "mmhead lists": _folder_of(
        "mmhead", "t2m_subset.json", corpora.mmhead_lists, _trees,
        beside=lambda: {"facial_motion/a.pkl": corpora.mmhead()[0]},
    ),
    "beat": _folder_of("beat", "1_wayne_0_73_73.json", corpora.beat, _trees),
    "beat2": _folder_of(
        "beat2", "a.npz", corpora.beat2_npz, _arrays([corpora.beat2_arrays()]),
        bombs=lambda: [zeros_npz(["poses", "expressions"], [700, 700])],
    ),
    "captions csv": Target("c.csv", corpora.caption_csv, _tables, _captions, names_file=True),
    "captions json": Target("c.json", corpora.caption_json, _trees, _captions, names_file=True),
    "captions jsonl": Target("c.jsonl", corpora.caption_lines, _lines, _captions, names_file=True),
    "attributes": Target("a.json", samples.attributes, _trees, _attributes, weight=2),
    "settings": Target("s.yaml", samples.settings, _texts, _settings),
    "packet": Target("p.bin", samples.packets, damage.spoiled_bytes, _packet, weight=2),
    "live target": Target("t.txt", samples.live_targets, _texts, _live_target),
    "plan": Target("p.txt", samples.plans, _texts, _plan, longest=SHORTENED),  # it quotes the plan
    "description": Target("d.txt", samples.descriptions, _texts, _description),
    "video": Target("v.mp4", samples.videos, damage.spoiled_bytes, _video, weight=0.5,
                    names_file=True),
}  # fmt: skip
