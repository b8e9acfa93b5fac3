"""Targets: scheme, host and port, each mistake named with the URL."""

import socket

import pytest

from tdmm_hf.live import Target, parse_target


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("livelink://127.0.0.1:11111", Target("livelink", "127.0.0.1", 11111)),
        ("osc://localhost:39539/", Target("osc", "localhost", 39539)),
        ("OSC://Studio.local:1", Target("osc", "studio.local", 1)),
        ("livelink://[::1]:65535", Target("livelink", "::1", 65535)),
    ],
)
def test_a_url_is_scheme_host_and_port(text, target):
    assert parse_target(text) == target
    assert parse_target(str(target)) == target


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("127.0.0.1:11111", "must begin with livelink:// or osc://"),
        ("http://127.0.0.1:11111", "must begin with livelink:// or osc://"),
        ("", "must begin with livelink:// or osc://"),
        ("livelink://127.0.0.1", "must name a port from 1 to 65535"),
        ("osc://127.0.0.1:", "must name a port from 1 to 65535"),
        ("osc://127.0.0.1:0", "must name a port from 1 to 65535"),
        ("osc://127.0.0.1:65536", "Port out of range"),
        ("osc://127.0.0.1:-5", "Port"),
        ("osc://127.0.0.1:port", "Port could not be cast"),
        ("osc://[::1:39539", "Invalid IPv6 URL"),
        ("livelink://:11111", "must name a host"),
        ("livelink://127.0.0.1:11111/face", "with nothing else"),
        ("livelink://127.0.0.1:11111?subject=me", "with nothing else"),
        ("livelink://me@127.0.0.1:11111", "with nothing else"),
    ],
)
def test_a_wrong_url_names_the_rule_and_itself(text, rule):
    with pytest.raises(ValueError, match="target must") as caught:
        parse_target(text)
    assert rule in str(caught.value)
    assert repr(text) in str(caught.value)


def test_ipv4_comes_first():
    family, address = Target("osc", "localhost", 39539).resolve()
    assert (family, address) == (socket.AF_INET, ("127.0.0.1", 39539))


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70, "two..dots"])
def test_a_host_that_does_not_resolve_is_named(host):
    with pytest.raises(ValueError, match="does not resolve") as caught:
        Target("osc", host, 39539).resolve()
    assert f"osc://{host}:39539" in str(caught.value)
