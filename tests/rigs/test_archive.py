"""Reading archives that nobody has checked."""

import io
import random
import stat
import tarfile
import zipfile

import pytest

from tdmm_hf.rigs import archive
from tdmm_hf.rigs.archive import read_members

FILES = {"top/a.obj": b"one", "top/deep/b.obj": b"two", "top/readme.txt": b"three"}


def _is_mesh(path):
    return path.suffix == ".obj"


def _read(source):
    return {str(path): data for path, data in read_members(source, _is_mesh)}


def _tar(path, members, mode="w:xz"):
    with tarfile.open(path, mode) as file:
        for name, data in members.items():
            member = data
            if isinstance(data, bytes):
                member = tarfile.TarInfo(name)
                member.size = len(data)
            file.addfile(member, io.BytesIO(data) if isinstance(data, bytes) else None)
    return path


def _zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def _special(kind, target=""):
    member = tarfile.TarInfo("top/a.obj")
    member.type, member.linkname = kind, target
    return member


def test_folder_zip_and_tar_give_the_same(tmp_path):
    for name, data in FILES.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(data)
    wanted = {name: data for name, data in FILES.items() if name.endswith(".obj")}
    assert _read(tmp_path / "in") == wanted
    assert _read(_zip(tmp_path / "a.zip", FILES)) == wanted
    assert _read(_tar(tmp_path / "a.tar.xz", FILES)) == wanted
    assert _read(_tar(tmp_path / "a.tar.gz", FILES, "w:gz")) == wanted


@pytest.mark.parametrize("name", ["/etc/a.obj", "../a.obj", "top/../../a.obj", "C:\\a.obj"])
def test_paths_that_leave_the_archive_are_refused(tmp_path, name):
    for source in (_zip(tmp_path / "a.zip", {name: b"x"}), _tar(tmp_path / "a.tar", {name: b"x"})):
        with pytest.raises(ValueError, match="must stay inside the archive"):
            _read(source)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(tmp_path, kind):
    source = _tar(tmp_path / "a.tar", {"link": _special(kind, "/etc/passwd")}, "w")
    with pytest.raises(ValueError, match=r"plain files and folders only, got top/a\.obj"):
        _read(source)


def test_a_link_in_a_zip_is_refused(tmp_path):
    link = zipfile.ZipInfo("top/a.obj")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(ValueError, match="plain files and folders only"):
        _read(_zip(tmp_path / "a.zip", {link: "/etc/passwd"}))


def test_sizes_have_limits(tmp_path, monkeypatch):
    sources = (_zip(tmp_path / "a.zip", FILES), _tar(tmp_path / "a.tar", FILES, "w"))
    for limit, value, message in (
        ("MAX_MEMBER_BYTES", 2, "top/a.obj must have at most 2 bytes, got 3"),
        ("MAX_MEMBERS", 1, "at most 1 files"),
        ("MAX_ARCHIVE_BYTES", 7, "unpack to at most 7 bytes, got"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(archive, limit, value)
            for source in sources:
                with pytest.raises(ValueError, match=message):
                    _read(source)


def test_what_a_zip_says_of_sizes_is_not_believed(tmp_path, monkeypatch):
    """A central directory that calls 1000 bytes 3 is found out by reading."""
    source = _zip(tmp_path / "a.zip", {"a.obj": b"\0" * 1000})
    data = source.read_bytes()
    source.write_bytes(data.replace((1000).to_bytes(4, "little"), (3).to_bytes(4, "little")))
    monkeypatch.setattr(archive, "MAX_MEMBER_BYTES", 10)
    with pytest.raises(ValueError, match=r"at most 10 bytes|no readable zip"):
        _read(source)


@pytest.mark.parametrize("suffix", ["zip", "tar.xz"])
def test_damage_is_a_value_error(tmp_path, suffix):
    make = _zip if suffix == "zip" else _tar
    source = make(tmp_path / f"a.{suffix}", {"a.obj": random.Random(0).randbytes(20_000)})
    source.write_bytes(source.read_bytes()[:10_000])
    with pytest.raises(ValueError, match=f"a.{suffix} is no readable"):
        _read(source)


def test_nothing_there_and_no_archive(tmp_path):
    with pytest.raises(ValueError, match="nothing at"):
        _read(tmp_path / "none.zip")
    (tmp_path / "note.txt").write_text("hello")
    with pytest.raises(ValueError, match=r"note\.txt is no readable"):
        _read(tmp_path / "note.txt")
