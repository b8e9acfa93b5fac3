"""One file from the net: with a bar, a limit on its size, and its digest checked where it is known.

>>> from tdmm_hf.download import download
>>> download("https://example.org/head.zip", "head.zip")  # doctest: +SKIP
"""

from __future__ import annotations

import hashlib
import logging
import os
import urllib.request
from pathlib import Path

from .files import replacing

logger = logging.getLogger(__name__)

TIMEOUT = 30.0
CHUNK = 2**20
MAX_BYTES = 2**30


def download(url: str, target: str | os.PathLike, sha256: str | None = None) -> None:
    """Fetch ``url`` into ``target``, the whole file or none.

    Raises:
        OSError: it cannot be reached, has more than ``MAX_BYTES``, or another digest.
    """
    from tqdm import tqdm

    target = Path(target)
    logger.info("downloading %s to %s", url, target)
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with (
        urllib.request.urlopen(url, timeout=TIMEOUT) as response,
        replacing(target) as beside,
        tqdm(desc=target.name, unit="B", unit_scale=True, disable=None, leave=False) as bar,
    ):
        with beside.open("wb") as file:
            while chunk := response.read(CHUNK):
                file.write(chunk)
                digest.update(chunk)
                bar.update(len(chunk))
                if file.tell() > MAX_BYTES:
                    raise OSError(f"it has more than {MAX_BYTES} bytes")
        if sha256 and digest.hexdigest() != sha256:
            raise OSError(f"it must have sha256 {sha256}, got {digest.hexdigest()}")
