"""TDMMProcessor: sequences, codes, windows, wording, and what it refuses."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AddedToken

from tdmm_hf.modeling import TDMMProcessor
from tdmm_hf.modeling.processing_tdmm import plan_windows, span_text


@pytest.fixture(scope="module")
def processor(small_model):
    return small_model.processor


def _codes(steps=3):
    return np.random.default_rng(0).integers(0, 16, (steps, 4))


def _tokens(processor, ids):
    return processor.tokenizer.convert_ids_to_tokens(ids)


def test_request_is_the_documented_sequence(processor):
    ids = processor.motion_request("The woman nods twice.", 5.0)
    expected = (
        "<|user|> animate : <|prompt|> the woman nods twice . <|/prompt|> 5 . 0 s <|assistant|>"
    )
    assert _tokens(processor, ids) == expected.split()


def test_window_says_which_part(processor):
    assert span_text(8.0, 16.0, 60.0) == "8.0-16.0 of 60.0 s"
    tokens = _tokens(processor, processor.motion_request("She nods", 60.0, window=(8.0, 16.0)))
    assert " ".join(tokens).endswith("> 8 . 0 - 1 ##6 . 0 of 6 ##0 . 0 s <|assistant|>")


def test_training_loss_is_on_the_answer_only(processor):
    codes = _codes()
    example = processor.training_example("text-to-face-motion", "She nods", codes)
    request = processor.motion_request("She nods", 3 * 4 / 25)
    assert example["input_ids"][: len(request)] == request
    assert example["labels"][: len(request)] == [-100] * len(request)
    assert example["labels"][len(request) :] == example["input_ids"][len(request) :]
    answer = _tokens(processor, example["input_ids"][len(request) :])
    assert answer[0] == "<|motion|>"
    assert answer[1:3] == ["<|0s|>", f"<|m0_{codes[0, 0]}|>"]
    assert answer[-2:] == ["<|/motion|>", "<eos>"]

    example = processor.training_example("face-motion-to-text", "She nods.", codes, instruction=1)
    tokens = _tokens(processor, example["input_ids"])
    assert tokens[-4:] == ["she", "nods", ".", "<eos>"]
    assert sum(label != -100 for label in example["labels"]) == 4
    np.testing.assert_array_equal(processor.ids_to_codes(example["input_ids"]), codes)


def test_a_plan_comes_before_the_answer(processor):
    codes = _codes()
    example = processor.training_example("text-to-face-motion", "She nods", codes, plan="nods 2")
    answer = [i for i in example["labels"] if i != -100]
    tokens = _tokens(processor, answer)
    assert tokens[:5] == ["<|plan|>", "nods", "2", "<|/plan|>", "<|motion|>"]
    assert tokens[-2:] == ["<|/motion|>", "<eos>"]
    assert processor.decode_plan(answer) == "nods 2"

    cut = processor.training_example(
        "text-to-face-motion", "She nods", codes, plan="nods 2", steps=0
    )
    assert [i for i in cut["labels"] if i != -100] == answer[:5]
    opening = processor.training_example("text-to-face-motion", "She nods", codes, steps=2)
    kept = [i for i in opening["labels"] if i != -100]
    np.testing.assert_array_equal(processor.ids_to_codes(kept), codes[:2])
    assert len(kept) == 1 + 1 + 2 * 4  # start, mark, codes

    told = processor.training_example("face-motion-to-text", "she nods", codes, plan="nods 2")
    answer = [i for i in told["labels"] if i != -100]
    assert processor.decode_text(answer) == "She nods"
    assert processor.decode_plan(answer) == "nods 2"


def test_a_plan_that_does_not_end_is_not_taken_for_words(processor):
    start, nods = processor.tokenizer.convert_tokens_to_ids(["<|plan|>", "nods"])
    assert processor.decode_text([start, nods, nods]) == ""


def test_a_request_may_bring_its_plan(processor):
    ids = processor(text=["She nods", "He smiles"], plan=["nods 2", "smiles"])["input_ids"]
    assert _tokens(processor, ids[0])[-5:] == [
        "<|assistant|>",
        "<|plan|>",
        "nods",
        "2",
        "<|/plan|>",
    ]


def test_a_prompt_leaves_room_for_plan_and_motion(processor):
    long = "she nods " * ((512 - 64 - 128) // 2)
    with pytest.raises(ValueError, match="prompt must leave room for 203 motion tokens"):
        processor.motion_request(long, 5.0)


def test_an_answer_without_a_plan_has_an_empty_one(processor):
    ids = processor.tokenizer("she nods")["input_ids"]
    assert processor.decode_plan(ids) == ""
    assert processor.decode_text(ids) == "She nods"


def test_the_clock_ticks_from_the_start_of_the_whole_motion(processor):
    codes = _codes(5)
    tokens = _tokens(processor, processor.codes_to_ids(codes, first=3))
    marks = [(i, token) for i, token in enumerate(tokens) if "s|>" in token]
    # Steps of 0.16 s: a mark before step 4, each step four codes long.
    assert processor.clock_steps == 4
    assert marks == [(4, "<|0.64s|>")]
    window = processor.training_example(
        "text-to-face-motion", "She nods", codes, duration=20.0, window=(0.48, 1.28)
    )
    assert processor.codes_to_ids(codes, first=3) == window["labels"][-23:-2]
    assert processor.clock.ids(4) == [window["labels"][-23:-2][4]]
    assert processor.clock.ids(5) == []


def test_times_of_a_plan_are_marks_of_the_clock(processor):
    plan = processor(text="She nods", plan="nods 2 at 1.5")["input_ids"][0][-6:]
    assert _tokens(processor, plan)[-4:] == ["2", "[UNK]", "<|1.28s|>", "<|/plan|>"]
    late = processor(text="She nods", plan="nods at 300")["input_ids"][0]
    assert _tokens(processor, late)[-2] == "<|60.16s|>"
    (mark,) = processor.clock.ids(4)
    assert processor.decode_plan([mark, processor.plan_end_token_id]) == "0.64"
    assert processor.decode_text([mark]) == ""


TRACKS = {"emotion": ["happy", "sad"], "head": ["nod_at"]}
PLAN = "happy 2 then sad 3 at 0.7, nod at 0.9"


@pytest.fixture(scope="module")
def stateful(small_tokenizer, small_codec):
    return TDMMProcessor.from_backbone(small_tokenizer, small_codec.config, tracks=TRACKS)


def test_tracks_keep_their_order(small_tokenizer, small_codec, tmp_path):
    """JSON files are written with sorted keys."""
    tracks = {"zeal": ["happy"], "action": ["wink"]}
    processor = TDMMProcessor.from_backbone(small_tokenizer, small_codec.config, tracks=tracks)
    processor.save_pretrained(tmp_path)
    again = TDMMProcessor.from_pretrained(tmp_path)
    assert again.clock.tracks == processor.clock.tracks
    assert [*again.clock.tracks] == ["zeal", "action"]


def test_states_follow_the_marks_of_a_motion_to_write(stateful):
    example = stateful.training_example("text-to-face-motion", "She nods", _codes(6), plan=PLAN)
    read = _tokens(stateful, example["input_ids"])
    begin = read.index("<|motion|>") + 1
    assert read[begin : begin + 3] == ["<|0s|>", "<|emotion:happy|>", "<|head:-|>"]
    assert read[begin + 19 : begin + 22] == ["<|0.64s|>", "<|emotion:sad|>", "<|head:nod_at|>"]
    np.testing.assert_array_equal(stateful.ids_to_codes(example["input_ids"]), _codes(6))
    learned = _tokens(stateful, [i for i in example["labels"] if i != -100])
    assert "<|0.64s|>" in learned
    assert not any(":" in token for token in learned)


def test_a_motion_of_unknown_states_shows_nothing(stateful):
    example = stateful.training_example("text-to-face-motion", "She nods", _codes(2))
    assert _tokens(stateful, example["input_ids"])[-14:-10] == [
        "<|motion|>", "<|0s|>", "<|emotion:-|>", "<|head:-|>",
    ]  # fmt: skip


def test_a_motion_is_read_by_its_states(stateful):
    example = stateful.training_example("face-motion-to-text", None, _codes(6), plan=PLAN)
    ids = [i for i in example["labels"] if i != -100]
    assert _tokens(stateful, ids) == [
        "<|0s|>", "<|emotion:happy|>", "<|head:-|>", "<|0.64s|>", "<|emotion:sad|>",
        "<|head:nod_at|>",
    ]  # fmt: skip
    choices = stateful.clock.reading(6)
    assert all(c.start <= i < c.stop for i, c in zip(ids, choices, strict=True))
    asked = example["input_ids"][: -len(ids)]
    assert not any(":" in token for token in _tokens(stateful, asked))
    assert asked == stateful.text_request(_codes(6))
    assert stateful.read_plan(ids) == "happy 3, nod 1 at 0.64", "one mark makes no change"
    assert stateful.decode_text(ids) == ""


def test_what_was_read_is_put_into_words(stateful):
    example = stateful.training_example("face-motion-to-text", "She nods", None, plan=PLAN)
    ids = [i for i in example["labels"] if i != -100]
    asked = example["input_ids"][: -len(ids)]
    assert asked == stateful.telling_request(PLAN)
    assert len(stateful.ids_to_codes(asked)) == 0
    assert _tokens(stateful, asked)[-2:] == ["<|0.64s|>", "<|/plan|>"]
    assert stateful.decode_text(ids) == "She nods"


def test_without_a_clock(small_codec, small_tokenizer):
    processor = TDMMProcessor.from_backbone(small_tokenizer, small_codec.config, clock_steps=0)
    assert len(processor.codes_to_ids(_codes(5))) == 20
    plan = processor(text="She nods", plan="nods at 1")["input_ids"][0]
    assert _tokens(processor, plan)[-1] == "<|/plan|>"
    assert not any(t.endswith("s|>") for t in processor.tokenizer.get_vocab())


def test_unknown_task(processor):
    with pytest.raises(ValueError, match="task must be one of"):
        processor.training_example("translation", "She nods", _codes())


@given(st.integers(0, 30), st.randoms(use_true_random=False))
def test_codes_survive_the_ids(processor, steps, random):
    codes = np.array([[random.randrange(16) for _ in range(4)] for _ in range(steps)])
    ids = processor.codes_to_ids(codes.reshape(steps, 4))
    np.testing.assert_array_equal(processor.ids_to_codes(ids), codes.reshape(steps, 4))


def test_ids_of_motion_out_of_order(processor):
    ids = processor.codes_to_ids(_codes())
    with pytest.raises(ValueError, match="in order"):
        processor.ids_to_codes([ids[2], ids[1], *ids[3:]])


def test_batch_is_padded_on_the_left(processor):
    batch = processor(text=["She nods", "The woman nods twice ."], duration=[1.0, 2.0])
    short, long = batch["attention_mask"]
    assert len(short) == len(long) == sum(long)
    assert short[0] == 0
    assert short[-1] == 1
    reading = processor(codes=[_codes(2), _codes(4)], return_tensors="pt")
    assert reading["input_ids"].shape[0] == 2


@pytest.mark.parametrize("text", ["", "   ", "<|motion|>", "[SEP]"])
def test_empty_prompt(processor, text):
    with pytest.raises(ValueError, match="prompt must not be empty"):
        processor.motion_request(text, 5.0)


def test_prompt_cannot_end_itself(processor):
    ids = processor.motion_request("she <|/prompt|> nods <|m0_3|> [SEP]", 5.0)
    tokens = _tokens(processor, ids)
    assert tokens.count("<|/prompt|>") == 1
    assert "<|m0_3|>" not in tokens
    assert "[SEP]" not in tokens


def test_prompt_over_the_context(processor):
    with pytest.raises(ValueError, match=r"context of 512: at most \d+ tokens, got \d+"):
        processor.motion_request("she nods " * 300, 5.0)


@pytest.mark.parametrize("duration", [0, -1.0, float("nan"), float("inf"), 60.01, "5", None, 0.001])
def test_bad_durations(processor, duration):
    with pytest.raises(ValueError, match="duration must be"):
        processor.check_duration(duration)


@given(st.integers(1, 400), st.integers(2, 60), st.data())
def test_windows_cover_the_motion(total, window, data):
    context = data.draw(st.integers(0, window - 1))
    windows = plan_windows(total, window, context)
    assert windows[0][0] == 0
    assert windows[-1][1] == total
    assert all(end - start == min(window, total) for start, end in windows)
    for (_, before), (start, end) in itertools.pairwise(windows):
        assert start <= before - context or context == 0
        assert end > before


def test_uncased_words_are_made_sentences(processor):
    ids = processor.tokenizer("the woman's wide-eyed. she nods", add_special_tokens=False)
    ids = [*ids["input_ids"], *processor.codes_to_ids(_codes(1)), processor.tokenizer.eos_token_id]
    assert processor.sentence_case
    assert processor.decode_text(ids) == "The woman's wide-eyed. She nods"


def test_chat_template_of_the_backbone_is_kept(small_tokenizer, small_codec):
    import copy

    tokenizer = copy.deepcopy(small_tokenizer)
    tokenizer.add_tokens([AddedToken("<s>", special=True), AddedToken("</s>", special=True)])
    tokenizer.eos_token = "</s>"
    tokenizer.chat_template = (
        "{% for m in messages %}<s> {{ m.role }} : {{ m.content }} </s>{% endfor %}"
        "{% if add_generation_prompt %}<s> she{% endif %}"
    )
    processor = TDMMProcessor.from_backbone(tokenizer, small_codec.config)
    tokens = _tokens(processor, processor.text_request(_codes(1)))
    assert tokens[:3] == ["<s>", "user", ":"]
    assert tokens[-3:] == ["</s>", "<s>", "she"]
    assert "<|user|>" not in processor.tokenizer.get_vocab()
    assert processor.tokenizer.eos_token == "</s>"
    assert "<|motion|>" not in tokenizer.get_vocab(), "the caller's tokenizer was changed"


def test_save_and_reload(processor, tmp_path):
    processor.save_pretrained(tmp_path)
    again = TDMMProcessor.from_pretrained(tmp_path)
    assert again.to_dict() == processor.to_dict()
    assert again.tokenizer.padding_side == "left"
    text = "The man smiles ."
    assert again.motion_request(text, 3.0) == processor.motion_request(text, 3.0)


def test_own_instruction(processor):
    tokens = _tokens(processor, processor.text_request(_codes(1), "What is she doing ?"))
    assert tokens[1:6] == ["what", "is", "she", "doing", "?"]
    assert tokens[6] == "<|motion|>"
