"""What a Hugging Face Space runs: ``python app.py`` in a folder that ``tdmm push space`` made.

The package comes as a wheel beside this file and is unpacked, since a Space's build sees nothing
but ``requirements.txt``; where there is no wheel the installed package is taken.
"""

import contextlib
import os
import sys
import tempfile
import zipfile
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

with contextlib.suppress(ImportError):
    import spaces  # noqa: F401  on ZeroGPU it must come before torch


def unpack_package(folder: Path) -> None:
    """Make the wheel of this package that lies in a folder importable, if there is one."""
    for wheel in folder.glob("tdmm_hf-*.whl"):
        target = tempfile.mkdtemp(prefix="tdmm-hf-")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(target)
        sys.path.insert(0, target)


if __name__ == "__main__":
    unpack_package(Path(__file__).resolve().parent)
    from tdmm_hf.spaces_demo.page import build, launch

    launch(build())
