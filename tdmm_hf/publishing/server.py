"""Whether a Space starts: its app, run as the Hub runs it, until it serves its page.

>>> start_space("space")    # doctest: +SKIP
9.4
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from .trial import TRIALS, clean_environment, last_line

PATIENCE = 300.0  # seconds
BETWEEN = 0.2


def start_space(folder: str | Path, patience: float = PATIENCE) -> float:
    """Seconds until the app of a folder serves its page; it is stopped then.

    The app runs in a process of its own that has the packages of this one, but this package only
    from what lies in the folder.

    Raises:
        ValueError: the app ends before, or takes longer than ``patience`` seconds.
    """
    port = _free_port()
    with clean_environment() as environment, tempfile.TemporaryFile("w+") as said:
        serving = {"GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(port)}
        app = subprocess.Popen(
            [sys.executable, str(TRIALS / "space.py"), str(Path(folder).resolve() / "app.py")],
            cwd=folder,
            env={**environment, **serving, "GRADIO_ANALYTICS_ENABLED": "False"},
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
        )
        begun = time.monotonic()
        try:
            while not _serves(port):
                if app.poll() is not None:
                    said.seek(0)
                    raise ValueError(f"the Space does not start: {last_line(said.read())}")
                if time.monotonic() - begun > patience:
                    raise ValueError(f"the Space must serve its page within {patience:g} s")
                time.sleep(BETWEEN)
            return time.monotonic() - begun
        finally:
            app.kill()
            app.wait()


def _serves(port: int) -> bool:
    """Whether gradio answers with a page that has something on it."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/config", timeout=5) as answer:
            return bool(json.load(answer).get("components"))
    except (urllib.error.URLError, OSError, ValueError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
