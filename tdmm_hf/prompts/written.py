"""Prompts that were written one by one, each with the plan of what it asks for.

    >>> from tdmm_hf.prompts.written import load_written
    >>> load_written()[0]._fields
    ('plan', 'text')

Templates say what a performance does in the words of the tables; people say it in their own.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from typing import NamedTuple


class WrittenPrompt(NamedTuple):
    """A prompt and its plan, as `performer.plan.write_plan` writes it but for times left open."""

    plan: str
    text: str


@cache
def load_written() -> tuple[WrittenPrompt, ...]:
    """All of ``data/written.tsv``."""
    table = resources.files(__package__).joinpath("data", "written.tsv")
    lines = table.read_text(encoding="utf-8").splitlines()
    rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    return tuple(WrittenPrompt(*row) for row in rows if not row[0].startswith("#"))
