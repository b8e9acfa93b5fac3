"""Packets of the Live Link Face app, as Unreal Engine receives them on UDP port 11111.

    >>> from tdmm_hf.live.livelink import FrameTime, Packet, decode, encode
    >>> face = Packet("phone", "tdmm", FrameTime(number=90, sub_frame=0.5), values=(0.0,) * 61)
    >>> decode(encode(face)) == face
    True

All numbers are big-endian, version 6 (AppleARKitLiveLinkSource.cpp of Unreal's plugin
AppleARKitFaceSupport):

    uint8              version, 6
    int32, bytes       device id: its length, then UTF-8 without an end mark
    int32, bytes       subject name, the same way
    int32, float       frame number since midnight and the fraction of a frame past it
    int32, int32       numerator and denominator of the frame rate
    uint8              number of values, 61
    float x 61         the values, in the order of Unreal's EARFaceBlendShape

The device id of the app is a UUID of 36 characters. Receivers written after PyLiveLinkFace count
on that: it takes the version for a little-endian int32 and the id's length (36, a ``$``) for the
first character of the id. As a sender it differs from the app in three more places: it counts the
name in characters rather than bytes, writes a rate denominator of 0 below 60 frames a second, and
always the same fraction of a frame.
"""

from __future__ import annotations

import platform
import struct
import uuid
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import numpy as np

from ..formats.livelink import (
    DEFAULT_CONVENTION,
    VALUE_COLUMNS,
    Convention,
    get_convention,
    to_table,
)
from ..motion import FaceMotion

VERSION = 6
# Unreal's EARFaceBlendShape (ARTrackable.h), in its order.
VALUES = (
    "EyeBlinkLeft", "EyeLookDownLeft", "EyeLookInLeft", "EyeLookOutLeft", "EyeLookUpLeft",
    "EyeSquintLeft", "EyeWideLeft",
    "EyeBlinkRight", "EyeLookDownRight", "EyeLookInRight", "EyeLookOutRight", "EyeLookUpRight",
    "EyeSquintRight", "EyeWideRight",
    "JawForward", "JawLeft", "JawRight", "JawOpen",
    "MouthClose", "MouthFunnel", "MouthPucker", "MouthLeft", "MouthRight",
    "MouthSmileLeft", "MouthSmileRight", "MouthFrownLeft", "MouthFrownRight",
    "MouthDimpleLeft", "MouthDimpleRight", "MouthStretchLeft", "MouthStretchRight",
    "MouthRollLower", "MouthRollUpper", "MouthShrugLower", "MouthShrugUpper",
    "MouthPressLeft", "MouthPressRight", "MouthLowerDownLeft", "MouthLowerDownRight",
    "MouthUpperUpLeft", "MouthUpperUpRight",
    "BrowDownLeft", "BrowDownRight", "BrowInnerUp", "BrowOuterUpLeft", "BrowOuterUpRight",
    "CheekPuff", "CheekSquintLeft", "CheekSquintRight", "NoseSneerLeft", "NoseSneerRight",
    "TongueOut",
    "HeadYaw", "HeadPitch", "HeadRoll",
    "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll", "RightEyeYaw", "RightEyePitch", "RightEyeRoll",
)  # fmt: skip
LONGEST_NAME = 255  # bytes; Unreal receives into a buffer with room for so many
DAY = 24 * 3600
# Rates such as 29.97 and 23.976 have the denominator 1001.
LARGEST_DENOMINATOR = 1001

_POSITIONS = [VALUE_COLUMNS.index(name) for name in VALUES]
_LENGTH = struct.Struct(">i")
_TIME = struct.Struct(">ifiiB")
_VALUES = struct.Struct(f">{len(VALUES)}f")


@dataclass(frozen=True)
class FrameTime:
    """Unreal's FQualifiedFrameTime: a time in frames, and how many of those a second has.

    Args:
        number: whole frames, counted from midnight as the app does.
        sub_frame: fraction of a frame past it, in [0, 1).
        numerator, denominator: frames a second as a fraction.
    """

    number: int
    sub_frame: float = 0.0
    numerator: int = 60
    denominator: int = 1

    @classmethod
    def at(cls, seconds: float, rate: Fraction) -> FrameTime:
        """The frame time so many seconds after some midnight; it starts anew every day."""
        # Thousandths of a frame, so that neighbours stay neighbours in float32.
        position = round(seconds % DAY * rate, 3)
        number = int(position)
        return cls(number, float(position - number), rate.numerator, rate.denominator)


@dataclass(frozen=True)
class Packet:
    """What one datagram says.

    Args:
        device_id: tells devices apart; Unreal shows one subject for each.
        subject: the name that Unreal's Live Link window shows.
        time: when the frame is.
        values: 61 floats in the order of ``VALUES``.

    Raises:
        ValueError: a name is empty or too long, or there are not 61 values.
    """

    device_id: str
    subject: str
    time: FrameTime
    values: tuple[float, ...]

    def __post_init__(self):
        check_name("device id", self.device_id)
        check_name("subject", self.subject)
        if len(self.values) != len(VALUES):
            raise ValueError(f"a packet has {len(VALUES)} values, got {len(self.values)}")


def check_name(kind: str, name: str) -> None:
    """``ValueError`` unless a name fits into a packet."""
    try:
        size = len(name.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise ValueError(f"{kind} must be text, got {name[:40]!r}") from error
    if not 1 <= size <= LONGEST_NAME:
        raise ValueError(f"{kind} must have 1 to {LONGEST_NAME} bytes, got {size}: {name[:40]!r}")


def encode(packet: Packet) -> bytes:
    """The datagram of a packet."""
    time = packet.time
    return b"".join(
        [
            bytes([VERSION]),
            _text(packet.device_id),
            _text(packet.subject),
            _TIME.pack(time.number, time.sub_frame, time.numerator, time.denominator, len(VALUES)),
            _VALUES.pack(*packet.values),
        ]
    )


def decode(datagram: bytes) -> Packet:
    """The packet of a datagram.

    Raises:
        ValueError: another version, another number of values, or not such a datagram; the app's
            datagrams without a face, which end after the frame time, are refused too.
    """
    if datagram[:1] != bytes([VERSION]):
        raise ValueError(f"a packet begins with its version, {VERSION}, got {datagram[:1]!r}")
    try:
        device_id, at = _read_text(datagram, 1)
        subject, at = _read_text(datagram, at)
        *time, count = _TIME.unpack_from(datagram, at)
        values = _VALUES.unpack_from(datagram, at + _TIME.size)
    except (struct.error, UnicodeDecodeError) as error:
        raise ValueError(f"not a packet with a face: {error}") from error
    if count != len(VALUES) or len(datagram) != at + _TIME.size + _VALUES.size:
        raise ValueError(
            f"a packet has {len(VALUES)} values and nothing after them, "
            f"got {count} in {len(datagram)} bytes"
        )
    return Packet(device_id, subject, FrameTime(*time), values)


def _text(text: str) -> bytes:
    encoded = text.encode("utf-8")
    return _LENGTH.pack(len(encoded)) + encoded


def _read_text(datagram: bytes, at: int) -> tuple[str, int]:
    """A text and the position after it."""
    (size,) = _LENGTH.unpack_from(datagram, at)
    start = at + _LENGTH.size
    if not 0 <= size <= len(datagram) - start:
        raise struct.error(f"a text of {size} bytes at byte {at} of {len(datagram)}")
    return datagram[start : start + size].decode("utf-8"), start + size


class LiveLinkStream:
    """The frames of a motion as datagrams.

    Args:
        motion: in the ``arkit`` space.
        rate: ticks a second.
        subject: the name that Unreal's Live Link window shows.
        convention: angle unit, signs and sides, or the name of those, as for files.
        started: seconds since midnight of tick 0; now by default.

    Raises:
        ValueError: the motion is in another space, the subject does not fit, or no convention has
            that name.
    """

    def __init__(
        self,
        motion: FaceMotion,
        rate: float,
        subject: str,
        convention: Convention | str = DEFAULT_CONVENTION,
        started: float | None = None,
    ):
        if motion.space.name != "arkit":
            raise ValueError(f"livelink plays motion in space 'arkit', got {motion.space.name!r}")
        check_name("subject", subject)
        convention = get_convention(convention) if isinstance(convention, str) else convention
        self.subject = subject
        self.device_id = device_id(subject)
        self.rate = Fraction(rate).limit_denominator(LARGEST_DENOMINATOR)
        self.started = _since_midnight() if started is None else started
        self._rows = to_table(motion, convention)[:, _POSITIONS].astype(np.float32)

    def datagrams(self, tick: int, frame: int) -> list[bytes]:
        """What is sent at a tick, counted from the start, to show a frame of the motion."""
        time = FrameTime.at(self.started + tick / self.rate, self.rate)
        values = tuple(self._rows[frame].tolist())
        return [encode(Packet(self.device_id, self.subject, time, values))]


def device_id(subject: str) -> str:
    """36 characters, the same for a subject on a machine each time: one entry in Unreal's list."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"tdmm://{platform.node()}/{subject}")).upper()


def _since_midnight() -> float:
    now = datetime.now()
    return (now - now.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()
