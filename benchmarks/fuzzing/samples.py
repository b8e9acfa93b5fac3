"""Sound files for every reader, small, made here, the same each time.

>>> len(takes()) >= 2 and takes()[0].startswith(b"Timecode")
True
"""

from __future__ import annotations

import io
import json
import pickle
import tarfile
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import yaml

from tdmm_hf.formats.gltf_container import Binary, BinaryBuilder, pack
from tdmm_hf.formats.livelink import HEADER
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import ARKIT_BLENDSHAPES, get_space

FRAMES = 5
MEMBERS = {"top/a.obj": b"v 0 0 0\n" * 40, "top/deep/b.obj": b"f 1 2 3\n", "readme.txt": b"three"}


@cache
def motion(space: str = "arkit") -> FaceMotion:
    """A lively motion; some frames show no face, some channels are not observed."""
    rng = np.random.default_rng(0)
    width = len(get_space(space).channels)
    values = rng.uniform(0, 0.5, (FRAMES, width)).round(3)
    valid, observed = np.arange(FRAMES) != 2, np.arange(width) != 7
    return FaceMotion(values, 25.0, space, valid=valid, observed=observed)


def written(suffix: str, shown: FaceMotion) -> bytes:
    """The bytes that the package itself writes."""
    from tdmm_hf.formats import save

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"m{suffix}"
        save(shown, path)
        return path.read_bytes()


@cache
def takes() -> list[bytes]:
    rng = np.random.default_rng(1)
    rows = [
        [
            f"00:59:{58 + (i + 22) // 25}:{(i + 22) % 25:02d}.000",
            "0" if i == 2 else "61",
            *map(str, rng.random(61).round(2)),
        ]
        for i in range(FRAMES)
    ]
    other = "\n".join(",".join(row) for row in [[name.lower() for name in HEADER], *rows])
    return [written(".csv", motion()), other.encode()]


@cache
def motion_npz() -> list[bytes]:
    return [written(".npz", motion()), written(".npz", motion("flame"))]


def motion_arrays() -> list[dict]:
    return [_opened(data) for data in motion_npz()]


def _opened(data: bytes) -> dict:
    with np.load(io.BytesIO(data)) as file:
        return dict(file)


@cache
def motion_json() -> list[bytes]:
    frames = [{"weights": [0.1, 0.2], "time": i / 60, "rotation": []} for i in range(FRAMES)]
    return [
        written(".json", motion()),
        json.dumps({"names": ["jawOpen", "EyeBlinkLeft"], "frames": frames}).encode(),
    ]


@cache
def heads() -> list[tuple[dict, Binary]]:
    """A mesh with ARKit's names and a head that turns: another program's, and ours."""
    names = [*ARKIT_BLENDSHAPES[:4], "head.jawOpen", "browDown_L"]
    builder = BinaryBuilder()
    clock = builder.add("animation", np.float32(np.arange(FRAMES) / 25), bounds=True)
    weights = builder.add("animation", np.linspace(0, 1, FRAMES * 6, dtype=np.float32))
    turns = np.tile(np.float32([0, 0.1, 0, 0.995]), (FRAMES, 1))
    rotation = builder.add("animation", turns)
    short = builder.add("short", np.int16(turns * 32767), normalized=True)
    document = {
        "asset": {"version": "2.0"},
        "nodes": [
            {"name": "body", "children": [1], "rotation": [0, 0.7071068, 0, 0.7071068]},
            {"name": "Head", "children": [2]},
            {"name": "Face", "mesh": 0},
        ],
        "meshes": [{"primitives": [], "extras": {"targetNames": names}}],
        "animations": [_animation(clock, weights, rotation)],
    }
    foreign = {**document, "animations": [_animation(clock, weights, short)]}
    facts = {
        "space": "arkit", "space_version": get_space("arkit").version, "fps": 25.0,
        "frames": FRAMES, "invalid": [[1, 2]], "unobserved": ["tongueOut"], "rig": "tdmm",
    }  # fmt: skip
    ours = {**document, "asset": {"version": "2.0", "extras": {"tdmm_hf": facts}}}
    return [(foreign, builder.binary()), (ours, builder.binary())]


def _animation(clock: int, weights: int, rotation: int) -> dict:
    return {
        "channels": [
            {"sampler": 0, "target": {"node": 2, "path": "weights"}},
            {"sampler": 1, "target": {"node": 1, "path": "rotation"}},
        ],
        "samplers": [
            {"input": clock, "output": weights},
            {"input": clock, "output": rotation, "interpolation": "STEP"},
        ],
    }


def glbs() -> list[bytes]:
    return [pack(document, binary) for document, binary in heads()]


@cache
def bvhs() -> list[bytes]:
    other = (
        "HIERARCHY\nROOT Hips\n{\n OFFSET 0 0 0\n CHANNELS 6 Xposition Yposition Zposition "
        "Zrotation Xrotation Yrotation\n JOINT head\n {\n  OFFSET 0 1 0\n  CHANNELS 3 Zrotation "
        "Xrotation Yrotation\n  End Site\n  {\n   OFFSET 0 1 0\n  }\n }\n}\nMOTION\nFrames: 2\n"
        "Frame Time: .0333333\n0 0 0 0 0 0 1 2 3\n0 0 0 0 0 0 2 3 4\n"
    )
    return [written(".bvh", motion()), other.encode()]


@cache
def usd_layers() -> dict[str, bytes]:
    """The animation alone, as text, binary and package: a head would only make it long."""
    from pxr import Sdf, UsdUtils

    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.usda"
        whole.write_bytes(written(".usda", motion()))
        layer = Sdf.Layer.OpenAsAnonymous(str(whole))
        root = layer.GetPrimAtPath("/Face")
        for name in [child.name for child in root.nameChildren]:
            if not _animates(root.nameChildren[name]):
                del root.nameChildren[name]
        for suffix in ("usda", "usdc"):
            layer.Export(str(Path(folder) / f"m.{suffix}"))
        UsdUtils.CreateNewUsdzPackage(f"{folder}/m.usdc", f"{folder}/m.usdz")
        return {s: (Path(folder) / f"m.{s}").read_bytes() for s in ("usda", "usdc", "usdz")}


def _animates(prim) -> bool:
    return prim.typeName == "SkelAnimation" or any(_animates(p) for p in prim.nameChildren)


def usda() -> list[bytes]:
    return [usd_layers()["usda"]]


def usdc() -> list[bytes]:
    return [usd_layers()["usdc"]]


def usdz() -> list[bytes]:
    return [usd_layers()["usdz"]]


@cache
def zips() -> list[bytes]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in MEMBERS.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return [buffer.getvalue()]


def _tar(mode: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, data in MEMBERS.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@cache
def tars() -> list[bytes]:
    return [_tar("w")]


@cache
def gzipped_tars() -> list[bytes]:
    return [_tar("w:gz"), _tar("w:xz"), _tar("w:bz2")]


@cache
def tree_list() -> list:
    return [
        {"weights": np.eye(3), "bytes": np.arange(4, dtype=np.uint8), "more": np.float32(2)},
        {"frames": [np.arange(3.0)] * 2, "text": "ü", "flags": [True, None, 1, 2.5, b"x"]},
    ]


def pickled(values: list) -> list[bytes]:
    protocols = (0, 2, pickle.HIGHEST_PROTOCOL)
    return [pickle.dumps(value, protocol) for value in values for protocol in protocols]


def number_arrays() -> dict:
    return {"weights": np.eye(3), "faces": np.arange(6, dtype=np.int32).reshape(2, 3)}


@cache
def number_npz() -> list[bytes]:
    return [npz_of(number_arrays())]


@cache
def pickles() -> list[bytes]:
    from scipy import sparse

    matrix = sparse.csc_matrix(np.eye(3))
    return pickled([{"weights": np.eye(3)}, {"weights": matrix, "row": matrix.tocsr()}])


@cache
def flame_arrays() -> dict:
    """Arrays of FLAME's shapes, of a few vertices."""
    rng, count = np.random.default_rng(0), 24
    weights = rng.random((count, 5))
    return {
        "v_template": rng.uniform(-0.1, 0.1, (count, 3)),
        "f": np.arange(count, dtype=np.uint32).reshape(-1, 3),
        "shapedirs": rng.normal(0, 0.002, (count, 3, 352)).astype(np.float32),
        "J_regressor": np.full((5, count), 1 / count),
        "weights": weights / weights.sum(axis=1, keepdims=True),
    }


@cache
def flame_npz() -> list[bytes]:
    return [npz_of(flame_arrays())]


def npz_of(arrays: dict) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


@cache
def attributes() -> list[bytes]:
    from tdmm_hf.prompts.suite import iter_attributes

    return [json.dumps(one.to_dict()).encode() for one in iter_attributes(seed=0, count=6)]


@cache
def settings() -> list[bytes]:
    from tdmm_hf import settings

    recipes = Path(__file__).parents[2] / "recipes"
    written = [path.read_bytes() for path in sorted(recipes.glob("*.yaml"))]
    return [yaml.safe_dump(vars(settings.CorpusSettings())).encode(), *written]


@cache
def packets() -> list[bytes]:
    from tdmm_hf.live.livelink import FrameTime, Packet, encode

    values = tuple(np.linspace(0, 1, 61).tolist())
    return [
        encode(Packet(name, "tdmm", FrameTime(90, 0.5), values))
        for name in ("phone", "7F2C9A3E-0000-4000-8000-0123456789AB")
    ]


def live_targets() -> list[bytes]:
    return [b"livelink://127.0.0.1:11111", b"osc://[::1]:39539", b"osc://studio.local:9000"]


@cache
def plans() -> list[bytes]:
    from tdmm_hf.performer.plan import write_plan
    from tdmm_hf.prompts.suite import iter_attributes

    return [write_plan(one).encode() for one in iter_attributes(seed=1, count=12)]


@cache
def descriptions() -> list[bytes]:
    from tdmm_hf.prompts.suite import iter_attributes
    from tdmm_hf.prompts.wording import describe

    rng = np.random.default_rng(0)
    return [describe(one, rng).encode() for one in iter_attributes(seed=2, count=12)]


@cache
def videos() -> list[bytes]:
    return [_video("mp4", "mpeg4"), _video("matroska", "mpeg4"), _video("avi", "mjpeg")]


def _video(container: str, codec: str) -> bytes:
    import av

    buffer, rng = io.BytesIO(), np.random.default_rng(6)
    with av.open(buffer, "w", format=container) as file:
        stream = file.add_stream(codec, rate=25)
        stream.width, stream.height = 64, 48
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for _ in range(6):
            image = rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        file.mux(stream.encode())
    return buffer.getvalue()
