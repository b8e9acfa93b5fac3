"""Files out of a folder or an archive that nobody has checked: read into memory, never unpacked.

>>> from tdmm_hf.rigs.archive import read_members
>>> for path, data in read_members("ICT-FaceKit.zip", lambda p: p.suffix == ".obj"):
...     print(path, len(data))  # doctest: +SKIP

Nothing is written, so nothing can be written outside; an archive with links, devices or paths that
leave it is refused all the same, and so is one that would fill the memory.
"""

from __future__ import annotations

import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from ..files import one_line

MAX_MEMBERS = 20_000
MAX_MEMBER_BYTES = 16 * 2**20
MAX_ARCHIVE_BYTES = 4 * 2**30

# RuntimeError: zips that are encrypted or packed in ways that Python does not know. TypeError:
# tarfile's, where a gzip header is cut off.
_DAMAGE = (
    tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error, EOFError, RuntimeError,
    TypeError,
)  # fmt: skip

Wanted = Callable[[PurePosixPath], bool]


def read_members(
    source: str | os.PathLike, wanted: Wanted
) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Path and content of the wanted files, as they come.

    Args:
        source: a folder, a ``.zip``, or a tar archive (plain, gzip, bzip2 or xz).
        wanted: says of a path whether the file is needed; others are passed over.

    Raises:
        ValueError: there is no such source, it is neither, or the archive breaks a rule; names it.
    """
    source = Path(source)
    if source.is_dir():
        yield from _from_folder(source, wanted)
        return
    if not source.is_file():
        raise ValueError(f"source must be a folder or an archive, nothing at {source}")
    reader = _from_zip if zipfile.is_zipfile(source) else _from_tar
    try:
        yield from reader(source, wanted)
    except _DAMAGE as error:
        raise ValueError(
            f"{source.name} is no readable zip or tar archive ({one_line(error)})"
        ) from error


def _from_folder(folder: Path, wanted: Wanted) -> Iterator[tuple[PurePosixPath, bytes]]:
    for path in sorted(folder.rglob("*")):
        inside = PurePosixPath(path.relative_to(folder).as_posix())
        if path.is_file() and wanted(inside):
            _check_size(inside, path.stat().st_size)
            yield inside, path.read_bytes()


def _from_zip(source: Path, wanted: Wanted) -> Iterator[tuple[PurePosixPath, bytes]]:
    with zipfile.ZipFile(source) as archive:
        members = archive.infolist()
        _check_totals(len(members), sum(member.file_size for member in members))
        for member in members:
            path = _checked(member.filename)
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise ValueError(f"archive must hold plain files and folders only, got {path}")
            if member.is_dir() or not wanted(path):
                continue
            _check_size(path, member.file_size)
            with archive.open(member) as file:
                yield path, _limited(file, path)


def _from_tar(source: Path, wanted: Wanted) -> Iterator[tuple[PurePosixPath, bytes]]:
    count = total = 0
    with tarfile.open(source, "r|*") as archive:
        for member in archive:
            path = _checked(member.name)
            count, total = count + 1, total + member.size
            _check_totals(count, total)
            if not (member.isfile() or member.isdir()):
                raise ValueError(f"archive must hold plain files and folders only, got {path}")
            if member.isfile() and wanted(path):
                _check_size(path, member.size)
                yield path, _limited(archive.extractfile(member), path)


def _checked(name: str) -> PurePosixPath:
    path = PurePosixPath(name.replace("\\", "/"))
    if not name or path.is_absolute() or ".." in path.parts or ":" in name or "\0" in name:
        raise ValueError(f"archive paths must stay inside the archive, got {name!r}")
    return path


def _check_totals(count: int, size: int) -> None:
    if count > MAX_MEMBERS:
        raise ValueError(f"archive must hold at most {MAX_MEMBERS} files, got {count} or more")
    if size > MAX_ARCHIVE_BYTES:
        raise ValueError(f"archive must unpack to at most {MAX_ARCHIVE_BYTES} bytes, got {size}")


def _check_size(path: PurePosixPath, size: int) -> None:
    if size > MAX_MEMBER_BYTES:
        raise ValueError(f"{path} must have at most {MAX_MEMBER_BYTES} bytes, got {size}")


def _limited(file, path: PurePosixPath) -> bytes:
    """The content; what the archive says of its size is not believed."""
    data = file.read(MAX_MEMBER_BYTES + 1)
    _check_size(path, len(data))
    return data
