"""Play a motion in real time, paced against absolute deadlines.

    >>> import numpy as np
    >>> from tdmm_hf.live import play
    >>> from tdmm_hf.motion import FaceMotion
    >>> play(FaceMotion(np.zeros((3, 55)), fps=60), ["livelink://127.0.0.1:11111"]).sent
    3

Frame k is due at the start plus k / rate, however long the frames before it took, so that nothing
drifts. A frame is encoded before it is due. One that is still unsent when the next is due is
skipped, not sent late in a bunch.
"""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace

import numpy as np

from ..formats.livelink import DEFAULT_CONVENTION, Convention
from ..motion import FaceMotion
from .livelink import LiveLinkStream
from .targets import Target, parse_target
from .vmc import VMCStream

SLOWEST_SPEED, FASTEST_SPEED = 0.01, 100.0
LOWEST_RATE, HIGHEST_RATE = 0.1, 1000.0
# Sleeping ends a tenth of a millisecond late or so; the last part is waited for awake. Not for
# longer: where others want the processor, who wastes it is let in later.
AWAKE_SECONDS = 0.0002


@dataclass(frozen=True)
class Played:
    """What was sent.

    Args:
        sent: frames of the motion that were sent; the face at rest after the end does not count.
        skipped: frames that were not, being late.
        rate: frames a second.
    """

    sent: int
    skipped: int
    rate: float


class Pacer:
    """Deadlines of ticks, counted from ``start()``.

    Args:
        rate: ticks a second.
        clock: seconds that only rise.
        sleep: waits for so many seconds, or somewhat longer.
    """

    def __init__(self, rate: float, clock: Callable[[], float], sleep: Callable[[float], None]):
        self.rate, self._clock, self._sleep = rate, clock, sleep

    def start(self) -> None:
        """Tick 0 is due now."""
        self._start = self._clock()

    def wait(self, tick: int) -> None:
        """Return when the tick is due; at once where it has been."""
        due = self._start + tick / self.rate
        left = due - self._clock()
        if left > AWAKE_SECONDS:
            self._sleep(left - AWAKE_SECONDS)
        while self._clock() < due:
            pass

    def newest(self) -> int:
        """The last tick that is due by now."""
        return math.floor((self._clock() - self._start) * self.rate)


class Line:
    """A stream of datagrams to one receiver, over a socket of its own.

    Raises:
        ValueError: the target's host does not resolve.
    """

    def __init__(self, target: Target, stream: LiveLinkStream | VMCStream):
        self._target, self._stream = target, stream
        family, self._address = target.resolve()
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)

    def close(self) -> None:
        self._socket.close()

    def datagrams(self, tick: int, frame: int) -> list[bytes]:
        return self._stream.datagrams(tick, frame)

    def send(self, datagrams: list[bytes]) -> None:
        """``OSError`` names the target where the network refuses."""
        try:
            for datagram in datagrams:
                self._socket.sendto(datagram, self._address)
        except OSError as error:
            raise OSError(f"cannot send to {self._target}: {error}") from error


class Show:
    """A motion on its way over several lines.

    Args:
        lines: where each frame goes.
        frames: of the motion; frame number ``frames`` is the face at rest.
        loop: begin again after the last.
        progress: called with frames sent and expected (0 in a loop).
    """

    def __init__(
        self,
        lines: Sequence[Line],
        frames: int,
        loop: bool,
        progress: Callable[[int, int], None] | None = None,
    ):
        self._lines, self._frames, self._loop, self._progress = lines, frames, loop, progress
        self._tick = self.sent = self.skipped = 0

    def run(self, pacer: Pacer) -> None:
        """Send every frame when it is due, and return when the last has had its time."""
        datagrams = self._encoded(0)
        pacer.start()
        while True:
            pacer.wait(self._tick)
            late = self._held(pacer.newest()) - self._tick
            if late > 0:
                self.skipped += late
                self._tick += late
                datagrams = self._encoded(self._tick)
            self._send(datagrams)
            self.sent += 1
            self._tick += 1
            if self._progress:
                self._progress(self._tick, 0 if self._loop else self._frames)
            if not self._loop and self._tick == self._frames:
                return pacer.wait(self._tick)
            datagrams = self._encoded(self._tick)

    def rest(self) -> None:
        """Send the face at rest, at once."""
        self._send([line.datagrams(self._tick, self._frames) for line in self._lines])

    def _held(self, tick: int) -> int:
        """A tick no later than the last: that one is always sent."""
        return tick if self._loop else min(tick, self._frames - 1)

    def _encoded(self, tick: int) -> list[list[bytes]]:
        return [line.datagrams(tick, tick % self._frames) for line in self._lines]

    def _send(self, datagrams: list[list[bytes]]) -> None:
        for line, of_line in zip(self._lines, datagrams, strict=True):
            line.send(of_line)


def play(
    motion: FaceMotion,
    targets: Sequence[str | Target],
    loop: bool = False,
    speed: float = 1.0,
    fps: float | None = None,
    *,
    subject: str = "tdmm",
    convention: Convention | str = DEFAULT_CONVENTION,
    neutral: bool = True,
    progress: Callable[[int, int], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
) -> Played:
    """Send a motion to receivers, frame by frame as time passes.

    Args:
        motion: in the ``arkit`` space.
        targets: URLs or targets, one or more.
        loop: begin again after the end, until interrupted.
        speed: 2 is twice as fast.
        fps: frames a second to send, interpolated; by default the motion's own, times ``speed``.
        subject: the name in Unreal's Live Link window; the VMC protocol has none.
        convention: angle unit, signs and sides for Live Link, or ``app``, ``unreal``, ``degrees``.
        neutral: send a face at rest after the end or an interrupt, so that none freezes.
        progress: called after each frame with frames sent and expected (0 in a loop).
        clock, sleep: how time passes, in seconds.

    Raises:
        ValueError: names the rule and the value that breaks it.
        ImportError: a target needs a package that is not installed.
        OSError: the network refuses.
    """
    if not targets:
        raise ValueError("a motion is played to one or more targets, got none")
    shown, rate = timing(motion, speed, fps)
    with ExitStack() as stack:
        options = (_with_rest(shown), rate, subject, convention)
        lines = [stack.enter_context(closing(_line(target, *options))) for target in targets]
        show = Show(lines, shown.num_frames, loop, progress)
        try:
            show.run(Pacer(rate, clock, sleep))
        except KeyboardInterrupt:
            if neutral:
                show.rest()
            raise
        if neutral:
            show.rest()
    return Played(show.sent, show.skipped, rate)


def timing(motion: FaceMotion, speed: float, fps: float | None) -> tuple[FaceMotion, float]:
    """The frames to send and how many a second; ``ValueError`` for what cannot be."""
    if not SLOWEST_SPEED <= speed <= FASTEST_SPEED:
        raise ValueError(f"speed must be {SLOWEST_SPEED:g} to {FASTEST_SPEED:g}, got {speed:g}")
    rate = motion.fps * speed if fps is None else fps
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise ValueError(
            f"frames a second to send must be {LOWEST_RATE:g} to {HIGHEST_RATE:g}, got {rate:g}"
        )
    return (motion if fps is None else motion.resample(fps / speed)), float(rate)


def _with_rest(motion: FaceMotion) -> FaceMotion:
    """The motion with a face at rest after it."""
    rest = np.zeros((1, motion.values.shape[1]), dtype=np.float32)
    return replace(
        motion, values=np.concatenate([motion.values, rest]), valid=[*motion.valid, True]
    )


def _line(
    target: str | Target,
    motion: FaceMotion,
    rate: float,
    subject: str,
    convention: Convention | str,
) -> Line:
    target = target if isinstance(target, Target) else parse_target(target)
    if target.scheme == "livelink":
        return Line(target, LiveLinkStream(motion, rate, subject, convention))
    return Line(target, VMCStream(motion, rate))
