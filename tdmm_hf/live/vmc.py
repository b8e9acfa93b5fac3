"""OSC bundles of the VMC protocol, as VSeeFace, VNyan, Warudo, VMagicMirror and others take them.

    >>> import numpy as np
    >>> from tdmm_hf.live.vmc import VMCStream
    >>> from tdmm_hf.motion import FaceMotion
    >>> stream = VMCStream(FaceMotion(np.zeros((1, 55))), rate=25)
    >>> [len(datagram) <= 1452 for datagram in stream.datagrams(tick=1, frame=0)]
    [True, True]

Each frame says, in this order (protocol.vmc.info, Marionette):

    /VMC/Ext/OK 1                                       there is a model, its data follows
    /VMC/Ext/T seconds                                  since the start
    /VMC/Ext/Root/Pos root 0 0 0 0 0 0 1                the first frame only
    /VMC/Ext/Bone/Pos Head|LeftEye|RightEye p q         local position and quaternion
    /VMC/Ext/Blend/Val BrowDownLeft weight              and 51 more
    /VMC/Ext/Blend/Apply                                the frame is complete

A frame takes two bundles (the first frame three), each small enough for a datagram that networks
carry in one piece; the last ends with ``Apply``.

Names begin with a capital, as the clips and expressions of avatars made for "perfect sync" do:
receivers that compare names exactly find them, and others (VMagicMirror) ignore the case.

The whole turn of the head is the bone ``Head``'s. ``Neck`` is left to whatever else moves the body.
Local positions are zero, as face trackers send them: a motion does not know where the avatar's
bones are.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from ..formats.gaze import SIDES, gaze_angles
from ..import_utils import require_package
from ..motion import FaceMotion
from ..parameters import ARKIT_BLENDSHAPES, HEAD_CHANNELS
from ..rigs.rig import head_rotation

BLEND_NAMES = tuple(name[0].upper() + name[1:] for name in ARKIT_BLENDSHAPES)
REST = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
# Ethernet carries 1500 bytes, of which IPv4 and UDP take 28 and IPv6 20 more.
LARGEST_DATAGRAM = 1452
_BUNDLE_HEAD, _ELEMENT_HEAD = 16, 4


class VMCStream:
    """The frames of a motion as datagrams.

    Args:
        motion: in the ``arkit`` space.
        rate: ticks a second.

    Raises:
        ValueError: the motion is in another space.
        ImportError: python-osc is not installed.
    """

    def __init__(self, motion: FaceMotion, rate: float):
        if motion.space.name != "arkit":
            raise ValueError(f"osc plays motion in space 'arkit', got {motion.space.name!r}")
        self._messages = require_package("pythonosc.osc_message_builder", "live")
        self._bundles = require_package("pythonosc.osc_bundle_builder", "live")
        self.rate = rate
        self._weights = motion.values[:, : len(BLEND_NAMES)]
        self._bones = bone_rotations(motion)

    def datagrams(self, tick: int, frame: int) -> list[bytes]:
        """What is sent at a tick, counted from the start, to show a frame of the motion."""
        said = [("/VMC/Ext/OK", 1), ("/VMC/Ext/T", tick / self.rate)]
        if tick == 0:
            said.append(("/VMC/Ext/Root/Pos", "root", *REST))
        for bone, turns in self._bones.items():
            said.append(("/VMC/Ext/Bone/Pos", bone, *REST[:3], *turns[frame].tolist()))
        for name, weight in zip(BLEND_NAMES, self._weights[frame].tolist(), strict=True):
            said.append(("/VMC/Ext/Blend/Val", name, weight))
        said.append(("/VMC/Ext/Blend/Apply",))
        return self._bundled([self._message(*message) for message in said])

    def _message(self, address: str, *arguments):
        builder = self._messages.OscMessageBuilder(address)
        for argument in arguments:
            builder.add_arg(argument)
        return builder.build()

    def _bundled(self, messages: list) -> list[bytes]:
        """Bundles, in order, none larger than a datagram may be."""
        bundles, size = [], LARGEST_DATAGRAM
        for message in messages:
            size += _ELEMENT_HEAD + message.size
            if size > LARGEST_DATAGRAM:
                bundles.append(self._bundles.OscBundleBuilder(self._bundles.IMMEDIATELY))
                size = _BUNDLE_HEAD + _ELEMENT_HEAD + message.size
            bundles[-1].add_content(message)
        return [bundle.build().dgram for bundle in bundles]


def bone_rotations(motion: FaceMotion) -> dict[str, np.ndarray]:
    """Bone name to (frames, 4) local quaternions (x, y, z, w) in Unity's axes."""
    values = motion.values.astype(np.float64)
    head = Rotation.from_matrix(head_rotation(values[:, motion.space.indices(HEAD_CHANNELS)]))
    turns = {"Head": head}
    for side in SIDES:
        turns[f"{side}Eye"] = Rotation.from_euler("YX", gaze_angles(values, side))
    return {name: to_unity(turn.as_quat(canonical=True)) for name, turn in turns.items()}


def to_unity(quaternions: np.ndarray) -> np.ndarray:
    """The same turns in Unity's axes: (..., 4) as (x, y, z, w), from glTF's.

    glTF: +x to the subject's left, +y up, +z out of the face, right-handed. Unity: +x to the
    subject's right, the others alike, left-handed. Mirroring x turns (x, y, z, w) into
    (x, -y, -z, w): turning to the subject's left is positive about glTF's y and negative about
    Unity's, nodding down is positive about x in both.
    """
    return np.asarray(quaternions) * (1.0, -1.0, -1.0, 1.0)
