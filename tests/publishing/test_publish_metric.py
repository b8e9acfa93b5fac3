"""Metrics as Spaces of the Hub that ``evaluate.load`` reads."""

import json

import pytest

from tdmm_hf.evaluation.modules import module_names
from tdmm_hf.publishing import metric

pytest.importorskip("evaluate", reason="evaluate is not installed")

SCRIPT = '''
import datasets
import evaluate

DESCRIPTION = "Mean distance between two numbers."
INPUTS = """
Args:
    predictions: numbers.
    references: as many.

Examples:
    >>> import evaluate
    >>> gap = evaluate.load("mean_gap")
    >>> gap.compute(predictions=[1.0, 2.0], references=[1.0, 4.0])
    {'mean_gap': 1.0}
"""


class MeanGap(evaluate.Metric):
    def _info(self):
        number = datasets.Value("float32")
        return evaluate.MetricInfo(
            description=DESCRIPTION,
            citation="",
            inputs_description=INPUTS,
            features=datasets.Features({"predictions": number, "references": number}),
        )

    def _compute(self, predictions, references):
        gaps = [abs(a - b) for a, b in zip(predictions, references, strict=True)]
        return {"mean_gap": sum(gaps) / len(gaps)}
'''
CARD = """---
title: Mean gap
license: mit
tags: [face-motion]
---

# Mean gap

```python
>>> import evaluate
>>> from tdmm_hf.evaluation.modules import module_path
>>> gap = evaluate.load(module_path("mean_gap"))

```

```python
>>> gap.compute(predictions=[1.0], references=[3.0])
{'mean_gap': 2.0}

```

| a | b |
| --- | --- |
| 1 | <script>alert(1)</script> |
"""
FROM_THE_HUB = """
import json
import evaluate
gap = evaluate.load("user/mean_gap")
print(json.dumps(gap.compute(predictions=[0.0, 0.0], references=[1.0, 4.0])))
"""


@pytest.fixture
def source(tmp_path):
    """The folder of a metric."""
    folder = tmp_path / "mean_gap"
    folder.mkdir()
    (folder / "mean_gap.py").write_text(SCRIPT)
    (folder / "README.md").write_text(CARD)
    return folder


@pytest.fixture
def prepared(source, tmp_path, try_here):
    return metric.prepare_metric(source, tmp_path / "out" / "mean_gap", "user/mean_gap")


def test_a_metric_goes_round_the_hub(hub, source, tdmm, elsewhere):
    status, out, err = tdmm("push", "metric", source, "--repo", "user/mean_gap")
    assert status == 0, err
    assert "mean_gap(predictions, references), 4 examples of its documentation" in out
    assert out.splitlines()[-1] == f"{hub.endpoint}/spaces/user/mean_gap"
    assert json.loads(elsewhere(FROM_THE_HUB).splitlines()[-1]) == {"mean_gap": 2.5}


def test_a_page_tells_how_to_load_where_the_card_does_not(source, tmp_path, try_here):
    (source / "README.md").write_text("---\nlicense: mit\n---\n# Mean gap\n")
    prepared = metric.prepare_metric(source, tmp_path / "out" / "mean_gap", "user/mean_gap")
    assert 'evaluate.load("user/mean_gap")' in prepared.files()["index.html"].read_text()


@pytest.mark.parametrize("name", module_names())
def test_every_metric_of_this_package_is_fit_to_be_pushed(name, tmp_path, try_here):
    prepared = metric.prepare_metric(name, tmp_path / name, f"user/{name}")
    card = prepared.files()["README.md"].read_text(encoding="utf-8")
    assert f'evaluate.load("user/{name}")' in card
    assert "module_path" not in card
    assert "examples of its documentation" in prepared.checks[-1]


def test_the_card_is_that_of_a_static_space(prepared):
    from huggingface_hub import metadata_load

    header = metadata_load(prepared.folder / "README.md")
    assert header["sdk"] == "static"
    assert header["app_file"] == "index.html"
    assert (header["title"], header["license"]) == ("Mean gap", "mit")
    assert header["tags"] == ["face-motion", "evaluate", "metric", "tdmm-hf"]


def test_the_cards_examples_load_from_the_hub(prepared):
    card = prepared.files()["README.md"].read_text(encoding="utf-8")
    assert '>>> gap = evaluate.load("user/mean_gap")' in card
    assert "module_path" not in card


def test_the_page_shows_the_card_and_runs_nothing(prepared):
    page = prepared.files()["index.html"].read_text(encoding="utf-8")
    assert page.count("evaluate.load(&quot;user/mean_gap&quot;)") == 1
    assert "<h1>Mean gap</h1>" in page
    assert "<td>1</td>" in page
    assert "<script>" not in page


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (
            "{'mean_gap': 1.0}",
            "{'mean_gap': 2.0}",
            r"Expected: .*2\.0.* Got: .*1\.0",
        ),
        ("import evaluate\n\nDESC", "import evaluate\nimport unheard_of\n\nDESC", "unheard_of"),
        ("class MeanGap(evaluate.Metric)", "class MeanGap", "does not open mean_gap.py"),
    ],
)
def test_a_metric_that_does_not_work_is_told(source, tmp_path, try_here, old, new, rule):
    (source / "mean_gap.py").write_text(SCRIPT.replace(old, new))
    with pytest.raises(ValueError, match=rule):
        metric.prepare_metric(source, tmp_path / "out" / "mean_gap", "user/mean_gap")


def test_a_repo_must_bear_the_metrics_name(source, tmp_path):
    with pytest.raises(ValueError, match="USER/mean_gap, got user/gap"):
        metric.prepare_metric(source, tmp_path / "out", "user/gap")


def test_an_unknown_metric_is_told(tdmm):
    status, _, said = tdmm("push", "metric", "no_such_metric")
    assert (status, said.count("\n")) == (2, 1)
    assert "got no_such_metric" in said


def test_a_metric_needs_a_card(source, tmp_path):
    (source / "README.md").unlink()
    with pytest.raises(ValueError, match="a metric needs a card"):
        metric.prepare_metric(source, tmp_path / "out" / "mean_gap")
