"""The folder that deploys as a Hugging Face Space.

    >>> from tdmm_hf.publishing.space import prepare_space
    >>> prepare_space("space").checks               # doctest: +SKIP

It holds ``app.py``, ``README.md`` with the header, ``requirements.txt``, ``packages.txt`` and
the package's wheel, while the package is on no index.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import zipfile
from email.parser import Parser
from importlib import resources
from pathlib import Path

from .cards import check_card, load_card, mark, name_repo
from .folder import CARD_FILE, Prepared, empty_folder
from .kinds import SPACE
from .server import start_space
from .trial import last_line

FILES = ("app.py", "README.md", "requirements.txt", "packages.txt")
WHEELS = "tdmm_hf-*.whl"
PLACE = "USER/SPACE"  # in the page's example, until the Space has a place on the Hub
EPOCH = "315532800"  # the first second that a zip file can name
EXTRAS = ("render", "video", "usd", "demo")
IN_WHEEL = (
    "tdmm_hf/spaces_demo/page.py",
    "tdmm_hf/spaces_demo/examples.yaml",
    "tdmm_hf/spaces_demo/static/style.css",
    "tdmm_hf/assets/tdmm-lm-tiny/config.json",
)
REQUIRED = ("title", "emoji", "colorFrom", "colorTo", "sdk", "sdk_version", "app_file", "license")
# As the Hub's reference of a Space's header has them.
COLORS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
MAX_SHORT_DESCRIPTION = 60


def prepare_space(
    folder: str | Path, wheel: str | Path | None = None, repo: str | None = None
) -> Prepared:
    """Put a Space together in an empty folder, and check that it starts.

    Args:
        folder: empty.
        wheel: the package's wheel; built from the source by default.
        repo: "user/name", for the page's example.

    Raises:
        ValueError: there is no source to build from, or the Space is not sound or does not start:
            names what is wrong.
        OSError: the folder cannot be written.
    """
    folder = empty_folder(folder)
    if wheel is not None and not Path(wheel).is_file():
        raise ValueError(f"wheel must be a file, none at {wheel}")
    source = resources.files("tdmm_hf.spaces_demo")
    with tempfile.TemporaryDirectory() as building:
        wheel = Path(wheel) if wheel else build_wheel(Path(building))
        shutil.copyfile(wheel, folder / wheel.name)
    for name in FILES:
        (folder / name).write_bytes(source.joinpath(name).read_bytes())
    mark(folder / CARD_FILE, SPACE)
    if repo:
        name_repo(folder / CARD_FILE, PLACE, repo)
    check_space(folder)
    seconds = start_space(folder)
    checks = (
        "card: header of a gradio Space",
        "files: requirements.txt asks for all that the wheel needs",
        f"app.py from the wheel in a process of its own: the page is served after {seconds:.0f} s",
    )
    return Prepared(SPACE, folder, checks)


def build_wheel(folder: Path) -> Path:
    """The package's wheel, built from the checkout that is running: the same bytes each time.

    Raises:
        ValueError: the package runs from an installed wheel, or the build fails.
    """
    root = Path(__file__).parents[2]
    if not (root / "pyproject.toml").is_file():
        raise ValueError("wheel must be given where the package's source is not at hand: --wheel")
    # A base of its own: what earlier builds left beside the source would get into the wheel.
    base = f"--config-settings=--global-option=build --build-base={shlex.quote(str(folder))}/base"
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", base, str(root)]
    done = subprocess.run(
        [*command, "--wheel-dir", str(folder)],
        env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ValueError(f"the wheel cannot be built: {last_line(done.stderr)}")
    return next(folder.glob(WHEELS))


def check_space(folder: str | Path) -> None:
    """Whether a folder can be deployed as it is.

    Raises:
        ValueError: naming what is wrong.
    """
    folder = Path(folder)
    if missing := [name for name in FILES if not (folder / name).is_file()]:
        raise ValueError(f"a Space needs {', '.join(FILES)}, got none of {', '.join(missing)}")
    wheels = list(folder.glob(WHEELS))
    if len(wheels) != 1:
        raise ValueError(f"a Space needs one wheel of the package, got {len(wheels)}")
    _check_header(folder)
    _check_wheel(wheels[0])
    _check_requirements(folder / "requirements.txt", wheels[0])


def _check_header(folder: Path) -> None:
    """As far as it can be known without the Hub."""
    header = load_card(folder / CARD_FILE, SPACE).data.to_dict()
    if missing := [name for name in REQUIRED if not header.get(name)]:
        raise ValueError(f"a Space's header needs {', '.join(missing)}")
    if header["sdk"] != "gradio":
        raise ValueError(f"sdk must be gradio, got {header['sdk']!r}")
    if not re.fullmatch(r"\d+\.\d+\.\d+", str(header["sdk_version"])):
        raise ValueError(f"sdk_version must be like 6.1.0, got {header['sdk_version']!r}")
    if not (folder / header["app_file"]).is_file():
        raise ValueError(f"app_file must be in the folder, got {header['app_file']!r}")
    for name in ("colorFrom", "colorTo"):
        if header[name] not in COLORS:
            raise ValueError(f"{name} must be one of {', '.join(COLORS)}, got {header[name]!r}")
    if len(header.get("short_description", "")) > MAX_SHORT_DESCRIPTION:
        raise ValueError(f"short_description must have at most {MAX_SHORT_DESCRIPTION} characters")
    check_card(folder / CARD_FILE, SPACE)


def _check_wheel(wheel: Path) -> None:
    try:
        names = set(zipfile.ZipFile(wheel).namelist())
    except zipfile.BadZipFile as error:
        raise ValueError(f"{wheel.name}: not a wheel ({error})") from error
    if missing := [name for name in IN_WHEEL if name not in names]:
        raise ValueError(f"{wheel.name}: the wheel lacks {', '.join(missing)}")


def _check_requirements(path: Path, wheel: Path) -> None:
    """Every package that the wheel wants, with the extras of a Space, is asked for."""
    from packaging.requirements import Requirement

    lines = [line.split("#")[0].strip() for line in path.read_text().splitlines()]
    asked = {_plain(Requirement(line).name) for line in lines if line}
    missing = sorted(_wanted(wheel) - asked)
    if missing:
        raise ValueError(f"requirements.txt lacks what the wheel needs: {', '.join(missing)}")


def _wanted(wheel: Path) -> set[str]:
    """Names of the packages that a wheel needs in a Space."""
    from packaging.requirements import Requirement

    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
    needed = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    names = {
        _plain(one.name)
        for one in needed
        for extra in ("", *EXTRAS)
        if one.marker is None or one.marker.evaluate({"extra": extra})
    }
    return names - {_plain(str(metadata["Name"]))}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
