"""Any generator that can be started as a program.

    >>> from tdmm_hf.video.generators import get_generator
    >>> program = get_generator("command", command="python t2v.py --seed {seed} {prompt} {out}")
    >>> program.generate(prompt, 7, Path("clip.mp4"))  # doctest: +SKIP

The command is split once, as a shell would, and run without one: whatever a prompt holds stays one
argument. ``{out}`` is the file to write; a program that picks names itself is given ``{folder}``,
and writes one .mp4 into it.
"""

from __future__ import annotations

import os
import shlex
import signal
import string
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ...prompts.attributes import Attributes
from ...prompts.video_prompts import VideoPrompt
from .checking import MAX_BYTES, inspect_video
from .interface import GeneratedVideo, GenerationError, check_request, one_line

PLACEHOLDERS = ("prompt", "negative_prompt", "seed", "duration", "out", "folder")
_POLL = 0.1  # seconds
_MAX_LOG = 2**24  # bytes
_GRACE = 5.0  # seconds between asking a program to stop and ending it


@dataclass(frozen=True)
class CommandGenerator:
    """Runs a command line for every video.

    Args:
        command: with ``{prompt}``, ``{out}`` or ``{folder}``, and where wanted
            ``{negative_prompt}``, ``{seed}`` and ``{duration}`` (seconds). Braces are doubled.
        directory: where it runs; by default where this process does.
        timeout: seconds that one video may take.
        label: the generator's name in the record.
    """

    command: str
    directory: str | None = None
    timeout: float = 3600.0
    label: str = "command"

    needs_attributes: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.timeout > 0:
            raise ValueError(f"timeout must be positive, got {self.timeout}")
        used = _placeholders(self.command)
        if unknown := sorted(used - set(PLACEHOLDERS)):
            raise ValueError(
                f"placeholders must be among {', '.join(PLACEHOLDERS)}, got {unknown[0]!r}"
            )
        if "prompt" not in used or not used & {"out", "folder"}:
            raise ValueError(
                f"command must hold {{prompt}} and {{out}} or {{folder}}, got {self.command!r}"
            )

    @property
    def name(self) -> str:
        return self.label

    def generate(
        self, prompt: VideoPrompt, seed: int, out: Path, attributes: Attributes | None = None
    ) -> GeneratedVideo:
        """Run the command; see ``VideoGenerator.generate``."""
        check_request(prompt, seed, out)
        with tempfile.TemporaryDirectory(
            dir=out.parent, prefix=f".{out.name}.{os.getpid()}.", suffix=".part"
        ) as folder:
            work = Path(folder)
            self._run(self._arguments(prompt, seed, work), work)
            made = _only_video(work)
            facts = inspect_video(made)
            os.replace(made, out)
        settings = {"command": self.command, "seed": seed, "seconds": prompt.duration}
        return GeneratedVideo(out, facts.frames, facts.fps, self.name, settings)

    def _arguments(self, prompt: VideoPrompt, seed: int, work: Path) -> list[str]:
        if prompt.prompt.startswith("-"):
            raise ValueError(f"prompt must not begin with '-', got {prompt.prompt[:60]!r}")
        (work / "made").mkdir()
        values = {
            "prompt": prompt.prompt,
            "negative_prompt": prompt.negative_prompt,
            "seed": seed,
            "duration": f"{prompt.duration:g}",
            "out": work.resolve() / "made" / "video.mp4",
            "folder": work.resolve() / "made",
        }
        return [word.format(**values) for word in shlex.split(self.command)]

    def _run(self, arguments: list[str], work: Path) -> None:
        with (work / "log").open("wb") as log:
            try:
                process = subprocess.Popen(
                    arguments,
                    cwd=self.directory,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise GenerationError(
                    f"{arguments[0]}: cannot be started ({error.strerror})"
                ) from error
            try:
                status = self._wait(process, work, arguments[0])
            finally:
                _stop(process)
        if status:
            raise GenerationError(
                f"{arguments[0]} ended with status {status}: {_last_line(work / 'log')}"
            )

    def _wait(self, process: subprocess.Popen, work: Path, program: str) -> int:
        end = time.monotonic() + self.timeout
        while process.poll() is None:
            if time.monotonic() > end:
                raise GenerationError(f"{program} took longer than {self.timeout:g} s")
            if (work / "log").stat().st_size > _MAX_LOG:
                raise GenerationError(f"{program} said more than {_MAX_LOG} bytes")
            if _bytes(work / "made") > MAX_BYTES:
                raise GenerationError(f"{program} wrote more than {MAX_BYTES} bytes")
            time.sleep(_POLL)
        return process.returncode


def _placeholders(command: str) -> set[str]:
    try:
        words = shlex.split(command)
        found = {name for word in words for _, name, *_ in string.Formatter().parse(word) if name}
    except ValueError as error:
        raise ValueError(f"command must be a command line, got {command!r} ({error})") from error
    return found


def _stop(process: subprocess.Popen) -> None:
    """End a program and all that it started."""
    for number, patience in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, None)):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    process.wait()


def _bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # renamed since
            total += path.lstat().st_size
    return total


def _only_video(work: Path) -> Path:
    found = [path for path in (work / "made").rglob("*") if path.suffix.lower() == ".mp4"]
    found = [path for path in found if path.is_file() and not path.is_symlink()]
    if len(found) != 1:
        last = _last_line(work / "log")
        raise GenerationError(
            f"the command must write one .mp4 file, it wrote {len(found)}; it said: {last}"
        )
    return found[0]


def _last_line(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        lines = [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    return one_line(lines[-1]) if lines else "nothing"
