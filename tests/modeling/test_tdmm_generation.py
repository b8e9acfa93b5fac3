"""generate_motion and describe_motion: length, seeds, bounds, windows, masks, bad input."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import DynamicCache, LlamaConfig, LogitsProcessorList

from tdmm_hf.modeling import MotionLogitsProcessor, Sampling, TDMMProcessor, generation_tdmm
from tdmm_hf.modeling.cache_tdmm import growing_cache
from tdmm_hf.modeling.generation_tdmm import resample
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import get_space

torch.set_num_threads(2)
PROMPTS = [
    "The woman nods twice.",
    "He smiles.",
    "A man laughs, she nods. " * 4,
    "She is wide-eyed",
]
TRACKS = {"emotion": ["happy"], "head": ["nod_at"]}


@settings(max_examples=8, deadline=None)
@given(duration=st.floats(0.03, 9.0))
def test_exactly_the_frames_asked_for(small_model, duration):
    output = small_model.generate_motion("She nods.", duration=duration, seed=0)
    assert output.motions[0].shape == (round(duration * 25), 55)
    assert output.motions[0].dtype == np.float32
    space = get_space("arkit")
    np.testing.assert_array_equal(output.motions[0], space.clip(output.motions[0]))


@pytest.mark.parametrize(
    ("kind", "tracks"), [("llama", {}), ("gpt2", {}), ("llama", TRACKS), ("gpt2", TRACKS)]
)
def test_a_prompt_with_its_seed_alone_and_in_a_batch(make_model, kind, tracks):
    model = make_model(kind, prompt_encoder=kind == "llama", tracks=tracks)
    prompts, durations = PROMPTS * 3, [1.0, 2.0, 0.5, 9.0] * 3
    seeds = list(range(len(prompts)))
    batch = model.generate_motion(prompts, duration=durations, seed=seeds)
    assert batch.seeds == seeds
    for i in (0, 3, 6, 9):
        alone = model.generate_motion(prompts[i], duration=durations[i], seed=seeds[i])
        np.testing.assert_array_equal(alone.motions[0], batch.motions[i])
    assert not np.array_equal(batch.codes[0], batch.codes[4])


def test_sequences_of_a_seed(small_model):
    several = small_model.generate_motion(PROMPTS[:2], duration=1.0, seed=5, num_return_sequences=3)
    assert len(several.motions) == 6
    for first in (0, 3):
        assert len({codes.tobytes() for codes in several.codes[first : first + 3]}) == 3
    one = small_model.generate_motion(PROMPTS[0], duration=1.0, seed=5)
    np.testing.assert_array_equal(one.motions[0], several.motions[0])


def _requests_with_plans(monkeypatch, model, plans):
    """Make the model plan in these words, one plan a prompt; gives the requests to come."""
    vocabulary = model.processor.tokenizer.get_vocab()
    start, end = (vocabulary[f"<|{m}plan|>"] for m in ("", "/"))
    words = [[start, *(vocabulary[w] for w in plan.split()), end] for plan in plans]
    seen = []

    original, original_sample = type(model)._logits, type(model)._sample_motion

    def logits(self, hidden, first, last):
        if first:
            return original(self, hidden, first, last)
        step = logits.step
        logits.step += 1
        scores = torch.zeros(len(hidden), last)
        for row in range(len(hidden)):
            plan = words[min(row, len(words) - 1)]
            scores[row, plan[min(step, len(plan) - 1)]] = 1.0
        return scores

    def sample(self, input_ids, mask, *rest):
        seen.extend(input_ids[i][mask[i].bool()].tolist() for i in range(len(plans)))
        return original_sample(self, input_ids, mask, *rest)

    logits.step = 0
    monkeypatch.setattr(type(model), "_logits", logits)
    monkeypatch.setattr(type(model), "_sample_motion", sample)
    return seen


def test_motion_follows_its_plan(small_model, monkeypatch):
    seen = _requests_with_plans(monkeypatch, small_model, ["nods 2", "smiles"])
    output = small_model.generate_motion(["She nods.", "He smiles."], duration=1.0, seed=0)
    assert output.plans == ["nods 2", "smiles"]
    endings = [small_model.processor.tokenizer.convert_ids_to_tokens(ids) for ids in seen]
    assert endings[0][-6:] == ["<|plan|>", "nods", "2", "<|/plan|>", "<|motion|>", "<|0s|>"]
    assert endings[1][-5:] == ["<|plan|>", "smiles", "<|/plan|>", "<|motion|>", "<|0s|>"]


def test_every_window_has_the_same_plan(small_model, monkeypatch):
    seen = _requests_with_plans(monkeypatch, small_model, ["nods"])
    output = small_model.generate_motion("She nods.", duration=20.0, seed=0)
    plan = small_model.processor.tokenizer.convert_tokens_to_ids(["<|plan|>", "nods", "<|/plan|>"])
    assert len(seen) > 2
    assert all(any(ids[i : i + 3] == plan for i in range(len(ids))) for ids in seen)
    assert output.motions[0].shape == (500, 55)


def test_a_prompt_is_planned_once_for_all_its_sequences(small_model, monkeypatch):
    _requests_with_plans(monkeypatch, small_model, ["nods 2"])
    several = small_model.generate_motion("She nods.", 1.0, seed=0, num_return_sequences=3)
    assert several.plans == ["nods 2"] * 3
    assert small_model._logits.step == 4  # both markers and two words


def test_a_model_that_would_rather_begin_has_no_plan(small_model, monkeypatch):
    start = small_model.config.motion_start_token_id

    original = type(small_model)._logits

    def logits(self, hidden, first, end):
        scores = original(self, hidden, first, end)
        if first == 0:
            scores[:, start] = 1e6
        return scores

    seen = _requests_with_plans(monkeypatch, small_model, [""])
    monkeypatch.setattr(type(small_model), "_logits", logits)
    assert small_model.generate_motion("She nods.", duration=1.0, seed=0).plans == [""]
    processor = small_model.processor
    request = processor.motion_request("She nods.", 1.0)
    assert seen == [[*request, start, *processor.clock.ids(0)]]


def test_a_plan_that_never_ends_is_none(small_model, monkeypatch):
    _requests_with_plans(monkeypatch, small_model, ["nods " * 80])
    assert small_model.generate_motion("She nods.", duration=1.0, seed=0).plans == [""]


def test_a_plan_holds_nothing_but_words(small_model, monkeypatch):
    """Ids that are no words, and would be likeliest, are passed over."""
    config = small_model.config

    original = type(small_model)._logits

    def logits(self, hidden, first, end):
        scores = original(self, hidden, first, end)
        if first == 0:
            scores[:, config.motion_start_token_id] = 1e5
            scores[:, self.processor.tokenizer.eos_token_id] = 2e5
            scores[:, config.plan_start_token_id] = 3e5
        return scores

    monkeypatch.setattr(type(small_model), "_logits", logits)
    writer = generation_tdmm._PlanWriter(small_model, small_model.processor)
    hidden = torch.randn(4, small_model.config.text_config.hidden_size)
    assert (writer.choose(hidden, 0) == config.plan_start_token_id).all()
    words = writer.choose(hidden, 1)
    none = {config.plan_start_token_id, *small_model.processor.no_words}
    assert not none & set(words.tolist())


def test_a_growing_cache_holds_what_a_dynamic_one_does():
    config = LlamaConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=2)
    growing, plain = growing_cache(config), DynamicCache(config=config)
    torch.manual_seed(0)
    for length in (7, 1, 400, 1, 300, 1):
        states = torch.randn(2, 3, 2, length, 4)  # keys and values of three rows
        for mine, other in zip(growing.update(*states, 0), plain.update(*states, 0), strict=True):
            torch.testing.assert_close(mine, other)
    assert growing.get_seq_length() == 710


def test_a_model_without_plan_tokens_writes_none(small_model, monkeypatch):
    monkeypatch.setattr(small_model.config, "plan_start_token_id", None)
    assert small_model.generate_motion("She nods.", duration=1.0, seed=0).plans == [""]


def test_without_a_seed_motions_differ(small_model):
    made = [small_model.generate_motion(PROMPTS[0], duration=1.0) for _ in range(2)]
    assert made[0].seeds != made[1].seeds
    assert not np.array_equal(made[0].codes[0], made[1].codes[0])


def test_temperature_zero_is_the_likeliest(small_model):
    made = [
        small_model.generate_motion(PROMPTS[0], duration=1.0, temperature=0, seed=seed).codes[0]
        for seed in (1, 2)
    ]
    np.testing.assert_array_equal(*made)


def test_a_minute_goes_window_by_window(small_model, monkeypatch):
    asked = []
    original = type(small_model.processor).motion_request

    def motion_request(self, text, duration, window=None, instruction=0):
        asked.append(window)
        return original(self, text, duration, window, instruction)

    monkeypatch.setattr(type(small_model.processor), "motion_request", motion_request)
    motion = small_model.generate_motion(PROMPTS[0], duration=60.0, seed=1).motions[0]
    assert motion.shape == (1500, 55)
    assert asked[0] == (0.0, 8.0)
    assert asked[-1] == (52.0, 60.0)
    assert all(end - start == pytest.approx(8.0) for start, end in asked)
    assert motion[-250:].std(axis=0).max() > 0


def test_a_window_starts_from_the_one_before(small_model):
    """The second window is what the model writes after its request and the codes it is given."""
    config, processor = small_model.config, small_model.processor
    codes = small_model.generate_motion(PROMPTS[0], duration=10.0, temperature=0).codes[0]
    assert len(codes) == 63
    start = 63 - config.window_steps
    request = processor.motion_request(PROMPTS[0], 10.0, (start * 0.16, 10.0))
    written = [*processor.codes_to_ids(codes[start:-1], start), *processor.clock.ids(62)]
    ids = torch.tensor([[*request, processor.motion_start_token_id, *written]])
    with torch.no_grad():
        logits = small_model(input_ids=ids).logits[0, -1]
    first = config.motion_token_id(0, 0)
    assert logits[first : first + 16].argmax() == codes[-1, 0]


def test_a_window_has_the_states_of_its_part_of_the_plan(make_model, monkeypatch):
    """All rows are asked for the same continuation that they would be taught."""
    model = make_model(tracks=TRACKS)
    processor, asked = model.processor, []
    padded = type(model)._padded

    def spy(self, requests, size, length):
        asked.extend(requests)
        return padded(self, requests, size, length)

    monkeypatch.setattr(type(model), "_padded", spy)
    plan = "happy 3, nod 2 at 0.7 at 6.5"
    monkeypatch.setattr(TDMMProcessor, "decode_plan", lambda self, ids: plan)
    codes = model.generate_motion(PROMPTS[0], duration=10.0, seed=1).codes[0]
    start, known = 63 - model.config.window_steps, 50
    assert [processor.clock_steps, known % processor.clock_steps] == [4, 2]
    begun = asked[-1][asked[-1].index(processor.motion_start_token_id) + 1 :]
    states = processor.clock.lay_out("happy 3, nod 2 at 0.7 at 6.5", 10.0)
    assert begun == processor.codes_to_ids(codes[start:known], start, states)
    assert len({*begun} & {*processor.clock.state_ids}) == 3


def test_each_row_reads_its_own_plan_in_time(make_model, monkeypatch):
    """Codes are the likeliest after what a teacher would show: other states in every row."""
    model = make_model(tracks=TRACKS, prompt_encoder=False)
    processor = model.processor
    lay_out = processor.clock.lay_out
    plans = {2.0: "happy 3, nod 1 at 0.7", 1.0: "sad 2", 2.4: "sad 2 then happy 3 at 1.3"}
    monkeypatch.setattr(
        processor.clock, "lay_out", lambda _, seconds: lay_out(plans[seconds], seconds)
    )
    output = model.generate_motion(PROMPTS[:3], duration=[*plans], seed=0, temperature=0)
    assert output.plans == [""] * 3
    for text, seconds, codes in zip(PROMPTS, plans, output.codes, strict=False):
        states = lay_out(plans[seconds], seconds)
        request = processor.motion_request(text, seconds)
        motion = processor.codes_to_ids(codes, 0, states)
        ids = torch.tensor([[*request, processor.motion_start_token_id, *motion]])
        with torch.no_grad():
            logits = model(input_ids=ids).logits[0]
        first, size = processor.motion_token_start, processor.codebook_size
        for place in range(len(request) + 1, ids.shape[1]):
            code = int(ids[0, place]) - first
            if code >= 0:
                begin = first + code // size * size
                assert logits[place - 1, begin : begin + size].argmax() == code % size


@pytest.mark.parametrize("tracks", [{}, TRACKS])
def test_generate_with_the_logits_processor_writes_the_same(make_model, tracks, monkeypatch):
    small_model = make_model(tracks=tracks)
    processor = small_model.processor
    request = processor(text=PROMPTS[0], duration=1.0, return_tensors="pt")
    plan = "happy 3, nod 1 at 0.7"
    motion = MotionLogitsProcessor(processor, 7, [5], Sampling(), plans=[plan])
    ids = small_model.generate(
        **request,
        do_sample=False,
        max_new_tokens=64,
        logits_processor=LogitsProcessorList([motion]),
    )[0, request["input_ids"].shape[1] :]
    assert ids[0] == processor.motion_start_token_id
    assert ids[-2:].tolist() == [processor.motion_end_token_id, processor.tokenizer.eos_token_id]
    codes = processor.ids_to_codes(ids)
    states = processor.clock.lay_out(plan, 7 * 4 / 25)
    assert ids[1:-2].tolist() == processor.codes_to_ids(codes, 0, states)
    monkeypatch.setattr(TDMMProcessor, "decode_plan", lambda self, ids: plan)
    direct = small_model.generate_motion(PROMPTS[0], duration=1.0, seed=5).codes[0]
    np.testing.assert_array_equal(codes, direct)


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({"texts": ""}, "prompt must not be empty"),
        ({"texts": "she nods " * 300}, "room for"),
        ({"duration": 0}, "duration must be over 0 and at most 60 s, got 0"),
        ({"duration": -2.0}, "got -2"),
        ({"duration": float("nan")}, "got nan"),
        ({"duration": 61}, "got 61"),
        ({"duration": [1.0, 2.0]}, "duration must be one value or 1, got 2"),
        ({"seed": -1}, "seed must be"),
        ({"num_return_sequences": 0}, "num_return_sequences must be at least 1"),
        ({"temperature": -1}, "temperature must be"),
        ({"top_p": 1.5}, "top_p must be"),
    ],
)
def test_bad_requests(small_model, arguments, rule):
    with pytest.raises(ValueError, match=rule):
        small_model.generate_motion(**{"texts": "She nods.", "duration": 1.0, **arguments})


def _motion(frames, seed=0):
    return np.random.default_rng(seed).random((frames, 55)).astype(np.float32)


@pytest.mark.parametrize("tracks", [{}, TRACKS])
def test_descriptions_have_words_only(make_model, tracks, monkeypatch):
    model, written, read = make_model(tracks=tracks), [], []
    decode, read_plan = TDMMProcessor.decode_text, TDMMProcessor.read_plan

    def spy(self, ids):
        written.append(ids.tolist())
        return decode(self, ids)

    def spy_on_reading(self, ids):
        read.append(ids)
        return read_plan(self, ids)

    monkeypatch.setattr(TDMMProcessor, "decode_text", spy)
    monkeypatch.setattr(TDMMProcessor, "read_plan", spy_on_reading)
    motions = [_motion(25), _motion(100)]
    texts = model.describe_motion(motions, seed=[1, 2], temperature=2.0)
    assert len(texts) == 2
    assert not any("<|" in text or ":" in text for text in texts)
    states = set(model.processor.clock.state_ids)
    assert all(states.isdisjoint(ids) for ids in written)
    assert [len(ids) for ids in read] == ([6, 21] if tracks else [])
    for ids, steps in zip(read, (7, 25), strict=False):
        choices = model.processor.clock.reading(steps)
        assert all(c.start <= i < c.stop for i, c in zip(ids, choices, strict=True))
    model.describe_motion(motions[1])
    assert read[2:] == read[1:2], "what is read is the likeliest, with a seed too"
    assert model.describe_motion(motions[1], seed=2, temperature=2.0) == texts[1:]


def test_words_come_from_the_plan_that_was_read(make_model, monkeypatch):
    model, asked = make_model(tracks=TRACKS), []
    answers = model._answers

    def spy(processor, requests, chooser, count):
        asked.extend(requests)
        return answers(processor, requests, chooser, count)

    monkeypatch.setattr(model, "_answers", spy)
    for plan in ("happy 2 then sad 3 at 0.64", ""):
        monkeypatch.setattr(TDMMProcessor, "read_plan", lambda self, ids, plan=plan: plan)
        model.describe_motion(_motion(50))
    motion, told, again, untold = asked
    assert told == model.processor.telling_request("happy 2 then sad 3 at 0.64")
    assert motion == again == untold, "where nothing is read, words are made of the motion"


def test_long_motion_is_described_part_by_part(small_model):
    (text,) = small_model.describe_motion(_motion(500), max_new_tokens=3)
    assert [line.split(":")[0] for line in text.split("\n")] == [
        "0-6.7 s",
        "6.7-13.3 s",
        "13.3-20 s",
    ]


def test_masks_reach_the_codec(small_model):
    values = _motion(50)
    valid, observed = np.ones(50, dtype=bool), np.ones(55, dtype=bool)
    valid[10:20], observed[3] = False, False
    (part,) = small_model._parts(values, None, valid, observed)
    changed = values.copy()
    changed[10:20], changed[:, 3] = 0.9, 0.5
    (same,) = small_model._parts(changed, None, valid, observed)
    np.testing.assert_array_equal(part.codes, same.codes)
    (unmasked,) = small_model._parts(changed, None, None, None)
    assert not np.array_equal(part.codes, unmasked.codes)


@pytest.mark.parametrize("fps", [12.5, 24.0, 30.0, 60.0])
def test_resampling_is_face_motions(fps):
    motion = FaceMotion(_motion(40), fps=fps, valid=np.arange(40) % 7 > 0)
    values, valid = resample(np.array(motion.values), np.array(motion.valid), fps, 25.0)
    expected = motion.resample(25.0)
    np.testing.assert_allclose(values, expected.values, atol=1e-6)
    np.testing.assert_array_equal(valid, expected.valid)


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({"motions": np.zeros((5, 3))}, r"motion must be \(frames, 55\)"),
        ({"motions": np.zeros((0, 55))}, "a frame at least"),
        ({"motions": np.full((5, 55), np.nan)}, "motion must be finite, got nan"),
        ({"motions": []}, "empty list"),
        ({"fps": 0}, "fps must be positive"),
        ({"valid": np.zeros(5, dtype=bool)}, "valid frame"),
        ({"valid": np.ones(4, dtype=bool)}, r"valid must have shape \(5,\)"),
    ],
)
def test_bad_motions(small_model, arguments, rule):
    with pytest.raises(ValueError, match=rule):
        small_model.describe_motion(**{"motions": np.zeros((5, 55)), **arguments})
