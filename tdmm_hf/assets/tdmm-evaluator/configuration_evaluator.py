"""Configuration of the evaluator: what its joint space of texts and motions is made of.

>>> config = TDMMEvaluatorConfig(hidden_size=64, vocab_size=500)
>>> config.num_channels, config.embedding_size
(55, 128)
"""

from transformers import PretrainedConfig


class TDMMEvaluatorConfig(PretrainedConfig):
    """What a TDMMEvaluator is made of.

    Args:
        space: name of the parameter space.
        channels: ordered channel names; 55 unnamed ones by default.
        fps: frames per second of the motions that the network sees; others are resampled.
        min_seconds, max_seconds: shortest and longest motion that can be embedded.
        downsample: frames per step of the motion encoder.
        vocab_size: word pieces of the text tokenizer.
        word_size: width of the frozen table of word meanings.
        max_text_tokens: longest text, in word pieces; what is longer is cut.
        hidden_size, num_heads, feed_forward: width of both encoders and of their attention layers.
        text_layers: attention layers of the text encoder.
        conv_layers, motion_layers: dilated convolutions of the motion encoder, and the attention
            layers behind them.
        embedding_size: dimensions of the joint space.
        dropout: of what is pooled, while training.
        word_noise: standard deviation of noise on word meanings (whose own is 1) while training.

    Raises:
        ValueError: naming the rule and the value.
    """

    model_type = "tdmm_evaluator"

    def __init__(
        self,
        space="arkit",
        channels=None,
        fps=25.0,
        min_seconds=0.5,
        max_seconds=60.0,
        downsample=4,
        vocab_size=12_000,
        word_size=256,
        max_text_tokens=128,
        hidden_size=256,
        num_heads=4,
        feed_forward=512,
        text_layers=2,
        conv_layers=4,
        motion_layers=2,
        embedding_size=128,
        dropout=0.1,
        word_noise=0.3,
        pad_token_id=0,
        **kwargs,
    ):
        self.space = space
        self.channels = list(channels or [f"channel_{i:02d}" for i in range(55)])
        self.fps = fps
        self.min_seconds = min_seconds
        self.max_seconds = max_seconds
        self.downsample = downsample
        self.vocab_size = vocab_size
        self.word_size = word_size
        self.max_text_tokens = max_text_tokens
        self.hidden_size = hidden_size
        self.num_heads = num_heads
        self.feed_forward = feed_forward
        self.text_layers = text_layers
        self.conv_layers = conv_layers
        self.motion_layers = motion_layers
        self.embedding_size = embedding_size
        self.dropout = dropout
        self.word_noise = word_noise
        self.pad_token_id = pad_token_id
        self._check()
        super().__init__(**kwargs)

    @property
    def num_channels(self):
        return len(self.channels)

    def to_dict(self):
        """The config as saved: with the auto classes that load it from its own files."""
        output = super().to_dict()
        output["auto_map"] = {
            "AutoConfig": "configuration_evaluator.TDMMEvaluatorConfig",
            "AutoModel": "modeling_evaluator.TDMMEvaluator",
        }
        return output

    def _check(self):
        if not (self.fps > 0 and self.downsample >= 1):
            raise ValueError(
                "fps must be positive and downsample at least 1, "
                f"got {self.fps} and {self.downsample}"
            )
        if self.hidden_size % (2 * self.num_heads):
            raise ValueError(
                f"hidden_size must be a multiple of 2 x num_heads, "
                f"got {self.hidden_size} and {self.num_heads}"
            )
        if not 0 < self.min_seconds <= self.max_seconds:
            raise ValueError(
                "lengths must satisfy 0 < min_seconds <= max_seconds, "
                f"got {self.min_seconds} and {self.max_seconds}"
            )


__all__ = ["TDMMEvaluatorConfig"]
