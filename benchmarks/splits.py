"""Unseen combinations and unseen wording: the test splits of the performed corpus, both ways.

    python benchmarks/splits.py [MODEL] [--count 300] [--out result.json]

For clips of ``test`` (combinations of emotion, manner and head motion that no training clip has)
and of ``test_wording`` (sentence templates and words that no training text has):

- read: the plan that the model writes for the main caption names the performed families in order;
  the first one's intensity within one; the manner's class; the head motion, its count within one;
- described: what it says of the motion has the same, as ``description.py`` counts it.

Clips depend on the split and their number alone, so every model is asked the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from common import load_pipeline, parser, percent, print_table, write_result
from description import describe, said_in, score, truth_of
from leads import plans_of, understood
from tqdm import tqdm

from tdmm_hf.corpus.rows import performed_row
from tdmm_hf.corpus.schema import row_motion
from tdmm_hf.prompts.attributes import Attributes
from tdmm_hf.prompts.vocabulary import family_of, manner_class
from tdmm_hf.settings import CorpusSettings

SPLITS = ("test", "test_wording")
SEED = 9_105
LONGEST = 8.0  # seconds: descriptions of longer motion come in parts


def clips(split: str, count: int) -> list[dict]:
    """The first rows of a split that are short enough."""
    settings, found, number = CorpusSettings(seed=SEED, captions=6, descriptions=1), [], 0
    with tqdm(total=count, desc=split, leave=False) as bar:
        while len(found) < count:
            row = performed_row(settings, split, number)
            number += 1
            if row["attributes"]["duration"] <= LONGEST:
                found.append(row)
                bar.update()
    return found


def families(attributes: Attributes) -> list[str]:
    return [family_of(span.category) for span in attributes.emotions]


def reads(truth: Attributes, plan: str) -> dict[str, bool]:
    """What of a performance a plan has right."""
    read = understood(plan)
    if read is None:
        return dict.fromkeys(("families", "intensity", "manner", "head"), False)
    counts = [head.count or 0 for head in (truth.head, read.head)]
    return {
        "families": families(read) == families(truth),
        "intensity": abs(read.emotions[0].intensity - truth.emotions[0].intensity) <= 1,
        "manner": manner_class(read.manner) == manner_class(truth.manner),
        "head": read.head.name == truth.head.name and abs(counts[0] - counts[1]) <= 1,
    }


def read_figures(truths: Sequence[Attributes], plans: Sequence[str]) -> dict[str, float]:
    """Percent right of each part."""
    rows = [reads(truth, plan) for truth, plan in zip(truths, plans, strict=True)]
    return {part: percent(sum(row[part] for row in rows), len(rows)) for part in rows[0]}


def measure(animate, tell, split: str, count: int) -> dict:
    """Both figures of one split, and examples."""
    rows = clips(split, count)
    truths = [Attributes.from_dict(row["attributes"]) for row in rows]
    plans = plans_of(animate.model, [row["text"] for row in rows])
    texts = describe(tell, [row_motion(row) for row in rows])
    described = score(
        [truth_of(truth) for truth in truths],
        [truth.transition for truth in truths],
        [said_in(text) for text in texts],
    )
    return {
        "read": read_figures(truths, plans),
        "described": {part: described[f"{part}_percent"] for part in ("emotion", "head", "manner")},
        "examples": [
            {"text": row["text"], "plan": plan, "described": text}
            for row, plan, text in zip(rows[:20], plans, texts, strict=False)
        ],
    }


def main() -> None:
    arguments = parser(__doc__, "splits")
    arguments.add_argument("--count", type=int, default=300)
    chosen = arguments.parse_args()
    animate = load_pipeline("text-to-face-motion", chosen.model, chosen.device)
    tell = load_pipeline("face-motion-to-text", chosen.model, chosen.device)
    result = {"model": chosen.model or "embedded", "count": chosen.count}
    result |= {split: measure(animate, tell, split, chosen.count) for split in SPLITS}
    for kind in ("read", "described"):
        parts = list(result[SPLITS[0]][kind])
        rows = [(split, *(result[split][kind][part] for part in parts)) for split in SPLITS]
        print_table((f"{kind}, %", *parts), rows)
    write_result(chosen.out, result)


if __name__ == "__main__":
    main()
