"""Plain arrays out of a ``.npz`` that nobody has checked: no pickle, and no more than was agreed.

>>> import tempfile
>>> import numpy as np
>>> from tdmm_hf.arrays import read_npz
>>> path = tempfile.mkdtemp() + "/two.npz"
>>> np.savez(path, a=np.eye(2), b=np.arange(3))
>>> read_npz(path, names=["b", "c"], most_bytes=1000)
{'b': array([0, 1, 2])}

A small archive may unpack to gigabytes, and an array's header may claim any size: both are refused
before memory is taken.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Collection

import numpy as np

from .files import one_line


def read_npz(
    path: str | os.PathLike, names: Collection[str] | None = None, *, most_bytes: int
) -> dict[str, np.ndarray]:
    """Arrays by name, in the archive's order.

    Args:
        path: the file.
        names: those wanted; what the archive lacks is left out, what else it holds is not
            unpacked. All by default.
        most_bytes: how much they may unpack to together.

    Raises:
        ValueError: not such an archive, one of objects, or of too much; one line without the file.
        OSError: the file cannot be opened.
    """
    with open(path, "rb") as file:
        try:
            wanted = _members(file, names)
            total = sum(wanted.values())
            if total <= most_bytes:
                file.seek(0)
                return _arrays(file, wanted)
        except Exception as error:  # a damaged header raises whatever its text happens to ask for
            raise ValueError(f"no readable npz of plain arrays ({one_line(error)})") from error
    raise ValueError(f"must unpack to at most {most_bytes} bytes, got {total}")


def _members(file, names: Collection[str] | None) -> dict[str, int]:
    """Name and unpacked bytes of the wanted arrays; no more than these are unpacked."""
    with zipfile.ZipFile(file) as archive:
        sizes = {info.filename.removesuffix(".npy"): info.file_size for info in archive.infolist()}
    return {name: size for name, size in sizes.items() if names is None or name in names}


def _arrays(file, wanted: dict[str, int]) -> dict[str, np.ndarray]:
    with np.load(file, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in wanted}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise ValueError(f"{name} is no array")
    return arrays
