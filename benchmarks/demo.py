"""The demo page under load: how soon it starts, and eight visitors at once for two minutes.

    python benchmarks/demo.py [MODEL] [--visitors 8] [--seconds 120] [--out result.json]

Every visitor makes a motion from a prompt, takes its film and files, and now and then has a motion
file read, one after another without a pause. Reported are the seconds from ``tdmm demo`` to the
first page, the requests and how long they took, errors (none are wanted), and what the queue said:
how far behind visitors were told they stand.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
from common import HERE, load_yaml, parser, print_table, write_result

VISITORS, SECONDS = 8, 120.0
DURATION = 3.0  # seconds of each motion
READ_EVERY = 3  # of a visitor's rounds, one reads a file
START_LIMIT = 120.0
POLL = 0.2


@contextmanager
def served(model: str | None, folder: Path) -> Iterator[tuple[str, float]]:
    """The page in a process of its own: its address, and the seconds until it answered."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tdmm_hf.cli", "demo", "--port", str(port)]
    command += ["--model", model] if model else []
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent), "GRADIO_TEMP_DIR": str(folder)}
    started = time.perf_counter()
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}/"
            yield address, _first_page(address, started, server)
        finally:
            server.terminate()
            server.wait(timeout=30)


def _first_page(address: str, started: float, server: subprocess.Popen) -> float:
    while (taken := time.perf_counter() - started) < START_LIMIT:
        if server.poll() is not None:
            raise RuntimeError(f"the page ended with status {server.returncode}")
        try:
            if httpx.get(address, timeout=5).status_code == 200:
                return time.perf_counter() - started
        except httpx.HTTPError:
            time.sleep(POLL)
    raise TimeoutError(f"no page within {taken:.0f} s")


class Visitor(threading.Thread):
    """Asks for one thing after another until the time is up, and notes what happened."""

    def __init__(self, address: str, number: int, prompts: list[str], file: Path, until: float):
        super().__init__(daemon=True)
        self.address, self.number, self.file, self.until = address, number, file, until
        self.prompts = prompts[number::VISITORS]
        self.taken: dict[str, list[float]] = {}
        self.errors: list[str] = []
        self.ranks: list[int] = []

    def run(self) -> None:
        from gradio_client import Client, handle_file

        client = Client(self.address, verbose=False, download_files=False, analytics_enabled=False)
        turn = 0
        while time.monotonic() < self.until:
            prompt = self.prompts[turn % len(self.prompts)]
            self._ask(client, "/text_to_motion", prompt, DURATION, turn, 0.85)
            self._ask(client, "/downloads")
            if turn % READ_EVERY == READ_EVERY - 1:
                self._ask(client, "/motion_to_text", handle_file(self.file), "")
            turn += 1

    def _ask(self, client, name: str, *inputs) -> None:
        started = time.monotonic()
        try:
            job = client.submit(*inputs, api_name=name)
            while not job.done():
                rank = job.status().rank
                if rank is not None:
                    self.ranks.append(rank)
                time.sleep(POLL)
            job.result()
        except Exception as error:  # whatever a visitor would have seen
            self.errors.append(f"{name}: {type(error).__name__}: {error}")
            return
        self.taken.setdefault(name, []).append(time.monotonic() - started)


def crowd(address: str, visitors: int, seconds: float, folder: Path) -> list[Visitor]:
    """Visitors who have all come and gone."""
    from tdmm_hf import FaceMotion, save

    file = folder / "still.csv"
    save(FaceMotion(np.zeros((75, 55))), file)
    prompts = [entry["prompt"] for entry in load_yaml("prompts")]
    until = time.monotonic() + seconds
    present = [Visitor(address, number, prompts, file, until) for number in range(visitors)]
    for visitor in present:
        visitor.start()
    for visitor in present:
        visitor.join()
    return present


def summarized(visitors: list[Visitor]) -> dict:
    """How long each endpoint took, what went wrong, and what the queue said."""
    names = sorted({name for visitor in visitors for name in visitor.taken})
    taken = {name: [t for v in visitors for t in v.taken.get(name, [])] for name in names}
    ranks = [rank for visitor in visitors for rank in visitor.ranks]
    return {
        "endpoints": {
            name: {
                "requests": len(times),
                "median": float(np.median(times)),
                "p95": float(np.percentile(times, 95)),
            }
            for name, times in taken.items()
        },
        "errors": [error for visitor in visitors for error in visitor.errors],
        "rank_told": {"times": len(ranks), "highest": max(ranks, default=None)},
    }


def main() -> None:
    arguments = parser(__doc__, "demo")
    arguments.add_argument("--visitors", type=int, default=VISITORS)
    arguments.add_argument("--seconds", type=float, default=SECONDS)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with served(chosen.model, folder) as (address, start):
            found = summarized(crowd(address, chosen.visitors, chosen.seconds, folder))
    rows = [
        (name, one["requests"], one["median"], one["p95"])
        for name, one in found["endpoints"].items()
    ]
    print_table(("endpoint", "requests", "median s", "95 % s"), rows)
    print(f"first page after {start:.1f} s; {len(found['errors'])} errors; ", end="")
    print("the queue told a place {times} times, up to {highest}".format(**found["rank_told"]))
    for error in found["errors"][:5]:
        print(error)
    asked = {"visitors": chosen.visitors, "seconds": chosen.seconds}
    write_result(
        chosen.out, {"model": chosen.model or "embedded", **asked, "start": start, **found}
    )


if __name__ == "__main__":
    main()
