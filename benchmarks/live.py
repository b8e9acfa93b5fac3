"""How punctually motions are played live, beside the loop that sleeps 1 / fps after each frame.

    python benchmarks/live.py [--fps 60] [--seconds 10] [--out result.json]

Both send the same datagrams over loopback to a receiver in a process of its own, which notes when
each frame is complete. All figures in milliseconds, 95th percentile unless it says otherwise:

- sent: of the frames; a frame that is late gives way to the next.
- send: how far a frame's sending is from the first frame's plus k / fps, early or late.
- jitter: how far the time between two arrivals is from 1 / fps.
- worst: the largest jitter.
- drift: how late the last frame arrives, seen from the first.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import socket
import time
from contextlib import closing
from pathlib import Path

import numpy as np
from common import RESULTS, print_table, write_result

from tdmm_hf.live import parse_target, play
from tdmm_hf.live.livelink import LiveLinkStream
from tdmm_hf.live.player import Line
from tdmm_hf.live.vmc import VMCStream
from tdmm_hf.motion import FaceMotion
from tdmm_hf.performer import perform
from tdmm_hf.performer.plan import read_plan

PLAN = "surprised 4, speaks bursts, nod 2 at 0.6 at 3"
TARGET_MS = 5.0
# What the datagram that completes a frame contains: a frame of Live Link is one datagram.
COMPLETE = {"livelink": b"", "osc": b"/VMC/Ext/Blend/Apply"}


def receive(port_to, scheme: str, frames: int, times_to) -> None:
    """Note when each frame is complete; runs in a process of its own, on the same clock."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(3)
        port_to.send(receiver.getsockname()[1])
        times = []
        while len(times) < frames:
            try:
                datagram = receiver.recv(65536)
            except TimeoutError:
                break
            if COMPLETE[scheme] in datagram:
                times.append(time.perf_counter())
        times_to.send(times)


def send_paced(url: str, motion: FaceMotion, fps: float) -> list[tuple[int, float]]:
    """Frame and time of each sending, by ``play``."""
    sent = []

    def note(done: int, expected: int) -> None:
        sent.append((done - 1, time.perf_counter()))

    play(motion, [url], fps=fps, neutral=False, progress=note)
    return sent


def send_naively(url: str, motion: FaceMotion, fps: float) -> list[tuple[int, float]]:
    """Frame and time of each sending, by a loop that sleeps 1 / fps after it."""
    target, motion = parse_target(url), motion.resample(fps)
    livelink = target.scheme == "livelink"
    stream = LiveLinkStream(motion, fps, "tdmm") if livelink else VMCStream(motion, fps)
    sent = []
    with closing(Line(target, stream)) as line:
        for frame in range(motion.num_frames):
            line.send(line.datagrams(frame, frame))
            sent.append((frame, time.perf_counter()))
            time.sleep(1 / fps)
    return sent


def measure(scheme: str, sender, motion: FaceMotion, fps: float) -> dict:
    """One run against a fresh receiver."""
    context = multiprocessing.get_context("spawn")
    ports, port_to = context.Pipe(duplex=False)
    arrivals, times_to = context.Pipe(duplex=False)
    frames = motion.resample(fps).num_frames
    receiver = context.Process(target=receive, args=(port_to, scheme, frames, times_to))
    receiver.start()
    sent = sender(f"{scheme}://127.0.0.1:{ports.recv()}", motion, fps)
    arrived = arrivals.recv()
    receiver.join()
    return {"frames": frames, **figures(np.array(sent), np.array(arrived), fps)}


def figures(sent: np.ndarray, arrived: np.ndarray, fps: float) -> dict:
    """Frames and times of sending (sent, 2) and times of arriving (sent,) to milliseconds."""
    if len(sent) != len(arrived):
        raise SystemExit(f"{len(sent)} frames sent, {len(arrived)} arrived: try again")
    due, times = (sent[:, 0] - sent[0, 0]) / fps, sent[:, 1] - sent[0, 1]
    errors = 1000 * np.abs(times - due)
    jitter = 1000 * np.abs(np.diff(arrived) - np.diff(due))
    return {
        "sent": len(sent),
        "send_ms_p50": float(np.percentile(errors, 50)),
        "send_ms_p95": float(np.percentile(errors, 95)),
        "send_ms_max": float(errors.max()),
        "jitter_ms_p50": float(np.percentile(jitter, 50)),
        "jitter_ms_p95": float(np.percentile(jitter, 95)),
        "jitter_ms_max": float(jitter.max()),
        "drift_ms": float(1000 * (arrived[-1] - arrived[0] - due[-1])),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--fps", type=float, default=60.0)
    arguments.add_argument("--seconds", type=float, default=10.0)
    arguments.add_argument("--out", type=Path, default=RESULTS / "live.json")
    chosen = arguments.parse_args()
    motion = perform(read_plan(PLAN, chosen.seconds), seed=1)
    result = {"fps": chosen.fps, "seconds": chosen.seconds, "load_before": os.getloadavg()[0]}
    for scheme in COMPLETE:
        for name, sender in (("play", send_paced), ("sleep", send_naively)):
            result[f"{scheme}_{name}"] = measure(scheme, sender, motion, chosen.fps)
    shown = ("frames", "sent", "send_ms_p95", "jitter_ms_p95", "jitter_ms_max", "drift_ms")
    print(
        f"\n{chosen.fps:g} frames a second for {chosen.seconds:g} s, load {result['load_before']}\n"
    )
    print_table(
        ["protocol", "loop", "frames", "sent", "send", "jitter", "worst", "drift"],
        [
            [scheme, name, *(result[f"{scheme}_{name}"][figure] for figure in shown)]
            for scheme in COMPLETE
            for name in ("play", "sleep")
        ],
    )
    met = all(result[f"{scheme}_play"]["send_ms_p95"] <= TARGET_MS for scheme in COMPLETE)
    print(f"within {TARGET_MS:g} ms at the 95th percentile: {'yes' if met else 'no'}\n")
    write_result(chosen.out, {**result, "target_ms": TARGET_MS, "met": met})


if __name__ == "__main__":
    main()
