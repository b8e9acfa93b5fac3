"""The table of all benchmarks' figures."""

import json

import pytest
import summary
from common import RESULTS, load_yaml

FIGURES = [figure for figures in load_yaml("figures").values() for figure in figures]


@pytest.mark.parametrize(
    ("place", "expected"),
    [("a.b", 1.5), ("a.list.1", 4), ("a.list.2", None), ("a.none", None), ("a.b.c", None)],
)
def test_places(place, expected):
    assert summary.find({"a": {"b": 1.5, "list": [3, 4]}}, place) == expected


def test_a_bound_may_be_a_share_of_another_figure():
    figure = {"what": "error", "in": "fit", "at": "ours", "unit": "mm"}
    figure["at most"] = {"at": "theirs", "times": 0.5}
    results = {"fit": {"ours": 0.6, "theirs": 1.0}}
    assert summary.row(figure, results) == (
        "error", "0.6 mm", "at most 0.5 mm", "no", "[fit](fit.json)",
    )  # fmt: skip
    results["fit"]["ours"] = 0.5
    assert summary.row(figure, results)[3] == "yes"


def test_what_was_not_measured_says_so():
    figure = {"what": "speed", "in": "nothing", "at": "a.b", "unit": "s", "at least": 1}
    assert summary.row(figure, {})[1:4] == ("not measured", "at least 1 s", "")


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure["what"])
def test_every_figure_stands_in_the_committed_results(figure):
    path = RESULTS / f"{figure['in']}.json"
    assert isinstance(summary.find(json.loads(path.read_text()), figure["at"]), (int, float))
