"""The head of ICT FaceKit as a rig: installed once from its release, then ``get_rig("ict")``.

    >>> from tdmm_hf.rigs import ict
    >>> ict.install("ICT-FaceKit.zip")  # doctest: +SKIP
    PosixPath('~/.cache/tdmm-hf/ict.safetensors')

A release is packed into one file of the cache, with its licence. ``TDMM_ICT`` names a packed file,
a folder or an archive of the release to use in place of the cache's. What of the release becomes
what here is all in ``ict.yaml``: it has no tongue that comes out, and its gaze shapes move the lids
only, so the eyeballs are turned.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from ..cache import cache_folder
from ..download import download
from ..files import replacing
from .ict_build import build_rig
from .ict_release import Progress, Release, read_release, table
from .mesh import MeshRig

logger = logging.getLogger(__name__)

ICT_VARIABLE = "TDMM_ICT"
PACKED_FORMAT = "tdmm-hf ict 1"


def install(source: str | os.PathLike | None = None, progress: Progress | None = None) -> Path:
    """Pack a release of ICT FaceKit into the cache; returns the packed file.

    Args:
        source: a folder or an archive of the release; downloaded by default.
        progress: called with the meshes read and those expected at most.

    Raises:
        ValueError: the source is not a whole release, or an archive that breaks a rule.
        OSError: nothing given and the release cannot be downloaded.
    """
    target = packed_path()
    target.parent.mkdir(parents=True, exist_ok=True)
    if source is not None:
        _pack(read_release(source, progress), str(Path(source).name), target)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            archive = Path(scratch) / "facekit.zip"
            _download(table()["url"], archive)
            _pack(read_release(archive, progress), table()["url"], target)
    _load.cache_clear()
    return target


def packed_path() -> Path:
    """Where the packed release is kept."""
    return cache_folder() / "ict.safetensors"


def ict_rig() -> MeshRig:
    """ICT FaceKit's head in space ``arkit``.

    Raises:
        ValueError: it is not installed, says the command that does it; or ``TDMM_ICT`` names
            nothing that can be read.
    """
    given = os.environ.get(ICT_VARIABLE)
    path = Path(given) if given else packed_path()
    if given and not path.exists():
        raise ValueError(f"{ICT_VARIABLE} must name ICT FaceKit, nothing at {path}")
    if not path.exists():
        raise ValueError("rig 'ict' is not installed: tdmm rig install ict")
    return _load(path, path.stat().st_mtime_ns)


@cache
def _load(path: Path, modified: int) -> MeshRig:
    """The rig of a packed file, or of a release; again if the file was written again."""
    if path.suffix != ".safetensors":
        return build_rig(read_release(path))
    return build_rig(_unpack(path))


def _pack(release: Release, source: str, target: Path) -> None:
    from safetensors.numpy import save_file

    tensors = {
        "neutral": release.neutral,
        "uv": release.uv,
        "polygons": release.polygons,
        "polygon_materials": release.polygon_materials,
        "landmarks": release.landmarks,
        "shapes": np.stack(list(release.shapes.values())),
    }
    metadata = {
        "format": PACKED_FORMAT,
        "source": source,
        "licence": release.notice,
        "materials": json.dumps(release.materials),
        "shapes": json.dumps(list(release.shapes)),
    }
    with replacing(target) as beside:
        save_file(tensors, beside, metadata=metadata)
    logger.info("packed ICT FaceKit into %s", target)


def _unpack(path: Path) -> Release:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path} is damaged ({error}): tdmm rig install ict") from error
    if metadata.get("format") != PACKED_FORMAT:
        raise ValueError(
            f"{path} must have format {PACKED_FORMAT!r}, got {metadata.get('format')!r}: "
            "tdmm rig install ict"
        )
    shapes = tensors.pop("shapes")
    return Release(
        **tensors,
        materials=tuple(json.loads(metadata["materials"])),
        shapes=dict(zip(json.loads(metadata["shapes"]), shapes, strict=True)),
        notice=metadata["licence"],
    )


def _download(url: str, target: Path) -> None:
    try:
        download(url, target)
    except OSError as error:
        raise OSError(
            f"ICT FaceKit cannot be downloaded from {url} ({error}): fetch it elsewhere and give "
            "the archive or its folder: tdmm rig install ict --from PATH"
        ) from error
