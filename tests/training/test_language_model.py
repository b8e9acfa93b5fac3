import copy
import dataclasses
import json
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from datasets import Dataset, load_from_disk
from safetensors.torch import load_file

from tdmm_hf.corpus.build import build
from tdmm_hf.modeling.processing_tdmm import TEXT_TO_MOTION
from tdmm_hf.performer.plan import tracks, write_plan
from tdmm_hf.prompts.attributes import Attributes
from tdmm_hf.settings import CorpusSettings, LanguageModelSettings
from tdmm_hf.training.codes import encode_corpus, load_corpus
from tdmm_hf.training.examples import ExampleMaker
from tdmm_hf.training.language_model import MotionSFTTrainer, train_language_model


@pytest.fixture(scope="module")
def places(tmp_path_factory, small_codec, make_backbone, small_tokenizer):
    """Folders of a small corpus, a small codec and a small Qwen3."""
    root = tmp_path_factory.mktemp("train")
    build(
        CorpusSettings(clips=12, held_out=1, captions=2, descriptions=1, long_share=0.2),
        root / "corpus",
        progress=False,
    )
    small_codec.save_pretrained(root / "codec")
    make_backbone("qwen3").save_pretrained(root / "qwen3")
    small_tokenizer.save_pretrained(root / "qwen3")
    return root


def settings(places, **changes) -> LanguageModelSettings:
    return LanguageModelSettings(
        backbone=str(places / "qwen3"),
        examples=16,
        batch_size=4,
        save_every=2,
        learning_rate=1e-3,
        bf16=False,
        threads=1,
        **changes,
    )


def weights(folder) -> dict:
    parts = [load_file(path) for path in folder.glob("*.safetensors")]
    return {name: value for part in parts for name, value in part.items()}


@pytest.mark.parametrize("lora_rank", [0, 4])
def test_both_directions_train_and_the_checkpoint_works(places, tmp_path, lora_rank):
    from transformers import AutoModelForCausalLM, AutoProcessor

    out = train_language_model(
        places / "corpus", places / "codec", settings(places, lora_rank=lora_rank), tmp_path
    )
    model = AutoModelForCausalLM.from_pretrained(out)
    processor = AutoProcessor.from_pretrained(out)
    assert model.dtype == torch.float32
    motion = model.generate_motion("The woman smiles.", duration=1.0, seed=1).motions[0]
    assert motion.shape == (25, 55)
    assert np.isfinite(motion).all()
    assert isinstance(model.describe_motion(motion, max_new_tokens=4)[0], str)
    assert processor.window_seconds == model.config.window_seconds


def stop_at(monkeypatch, step: int) -> None:
    """Let the run die after some steps."""
    plain = MotionSFTTrainer.training_step

    def dying(trainer, *arguments, **named):
        if trainer.state.global_step == step:
            raise KeyboardInterrupt
        return plain(trainer, *arguments, **named)

    monkeypatch.setattr(MotionSFTTrainer, "training_step", dying)


@pytest.mark.parametrize("muon", [False, True])
def test_a_stopped_run_ends_with_the_same_weights(places, tmp_path, monkeypatch, muon):
    chosen = settings(places, muon=muon)

    def train(name):
        return train_language_model(places / "corpus", places / "codec", chosen, tmp_path / name)

    whole = train("whole")
    with monkeypatch.context() as stopped:
        stop_at(stopped, 3)
        with pytest.raises(KeyboardInterrupt):
            train("again")
    assert [path.name for path in (tmp_path / "again" / "work").glob("checkpoint-*")] == [
        "checkpoint-2"
    ]
    expected, found = weights(whole), weights(train("again"))
    assert expected.keys() == found.keys()
    assert [name for name in expected if not torch.equal(expected[name], found[name])] == []


def test_a_run_with_other_settings_is_left_alone(places, tmp_path):
    folders = places / "corpus", places / "codec"
    train_language_model(*folders, settings(places), tmp_path)
    with pytest.raises(ValueError, match="holds a run with other settings: describe_share, muon"):
        train_language_model(*folders, settings(places, muon=True, describe_share=0.4), tmp_path)


def test_training_goes_on_from_a_trained_checkpoint(places, tmp_path):
    folders = places / "corpus", places / "codec"
    first = train_language_model(*folders, settings(places), tmp_path / "first")
    chosen = dataclasses.replace(settings(places), backbone=str(first), temperature=0.5)
    second = train_language_model(*folders, chosen, tmp_path / "second")
    start = weights(tmp_path / "second" / "work" / "initial")
    assert all(torch.equal(value, start[name].half()) for name, value in weights(first).items())
    assert any(
        not torch.equal(value, start[name].half()) for name, value in weights(second).items()
    )
    assert json.loads((second / "config.json").read_text())["motion_sampling"]["temperature"] == 0.5


def test_going_on_needs_the_same_motion_tokenizer(places, tmp_path, small_codec):
    folders = places / "corpus", places / "codec"
    first = train_language_model(*folders, settings(places), tmp_path / "first")
    other = copy.deepcopy(small_codec)
    with torch.no_grad():
        next(other.parameters()).add_(0.1)
    other.save_pretrained(tmp_path / "other")
    chosen = dataclasses.replace(settings(places), backbone=str(first))
    with pytest.raises(ValueError, match="must have the corpus's motion tokenizer, got another"):
        train_language_model(places / "corpus", tmp_path / "other", chosen, tmp_path / "second")


def test_two_processes_train_one_model(places, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    fields = dataclasses.asdict(settings(places, lora_rank=4))
    recipe.write_text(json.dumps(fields))
    # What `accelerate launch` runs underneath; on CPUs it would want MPI.
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2"]
    command = ["-m", "tdmm_hf.cli", "train-lm", "--config", str(recipe)]
    command += ["--corpus", str(places / "corpus"), "--tokenizer", str(places / "codec")]
    out = tmp_path / "out"
    done = subprocess.run(
        [*launch, *command, "--out", str(out)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    state = json.loads(next((out / "work").glob("checkpoint-*/trainer_state.json")).read_text())
    assert state["global_step"] == 16 // (2 * 4)
    assert weights(out)


def test_loss_is_on_the_answer_only(places, tmp_path):
    from transformers import AutoProcessor

    quiet = settings(places, history_noise=0.0, misread_share=0.0)
    train_language_model(places / "corpus", places / "codec", quiet, tmp_path)
    examples = load_from_disk(tmp_path / "work" / "examples")
    assert len(examples) == 16
    processor = AutoProcessor.from_pretrained(tmp_path)
    for row in examples:
        labels = np.array(row["labels"])
        answer = labels != -100
        first = int(answer.argmax())
        assert first > 5
        read = np.array(row["input_ids"])
        is_motion = processor.motion_start_token_id in read[first:]
        given = np.isin(read, processor.clock.state_ids) & is_motion
        assert (answer | given)[first:].all()
        assert not (answer & given).any()
        assert (labels[answer] == read[answer]).all()


def test_history_noise_keeps_codebooks_and_words(places, small_codec, small_tokenizer):
    from tdmm_hf.modeling import TDMMProcessor

    processor = TDMMProcessor.from_backbone(small_tokenizer, small_codec.config)
    codes = np.random.default_rng(0).integers(0, 16, (50, 4))
    ids = processor.training_example(TEXT_TO_MOTION, "she smiles", codes)["input_ids"]
    maker = ExampleMaker.__new__(ExampleMaker)
    maker.processor, maker.codebooks = processor, 4
    maker.settings = LanguageModelSettings(history_noise=1.0)
    first, shares = processor.motion_token_start, []
    for seed in range(20):
        noisy = maker.with_noise(ids, np.random.default_rng(seed))
        assert [i for i in ids if i < first] == [i for i in noisy if i < first]
        assert processor.ids_to_codes(noisy).shape == codes.shape
        shares.append((processor.ids_to_codes(noisy) != codes).mean())
    assert min(shares) < 0.3
    assert max(shares) > 0.7


def test_plans_are_read_from_the_corpus_as_they_were_written(places, small_codec):
    """numpy would make floats of counts that some rows do not have."""
    rows = load_corpus(places / "corpus")
    plain = rows.with_format(None)["attributes"]
    assert any(a["head"]["count"] is not None for a in plain)
    assert any(a["head"]["count"] is None for a in plain)
    coded = encode_corpus(rows, small_codec)
    assert list(coded["plan"]) == [write_plan(Attributes.from_dict(a)) for a in plain]
    assert not any(re.search(r"\.0", plan) for plan in coded["plan"])
    for found, attributes in zip(coded["situations"], plain, strict=True):
        assert len(found) == (2 if attributes["emotions"][0]["intensity"] in (3, 4) else 0)


def test_imported_rows_have_no_plan_and_need_a_text(small_codec):
    rows = {
        "text": ["she smiles", None, "he laughs"],
        "paraphrases": [[], [], []],
        "descriptions": [[], [], []],
        "attributes": [None, None, None],
        "motion": [np.zeros((30, 55), np.float32).tolist()] * 3,
        "num_frames": [30, 30, 30],
    }
    coded = encode_corpus(Dataset.from_dict(rows), small_codec, tracked_share=1.0)
    assert coded["text"][:] == ["she smiles", "he laughs"]
    assert coded["plan"][:] == ["", ""]
    assert len(coded["tracked_codes"][0]) == len(coded["codes"][0])
    with pytest.raises(ValueError, match="must have texts, got 1 rows without"):
        encode_corpus(Dataset.from_dict({k: v[1:2] for k, v in rows.items()}), small_codec)


def test_a_corpus_of_another_schema_is_refused(tmp_path):
    (tmp_path / "data").mkdir()
    Dataset.from_dict({"text": ["old"]}).to_parquet(tmp_path / "data/train-00000-of-00001.parquet")
    with pytest.raises(ValueError, match="schema version must be"):
        load_corpus(tmp_path)


@pytest.fixture
def coded_pair(small_codec, small_tokenizer):
    """Two coded clips, the second over a window long, and the processor for them."""
    from tdmm_hf.modeling import TDMMProcessor

    steps = [20, 80]
    coded = Dataset.from_dict(
        {
            "text": ["she smiles", "she laughs"],
            "paraphrases": [[], []],
            "situations": [[], []],
            "descriptions": [["the woman smiles"], ["the woman laughs"]],
            "plan": ["smiles 2", "laughs 3"],
            "num_frames": [n * 4 for n in steps],
            "codes": [np.zeros(n * 4, int).tolist() for n in steps],
            "tracked_codes": [[], []],
        }
    )
    return coded, TDMMProcessor.from_backbone(small_tokenizer, small_codec.config)


def test_examples_depend_on_seed_and_number_alone(coded_pair):
    coded, processor = coded_pair
    maker = ExampleMaker(coded, processor, LanguageModelSettings(describe_share=0.0))
    assert maker(3) == maker(3)
    drawn = [processor.tokenizer.decode(maker(i)["input_ids"]) for i in range(20)]
    assert len(set(drawn)) > 5
    assert any(" of 12. 8 s" in text or " of 12.8 s" in text for text in drawn)
    assert TEXT_TO_MOTION in processor.instructions


def _kinds(maker, count=60) -> set:
    """(has a plan, has a motion to write, describes) of each of the first examples."""
    processor = maker.processor
    found = set()
    for i in range(count):
        answer = [label for label in maker(i)["labels"] if label != -100]
        codes = processor.ids_to_codes(answer)
        ended = answer[-1] == processor.tokenizer.eos_token_id
        found.add((processor.decode_plan(answer) != "", len(codes) > 0, ended))
    return found


def test_examples_of_every_kind_begin_with_the_plan(coded_pair):
    maker = ExampleMaker(*coded_pair, LanguageModelSettings(describe_share=0.3, read_share=0.3))
    read, open_, animate, describe = (0, 0), (1, 0), (1, 1), (0, 1)  # has motion, ends
    assert _kinds(maker) == {(True, *map(bool, kind)) for kind in (read, open_, animate, describe)}


@pytest.mark.parametrize("written_share", [0.0, 1.0])
def test_written_prompts_are_read_only(coded_pair, written_share):
    only = LanguageModelSettings(
        describe_share=0.0, read_share=1.0, opening_share=0.0, written_share=written_share
    )
    maker = ExampleMaker(*coded_pair, only)
    assert _kinds(maker) == {(True, False, False)}
    answers = [[x for x in maker(i)["labels"] if x != -100] for i in range(20)]
    assert {answer[-1] for answer in answers} == {maker.processor.motion_start_token_id}
    of_corpus = {"smiles 2", "laughs 3"}
    found = {maker.processor.decode_plan(answer) for answer in answers}
    assert found == of_corpus if written_share == 0 else not found & of_corpus


PLAN = "happy 2 then sad 3 at 1.2, nod 1 at 1.2"


@pytest.fixture
def stateful(coded_pair, small_codec, small_tokenizer):
    """A maker of examples of one clip with states, by its settings."""
    from tdmm_hf.modeling import TDMMProcessor

    coded = coded_pair[0].select([0]).remove_columns("plan").add_column("plan", [PLAN])
    processor = TDMMProcessor.from_backbone(small_tokenizer, small_codec.config, tracks=tracks())

    def make(**settings):
        only = {"describe_share": 1.0, "read_share": 0.0, "opening_share": 0.0, **settings}
        return ExampleMaker(coded, processor, LanguageModelSettings(**only))

    return make


def _states_of(maker, ids) -> list[str]:
    keys = {i: key for track in maker.processor.clock.tracks.values() for key, i in track.items()}
    return [keys[i] for i in ids if i in keys]


def test_states_come_with_the_motion_and_are_read_off_it(stateful):
    animate, read = stateful(describe_share=0.0), stateful(tell_share=0.0, misread_share=0.0)
    for i in range(10):
        example = animate(i)
        states = _states_of(animate, example["input_ids"])
        assert len(states) == 10 * 5  # 20 steps, a mark every 4
        assert set(states) == {"happy", "2", "then", "sad", "3", "-", "nod_at"}
        assert not _states_of(animate, example["labels"])
        reading = read(i)
        answer = [label for label in reading["labels"] if label != -100]
        assert answer == reading["input_ids"][-len(answer) :]
        assert _states_of(read, answer) == states
        assert len(answer) == 11 * 5, "marks and states, and no words"


def test_some_states_are_misread_on_the_way(stateful):
    read, misread = (stateful(tell_share=0.0, misread_share=share) for share in (0.0, 1.0))
    for number, track in enumerate(read.processor.clock.tracks.values()):
        wrong = [_states_of(misread, misread(i)["input_ids"])[number::10] for i in range(20)]
        assert all({*keys} <= {*track} for keys in wrong)
        right = _states_of(read, read(0)["labels"])[number::10]
        assert any(keys != right for keys in wrong)
        assert all(_states_of(misread, misread(i)["labels"])[number::10] == right for i in range(5))


def test_what_was_read_is_told_without_the_motion(stateful):
    maker = stateful(tell_share=1.0)
    for i in range(10):
        example = maker(i)
        assert len(maker.processor.ids_to_codes(example["input_ids"])) == 0
        answer = [label for label in example["labels"] if label != -100]
        asked = example["input_ids"][: -len(answer)]
        marked = [maker.processor.clock.marks[1]] * 2
        assert [label for label in asked if label in maker.processor.clock.marks] == marked
        assert answer[-1] == maker.processor.tokenizer.eos_token_id
        assert maker.processor.decode_text(answer) == "The woman smiles"


def test_plans_in_words_of_their_own_have_no_states(coded_pair, small_codec, small_tokenizer):
    from tdmm_hf.modeling import TDMMProcessor

    coded, _ = coded_pair
    processor = TDMMProcessor.from_backbone(small_tokenizer, small_codec.config, tracks=tracks())
    only = LanguageModelSettings(describe_share=1.0, read_share=0.0, opening_share=0.0)
    maker = ExampleMaker(coded, processor, only)
    for example in (maker(i) for i in range(12)):
        labels = [label for label in example["labels"] if label != -100]
        assert not _states_of(maker, labels)
        assert len(processor.ids_to_codes(example["input_ids"])) > 0
        assert labels[-1] == processor.tokenizer.eos_token_id, "words are learned all the same"


def test_a_corpus_without_attributes_has_no_plans(coded_pair):
    coded, processor = coded_pair
    coded = coded.remove_columns("plan").add_column("plan", ["", ""])
    settings = LanguageModelSettings(read_share=0.5)
    maker = ExampleMaker(coded, processor, settings)
    assert _kinds(maker) == {(False, True, True), (False, False, True)}


def test_what_nobody_described_is_described_as_it_was_asked_for(coded_pair):
    coded, processor = coded_pair
    coded = coded.remove_columns(["plan", "descriptions"])
    coded = coded.add_column("plan", ["", ""]).add_column("descriptions", [[], []])
    settings = LanguageModelSettings(describe_share=1.0, read_share=0.0, opening_share=0.0)
    maker = ExampleMaker(coded, processor, settings)
    ids = maker(0)["input_ids"]
    assert "she smiles" in processor.tokenizer.decode(ids).replace("  ", " ")


def test_shares_must_leave_room_for_each_other():
    with pytest.raises(ValueError, match=r"at most 1 together, got 0.8 \+ 0.4 \+ 0.0"):
        LanguageModelSettings(describe_share=0.8, read_share=0.4, opening_share=0.0)


def test_muon_is_for_whole_matrices():
    with pytest.raises(ValueError, match="muon must be off where lora_rank is set, got rank 8"):
        LanguageModelSettings(muon=True, lora_rank=8)
