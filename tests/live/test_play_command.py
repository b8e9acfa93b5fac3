"""`tdmm play`: frames arrive, mistakes are one line, Ctrl-C stops with 130."""

import _thread
import signal
import sys
import threading
import time

import pytest

import tdmm_hf
from tdmm_hf.cli import main
from tdmm_hf.live.livelink import VALUES, decode


@pytest.fixture
def saved(motion, tmp_path):
    path = tmp_path / "motion.npz"
    tdmm_hf.save(motion, path)
    return str(path)


def complaint(capsys, argv) -> str:
    """The one line on stderr of a command that fails with status 2."""
    assert main(["play", *argv]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("tdmm: ")
    return lines[0]


def test_a_motion_is_played(saved, motion, receiver, capsys):
    to = f"livelink://127.0.0.1:{receiver.port}"
    assert main(["play", saved, "--to", to, "--subject", "me", "--speed", "4", "--mirror"]) == 0
    assert f"at 100 a second to {to}" in capsys.readouterr().out
    found = [decode(datagram) for datagram in receiver.waiting()]
    assert {face.subject for face in found} == {"me"}
    # On a busy machine frames may be skipped, but never the last.
    *_, last, rest = found
    left = last.values[VALUES.index("EyeBlinkLeft")]
    assert left == motion.channel("eyeBlinkRight")[-1]
    assert rest.values == (0.0,) * 61


def test_mistakes_are_one_line(saved, capsys, monkeypatch):
    to = ["--to", "livelink://127.0.0.1:9"]
    assert "must begin with livelink://" in complaint(capsys, [saved, "--to", "udp://here:1"])
    assert "must name a port" in complaint(capsys, [saved, "--to", "osc://127.0.0.1"])
    nowhere = complaint(capsys, [saved, "--to", "osc://no-such-host.invalid:39539"])
    assert "'osc://no-such-host.invalid:39539' does not resolve" in nowhere
    assert "speed must be 0.01 to 100" in complaint(capsys, [saved, *to, "--speed", "0"])
    assert "unknown convention 'maya'" in complaint(capsys, [saved, *to, "--convention", "maya"])
    assert "Missing option '--to'" in complaint(capsys, [saved])
    assert "no.csv" in complaint(capsys, ["no.csv", *to])
    monkeypatch.setitem(sys.modules, "pythonosc.osc_message_builder", None)
    assert "tdmm-hf[live]" in complaint(capsys, [saved, "--to", "osc://127.0.0.1:9"])


@pytest.fixture
def interruptible():
    """Python's own handler, also where tests run in a background shell that ignores Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_stops_a_loop_with_130(saved, motion, receiver, interruptible):
    found, enough = [], motion.num_frames + 2

    def interrupt_in_the_second_round():
        while len(found) < enough:
            found.extend(receiver.waiting())
            time.sleep(0.01)
        _thread.interrupt_main()

    watcher = threading.Thread(target=interrupt_in_the_second_round)
    watcher.start()
    assert main(["play", saved, "--loop", "--to", f"livelink://127.0.0.1:{receiver.port}"]) == 130
    watcher.join()
    found.extend(receiver.waiting())
    assert decode(found[-1]).values == (0.0,) * 61
