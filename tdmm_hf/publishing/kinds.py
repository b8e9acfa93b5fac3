"""The four kinds of things that are published, and how a repo of ours is told from others.

>>> MODEL.owns(["tdmm-hf", "face-motion"]), SPACE.owns(["tdmm-hf", "metric"])
(True, False)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Stands in every card that this package prepares.
TAG = "tdmm-hf"
# What the Hub's list of metrics goes by: a metric is a Space of its own there.
METRIC_TAG = "metric"


@dataclass(frozen=True)
class Kind:
    """A kind of repo.

    Args:
        name: as in ``tdmm push NAME``.
        repo_type: what the Hub calls it.
        outdated: patterns of files of an earlier push that must not stay beside those of a new one.
        sdk: of a Space.
    """

    name: str
    repo_type: str
    outdated: tuple[str, ...] = ()
    sdk: str | None = None

    def owns(self, tags: Sequence[str]) -> bool:
        """Whether a repo of this type whose card has these tags holds this kind of ours."""
        metric = METRIC_TAG in tags
        return TAG in tags and (self.repo_type != "space" or metric == (self is METRIC))

    def address(self, repo: str) -> str:
        """What follows the Hub's address."""
        return repo if self.repo_type == "model" else f"{self.repo_type}s/{repo}"


MODEL = Kind("model", "model", ("*.safetensors", "*.safetensors.index.json", "*.py"))
DATASET = Kind("dataset", "dataset", ("data/*.parquet",))
METRIC = Kind("metric", "space", ("*.py",), sdk="static")
SPACE = Kind("space", "space", ("*.whl",), sdk="gradio")
REPO_TYPES = ("model", "dataset", "space")
