"""Where a motion is played to: ``livelink://HOST:PORT`` or ``osc://HOST:PORT``.

>>> from tdmm_hf.live.targets import parse_target
>>> parse_target("osc://127.0.0.1:39539")
Target(scheme='osc', host='127.0.0.1', port=39539)
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

# The schemes, and the port that receivers of each listen on unless told otherwise.
USUAL_PORTS = {"livelink": 11111, "osc": 39539}


@dataclass(frozen=True)
class Target:
    """A receiver of one protocol.

    Args:
        scheme: ``"livelink"`` or ``"osc"``.
        host: a name or an IP address.
        port: a UDP port, 1 to 65535.
    """

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def resolve(self) -> tuple[socket.AddressFamily, tuple]:
        """Address family and socket address; IPv4 first, as receivers seldom listen on IPv6.

        Raises:
            ValueError: the host does not resolve.
        """
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as error:
            raise ValueError(f"host of {str(self)!r} does not resolve: {error}") from error
        family, *_, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
        return family, address


def parse_target(text: str) -> Target:
    """The target that a URL names.

    Raises:
        ValueError: names the rule that the URL breaks, and the URL.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError(
            f"target must be SCHEME://HOST:PORT, got {text!r:.200}: {error}"
        ) from error
    scheme = parts.scheme
    if scheme not in USUAL_PORTS:
        raise ValueError(
            f"target must begin with {' or '.join(f'{name}://' for name in USUAL_PORTS)}, "
            f"got {text!r:.200}"
        )
    usual = f"{scheme}://HOST:PORT, such as {scheme}://127.0.0.1:{USUAL_PORTS[scheme]}"
    if not parts.hostname:
        raise ValueError(f"target must name a host, {usual}, got {text!r:.200}")
    if not port:
        raise ValueError(f"target must name a port from 1 to 65535, {usual}, got {text!r:.200}")
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"target must be {usual}, with nothing else, got {text!r:.200}")
    return Target(scheme, parts.hostname, port)
