"""Does the offline judge read captions as a person does? 370 captions labelled by hand.

    python benchmarks/caption_judge.py [--show dev] [--out result.json]

The captions (``data/captions_labelled.tsv``) are of a corpus (all styles), of the embedded model,
of WordNet's example sentences, and written freely: negations, two emotions, comparisons, colloquial
ones. They were labelled before they were measured. The reader was improved on the split ``dev``;
``held_out`` was only measured (``docs/judges.md`` says what was seen of it before).
``--show dev`` lists what is read otherwise than it was labelled. Beside the reader stand
``tables``, the prompt tables' own parser, and ``nothing``, which reads nothing in any caption.
``prompts`` is a second check: of the prompts in ``data/prompts.yaml``, written for another
benchmark, the share whose family is the first one read.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from common import DATA, RESULTS, load_yaml, percent, print_table, write_result

from tdmm_hf.evaluation.judges.labels import SPLITS, Label, agreement, all_right, read_labels
from tdmm_hf.evaluation.judges.offline import OfflineJudge
from tdmm_hf.evaluation.judges.reading import Feeling, Motion, Reading, read_caption

LABELS = DATA / "captions_labelled.tsv"


def read_by_tables(caption: str) -> Reading:
    """What the prompt tables' parser reads."""
    from tdmm_hf.prompts.parsing import parse_description

    said = parse_description(caption)
    feelings = tuple(map(Feeling, said.categories, said.intensities))
    head = Motion(said.head, said.head_count, said.head_speed)
    return Reading(
        emotions=feelings,
        order="then" if len(feelings) > 1 else "hold" if feelings else None,
        manner=None if said.manner_key == "silent" else said.manner_key,
        heads=() if said.head == "natural" else (head,),
        actions=tuple(map(Motion, said.actions, said.action_counts)),
        gaze=None if said.gaze == "camera" else said.gaze,
    )


READERS: dict[str, Callable[[str], Reading]] = {
    "reader": read_caption,
    "tables": read_by_tables,
    "nothing": lambda caption: Reading(),
}


def figures(labels: Sequence[Label]) -> dict:
    """Agreement of each reader by split, and of the judge's reader by source."""
    by_split = {split: [label for label in labels if label.split == split] for split in SPLITS}
    sources = sorted({label.source for label in labels})
    held_out = by_split["held_out"]
    return {
        **{
            split: {name: _agreement(chosen, read) for name, read in READERS.items()}
            for split, chosen in by_split.items()
        },
        "held_out_by_source": {
            source: _agreement([label for label in held_out if label.source == source])
            for source in sources
        },
    }


def _agreement(labels: Sequence[Label], read: Callable[[str], Reading] = read_caption) -> dict:
    return agreement(labels, [read(label.text) for label in labels])


def prompt_families() -> dict[str, float]:
    """Share of the other benchmark's prompts whose family is read first."""
    rows = [row for row in load_yaml("prompts") if row.get("family")]
    shares = {}
    for name, read in READERS.items():
        first = [read(row["prompt"]).families[:1] for row in rows]
        right = [(row["family"],) == said for row, said in zip(rows, first, strict=True)]
        shares[name] = percent(sum(right), len(rows))
    return {"prompts": len(rows), **shares}


def flat(result: dict, prefix: str = "") -> dict[str, float]:
    """Figures of a nested result by a dotted name."""
    rows = {}
    for key, value in result.items():
        name = f"{prefix}{key}"
        rows |= flat(value, f"{name} ") if isinstance(value, dict) else {name: value}
    return rows


def report(result: dict) -> None:
    """The tables."""
    for split in SPLITS:
        columns = {name: flat(found) for name, found in result[split].items()}
        rows = [(key, *(columns[name][key] for name in READERS)) for key in columns["reader"]]
        print_table((f"{split}, %", *READERS), rows)
    by_source = {name: flat(found) for name, found in result["held_out_by_source"].items()}
    rows = [
        (key, *(found[key] for found in by_source.values()))
        for key in flat(result["dev"]["reader"])
    ]
    print_table(("held out, % by source", *by_source), rows)
    print_table(("prompts of others, family %", "value"), list(result["prompts"].items()))


def show(labels: Sequence[Label], split: str) -> None:
    """Captions of a split that are not read as they were labelled."""
    for label in labels:
        reading = read_caption(label.text)
        if label.split == split and not all_right(label, reading):
            print(f"{label.text}\n  label   {label}\n  reading {reading}\n")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--out", type=Path, default=RESULTS / "caption_judge.json")
    arguments.add_argument("--show", choices=SPLITS)
    chosen = arguments.parse_args()
    labels = read_labels(LABELS)
    if chosen.show:
        show(labels, chosen.show)
        return
    result = {
        "judge": OfflineJudge().info.to_dict(),
        **figures(labels),
        "prompts": prompt_families(),
    }
    report(result)
    write_result(chosen.out, result)


if __name__ == "__main__":
    main()
