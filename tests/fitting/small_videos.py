"""Small videos made on the spot, and where the real clips are."""

from fractions import Fraction
from pathlib import Path

import av

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def write_video(path, images, rate=25, times=None, rotation=0):
    """Write (frames, height, width, 3) images; ``times`` in milliseconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.height, stream.width = images[0].shape[:2]
        stream.bit_rate = 8_000_000
        if rotation:
            stream.set_display_rotation(rotation)
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for i, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = int(times[i]), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
