"""A sample of ``make fuzz``: what every reader says to damaged files; and that it can fail."""

import os
import random

import pytest
from fuzzing import guard, running
from fuzzing.targets import TARGETS, Target
from hypothesis import strategies as st

SHARE = 40  # inputs of a target of usual weight
NEEDS = {
    "usda": "pxr",
    "usdc": "pxr",
    "usdz": "pxr",
    "video": "av",
}
SEED = 0 if os.environ.get("CI") else random.randrange(10**6)


def ready(name):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    return TARGETS[name]


@pytest.mark.parametrize("name", TARGETS)
def test_sound_files_are_read(name, tmp_path):
    target = ready(name)
    path = running.prepare(target, tmp_path)
    for data in target.sound():
        path.write_bytes(data)
        found = guard.verdict(target.read, path, target.own, target.names_file, target.longest)
        assert found.kind == guard.READ, found


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_files_are_read_or_refused_in_a_line(name, tmp_path):
    target = ready(name)
    inputs = round(SHARE * target.weight)
    found = [one.verdict for one in running.run_here(name, inputs, SEED, tmp_path)]
    assert len(found) == inputs
    failed = {one.signature: one.detail for one in found if one.kind == guard.FAILED}
    assert not failed, f"seed {SEED}"
    if name != "description":  # words of any kind may be a description
        assert any(one.kind == guard.REFUSED for one in found)


def outcome(read, monkeypatch, own=(ValueError,), **target):
    """What a run says of a reader of one's own."""
    made = Target("x.txt", lambda: [b"sound"], lambda sound: st.binary(), read, own, **target)
    monkeypatch.setitem(TARGETS, "own", made)
    return made


@pytest.mark.parametrize(
    ("error", "signature"),
    [
        (KeyError("a"), "KeyError: 'a'"),
        (ValueError("one\ntwo"), "a message of several lines"),
        (ValueError(""), "an empty message"),
        (ValueError("x" * 1001), "a message of over 1000 characters"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_what_is_no_refusal_is_a_failure(error, signature, monkeypatch, tmp_path):
    def read(path):
        if path.read_bytes() != b"sound":
            raise error

    outcome(read, monkeypatch)
    failed = [one for one in running.run_here("own", 5, 0, tmp_path) if one.data is not None]
    assert failed
    assert all(one.verdict.signature.startswith(signature) for one in failed)


def test_a_message_may_have_to_name_the_file(monkeypatch, tmp_path):
    def read(path):
        if path.read_bytes() != b"sound":
            raise ValueError("odd")

    outcome(read, monkeypatch, names_file=True)
    found = [one.verdict.signature for one in running.run_here("own", 3, 0, tmp_path)]
    assert "a message without the file" in found[-1]


def test_time_and_memory_have_limits(monkeypatch, tmp_path):
    def endless(path):
        while path.read_bytes() != b"sound":
            pass

    def greedy(path):
        if path.read_bytes() != b"sound":
            bytearray(guard.SPARE_BYTES + 2**28)

    monkeypatch.setattr(guard, "SECONDS", 0.2)
    for read, signature in ((endless, "TooSlowError"), (greedy, "MemoryError")):
        outcome(read, monkeypatch)
        (found,) = running.run_here("own", 1, 0, tmp_path)
        assert found.verdict.signature.startswith(signature)


def test_a_dead_process_is_a_failure_with_its_file(monkeypatch):
    """The packet reader's process is killed at its first file: the rest is done by another."""
    stuck = []
    received = running._received

    def stuck_once(pipe):
        if stuck:
            yield from received(pipe)
        stuck.append(True)

    monkeypatch.setattr(running, "_received", stuck_once)
    found = list(running.run_apart("packet", 30, 0))
    assert len(found) == 30
    assert found[0].verdict.signature.startswith("the process")
    assert {one.verdict.kind for one in found[1:]} <= {guard.READ, guard.REFUSED}
