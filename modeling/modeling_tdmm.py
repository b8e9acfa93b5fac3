"""TDMMForCausalLM: a causal language model that reads and writes face motion.

    >>> model = TDMMForCausalLM.from_pretrained("tdmm_hf/assets/tdmm-lm-tiny")
    >>> motion = model.generate_motion("The woman nods twice.", duration=5.0, seed=1).motions[0]
    >>> motion.shape
    (125, 55)
    >>> model.describe_motion(motion)
    ['The woman nods twice.']

Motion and text share one vocabulary, after TDMM-LM (https://arxiv.org/abs/2603.16936). The
MotionTokenizer is part of the model, so that one checkpoint does everything.
"""

import torch
from torch import nn
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    BertModel,
    GenerationConfig,
    GenerationMixin,
    PreTrainedModel,
)
from transformers.modeling_outputs import CausalLMOutputWithPast

from .cache_tdmm import cache_argument
from .configuration_tdmm import TDMMConfig
from .generation_tdmm import MotionGenerationMixin
from .loss_tdmm import sliced_loss
from .modeling_motion_tokenizer import MotionTokenizer
from .processing_tdmm import PROMPT_START, TDMMProcessor


class TDMMPreTrainedModel(PreTrainedModel):
    """What both TDMM models share with the library."""

    config_class = TDMMConfig
    base_model_prefix = "model"
    supports_gradient_checkpointing = True
    _skip_keys_device_placement = ["past_key_values", "cache"]
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_flex_attn = True
    _supports_attention_backend = True
    # The tied weights are the language model's; PEFT looks for them only below a dict.
    _tied_weights_keys = {}
    # Half precision would move the codes and round the channels.
    _keep_in_fp32_modules_strict = ["motion_tokenizer"]

    def _init_weights(self, module):
        """The language model and the codec bring their own; a prompt starts out barely touched."""
        if isinstance(module, PromptProjection):
            scale = getattr(self.config.text_config, "initializer_range", 0.02)
            nn.init.normal_(module.weight, std=scale / module.weight.shape[1] ** 0.5)

    def save_pretrained(self, save_directory, **kwargs):
        """Save every weight under its own name.

        The library would undo the renaming that it thinks a loaded language model went through, and
        put a second prefix before its weights, which the Trainer then skips when it resumes.
        """
        self._weight_conversions = None
        super().save_pretrained(save_directory, **kwargs)


class PromptProjection(nn.Linear):
    """From the prompt encoder's words (..., encoder width) to embeddings (..., hidden)."""


class PromptEncoder(nn.Module):
    """A frozen text encoder's reading of the words between the prompt markers.

    Ids of words are the encoder's own: the language model's vocabulary begins with the encoder's.
    """

    def __init__(self, config, encoder=None):
        super().__init__()
        self.config = config
        self.encoder = encoder or BertModel(config.prompt_encoder_config, add_pooling_layer=False)
        self.encoder.pooler = None  # words are read, never the whole sentence
        self.encoder.requires_grad_(False)
        self.projection = PromptProjection(
            config.prompt_encoder_config.hidden_size, config.text_config.hidden_size, bias=False
        )

    def train(self, mode=True):
        """The encoder never trains."""
        super().train(mode)
        self.encoder.eval()
        return self

    def forward(self, input_ids, inputs_embeds):
        """inputs_embeds (batch, length, hidden) with each prompt word's reading added to it."""
        row, column, span, place = self._words(input_ids)
        if not len(row):
            return inputs_embeds
        words = self._read(input_ids[row, column], span, place)
        reading = self.projection(words.to(self.projection.weight.dtype))
        return inputs_embeds.index_put((row, column), reading.to(inputs_embeds), accumulate=True)

    def _words(self, input_ids):
        """Where prompt words are: row, column, number of the span, place in the span; all (words,).

        Words past what the encoder can read at once are left out.
        """
        columns = torch.arange(input_ids.shape[1], device=input_ids.device)
        opened = input_ids == self.config.prompt_start_token_id
        closed = input_ids == self.config.prompt_end_token_id
        last_opened = columns.where(opened, -1).cummax(dim=1).values
        last_closed = columns.where(closed, -1).cummax(dim=1).values
        row, column = ((last_opened > last_closed) & ~opened).nonzero(as_tuple=True)
        spans = opened.flatten().cumsum(0).view_as(input_ids)  # counted through the whole batch
        span, place = spans[row, column], (columns - last_opened)[row, column] - 1
        seen = place < self.config.prompt_encoder_config.max_position_embeddings - 2
        return row[seen], column[seen], span[seen], place[seen]

    @torch.no_grad()
    def _read(self, words, span, place):
        """Encoder outputs (words, encoder width) of word ids, each span read by itself."""
        config = self.config.prompt_encoder_config
        _, span, counts = span.unique_consecutive(return_inverse=True, return_counts=True)
        ids = words.new_full((len(counts), int(counts.max()) + 2), config.pad_token_id)
        ids[:, 0] = self.config.encoder_cls_token_id
        ids[span, place + 1] = words.where(words < config.vocab_size, config.pad_token_id)
        ids.scatter_(1, counts[:, None] + 1, self.config.encoder_sep_token_id)
        columns = torch.arange(ids.shape[1], device=ids.device)
        mask = (columns < counts[:, None] + 2).long()
        output = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return output[span, place + 1]


class TDMMModel(TDMMPreTrainedModel):
    """The language model, and the prompt encoder in front of it if the config has one.

    `forward` gives hidden states; the language model's head is applied by TDMMForCausalLM.
    """

    def __init__(self, config, language_model=None, prompt_encoder=None):
        super().__init__(config)
        self.language_model = language_model or AutoModelForCausalLM.from_config(config.text_config)
        self.prompt_encoder = None
        if config.prompt_encoder_config is not None:
            self.prompt_encoder = PromptEncoder(config, prompt_encoder)
        self.post_init()

    def get_input_embeddings(self):
        return self.language_model.get_input_embeddings()

    def set_input_embeddings(self, value):
        self.language_model.set_input_embeddings(value)

    def embed(self, input_ids, inputs_embeds):
        """What the language model takes: ids, or embeddings where there are prompts to read.

        One token is one being generated, and in no prompt.
        """
        if self.prompt_encoder is None or inputs_embeds is not None or input_ids.shape[1] == 1:
            return {"input_ids": input_ids, "inputs_embeds": inputs_embeds}
        inputs_embeds = self.get_input_embeddings()(input_ids)
        return {"inputs_embeds": self.prompt_encoder(input_ids, inputs_embeds)}

    def forward(self, input_ids=None, inputs_embeds=None, **kwargs):
        """The language model's output with ``last_hidden_state`` (batch, length, hidden)."""
        return self.language_model.base_model(**self.embed(input_ids, inputs_embeds), **kwargs)


class TDMMForCausalLM(MotionGenerationMixin, TDMMPreTrainedModel, GenerationMixin):
    """A causal language model of text and motion, with the codec that makes motion of its codes.

    Use it as any causal language model, or through `generate_motion` and `describe_motion`.

    Args:
        config: TDMMConfig.
        language_model, motion_tokenizer, prompt_encoder: ready modules to use in place of new ones.
    """

    def __init__(self, config, language_model=None, motion_tokenizer=None, prompt_encoder=None):
        super().__init__(config)
        self.model = TDMMModel(config, language_model, prompt_encoder)
        self.motion_tokenizer = motion_tokenizer or MotionTokenizer(config.motion_config)
        self.motion_tokenizer.requires_grad_(False)
        self._processor = None
        self.post_init()

    @classmethod
    def from_backbone(
        cls,
        model_or_path,
        motion_tokenizer,
        tokenizer=None,
        prompt_encoder=None,
        processor=None,
        seed=0,
        **settings,
    ):
        """Teach any causal language model the words of a MotionTokenizer.

        Args:
            model_or_path: causal language model, or the path or name of one.
            motion_tokenizer: trained MotionTokenizer, or its path.
            tokenizer: of the language model; loaded from its path by default.
            prompt_encoder: text encoder (BERT), or its path, whose vocabulary the language model's
                begins with, id for id.
            processor: a ready TDMMProcessor, in place of ``tokenizer`` and ``settings``.
            seed: of the new embeddings.
            **settings: ``window_seconds`` and the like, and ``motion_sampling``; see TDMMConfig.

        Returns:
            The model; ``model.processor`` is the processor that fits it.
        """
        backbone = _loaded(model_or_path, AutoModelForCausalLM)
        motion_tokenizer = _loaded(motion_tokenizer, MotionTokenizer)
        prompt_encoder = _loaded(prompt_encoder, BertModel)
        sampling = settings.pop("motion_sampling", None)
        if processor is None:
            tokenizer = tokenizer or AutoTokenizer.from_pretrained(backbone.name_or_path)
            settings.setdefault(
                "context_length", getattr(backbone.config, "max_position_embeddings", None)
            )
            processor = TDMMProcessor.from_backbone(tokenizer, motion_tokenizer.config, **settings)
        known = _known_tokens(backbone, tokenizer or processor.tokenizer)
        config = _config(backbone, motion_tokenizer, prompt_encoder, processor, sampling)
        model = cls(config, backbone, motion_tokenizer, prompt_encoder)
        model.eval()
        model._processor = processor
        model.generation_config = _generation_config(processor.tokenizer)
        _extend_vocabulary(model, len(processor.tokenizer), known, seed)
        return model

    @property
    def processor(self):
        """The processor saved beside the weights, or given to `from_backbone`."""
        if self._processor is None:
            self._processor = TDMMProcessor.from_pretrained(self.name_or_path)
        return self._processor

    @processor.setter
    def processor(self, value):
        self._processor = value

    def train(self, mode=True):
        """The codec never trains: its codebooks would drift away from the codes."""
        super().train(mode)
        self.motion_tokenizer.eval()
        return self

    def get_input_embeddings(self):
        return self.model.get_input_embeddings()

    def set_input_embeddings(self, value):
        self.model.set_input_embeddings(value)

    def get_output_embeddings(self):
        return self.model.language_model.get_output_embeddings()

    def set_output_embeddings(self, new_embeddings):
        self.model.language_model.set_output_embeddings(new_embeddings)

    def get_decoder(self):
        """What makes hidden states of ids, prompt encoder included."""
        return self.model

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        position_ids=None,
        past_key_values=None,
        inputs_embeds=None,
        labels=None,
        use_cache=None,
        logits_to_keep=0,
        loss_only=False,
        word_weight=1.0,
        num_items_in_batch=None,
        cache=None,
        **kwargs,
    ):
        """As the language model's: CausalLMOutputWithPast with logits (batch, length, vocabulary)
        and, with labels (batch, length; -100 where none), the loss.

        ``loss_only`` makes no logits and scores each answer token over its own part of the
        vocabulary, all but codes ``word_weight`` times, see `sliced_loss`.
        """
        if loss_only:
            hidden = self.model(
                input_ids, inputs_embeds, attention_mask=attention_mask, use_cache=False
            ).last_hidden_state
            weight = self.get_output_embeddings().weight
            slices = self.config.motion_slices
            return CausalLMOutputWithPast(
                loss=sliced_loss(hidden, labels, weight, slices, word_weight, num_items_in_batch)
            )
        if num_items_in_batch is not None:
            kwargs["num_items_in_batch"] = num_items_in_batch
        return self.model.language_model(
            **self.model.embed(input_ids, inputs_embeds),
            attention_mask=attention_mask,
            position_ids=position_ids,
            labels=labels,
            use_cache=use_cache,
            logits_to_keep=logits_to_keep,
            **cache_argument(
                self.model.language_model, past_key_values if cache is None else cache
            ),
            **kwargs,
        )


def _loaded(model_or_path, auto_class):
    """The model itself, or the one at a path; None stays None."""
    if isinstance(model_or_path, nn.Module) or model_or_path is None:
        return model_or_path
    return auto_class.from_pretrained(model_or_path)


def _config(backbone, motion_tokenizer, prompt_encoder, processor, sampling):
    """The config of a model made of these parts."""
    tokenizer = processor.tokenizer
    if prompt_encoder is not None and prompt_encoder.config.vocab_size > len(tokenizer):
        raise ValueError(
            "the language model's vocabulary must begin with the prompt encoder's "
            f"{prompt_encoder.config.vocab_size} words, got {len(tokenizer)}"
        )
    return TDMMConfig(
        text_config=backbone.config,
        motion_config=motion_tokenizer.config,
        prompt_encoder_config=None if prompt_encoder is None else prompt_encoder.config,
        motion_token_start=processor.motion_token_start,
        motion_start_token_id=processor.motion_start_token_id,
        motion_end_token_id=processor.motion_end_token_id,
        prompt_start_token_id=processor.prompt_start_token_id,
        prompt_end_token_id=processor.prompt_end_token_id,
        plan_start_token_id=processor.plan_start_token_id,
        plan_end_token_id=processor.plan_end_token_id,
        encoder_cls_token_id=tokenizer.cls_token_id,
        encoder_sep_token_id=tokenizer.sep_token_id,
        window_seconds=processor.window_seconds,
        context_seconds=processor.context_seconds,
        max_seconds=processor.max_seconds,
        motion_sampling=sampling,
    )


def _generation_config(tokenizer):
    return GenerationConfig(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def _known_tokens(backbone, tokenizer):
    """How many tokens the backbone has an embedding of its own for.

    It may have rows in reserve past its words; a tokenizer may have the motion tokens already.
    """
    rows = backbone.get_input_embeddings().weight.shape[0]
    added = tokenizer.get_vocab().get(PROMPT_START)
    if added is not None and len(tokenizer) <= rows:
        return rows
    return min(rows, len(tokenizer) if added is None else added)


def _extend_vocabulary(model, size, known, seed):
    """Make room for ``size`` tokens; those after the first ``known`` get new embeddings.

    Codes that stand for similar motion start out alike, so that what is learned of one is learned
    of its neighbours.
    """
    language_model = model.model.language_model
    if size > language_model.get_input_embeddings().weight.shape[0]:
        language_model.resize_token_embeddings(size, mean_resizing=False)
    generator = torch.Generator().manual_seed(seed)
    weights = [language_model.get_input_embeddings().weight]
    head = language_model.get_output_embeddings()
    if head.weight is not weights[0]:
        weights.append(head.weight)
    for weight in weights:
        noise = torch.randn(weight.shape[0] - known, weight.shape[1], generator=generator)
        first = model.config.motion_token_start - known
        if first >= 0:
            codes = _placed_codes(model.motion_tokenizer, weight.shape[1], generator)
            noise[first : first + len(codes)] = codes
        _init_new_rows(weight, known, noise)


def _placed_codes(motion_tokenizer, width, generator):
    """Rows (codes of all codebooks, width) of spread 1: each codebook's vectors, thrown at random
    around a centre of its own."""
    rows = []
    for vectors in motion_tokenizer.code_vectors():
        vectors = vectors.float().cpu() - vectors.float().cpu().mean(dim=0)
        spread = vectors.pow(2).sum(dim=1).mean().sqrt().clamp(min=1e-6)
        directions = torch.randn(vectors.shape[1], width, generator=generator)
        centre = torch.randn(width, generator=generator)
        rows.append((vectors / spread @ directions + centre) / 2**0.5)
    return torch.cat(rows)


@torch.no_grad()
def _init_new_rows(weight, known, noise):
    """Rows from ``known`` on: the mean of those before, with noise of half their spread."""
    old = weight[:known].float()
    new = old.mean(dim=0) + 0.5 * old.std(dim=0) * noise.to(weight.device)
    weight[known:] = new.to(weight.dtype)


__all__ = ["TDMMForCausalLM", "TDMMModel"]
