"""Live Link Face packets: the layout byte by byte, and against PyLiveLinkFace's decoder."""

import csv
import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdmm_hf.formats import livelink as livelink_csv
from tdmm_hf.formats.livelink import Convention
from tdmm_hf.live.livelink import (
    DAY,
    LONGEST_NAME,
    VALUES,
    FrameTime,
    LiveLinkStream,
    Packet,
    decode,
    device_id,
    encode,
)
from tdmm_hf.motion import FaceMotion

UUID = "0F8B9C3E-1D2A-4B5C-8D6E-7F8091A2B3C4"
FLOATS = st.floats(width=32, allow_nan=False)
INTS = st.integers(-(2**31), 2**31 - 1)
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)
VALUE_LISTS = st.lists(FLOATS, min_size=61, max_size=61).map(tuple)
TIMES = st.builds(
    FrameTime,
    INTS,
    st.floats(0, 1, width=32, exclude_max=True),
    st.sampled_from([25, 30, 60]),
    INTS,
)


def test_the_layout_byte_by_byte():
    values = tuple(i / 64 for i in range(61))
    packet = Packet(UUID, "Zoë", FrameTime(3_600_000, 0.25, 60, 1), values)
    assert encode(packet) == b"".join(
        [
            b"\x06",
            b"\x00\x00\x00\x24" + UUID.encode(),
            b"\x00\x00\x00\x04Zo\xc3\xab",
            b"\x00\x36\xee\x80" + b"\x3e\x80\x00\x00" + b"\x00\x00\x00\x3c" + b"\x00\x00\x00\x01",
            b"\x3d",
            b"".join(struct.pack(">f", value) for value in values),
        ]
    )


def test_the_order_is_unreals(motion):
    pylivelinkface = pytest.importorskip("pylivelinkface")
    assert [shape.name for shape in pylivelinkface.FaceBlendShape] == list(VALUES)
    assert sorted(VALUES) == sorted(livelink_csv.VALUE_COLUMNS)


@given(NAMES, NAMES, TIMES, VALUE_LISTS)
def test_decode_undoes_encode(device, subject, time, values):
    packet = Packet(device, subject, time, values)
    assert decode(encode(packet)) == packet


@given(NAMES, TIMES, VALUE_LISTS)
def test_pylivelinkface_reads_the_same(subject, time, values):
    pylivelinkface = pytest.importorskip("pylivelinkface")
    found, face = pylivelinkface.PyLiveLinkFace.decode(encode(Packet(UUID, subject, time, values)))
    assert found
    assert (face.uuid, face.name, face.fps) == ("$" + UUID, subject, time.numerator)
    assert (face._frames, face._sub_frame) == (time.number, time.sub_frame)
    assert (face._version & 0xFF, face._denominator) == (6, time.denominator)
    assert face._blend_shapes == values


def test_we_read_what_pylivelinkface_sends():
    pylivelinkface = pytest.importorskip("pylivelinkface")
    face = pylivelinkface.PyLiveLinkFace("me", UUID, fps=60)
    face.set_blendshape(pylivelinkface.FaceBlendShape.JawOpen, 0.5, no_filter=True)
    packet = decode(face.encode())
    assert (packet.device_id, packet.subject) == (UUID, "me")
    assert (packet.time.numerator, packet.time.denominator) == (60, 1)
    assert dict(zip(VALUES, packet.values, strict=True))["JawOpen"] == 0.5


@given(VALUE_LISTS, st.integers(0, 360))
def test_a_shortened_packet_is_refused(values, kept):
    whole = encode(Packet(UUID, "me", FrameTime(1), values))
    with pytest.raises(ValueError, match="packet"):
        decode(whole[: min(kept, len(whole) - 1)])


def test_other_versions_counts_and_remainders_are_refused():
    whole = encode(Packet(UUID, "me", FrameTime(1), (0.0,) * 61))
    count = len(whole) - 61 * 4 - 1
    for wrong in (b"\x05" + whole[1:], whole + b"\0", whole[:count] + b"\x3c" + whole[count + 1 :]):
        with pytest.raises(ValueError, match="packet"):
            decode(wrong)
    without_face = whole[:count]
    with pytest.raises(ValueError, match="not a packet with a face"):
        decode(without_face)


def test_a_subject_must_be_text(motion):
    with pytest.raises(ValueError, match=r"subject must be text, got '.udcff'"):
        LiveLinkStream(motion, 25, "\udcff")


@pytest.mark.parametrize("subject", ["", "x" * (LONGEST_NAME + 1), "ë" * 128])
def test_a_subject_must_fit(motion, subject):
    with pytest.raises(ValueError, match="subject must have 1 to 255 bytes"):
        LiveLinkStream(motion, 25, subject)


def test_a_packet_has_61_values():
    with pytest.raises(ValueError, match="61 values, got 52"):
        Packet(UUID, "me", FrameTime(1), (0.0,) * 52)


def test_only_arkit_is_played():
    with pytest.raises(ValueError, match="space 'arkit', got 'flame'"):
        LiveLinkStream(FaceMotion(np.zeros((1, 58)), space="flame"), 25, "me")


@pytest.mark.parametrize("convention", ["app", "unreal", Convention("degrees", True, (-1, 1, -1))])
def test_the_values_are_the_csv_files(motion, tmp_path, convention):
    """Head, eyes, units and sides: one convention for files and streams."""
    livelink_csv.write(motion, tmp_path / "motion.csv", convention)
    with open(tmp_path / "motion.csv", newline="") as file:
        rows = [[float(row[name]) for name in VALUES] for row in csv.DictReader(file)]
    stream = LiveLinkStream(motion, 25, "me", convention)
    sent = [decode(stream.datagrams(i, i)[0]).values for i in range(motion.num_frames)]
    np.testing.assert_allclose(sent, np.float32(rows), rtol=2e-7, atol=1e-9)


@pytest.mark.parametrize(
    ("rate", "fraction"),
    [(60, (60, 1)), (25.0, (25, 1)), (12.5, (25, 2)), (30000 / 1001, (30000, 1001))],
)
def test_time_is_counted_in_frames_since_midnight(motion, rate, fraction):
    stream = LiveLinkStream(motion, rate, "me", started=3600.0)
    times = [decode(stream.datagrams(tick, 0)[0]).time for tick in (0, 1, 1000)]
    assert {(time.numerator, time.denominator) for time in times} == {fraction}
    positions = [time.number + time.sub_frame for time in times]
    np.testing.assert_allclose(np.subtract(positions, 3600 * rate), [0, 1, 1000], atol=1e-3)


@given(st.floats(0, 10 * DAY), st.sampled_from([Fraction(25), Fraction(60), Fraction(30000, 1001)]))
def test_a_frame_time_is_within_a_day(seconds, rate):
    time = FrameTime.at(seconds, rate)
    assert 0 <= time.number <= DAY * rate
    assert 0 <= np.float32(time.sub_frame) < 1
    away = (time.number + time.sub_frame) / rate - seconds % DAY
    assert min(abs(away), DAY - abs(away)) < 1e-4


def test_a_subject_keeps_its_device_id():
    assert len(device_id("me")) == 36
    assert device_id("me") == device_id("me") != device_id("you")
