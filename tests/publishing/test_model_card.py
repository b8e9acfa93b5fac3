"""Cards of models: filled from the checkpoint and from reports, sound by the Hub's own classes."""

import json
import re

import pytest
import torch
from huggingface_hub import ModelCard

from tdmm_hf.hub import save_checkpoint
from tdmm_hf.publishing.cards import check_card
from tdmm_hf.publishing.kinds import MODEL
from tdmm_hf.publishing.model_card import ModelAbout, write_model_card
from tdmm_hf.publishing.results import card_results, read_results

SECTIONS = (
    "Use", "Training data", "Results", "Limits", "Intended use", "Misuse", "Consent",
    "What the data is", "Licence", "Citation",
)  # fmt: skip
MEASURED = {
    "model": "runs/small-face",
    "card": [
        {
            "task": "text-to-face-motion",
            "dataset": {"type": "user/faces", "name": "Faces", "split": "test"},
            "metric": "motion_fid",
            "name": "FID",
            "value": 1.23456,
            "interval": 0.0512,
            "baselines": {"ground truth": 0.1, "random": 40},
        },
        {
            "task": "face-motion-to-text",
            "dataset": {"type": "user/faces", "name": "Faces", "split": "test"},
            "metric": "rouge",
            "value": 0.5,
        },
    ],
    "machine": {"cpu": "a CPU", "gpu": None, "cores": 2, "torch_threads": 2, "torch": "2.13"},
}
BENCHMARK = {
    "model": "embedded",
    "prompts": {"adherence_percent": 90.5, "chance_percent": 21.0},
    "held_out": {"emotion_percent": 93.0},
}


@pytest.fixture
def face(small_checkpoint, tmp_path):
    """A language model's checkpoint to write cards into."""
    folder = tmp_path / "small-face"
    folder.mkdir()
    for path in small_checkpoint.iterdir():
        (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture
def write_report(tmp_path):
    def write(report):
        path = tmp_path / f"report-{len(list(tmp_path.iterdir()))}.json"
        path.write_text(json.dumps(report))
        return path

    return write


def headings(card):
    return re.findall(r"^## (.+)$", card.text, re.MULTILINE)


def python_blocks(card):
    return re.findall(r"```python\n(.+?)```", card.text, re.DOTALL)


def test_a_card_tells_what_was_measured(face, write_report):
    path = write_model_card(face, "user/small-face", results=[write_report(MEASURED)])
    card = check_card(path, MODEL)
    assert tuple(headings(card)) == SECTIONS
    assert "| FID | Faces, test | 1.235 ± 0.0512 (ground truth 0.1, random 40) |" in card.text
    assert "Measured on a CPU, 2 cores" in card.text
    assert "half of a 95 % confidence interval" in card.text
    found = card.data.eval_results
    assert [(one.task_type, one.metric_type, one.metric_value) for one in found] == [
        ("text-to-face-motion", "motion_fid", 1.235),
        ("face-motion-to-text", "rouge", 0.5),
    ]
    assert found[0].metric_args == {"interval_95": 0.0512, "ground truth": 0.1, "random": 40}
    assert card.data.model_name == "small-face"


def test_a_card_without_figures_says_so(face):
    card = check_card(write_model_card(face), MODEL)
    assert "Nothing was measured of this checkpoint." in card.text
    assert "Not told." in card.text
    assert "model-index" not in card.data.to_dict()


def test_what_the_checkpoint_holds_is_told(face, small_model):
    card = ModelCard.load(write_model_card(face, parameters=small_model.num_parameters()))
    motion = small_model.config.motion_config
    assert f"{small_model.num_parameters() / 1e6:.1f} million parameters" in card.text
    assert f"{motion.tokens_per_second:g} tokens" in card.text
    assert "not lip-sync" in card.text


def test_what_the_author_tells_is_told(face):
    about = ModelAbout(
        title="My face", license="mit", license_note="All of it.", datasets=["user/faces"],
        base_model="Qwen/Qwen3-0.6B", limits="- Only smiles.", tags=["smile"],
    )  # fmt: skip
    card = check_card(write_model_card(face, "user/face", about), MODEL)
    header = card.data.to_dict()
    assert (header["license"], header["base_model"]) == ("mit", "Qwen/Qwen3-0.6B")
    assert header["datasets"] == ["user/faces"]
    assert {"smile", "tdmm-hf"} <= set(header["tags"])
    assert card.text.startswith("\n# My face\n")
    assert "https://huggingface.co/datasets/user/faces" in card.text
    assert "- Only smiles." in card.text
    assert "All of it." in card.text


def test_the_code_of_a_language_models_card_runs(face, capsys):
    """Here, in one process; that it does without the package is tested where models are pushed."""
    card = ModelCard.load(write_model_card(face))
    (code,) = python_blocks(card)
    exec(code.replace("PATH", str(face)).replace("duration=5.0", "duration=1.0"), {})
    assert capsys.readouterr().out.splitlines()[0] == "(25, 55) 25.0"


def test_the_code_of_a_motion_tokenizers_card_runs(small_codec, tmp_path, capsys):
    folder = save_checkpoint(small_codec, tmp_path / "codec")
    card = check_card(write_model_card(folder), MODEL)
    assert tuple(headings(card)) == SECTIONS
    (code,) = python_blocks(card)
    exec(code.replace("PATH", str(folder)), {})
    shape = tuple(small_codec.encode(torch.zeros(1, 125, 55)).codes.shape)
    assert capsys.readouterr().out.split("torch.Size")[1].strip() == str([*shape]).join("()")


def test_the_code_of_an_evaluators_card_runs(small_tokenizer, tmp_path, capsys):
    from tdmm_hf.modeling import TDMMEvaluator, TDMMEvaluatorConfig

    config = TDMMEvaluatorConfig(
        vocab_size=len(small_tokenizer), word_size=8, hidden_size=16, num_heads=2, feed_forward=24,
        embedding_size=6, conv_layers=2, motion_layers=1, text_layers=1,
        pad_token_id=small_tokenizer.pad_token_id,
    )  # fmt: skip
    evaluator = TDMMEvaluator(config)
    evaluator.tokenizer = small_tokenizer
    folder = save_checkpoint(evaluator, tmp_path / "evaluator")
    card = check_card(write_model_card(folder), MODEL)
    assert tuple(headings(card)) == SECTIONS
    (code,) = python_blocks(card)
    exec(code.replace("PATH", str(folder)), {})
    assert capsys.readouterr().out.count("[") == 3  # two texts by one motion


def test_a_benchmarks_report_is_read_by_where_its_figures_stand():
    found = {one.metric_type: one for one in card_results(BENCHMARK)}
    assert set(found) == {"cue_adherence", "emotion_accuracy"}
    assert found["cue_adherence"].metric_value == 90.5
    assert found["cue_adherence"].metric_args == {"chance": 21.0}
    assert found["emotion_accuracy"].task_type == "face-motion-to-text"


@pytest.mark.parametrize(
    ("report", "rule"),
    [
        ({"machine": {}}, r"must hold figures for a card, got \['machine'\]"),
        ({"prompts": {"adherence_percent": float("nan")}}, "cue_adherence must be a finite number"),
        ({"prompts": {"adherence_percent": "many"}}, "finite number, got 'many'"),
    ],
)
def test_a_report_without_figures_is_told(report, rule):
    with pytest.raises(ValueError, match=rule):
        card_results(report)


def test_figures_of_another_model_are_refused(face, write_report):
    report = write_report({**MEASURED, "model": "runs/other"})
    with pytest.raises(ValueError, match="must be of small-face, got one of runs/other"):
        read_results([report], face)


def test_figures_of_no_model_are_refused(face, write_report):
    report = {name: value for name, value in MEASURED.items() if name != "model"}
    with pytest.raises(ValueError, match="must say which model it is of, got None"):
        read_results([write_report(report)], face)


def test_figures_of_the_embedded_model_belong_to_its_weights(face, write_report):
    from tdmm_hf.pipelines import EMBEDDED_CHECKPOINT

    report = write_report(BENCHMARK)
    with pytest.raises(ValueError, match="must be of small-face, got one of embedded"):
        read_results([report], face)
    assert read_results([report], EMBEDDED_CHECKPOINT)[0]


def test_what_is_no_report_is_told(face, tmp_path):
    path = tmp_path / "report.json"
    for text, rule in (("{", "not a report in JSON"), ("[]", "must be a mapping, got list")):
        path.write_text(text)
        with pytest.raises(ValueError, match=rule):
            read_results([path], face)


def test_a_type_of_model_without_a_template_is_told(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ValueError, match="got model_type 'bert'"):
        write_model_card(tmp_path)


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        ("tags: [a]", "must tell license"),
        ("license: Apache 2.0", "license must be an identifier"),
        ("license: other", "needs a license_name"),
        ("license: mit\nlanguage: English", "language must be an ISO 639 code"),
        ("license: mit\ndatasets: [a b]", "[Rr]epo id"),
        ("license: mit\ntags: {a: b}", "tags must be a list"),
        ("license: [", "cannot be read"),
        ("- a", "cannot be read"),
        ("license: mit\nmodel-index:\n- name: x", "cannot be read"),
        (
            "license: mit\nmodel-index:\n- name: x\n  results:\n  - task: {type: t}\n"
            "    dataset: {type: d, name: D}\n    metrics:\n    - {type: m, value: .nan}",
            "m must be a finite number",
        ),
        (
            "license: mit\nmodel-index:\n- name: x\n  results:\n  - task: {type: t}\n"
            "    dataset: {type: d, name: ''}\n    metrics:\n    - {type: m, value: 1}",
            "needs dataset_name",
        ),
    ],
)
def test_an_unsound_header_is_told(tmp_path, header, rule):
    path = tmp_path / "README.md"
    path.write_text(f"---\n{header}\n---\n# A card\n")
    with pytest.raises(ValueError, match=rule):
        check_card(path, MODEL)


def test_a_card_without_a_header_is_told(tmp_path):
    path = tmp_path / "README.md"
    path.write_text("# A card\n")
    with pytest.raises(ValueError, match="must begin with a header"):
        check_card(path, MODEL)
