"""A motion to play, and a receiver on loopback."""

import socket

import numpy as np
import pytest

from tdmm_hf.motion import FaceMotion


@pytest.fixture
def motion():
    """Every channel moves, all weights within bounds."""
    rng = np.random.default_rng(0)
    values = rng.random((5, 55))
    values[:, 52:] = rng.uniform(-1, 1, (5, 3))
    return FaceMotion(values, fps=25)


class Receiver:
    """A UDP socket on a free port of loopback."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]

    def waiting(self) -> list[bytes]:
        """All datagrams that have arrived: on loopback, all that were sent."""
        self._socket.setblocking(False)
        found = []
        while True:
            try:
                found.append(self._socket.recv(65536))
            except BlockingIOError:
                return found

    def close(self):
        self._socket.close()


@pytest.fixture
def receiver():
    found = Receiver()
    yield found
    found.close()
