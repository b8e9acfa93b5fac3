"""``tdmm evaluate`` from the command to the card, on a model that knows nothing."""

import json
import math
import re
import shutil

import numpy as np
import pytest
from report_samples import write_corpus

from tdmm_hf.cli import main
from tdmm_hf.evaluation.report import run as report_run
from tdmm_hf.publishing import model as pushed
from tdmm_hf.publishing.results import card_results

CLIPS = 34
FLAGS = tuple(
    "--seeds 2 --repetitions 3 --batch-size 64 --examples 1 --sentences 2".split()  # noqa: SIM905
)
MOTION_SYSTEMS = {
    "model", "ground truth", "ground truth through the tokenizer", "nearest in training",
    "random from training", "mean face",
}  # fmt: skip
CAPTION_SYSTEMS = {"model", "ground truth", "shuffled answers", "commonest caption"}
# What the machine decides.
TIMED = ("timings", "machine")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("corpora") / "faces", train=12, test=CLIPS, few=20)


def letters(texts):
    """An encoder for BERTScore that loads nothing."""
    return [np.eye(26)[[ord(c) - 97 for c in text.lower() if "a" <= c <= "z"]] for text in texts]


@pytest.fixture(scope="module")
def evaluate(small_checkpoint, corpus):
    """A function of an output folder and further words to the command's status."""

    def run(out, *words, model=small_checkpoint, dataset=corpus):
        argv = ["evaluate", str(model), "--dataset", str(dataset), "--out", str(out)]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(report_run, "open_encoder", lambda settings: ("letters", letters))
            return main([*argv, *FLAGS, *words])

    return run


@pytest.fixture(scope="module")
def made(evaluate, tmp_path_factory):
    """The folder of a report."""
    out = tmp_path_factory.mktemp("report")
    assert evaluate(out) == 0
    return out


def load(folder):
    return json.loads((folder / "report.json").read_text())


def numbers(value):
    if isinstance(value, dict):
        return [n for one in value.values() for n in numbers(one)]
    if isinstance(value, list):
        return [n for one in value for n in numbers(one)]
    return [value] if isinstance(value, float) else []


def test_every_metric_is_there_with_its_baselines(made):
    report = load(made)
    assert set(report["generation"]) == MOTION_SYSTEMS
    assert set(report["description"]["systems"]) == CAPTION_SYSTEMS
    figures = {
        "fid", "r_at_1", "r_at_2", "r_at_3", "mm_dist", "diversity", "l2", "lve", "fve", "fdd",
        "fdd_absolute", "head_pose",
    }  # fmt: skip
    assert all(figures <= set(one) for one in report["generation"].values())
    assert set(report["generation"]["model"]) == figures | {"multimodality"}
    assert report["encoder"] == "letters"
    words = {"bert_score", "bleu_1", "bleu_4", "rouge_l", "cider", "cor_e", "cor_m", "cor_i"}
    assert all(words <= set(one) for one in report["description"]["systems"].values())
    assert all(map(math.isfinite, numbers(report)))
    assert 0 <= report["tokens"]["mean"] < 1
    assert report["tokens"]["tokens"] > 100
    assert report["timings"]["aits"]["sentences"] == 2
    assert report["description"]["judge"]["name"] == "offline"


def test_baselines_are_what_they_say(made):
    found = load(made)["generation"]
    truth, coded, still = (found[name] for name in ("ground truth", "ground truth through the "
                                                    "tokenizer", "mean face"))  # fmt: skip
    assert truth["fid"]["mean"] < 1e-9
    assert [truth[key]["mean"] for key in ("l2", "lve", "fve", "head_pose")] == [0.0] * 4
    assert coded["fve"]["mean"] > 0
    assert coded["fve"]["half_width"] > 0
    assert still["fdd"]["mean"] < 0  # a face that holds still moves less than the true one
    assert still["diversity"]["mean"] < truth["diversity"]["mean"]
    said = load(made)["description"]["systems"]
    assert said["ground truth"]["cor_e"]["mean"] > said["shuffled answers"]["cor_e"]["mean"]


def test_a_stopped_run_goes_on_to_the_same_report(made, evaluate, tmp_path, capsys):
    out = tmp_path / "again"
    shutil.copytree(made / "work", out / "work")
    batches = sorted((out / "work" / "motions").glob("*.npz"))
    for path in [*batches[1:], *(out / "work" / "measured").glob("model-*")]:
        path.unlink()
    shutil.rmtree(out / "work" / "descriptions")
    kept = batches[0].stat().st_mtime_ns
    assert evaluate(out) == 0
    assert batches[0].stat().st_mtime_ns == kept
    assert {k: v for k, v in load(out).items() if k not in TIMED} == {
        k: v for k, v in load(made).items() if k not in TIMED
    }
    said = capsys.readouterr().out.splitlines()
    assert said[-3:] == [f"written: {out / n}" for n in ("report.html", "report.md", "report.json")]


def test_a_report_fills_the_card_of_its_model(made, small_checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr(pushed, "run_trial", lambda *_: {"class": "TDMM", "parameters": 1000})
    words = ["push", "model", str(small_checkpoint), "--dry-run", "--out", str(tmp_path / "out")]
    assert main([*words, "--results", str(made / "report.json")]) == 0
    card = (tmp_path / "out" / "README.md").read_text()
    report = load(made)
    figures = {one.metric_type: one for one in card_results(report)}
    assert len(figures) == len(report["card"]) > 20
    rank = figures["r_at_1"]
    assert rank.dataset_name == "faces"
    assert rank.metric_value == pytest.approx(
        100 * report["generation"]["model"]["r_at_1"]["mean"], rel=1e-3
    )
    assert set(rank.metric_args) == (MOTION_SYSTEMS - {"model"}) | {"interval_95"}
    for one in figures.values():
        assert f"| {one.metric_name.replace('|', '&#124;')} |" in card or one.metric_name in card
    assert "CorE by the offline judge" in card


def test_the_page_needs_nothing_but_itself(made):
    page = (made / "report.html").read_text()
    assert not re.search(r'(src|href|poster)="(?!data:|#)', page)
    assert not re.search(r"@import|url\((?!#)|<script", page)
    assert page.count("<video") == page.count(' aria-label="Generated for') + page.count(
        ' aria-label="True motion of'
    )
    assert page.count('role="img" aria-label=') == page.count("<svg") >= 8
    table = (made / "report.md").read_text()
    assert "| **this model** |" in table
    assert "by the offline judge (caption reader" in table


def test_the_page_fits_a_phone(made):
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("no chromium: apt-get install chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844}, is_mobile=True)
        asked = []
        page.on("request", lambda request: asked.append(request.url.split(":")[0]))
        page.goto((made / "report.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert page.get_by_role("img").count() >= 8
        assert page.get_by_role("table").count() == 3
        assert set(asked) <= {"file", "data"}
        browser.close()


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (("--split", "validation"), "split must be one of"),
        (("--split", "few"), "must have 32 clips of"),
        (("--clips", "100"), "must have 100 clips of"),
        (("--clips", "20"), "clips must fill a batch of 32, got 20"),
        (("--seeds", "11"), "seeds must be at most 10, got 11"),
        (("--judge", "http://localhost:1/v1"), 'judge must be "URL MODEL"'),
    ],
)
def test_mistakes_are_a_line(evaluate, tmp_path, capsys, words, rule):
    assert evaluate(tmp_path / "out", *words) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()[-1:]
    assert rule in line
    assert not (tmp_path / "out" / "report.json").exists()


def test_what_is_not_there_is_a_line(evaluate, corpus, tmp_path, capsys):
    assert evaluate(tmp_path / "out", dataset=tmp_path / "nowhere") == 2
    assert "a dataset must be a folder or a Hub id, none at" in capsys.readouterr().err
    assert evaluate(tmp_path / "out", model=corpus) == 2
    assert "must hold a model of type 'tdmm', got None" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_work_of_another_report_is_not_taken(made, evaluate, capsys):
    before = (made / "report.json").read_bytes()
    assert evaluate(made, "--seed", "1") == 2
    assert "holds a report of other settings: seed" in capsys.readouterr().err
    assert (made / "report.json").read_bytes() == before
