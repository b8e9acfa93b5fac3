"""TDMMForCausalLM: backbones, prompt encoder, saving, training."""

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, BertConfig, BertModel

from tdmm_hf.modeling import TDMMForCausalLM

torch.set_num_threads(2)
BACKBONES = ("llama", "qwen3", "gpt2")


def _batch(model, padding_side="left"):
    """Two training examples of different lengths, padded: ids, mask, labels."""
    codes = np.random.default_rng(0).integers(0, 16, (3, 4))
    examples = [
        model.processor.training_example("text-to-face-motion", "The woman nods twice.", codes),
        model.processor.training_example("face-motion-to-text", "She smiles.", codes[:2]),
    ]
    length = max(len(e["input_ids"]) for e in examples)
    rows = []
    for example in examples:
        ids, labels = example["input_ids"], example["labels"]
        pad = length - len(ids)
        row = ([0] * pad + ids, [0] * pad + [1] * len(ids), [-100] * pad + labels)
        if padding_side == "right":
            row = (ids + [0] * pad, [1] * len(ids) + [0] * pad, labels + [-100] * pad)
        rows.append(row)
    ids, mask, labels = (torch.tensor(x) for x in zip(*rows, strict=True))
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


@pytest.mark.parametrize("kind", BACKBONES)
def test_any_backbone(make_model, kind, tmp_path):
    model = make_model(kind, prompt_encoder=False)
    rows = model.get_input_embeddings().weight.shape[0]
    assert rows >= len(model.processor.tokenizer)
    assert model.config.text_config.vocab_size == rows
    output = model.generate_motion(["The woman nods.", "He smiles."], duration=[1.0, 2.04], seed=1)
    assert [m.shape for m in output.motions] == [(25, 55), (51, 55)]
    assert [c.shape for c in output.codes] == [(7, 4), (13, 4)]
    assert all(c.min() >= 0 and c.max() < 16 for c in output.codes)
    assert isinstance(model.describe_motion(output.motions[0], max_new_tokens=4)[0], str)

    model.save_pretrained(tmp_path)
    model.processor.save_pretrained(tmp_path)
    again = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert type(again) is TDMMForCausalLM
    before, after = model.state_dict(), again.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[k], after[k]) for k in before)
    motion = again.generate_motion("The woman nods.", duration=1.0, seed=1).motions[0]
    np.testing.assert_array_equal(motion, output.motions[0])
    tied = model.config.text_config.tie_word_embeddings
    head = again.get_output_embeddings().weight
    assert (head is again.get_input_embeddings().weight) == tied == again.config.tie_word_embeddings


@pytest.mark.parametrize("kind", BACKBONES)
def test_new_embeddings_lie_among_the_old(make_model, make_backbone, small_tokenizer, kind):
    old = make_backbone(kind).get_input_embeddings().weight[: len(small_tokenizer)].detach()
    weight = make_model(kind, prompt_encoder=False).get_input_embeddings().weight.detach()
    np.testing.assert_array_equal(weight[: len(old)], old)
    new = weight[len(old) :]
    assert (new.mean(0) - old.mean(0)).abs().max() < old.std()
    assert 0.3 < new.std() / old.std() < 0.7


def test_from_a_path(make_backbone, small_tokenizer, small_codec, tmp_path):
    make_backbone().save_pretrained(tmp_path / "backbone")
    small_tokenizer.save_pretrained(tmp_path / "backbone")
    small_codec.save_pretrained(tmp_path / "codec")
    model = TDMMForCausalLM.from_backbone(str(tmp_path / "backbone"), str(tmp_path / "codec"))
    assert model.generate_motion("She nods.", duration=0.5, seed=0).motions[0].shape == (12, 55)


def test_no_path_of_this_machine_is_saved(make_model, tmp_path):
    model = make_model()
    model.config.text_config._name_or_path = "/home/someone/backbone"
    model.save_pretrained(tmp_path)
    assert "someone" not in (tmp_path / "config.json").read_text()


def test_prompt_encoder_reads_words_in_place(small_model):
    encoder, config = small_model.model.prompt_encoder, small_model.config
    words, other = [4, 5, 7], [9, 10]
    span = [config.prompt_start_token_id, *words, config.prompt_end_token_id]
    second = [config.prompt_start_token_id, *other, config.prompt_end_token_id]
    left = [0, 0, 0, 11, *span]
    right = [*span, 11, 0, 0, 0]
    packed = [*span, *second]  # two spans in one row
    length = max(map(len, (left, right, packed)))
    left, right = [0] * (length - len(left)) + left, right + [0] * (length - len(right))
    packed = packed + [0] * (length - len(packed))
    ids = torch.tensor([left, right, packed])
    zeros = torch.zeros(*ids.shape, 32)
    added = encoder(ids, zeros)

    inputs = torch.tensor([[config.encoder_cls_token_id, *words, config.encoder_sep_token_id]])
    reading = encoder.projection(encoder.encoder(input_ids=inputs).last_hidden_state)[0, 1:-1]
    start = left.index(config.prompt_start_token_id) + 1
    for row, first in ((0, start), (1, 1), (2, 1)):
        torch.testing.assert_close(added[row, first : first + 3], reading, atol=1e-5, rtol=1e-4)
    inputs = torch.tensor([[config.encoder_cls_token_id, *other, config.encoder_sep_token_id]])
    reading = encoder.projection(encoder.encoder(input_ids=inputs).last_hidden_state)[0, 1:-1]
    torch.testing.assert_close(added[2, 6:8], reading, atol=1e-5, rtol=1e-4)
    assert (added != 0).any(dim=-1).sum() == 3 + 3 + 5
    assert torch.equal(encoder(ids[:, :1], zeros[:, :1]), zeros[:, :1])


def test_prompt_longer_than_the_encoder(small_model):
    config = small_model.config
    ids = torch.tensor([[config.prompt_start_token_id, *[5] * 90, config.prompt_end_token_id]])
    added = small_model.model.prompt_encoder(ids, torch.zeros(1, 92, 32))
    assert (added != 0).any(
        dim=-1
    ).sum() == config.prompt_encoder_config.max_position_embeddings - 2


def test_prompt_encoder_is_read_by_generate_and_hidden_states(small_model):
    """One full pass and a cached step agree, and `base_model` has the prompt inside."""
    batch = _batch(small_model)
    ids, mask = batch["input_ids"], batch["attention_mask"]
    with torch.no_grad():
        full = small_model(input_ids=ids, attention_mask=mask).logits
        hidden = small_model.base_model(input_ids=ids, attention_mask=mask).last_hidden_state
        head = small_model.get_output_embeddings()
        torch.testing.assert_close(head(hidden), full)
        start = small_model(input_ids=ids[:, :-1], attention_mask=mask[:, :-1], use_cache=True)
        step = small_model(
            input_ids=ids[:, -1:],
            attention_mask=mask,
            past_key_values=start.past_key_values,
        )
    torch.testing.assert_close(step.logits[:, -1], full[:, -1], atol=1e-4, rtol=1e-4)
    assert small_model.get_decoder() is small_model.base_model is small_model.model


@pytest.mark.parametrize("checkpointing", [False, True])
def test_training_leaves_codec_and_encoder_alone(make_model, checkpointing):
    model = make_model()
    if checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    model.train()
    assert model.training
    assert model.model.language_model.training
    assert not model.motion_tokenizer.training
    assert not model.model.prompt_encoder.encoder.training
    losses = []
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    for _ in range(5):
        loss = model(**_batch(model), use_cache=False).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.5
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert "model.prompt_encoder.projection.weight" in trained
    assert not any("motion_tokenizer" in n or "prompt_encoder.encoder" in n for n in trained)


def test_padding_side_does_not_matter(small_model):
    with torch.no_grad():
        left = small_model(**_batch(small_model, "left")).loss
        right = small_model(**_batch(small_model, "right")).loss
    torch.testing.assert_close(left, right, atol=1e-4, rtol=1e-4)


def test_half_precision_keeps_the_codec_exact(small_checkpoint):
    model = AutoModelForCausalLM.from_pretrained(small_checkpoint, dtype=torch.bfloat16)
    assert model.get_input_embeddings().weight.dtype == torch.bfloat16
    assert {p.dtype for p in model.motion_tokenizer.parameters()} == {torch.float32}
    assert {b.dtype for b in model.motion_tokenizer.buffers()} <= {torch.float32, torch.int64}
    prompts = ["The woman nods.", "He smiles.", "She laughs."]
    batch = model.generate_motion(prompts, duration=[1.0, 2.0, 1.5], seed=[1, 2, 3]).motions
    alone = model.generate_motion(prompts[1], duration=2.0, seed=2).motions[0]
    np.testing.assert_array_equal(alone, batch[1])
    assert alone.dtype == np.float32


def test_prompt_encoder_needs_its_vocabulary(make_backbone, small_tokenizer, small_codec):
    encoder = BertModel(
        BertConfig(
            vocab_size=5000,
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=1,
            intermediate_size=8,
        )
    )
    with pytest.raises(ValueError, match="must begin with the prompt encoder's 5000 words"):
        TDMMForCausalLM.from_backbone(
            make_backbone(), small_codec, small_tokenizer, prompt_encoder=encoder
        )


def test_lora_trains_reloads_and_merges(make_model, tmp_path):
    peft = pytest.importorskip("peft", reason="needs the train extra")
    settings = peft.LoraConfig(
        r=4,
        target_modules=r".*language_model.*\.(q_proj|v_proj)",
        modules_to_save=["embed_tokens"],
        ensure_weight_tying=True,
    )
    model = peft.get_peft_model(make_model(), settings)
    model.train()
    batch = _batch(model.get_base_model())
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    losses = []
    for _ in range(3):
        loss = model(**batch).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    model.eval()
    with torch.no_grad():
        trained = model(**batch).logits
    base = model.get_base_model()
    motion = base.generate_motion("She nods.", duration=1.0, seed=1).motions[0]
    model.save_pretrained(tmp_path)

    again = peft.PeftModel.from_pretrained(make_model(), tmp_path).eval()
    with torch.no_grad():
        torch.testing.assert_close(again(**batch).logits, trained)
    merged = again.merge_and_unload()
    with torch.no_grad():
        torch.testing.assert_close(merged(**batch).logits, trained, atol=1e-5, rtol=1e-4)
    assert merged.get_output_embeddings().weight is merged.get_input_embeddings().weight
    assert type(merged) is TDMMForCausalLM
    assert motion.shape == (25, 55)
