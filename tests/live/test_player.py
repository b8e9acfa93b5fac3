"""Pacing on a clock of the tests' own, and what arrives on loopback."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdmm_hf.live import play
from tdmm_hf.live.livelink import VALUES, decode
from tdmm_hf.live.player import AWAKE_SECONDS, Pacer, Show
from tdmm_hf.motion import FaceMotion

READING = 1e-6


class FakeClock:
    """Each reading takes a microsecond, each sleep what it is told and its stall.

    Args:
        stalls: seconds too long, by the number of the sleep.
    """

    def __init__(self, stalls=None):
        self.now, self.stalls, self.sleeps = 1000.0, stalls or {}, 0

    def __call__(self) -> float:
        self.now += READING
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        # All but the last 10 microseconds of what is to be waited for awake: no test does for long.
        self.now += seconds + AWAKE_SECONDS - 1e-5 + self.stalls.get(self.sleeps, 0.0)
        self.sleeps += 1


class Recorder:
    """A line that notes what is sent when; encoding takes ``effort`` seconds of the clock."""

    def __init__(self, clock, effort=0.0, stop_at=None):
        self.clock, self.effort, self.stop_at, self.sent = clock, effort, stop_at, []

    def datagrams(self, tick, frame):
        self.clock.now += self.effort
        return [(tick, frame)]

    def send(self, datagrams):
        ((tick, frame),) = datagrams
        self.sent.append((self.clock.now, tick, frame))
        if tick == self.stop_at:
            raise KeyboardInterrupt

    @property
    def ticks(self):
        return [tick for _, tick, _ in self.sent]

    def lateness(self, rate):
        """Seconds of each frame past its deadline, counted from the first frame's."""
        times = np.array([time for time, *_ in self.sent])
        return times - times[0] - np.array(self.ticks) / rate


def run(clock, line, frames, rate, loop=False):
    show = Show([line], frames, loop)
    show.run(Pacer(rate, clock, clock.sleep))
    return show


@pytest.mark.parametrize("rate", [25.0, 60.0, 30000 / 1001])
def test_every_frame_is_on_time_and_nothing_drifts(rate):
    clock = FakeClock()
    line = Recorder(clock, effort=0.004)
    show = run(clock, line, 3000, rate)
    assert line.ticks == list(range(3000))
    assert (show.sent, show.skipped) == (3000, 0)
    assert np.abs(line.lateness(rate)).max() <= 3 * READING
    # The last frame has its time, too.
    assert clock.now - line.sent[0][0] == pytest.approx(3000 / rate, abs=3 * READING)


def test_a_late_frame_gives_way_to_the_newest():
    clock = FakeClock(stalls={5: 0.11})  # the sleep before frame 6 takes six frames too long
    line = Recorder(clock)
    show = run(clock, line, 20, 60.0)
    assert line.ticks == [0, 1, 2, 3, 4, 5, 12, 13, 14, 15, 16, 17, 18, 19]
    assert (show.sent, show.skipped) == (14, 6)
    late = line.lateness(60.0)
    assert late[6] < 1 / 60
    assert np.abs(np.delete(late, 6)).max() <= 3 * READING


def test_the_last_frame_is_sent_however_late():
    clock = FakeClock(stalls={3: 60.0})
    line = Recorder(clock)
    run(clock, line, 10, 60.0)
    assert line.ticks == [0, 1, 2, 3, 9]


def test_encoding_slower_than_the_rate_skips_but_goes_on():
    clock = FakeClock()
    line = Recorder(clock, effort=0.025)
    show = run(clock, line, 60, 60.0)
    assert show.sent + show.skipped == 60
    assert 15 <= show.sent <= 40
    assert line.ticks[-1] == 59


@given(
    st.floats(1, 240),
    st.dictionaries(st.integers(0, 30), st.floats(0, 0.5), max_size=6),
    st.floats(0, 0.02),
)
def test_no_frame_is_early_doubled_or_forgotten(rate, stalls, effort):
    clock = FakeClock(stalls)
    line = Recorder(clock, effort)
    show = run(clock, line, 30, rate)
    assert line.ticks == sorted(set(line.ticks))
    assert line.ticks[0] == 0
    assert line.ticks[-1] == 29
    assert show.sent + show.skipped == 30
    assert line.lateness(rate).min() >= -3 * READING
    # Only encoding stands between a frame that is sent and the time of its successor.
    assert line.lateness(rate)[:-1].max(initial=0) <= 1 / rate + effort + 3 * READING


def test_a_loop_begins_again_until_interrupted():
    clock = FakeClock()
    line = Recorder(clock, stop_at=10)
    with pytest.raises(KeyboardInterrupt):
        run(clock, line, 4, 25.0, loop=True)
    assert [frame for *_, frame in line.sent] == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2]


def faces(receiver):
    return [decode(datagram) for datagram in receiver.waiting()]


def instant(motion, receiver, **options):
    clock = FakeClock()
    url = f"livelink://127.0.0.1:{receiver.port}"
    return play(motion, [url], clock=clock, sleep=clock.sleep, **options)


def test_a_motion_arrives_with_a_face_at_rest_after_it(motion, receiver):
    played = instant(motion, receiver, subject="me")
    assert (played.sent, played.skipped, played.rate) == (5, 0, 25.0)
    found = faces(receiver)
    assert [face.subject for face in found] == ["me"] * 6
    jaw = [face.values[VALUES.index("JawOpen")] for face in found]
    assert jaw == [*motion.channel("jawOpen").tolist(), 0.0]
    assert found[-1].values == (0.0,) * 61
    first = found[0].time.number + found[0].time.sub_frame
    times = [face.time.number + face.time.sub_frame - first for face in found]
    np.testing.assert_allclose(times, range(6), atol=2e-3)


def test_the_face_at_rest_is_an_option(motion, receiver):
    instant(motion, receiver, neutral=False)
    assert len(faces(receiver)) == 5


def test_an_interrupt_ends_with_a_face_at_rest(motion, receiver):
    def interrupted(done, expected):
        assert expected == 0
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        instant(motion, receiver, loop=True, progress=interrupted)
    jaw = [face.values[VALUES.index("JawOpen")] for face in faces(receiver)]
    once = motion.channel("jawOpen").tolist()
    assert jaw == [*once, *once[:2], 0.0]


def test_progress_counts_frames(motion, receiver):
    calls = []
    instant(motion, receiver, progress=lambda *call: calls.append(call))
    assert calls == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


def test_speed_and_rate(receiver):
    values = np.zeros((10, 55))
    values[:, 24] = np.linspace(0, 1, 10)
    motion = FaceMotion(values, fps=25)
    assert instant(motion, receiver, speed=2.0).rate == 50.0
    assert len(receiver.waiting()) == 11
    # 0.4 seconds at half speed are 0.8 seconds of 60 frames each.
    played = instant(motion, receiver, speed=0.5, fps=60)
    assert (played.sent, played.rate) == (48, 60.0)
    jaw = [face.values[VALUES.index("JawOpen")] for face in faces(receiver)]
    assert jaw[:-1] == motion.resample(120).channel("jawOpen").tolist()


def test_several_targets_get_the_same_frames(motion, receiver):
    pytest.importorskip("pythonosc")
    from pythonosc.osc_bundle import OscBundle

    clock = FakeClock()
    urls = [f"{scheme}://127.0.0.1:{receiver.port}" for scheme in ("livelink", "osc")]
    play(motion, urls, clock=clock, sleep=clock.sleep)
    found = receiver.waiting()
    packets = [decode(datagram) for datagram in found if not datagram.startswith(b"#bundle")]
    messages = [
        m for datagram in found if datagram.startswith(b"#bundle") for m in OscBundle(datagram)
    ]
    jaw = [message.params[1] for message in messages if message.params[:1] == ["JawOpen"]]
    assert jaw == [packet.values[VALUES.index("JawOpen")] for packet in packets]
    assert len(jaw) == 6


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"speed": 0.0}, "speed must be 0.01 to 100, got 0"),
        ({"speed": float("nan")}, "speed must be 0.01 to 100, got nan"),
        ({"speed": 50.0}, "frames a second to send must be 0.1 to 1000, got 1250"),
        ({"fps": 0.0}, "frames a second to send must be 0.1 to 1000, got 0"),
        ({"fps": float("nan")}, "frames a second to send must be 0.1 to 1000, got nan"),
        ({"subject": ""}, "subject must have 1 to 255 bytes, got 0"),
    ],
)
def test_options_that_cannot_be(motion, receiver, options, rule):
    with pytest.raises(ValueError, match=rule):
        instant(motion, receiver, **options)
    assert receiver.waiting() == []


def test_a_motion_needs_a_target(motion):
    with pytest.raises(ValueError, match="one or more targets, got none"):
        play(motion, [])


def test_without_python_osc_the_extra_is_named(motion, monkeypatch):
    monkeypatch.setitem(sys.modules, "pythonosc.osc_message_builder", None)
    with pytest.raises(ImportError, match=r"pip install 'tdmm-hf\[live\]'"):
        play(motion, ["osc://127.0.0.1:39539"])


def test_a_network_that_refuses_names_the_target(motion, monkeypatch, receiver):
    def refused(*_):
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr("socket.socket.sendto", refused)
    with pytest.raises(OSError, match=r"cannot send to livelink://127\.0\.0\.1:.*unreachable"):
        instant(motion, receiver)
