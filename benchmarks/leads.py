"""What each lead to word knowledge gains: reading hand-written prompts with and without it.

    python benchmarks/leads.py [--examples 19200] [--work runs/leads] [--lead NAME ...] \\
        [--out result.json]

The language model of ``recipes/tiny.yaml`` is trained on nothing but reading prompts, briefly and
each time with another lead taken away; then it reads the hand-written prompts. Figures:

- family: prompts whose plan begins with an emotion of the right family.
- head: head prompts whose plan has a head motion that is allowed, the count within one.
- ladder: neighbouring steps of the intensity ladders whose planned intensity rises.

Runs are kept in ``--work`` and go on where they stopped; several may run beside each other once the
first has made their corpus.
"""

from __future__ import annotations

import argparse
import dataclasses
from itertools import pairwise
from pathlib import Path

from common import BATCH_SIZE, HERE, RESULTS, load_yaml, percent, print_table, write_result

from tdmm_hf.performer.plan import read_plan
from tdmm_hf.prompts.attributes import Attributes
from tdmm_hf.prompts.vocabulary import family_of, load_vocabulary
from tdmm_hf.settings import CorpusSettings, LanguageModelSettings, from_yaml

WITHOUT = {
    "without the table of word meanings": {"prompt_encoder": False},
    "without word vectors to start from": {"text_embeddings": False},
    "without synonyms": {"synonym_rate": 0.0},
    "without written prompts": {"written_share": 0.0},
}
NONE = {name: value for changes in WITHOUT.values() for name, value in changes.items()}
LEADS = {"all leads": {}, **WITHOUT, "no lead": NONE}
READS_ONLY = {"describe_share": 0.0, "opening_share": 0.0, "read_share": 1.0, "tracked_share": 0.0}
CORPUS = CorpusSettings(clips=4000, held_out=1, captions=8, descriptions=1)
SHORTEST = 0.2  # seconds of motion: the plan is what counts


def understood(plan: str) -> Attributes | None:
    """What a plan stands for; None where it is no plan."""
    try:
        return read_plan(plan)
    except ValueError:
        return None


def names_family(plan: str, family: str) -> bool:
    """Whether the first emotion of the plan belongs to the family."""
    attributes = understood(plan)
    return attributes is not None and family_of(attributes.emotions[0].category) == family


def plans_head(plan: str, entry: dict) -> bool:
    """Whether the plan has a head motion that the entry allows, its count within one."""
    attributes = understood(plan)
    if attributes is None or attributes.head.name not in entry["key"]:
        return False
    count = attributes.head.count
    return entry["count"] is None or (count is not None and abs(count - entry["count"]) <= 1)


def strongest(plan: str) -> int:
    """The highest intensity of a plan; 0 where it is none."""
    attributes = understood(plan)
    return max((span.intensity for span in attributes.emotions), default=0) if attributes else 0


def plans_of(model, prompts: list[str]) -> list[str]:
    """The plans that the model writes for prompts."""
    plans = []
    for first in range(0, len(prompts), BATCH_SIZE):
        batch = prompts[first : first + BATCH_SIZE]
        plans += model.generate_motion(batch, duration=SHORTEST, seed=0).plans
    return plans


def read_prompts(model) -> dict:
    """The three figures of a model, and the prompts it misread."""
    families = load_vocabulary().families
    entries = [e for e in load_yaml("prompts") if e["family"] in families]
    heads, ladders = load_yaml("head_prompts"), load_yaml("ladders")
    plans = plans_of(model, [entry["prompt"] for entry in entries])
    right = [names_family(p, e["family"]) for p, e in zip(plans, entries, strict=True)]
    nods = [
        plans_head(plan, entry)
        for plan, entry in zip(plans_of(model, [e["prompt"] for e in heads]), heads, strict=True)
    ]
    steps = [[strongest(p) for p in plans_of(model, ladder["steps"])] for ladder in ladders]
    rises = [after > before for ladder in steps for before, after in pairwise(ladder)]
    return {
        "family_percent": percent(sum(right), len(right)),
        "head_percent": percent(sum(nods), len(nods)),
        "ladder_percent": percent(sum(rises), len(rises)),
        "misread": [
            {"prompt": e["prompt"], "family": e["family"], "plan": p}
            for p, e, hit in zip(plans, entries, right, strict=True)
            if not hit
        ],
    }


def train_and_read(options: argparse.Namespace, name: str) -> dict:
    """Train with a lead taken away, or go on with it, and read the prompts."""
    from tokenizer import load_tokenizer

    from tdmm_hf.corpus.build import build
    from tdmm_hf.modeling import TDMMForCausalLM
    from tdmm_hf.training.language_model import train_language_model

    recipe = from_yaml(LanguageModelSettings, HERE.parent / "recipes" / "tiny.yaml")
    changes = {**READS_ONLY, **LEADS[name], "examples": options.examples}
    if options.threads:
        changes["threads"] = options.threads
    folder = options.work / f"{name.replace(' ', '-')}-{options.examples}"
    if not (folder / "config.json").exists():
        corpus, codec = options.work / "corpus", options.work / "motion-tokenizer"
        build(CORPUS, corpus)
        load_tokenizer(None).save_pretrained(codec)
        train_language_model(corpus, codec, dataclasses.replace(recipe, **changes), folder)
    return read_prompts(TDMMForCausalLM.from_pretrained(folder).eval())


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--examples", type=int, default=19_200)
    arguments.add_argument("--work", type=Path, default=Path("runs/leads"))
    arguments.add_argument("--lead", action="append", choices=LEADS, help="all by default")
    arguments.add_argument("--threads", type=int, default=0)
    arguments.add_argument("--out", type=Path, default=RESULTS / "leads.json")
    options = arguments.parse_args()
    found = {name: train_and_read(options, name) for name in options.lead or LEADS}
    print_table(
        ("leads", "family %", "head %", "ladder %"),
        [
            (name, row["family_percent"], row["head_percent"], row["ladder_percent"])
            for name, row in found.items()
        ],
    )
    write_result(options.out, {"examples": options.examples, "leads": found})


if __name__ == "__main__":
    main()
