"""VMC messages: what python-osc's dispatcher hears, and axes on cases worked out by hand."""

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from tdmm_hf.live.vmc import BLEND_NAMES, LARGEST_DATAGRAM, VMCStream, bone_rotations, to_unity
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import ARKIT_BLENDSHAPES, get_space
from tdmm_hf.rigs.rig import head_rotation

osc_server = pytest.importorskip("pythonosc.osc_server")
HALF = math.sqrt(0.5)
ANGLES = st.floats(-1.5, 1.5)


def heard(datagrams: list[bytes]) -> list[tuple]:
    """(address, arguments...) of each message, received over loopback by python-osc's server."""
    from pythonosc.dispatcher import Dispatcher
    from pythonosc.udp_client import UDPClient

    found, dispatcher = [], Dispatcher()
    dispatcher.set_default_handler(lambda address, *arguments: found.append((address, *arguments)))
    with osc_server.BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher) as server:
        client = UDPClient("127.0.0.1", server.server_address[1])
        for datagram in datagrams:
            client._sock.sendto(datagram, server.server_address)
            server.handle_request()
    return found


def one_frame(**channels):
    values = np.zeros((1, 55))
    for name, value in channels.items():
        values[0, get_space("arkit").index(name)] = value
    return FaceMotion(values)


def test_a_frame_in_order(motion):
    stream = VMCStream(motion, rate=25)
    said = heard(stream.datagrams(0, 0))
    assert [message[0] for message in said] == [
        "/VMC/Ext/OK",
        "/VMC/Ext/T",
        "/VMC/Ext/Root/Pos",
        *["/VMC/Ext/Bone/Pos"] * 3,
        *["/VMC/Ext/Blend/Val"] * 52,
        "/VMC/Ext/Blend/Apply",
    ]
    assert said[0] == ("/VMC/Ext/OK", 1)
    assert said[2] == ("/VMC/Ext/Root/Pos", "root", 0, 0, 0, 0, 0, 0, 1)
    assert [message[1] for message in said[3:6]] == ["Head", "LeftEye", "RightEye"]
    assert all(message[2:5] == (0, 0, 0) for message in said[3:6])
    assert said[-1] == ("/VMC/Ext/Blend/Apply",)


def test_weights_arrive_to_the_last_bit_of_float32(motion):
    stream = VMCStream(motion, rate=25)
    for frame in range(motion.num_frames):
        said = heard(stream.datagrams(frame, frame))
        weights = {m[1]: m[2] for m in said if m[0] == "/VMC/Ext/Blend/Val"}
        assert list(weights) == [name[0].upper() + name[1:] for name in ARKIT_BLENDSHAPES]
        assert list(weights.values()) == motion.values[frame, :52].tolist()


def test_bones_arrive_to_float32(motion):
    said = heard(VMCStream(motion, rate=25).datagrams(1, 3))
    turns = {m[1]: m[5:] for m in said if m[0] == "/VMC/Ext/Bone/Pos"}
    for bone, expected in bone_rotations(motion).items():
        assert list(turns[bone]) == np.float32(expected[3]).tolist()


def test_time_counts_from_the_start_and_the_root_comes_once(motion):
    stream = VMCStream(motion, rate=50)
    said = heard(stream.datagrams(75, 0))
    assert ("/VMC/Ext/T", 1.5) in said
    assert "/VMC/Ext/Root/Pos" not in [message[0] for message in said]


def test_every_datagram_fits_and_is_a_bundle(motion):
    stream = VMCStream(motion, rate=25)
    for tick in (0, 1):
        datagrams = stream.datagrams(tick, tick)
        assert all(len(datagram) <= LARGEST_DATAGRAM for datagram in datagrams)
        # "#bundle" and the time tag that says: now.
        assert all(d[:16] == b"#bundle\0" + struct.pack(">Q", 1) for d in datagrams)
    assert len(datagrams) == 2


@pytest.mark.parametrize(
    ("channel", "unity"),
    [
        # Unity's y turns +z (ahead) to +x, the subject's right: to the left is negative.
        ("headYaw", (0, -HALF, 0, HALF)),
        # Unity's x turns +z to -y: nodding down is positive.
        ("headPitch", (HALF, 0, 0, HALF)),
        # Unity's z turns +x, the subject's right, to +y (up): dropping the right is negative.
        ("headRoll", (0, 0, -HALF, HALF)),
    ],
)
def test_a_quarter_turn_of_the_head(channel, unity):
    turns = bone_rotations(one_frame(**{channel: math.pi / 2}))
    np.testing.assert_allclose(turns["Head"][0], unity, atol=1e-7)


@pytest.mark.parametrize(
    ("channel", "bone", "axis", "degrees"),
    [
        ("eyeLookOutLeft", "LeftEye", 1, -30),  # to the subject's left
        ("eyeLookInLeft", "LeftEye", 1, 30),
        ("eyeLookOutRight", "RightEye", 1, 30),
        ("eyeLookDownRight", "RightEye", 0, 25),
        ("eyeLookUpLeft", "LeftEye", 0, -25),
    ],
)
def test_eyes_turn_as_the_weights_say(channel, bone, axis, degrees):
    turns = bone_rotations(one_frame(**{channel: 1.0}))
    expected = np.zeros(4)
    expected[[axis, 3]] = math.sin(math.radians(degrees) / 2), math.cos(math.radians(degrees) / 2)
    np.testing.assert_allclose(turns[bone][0], expected, atol=1e-7)
    others = set(turns) - {bone}
    assert all(np.array_equal(turns[other][0], (0, 0, 0, 1)) for other in others)


@given(ANGLES, ANGLES, ANGLES)
def test_unitys_turn_is_ours_seen_with_x_mirrored(pitch, yaw, roll):
    ours = head_rotation(np.array([pitch, yaw, roll]))
    unity = to_unity(Rotation.from_matrix(ours).as_quat())
    mirror = np.diag([-1.0, 1.0, 1.0])
    np.testing.assert_allclose(
        Rotation.from_quat(unity).as_matrix(), mirror @ ours @ mirror, atol=1e-9
    )


def test_only_arkit_is_played():
    with pytest.raises(ValueError, match="space 'arkit', got 'flame'"):
        VMCStream(FaceMotion(np.zeros((1, 58)), space="flame"), rate=25)


def test_names_are_the_ones_of_perfect_sync():
    assert {"BrowInnerUp", "EyeBlinkLeft", "TongueOut"} <= set(BLEND_NAMES)
