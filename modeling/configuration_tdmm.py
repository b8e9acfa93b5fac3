"""Configuration of TDMMForCausalLM: a causal language model whose vocabulary holds motion.

>>> config = TDMMConfig(motion_token_start=1000)
>>> config.motion_token_id(codebook=1, code=17) - config.motion_token_start
1041
>>> config.window_steps, config.context_steps
(50, 12)
"""

import copy

from transformers import CONFIG_MAPPING, AutoConfig, PretrainedConfig

from .configuration_motion_tokenizer import MotionTokenizerConfig

AUTO_MAP = {
    "AutoConfig": "configuration_tdmm.TDMMConfig",
    "AutoModel": "modeling_tdmm.TDMMForCausalLM",
    "AutoModelForCausalLM": "modeling_tdmm.TDMMForCausalLM",
    "AutoProcessor": "processing_tdmm.TDMMProcessor",
}
CUSTOM_PIPELINES = {
    "text-to-face-motion": {
        "impl": "pipeline_tdmm.TextToFaceMotionPipeline",
        "pt": ["AutoModelForCausalLM"],
    },
    "face-motion-to-text": {
        "impl": "pipeline_tdmm.FaceMotionToTextPipeline",
        "pt": ["AutoModelForCausalLM"],
    },
}


class TDMMConfig(PretrainedConfig):
    """What a TDMMForCausalLM is made of.

    Args:
        text_config: config (or dict) of any causal language model; Llama's default without one.
        motion_config: MotionTokenizerConfig (or dict).
        prompt_encoder_config: config (or dict) of the frozen prompt encoder; None for none.
        motion_token_start: id of codebook 0's code 0. Code k of codebook q is
            ``motion_token_start + q * codebook_size + k``.
        motion_start_token_id, motion_end_token_id: ids of ``<|motion|>`` and ``<|/motion|>``.
        prompt_start_token_id, prompt_end_token_id: ids of ``<|prompt|>`` and ``<|/prompt|>``.
        plan_start_token_id, plan_end_token_id: ids of ``<|plan|>`` and ``<|/plan|>``.
        encoder_cls_token_id, encoder_sep_token_id: what the prompt encoder expects around a prompt.
        window_seconds: the longest motion the language model reads or writes at once.
        context_seconds: how much of one window the next one starts from.
        max_seconds: the longest motion that may be asked for.
        motion_sampling: defaults of ``temperature``, ``top_p`` (1.0: off) and ``top_k`` (0: off)
            for motion tokens.
    """

    model_type = "tdmm"
    sub_configs = {
        "text_config": AutoConfig,
        "motion_config": MotionTokenizerConfig,
        "prompt_encoder_config": AutoConfig,
    }
    # The package sets this once its own pipelines are registered: a config that names custom
    # pipelines would make `pipeline()` ask for trust_remote_code although the code is installed.
    pipelines_are_registered = False

    def __init__(
        self,
        text_config=None,
        motion_config=None,
        prompt_encoder_config=None,
        motion_token_start=0,
        motion_start_token_id=None,
        motion_end_token_id=None,
        prompt_start_token_id=None,
        prompt_end_token_id=None,
        plan_start_token_id=None,
        plan_end_token_id=None,
        encoder_cls_token_id=None,
        encoder_sep_token_id=None,
        window_seconds=8.0,
        context_seconds=2.0,
        max_seconds=60.0,
        motion_sampling=None,
        **kwargs,
    ):
        for name in ("auto_map", "custom_pipelines", "tie_word_embeddings"):
            kwargs.pop(name, None)
        # Before the sub-configs are there: it would undo the attention that a given one has chosen.
        super().__init__(**kwargs)
        self.text_config = _sub_config({} if text_config is None else text_config, "llama")
        self.motion_config = _motion_config(motion_config)
        self.prompt_encoder_config = _sub_config(prompt_encoder_config, "bert")
        self.motion_token_start = motion_token_start
        self.motion_start_token_id = motion_start_token_id
        self.motion_end_token_id = motion_end_token_id
        self.prompt_start_token_id = prompt_start_token_id
        self.prompt_end_token_id = prompt_end_token_id
        self.plan_start_token_id = plan_start_token_id
        self.plan_end_token_id = plan_end_token_id
        self.encoder_cls_token_id = encoder_cls_token_id
        self.encoder_sep_token_id = encoder_sep_token_id
        self.window_seconds = window_seconds
        self.context_seconds = context_seconds
        self.max_seconds = max_seconds
        self.motion_sampling = {
            "temperature": 1.0,
            "top_p": 1.0,
            "top_k": 0,
            **(motion_sampling or {}),
        }
        if not 0 <= context_seconds < window_seconds <= max_seconds:
            raise ValueError(
                "seconds must satisfy 0 <= context < window <= max, "
                f"got {context_seconds}, {window_seconds}, {max_seconds}"
            )
        # PEFT and the trainers read the tying of the whole model here.
        self.tie_word_embeddings = getattr(self.text_config, "tie_word_embeddings", False)
        if kwargs.get("attn_implementation"):
            self._attn_implementation = kwargs["attn_implementation"]

    @property
    def num_motion_tokens(self):
        return self.motion_config.num_codebooks * self.motion_config.codebook_size

    @property
    def steps_per_second(self):
        """Latent steps in a second of motion."""
        return self.motion_config.fps / self.motion_config.downsample

    @property
    def window_steps(self):
        """Latent steps in the longest window."""
        return round(self.window_seconds * self.steps_per_second)

    @property
    def context_steps(self):
        """Latent steps that a window shares with the one before, at least."""
        return int(self.context_seconds * self.steps_per_second)

    @property
    def context_length(self):
        """Most tokens the language model can read, None where it has no limit."""
        return getattr(self.text_config, "max_position_embeddings", None)

    @property
    def motion_slices(self):
        """(first, end) token ids of each codebook."""
        size = self.motion_config.codebook_size
        starts = [
            self.motion_token_start + q * size for q in range(self.motion_config.num_codebooks)
        ]
        return [(start, start + size) for start in starts]

    def motion_token_id(self, codebook, code):
        return self.motion_token_start + codebook * self.motion_config.codebook_size + code

    @property
    def auto_map(self):
        return dict(AUTO_MAP)

    @auto_map.setter
    def auto_map(self, value):
        """Fixed: loading remote code tries to set a map of its own on saving."""

    @property
    def custom_pipelines(self):
        return {} if self.pipelines_are_registered else copy.deepcopy(CUSTOM_PIPELINES)

    @custom_pipelines.setter
    def custom_pipelines(self, value):
        """Fixed: a registered pipeline tries to name itself on saving."""

    def to_dict(self):
        """The config as saved: with the auto classes and pipelines that load it from its files."""
        output = super().to_dict()
        output["motion_config"].pop("auto_map", None)
        for name in self.sub_configs:
            (output[name] or {}).pop("_name_or_path", None)
        output["auto_map"] = dict(AUTO_MAP)
        output["custom_pipelines"] = copy.deepcopy(CUSTOM_PIPELINES)
        return output


def _sub_config(config, default_type):
    """A config from a dict, or the config itself."""
    if not isinstance(config, dict):
        return config
    return CONFIG_MAPPING[config.get("model_type", default_type)](**config)


def _motion_config(config):
    if config is None or isinstance(config, dict):
        return MotionTokenizerConfig(**(config or {}))
    return config


__all__ = ["TDMMConfig"]
