"""Configuration of the MotionTokenizer: what its codes stand for.

>>> config = MotionTokenizerConfig(downsample=4, streams=[{"groups": None, "num_codebooks": 4}])
>>> config.num_channels, config.num_codebooks, config.tokens_per_second
(55, 4, 25.0)
"""

from transformers import PretrainedConfig

QUANTIZERS = ("vq", "fsq")


class MotionTokenizerConfig(PretrainedConfig):
    """What a MotionTokenizer is made of.

    Args:
        space: name of the parameter space.
        channels: ordered channel names; 55 unnamed ones by default.
        channel_groups: face group of each channel, used by ``streams``; all ``"face"`` by default.
        lower, upper: bounds of each channel that decoded values are held to; none by default.
        rig: name of the rig that the geometry matrix was taken from.
        num_points: points of that geometry.
        fps: frames per second of the motions.
        downsample: frames per latent step.
        streams: the code layout, in codebook order. A stream is an autoencoder of its own with
            ``{"groups": [...] or None for all channels, "num_codebooks": n}`` and, where it needs
            another width than the rest, ``"hidden_size"``; the codebooks of a stream quantize the
            residual of the one before. Streams share no channel and together cover all of them.
        quantizer: ``"vq"`` (learned codebooks) or ``"fsq"`` (a fixed grid of ``fsq_levels``).
        codebook_size: codes per codebook; for FSQ the product of ``fsq_levels``.
        hidden_size, num_layers, latent_size: width and residual units of each encoder and decoder,
            and width of what is quantized.
        codebook_dropout: share of training motions coded by only the first few of a stream's
            codebooks, so that the earlier ones carry most.
        codebook_decay: decay of the moving average that the codebooks follow.
        region_weights: factors by which the error of face regions of the rig counts, by name; 1.0
            by default.
        coefficient_weight, velocity_weight, commitment_weight: loss terms beside the vertex loss.

    Raises:
        ValueError: naming the rule and the value.
    """

    model_type = "tdmm_motion_tokenizer"

    def __init__(
        self,
        space="arkit",
        channels=None,
        channel_groups=None,
        lower=None,
        upper=None,
        rig="sparse",
        num_points=1,
        fps=25.0,
        downsample=4,
        streams=({"groups": None, "num_codebooks": 4},),
        quantizer="vq",
        codebook_size=1024,
        fsq_levels=(8, 5, 5, 5),
        hidden_size=256,
        num_layers=3,
        latent_size=64,
        codebook_dropout=0.2,
        codebook_decay=0.99,
        region_weights=None,
        coefficient_weight=0.1,
        velocity_weight=0.2,
        commitment_weight=0.1,
        **kwargs,
    ):
        self.space = space
        self.channels = list(channels or [f"channel_{i:02d}" for i in range(55)])
        self.channel_groups = list(channel_groups or ["face"] * len(self.channels))
        self.lower = None if lower is None else list(lower)
        self.upper = None if upper is None else list(upper)
        self.rig = rig
        self.num_points = num_points
        self.fps = fps
        self.downsample = downsample
        self.streams = [dict(stream) for stream in streams]
        self.quantizer = quantizer
        self.fsq_levels = list(fsq_levels)
        self.codebook_size = codebook_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.latent_size = latent_size
        self.codebook_dropout = codebook_dropout
        self.codebook_decay = codebook_decay
        self.region_weights = dict(region_weights or {})
        self.coefficient_weight = coefficient_weight
        self.velocity_weight = velocity_weight
        self.commitment_weight = commitment_weight
        self._check()
        super().__init__(**kwargs)

    @property
    def num_channels(self):
        return len(self.channels)

    @property
    def num_codebooks(self):
        """Codes per latent step."""
        return sum(stream["num_codebooks"] for stream in self.streams)

    @property
    def tokens_per_second(self):
        return self.fps / self.downsample * self.num_codebooks

    def stream_channels(self):
        """Channel indices of each stream, a list of lists."""
        return [
            [
                i
                for i, group in enumerate(self.channel_groups)
                if stream["groups"] is None or group in stream["groups"]
            ]
            for stream in self.streams
        ]

    def to_dict(self):
        """The config as saved: with the auto classes that load it from its own files.

        Written here because `register_for_auto_class` takes any class with "Tokenizer" in its name
        for a text tokenizer.
        """
        output = super().to_dict()
        output["auto_map"] = {
            "AutoConfig": "configuration_motion_tokenizer.MotionTokenizerConfig",
            "AutoModel": "modeling_motion_tokenizer.MotionTokenizer",
        }
        return output

    def _check(self):
        if self.quantizer not in QUANTIZERS:
            raise ValueError(f"quantizer must be one of {QUANTIZERS}, got {self.quantizer!r}")
        if not (self.fps > 0 and self.downsample >= 1):
            raise ValueError(
                "fps must be positive and downsample at least 1, "
                f"got {self.fps} and {self.downsample}"
            )
        if len(self.channel_groups) != self.num_channels:
            raise ValueError(
                f"channel_groups must name {self.num_channels} groups, "
                f"got {len(self.channel_groups)}"
            )
        coded = sorted(i for channels in self.stream_channels() for i in channels)
        if coded != list(range(self.num_channels)):
            raise ValueError(f"streams must cover each channel once, got {self.streams}")


__all__ = ["MotionTokenizerConfig"]
