"""The kinematic judge: does it know what was performed, and what does a changed word change?

    python benchmarks/kinematic_judge.py [MODEL] [--performances 196] [--seeds 2] [--out FILE]

- judge: performances of known attributes, by seeds that the judge never sees. It must say yes to
  the motion itself (sensitivity; ``holds``: also in number and order), and no to the same
  performance without the item, with another of its kind (``swapped``; ``sibling``: of the same
  emotion family or manner class), to other performances (``shuffled``), to an intensity two or more
  steps off, to one repetition more or less (``number``) and to the two emotions exchanged
  (``order``). ``told`` is the share of items
  that can be told at all; the others are left out.
- words: pairs of prompts that differ in one word (``data/changed_words.yaml``), same seeds.
  ``changed`` is the share of pairs whose named channels change by more than 95 % of what takes of
  one prompt differ by; ``stayed`` that of pairs that change no more than these elsewhere; ``as
  asked`` that of pairs in which the judge sees what each word asks for in its own motion and not in
  the other. The performer's own pairs stand beside the model's.
- ladders: five intensities of an emotion, neighbouring steps that rise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from common import (
    BATCH_SIZE,
    generate,
    load_pipeline,
    load_yaml,
    parser,
    percent,
    print_table,
    write_result,
)
from kinematic_variants import exchanged, miscounted, regraded, reordered
from tqdm import tqdm

from tdmm_hf.evaluation.cues import Baseline
from tdmm_hf.evaluation.judges.kinematic import KinematicJudge
from tdmm_hf.evaluation.judges.kinematic_changes import Wording, change, take_noise, wording
from tdmm_hf.evaluation.judges.kinematic_items import NEUTRAL, Item, items
from tdmm_hf.evaluation.judges.kinematic_verdicts import ItemVerdict
from tdmm_hf.motion import FaceMotion
from tdmm_hf.performer import perform
from tdmm_hf.performer.plan import read_plan
from tdmm_hf.prompts.attributes import Attributes
from tdmm_hf.prompts.suite import iter_attributes
from tdmm_hf.prompts.vocabulary import family_of, load_vocabulary

DURATION = 5.0
HELD_OUT = 5_000_000  # seeds of the performances that are judged
LEVEL = 95.0  # percentile of what takes differ by
LADDERS = ("happy", "sad", "angry", "afraid", "surprised", "disgusted", "proud", "tired")


def measure_judge(count: int) -> dict:
    """Sensitivity and specificity by kind, over ``count`` performances."""
    judge, rng = KinematicJudge(), np.random.default_rng(0)
    asked = list(iter_attributes(HELD_OUT, count, duration=DURATION))
    motions = [perform(one, HELD_OUT + i) for i, one in enumerate(asked)]
    outcomes, missed = defaultdict(lambda: defaultdict(list)), []
    for place, attributes in enumerate(tqdm(asked, desc="performances", leave=False)):
        other = motions[(place + 1) % count]
        _own(judge, attributes, motions[place], outcomes, missed)
        _others(judge, attributes, HELD_OUT + place, outcomes, rng)
        _shuffled(judge, attributes, asked[(place + 1) % count], other, outcomes)
    return {"performances": count, "kinds": _summary(outcomes), "missed": missed}


def _own(judge, attributes, motion, outcomes, missed) -> None:
    """The performance itself: every item must be seen."""
    for item, seen in zip(items(attributes), judge.judge(motion, attributes).items, strict=True):
        rows = outcomes[item.kind]
        rows["told"].append(seen.told)
        if not seen.told:
            continue
        rows["sensitivity"].append(seen.shown)
        rows["holds"].append(seen.holds)
        if seen.count is not None:
            rows["count_right"].append(seen.count == seen.counted)
        if seen.grade is not None and item.name != NEUTRAL:
            rows["grade_within_1"].append(abs(seen.graded - seen.grade) <= 1)
        if not seen.holds:
            missed.append(str(seen))


def _others(judge, attributes, seed: int, outcomes, rng) -> None:
    """The same performance with one thing changed: that item must not be seen."""
    for place, item in enumerate(items(attributes)):
        if item.name == NEUTRAL:
            continue
        variants = {
            "without": item.without,
            "swapped": exchanged(item, rng),
            "sibling": exchanged(item, rng, sibling=True),
            "intensity": regraded(item, rng),
            "number": miscounted(item, rng),
            "order": reordered(attributes) if item.kind == "emotion" else None,
        }
        for name, variant in variants.items():
            if variant is None:
                continue
            seen = judge.judge(perform(variant, seed), attributes).items[place]
            if seen.told and _fair(name, seen):
                no = not (seen.holds if name in ("intensity", "number", "order") else seen.shown)
                outcomes[item.kind][name].append(no)


def _fair(name: str, seen: ItemVerdict) -> bool:
    """A wrong number counts only where a number is asked, a wrong order where it can be told."""
    return (name != "number" or seen.count is not None) and (
        name != "order" or seen.order is not None
    )


def _shuffled(judge, attributes, theirs: Attributes, motion, outcomes) -> None:
    """Another performance: what it does not ask for must not be seen."""
    found = {(item.kind, _group(item)) for item in items(theirs)}
    verdict = judge.judge(motion, attributes)
    for item, seen in zip(items(attributes), verdict.items, strict=True):
        if seen.told and (item.kind, _group(item)) not in found:
            outcomes[item.kind]["shuffled"].append(not seen.shown)


def _group(item: Item) -> str:
    return family_of(item.name) if item.kind == "emotion" else item.name


def _summary(outcomes) -> dict:
    """By kind: percent and number of every figure."""
    return {
        kind: {
            name: {"percent": percent(sum(values), len(values)), "of": len(values)}
            for name, values in rows.items()
        }
        for kind, rows in outcomes.items()
    }


def pair_prompts(row: dict) -> list[str]:
    return [row["prompt"].format(word) for word in row["words"]]


def pair_attributes(row: dict) -> list[Attributes]:
    keys = row.get("keys", row["words"])
    return [read_plan(row["plan"].format(key), DURATION) for key in keys]


def measure_words(rows: list[dict], takes: dict[str, list[FaceMotion]], judge) -> dict:
    """By kind, what the motions of changed prompts do; ``takes`` by prompt, then seed."""
    found = [_pair(row, [takes[prompt] for prompt in pair_prompts(row)], judge) for row in rows]
    inside, outside = (
        float(np.percentile([n for one in found for n in one["noise"][side]], LEVEL))
        for side in ("inside", "outside")
    )
    kinds = {
        kind: _kind([one for one in found if one["kind"] == kind], inside, outside)
        for kind in dict.fromkeys(row["kind"] for row in rows)
    }
    kinds["all"] = _kind(found, inside, outside)
    levels = {"inside": round(inside, 2), "outside": round(outside, 2)}
    unlike = [
        f"{one['prompts'][0]} | {one['prompts'][1]}" for one in found if not all(one["asked"])
    ]
    return {"noise_level": levels, "kinds": kinds, "not_as_asked": unlike}


def _pair(row: dict, takes: Sequence[Sequence[FaceMotion]], judge: KinematicJudge) -> dict:
    """All changes of one pair: between its prompts by seed, and between seeds of one prompt."""
    asked, noise = wording(*pair_attributes(row)), take_noise(takes)
    changed = [change(one, other, asked, noise) for one, other in zip(*takes, strict=True)]
    alike = [
        change(one, other, asked, noise) for motions in takes for one, other in pairwise(motions)
    ]
    return {
        "kind": row["kind"],
        "prompts": pair_prompts(row),
        "changed": changed,
        "noise": {
            side: [v for one in alike if not np.isnan(v := getattr(one, side))]
            for side in ("inside", "outside")
        },
        "noise_share": [one.share for one in alike],
        "asked": [
            right
            for pair in zip(*takes, strict=True)
            if (right := _as_asked(asked, pair, judge)) is not None
        ],
    }


def _as_asked(asked: Wording, pair: Sequence[FaceMotion], judge: KinematicJudge) -> bool | None:
    """Whether the judge sees each item in the motion that was asked for it, not in the other; None
    where nobody could tell."""
    sides = ((asked.before, pair[0], pair[1]), (asked.after, pair[1], pair[0]))
    seen = [
        (_seen(judge, item, own), _seen(judge, item, other))
        for wanted, own, other in sides
        for item in wanted
    ]
    told = seen and all(verdict.told for both in seen for verdict in both)
    return all(_more(*both) for both in seen) if told else None


def _seen(judge: KinematicJudge, item: Item, motion: FaceMotion) -> ItemVerdict:
    verdicts = judge.judge(motion, item.asked).items
    places = {(one.kind, one.name, one.index): i for i, one in enumerate(items(item.asked))}
    return verdicts[places[(item.kind, item.name, item.index)]]


def _more(own: ItemVerdict, other: ItemVerdict) -> bool:
    """In its own motion, and there in the asked number or nearer to the asked amount."""
    if own.count is not None and own.shown and other.shown:
        return own.count == own.counted and own.counted != other.counted
    if own.grade is not None and own.shown and other.shown:
        return abs(np.log(own.amount)) < abs(np.log(other.amount))
    return own.shown and not other.shown


def _kind(found: list[dict], inside: float, outside: float) -> dict:
    """Figures of the pairs of one kind."""
    changed = [one for pair in found for one in pair["changed"]]
    where = [one for one in changed if not np.isnan(one.inside)]
    asked = [one for pair in found for one in pair["asked"]]
    shares = [share for pair in found for share in pair["noise_share"]]
    return {
        "pairs": len(found),
        "motions": len(changed),
        "changed_percent": _percent([one.inside > inside for one in where]),
        "as_asked_percent": _percent(asked),
        "stayed_percent": _percent([one.outside <= outside for one in changed]),
        "inside_ratio": _median([one.inside for one in where]),
        "outside_ratio": _median([one.outside for one in changed]),
        "share_inside": _median([one.share for one in where]),
        "share_inside_of_noise": _median(shares) if where else None,
    }


def _percent(outcomes: list[bool]) -> float | None:
    """Share of what is so; None of nothing."""
    return percent(sum(outcomes), len(outcomes)) if outcomes else None


def _median(values: list[float]) -> float | None:
    return round(float(np.median(values)), 3) if values else None


def performed_takes(rows: list[dict], seeds: int) -> dict[str, list[FaceMotion]]:
    """The performer's own motions of every prompt."""
    return {
        prompt: [perform(attributes, HELD_OUT + seed) for seed in range(seeds)]
        for row in rows
        for prompt, attributes in zip(pair_prompts(row), pair_attributes(row), strict=True)
    }


def generated_takes(pipe, prompts: list[str], seeds: int, batch_size: int):
    """The model's motions of every prompt."""
    by_seed = [generate(pipe, prompts, seed, DURATION, batch_size) for seed in range(seeds)]
    return {
        prompt: list(motions)
        for prompt, motions in zip(prompts, zip(*by_seed, strict=True), strict=True)
    }


def ladder_prompts(category: str) -> list[str]:
    """Five steps of a category, in the intensities' plainest adverbs."""
    adverbs = [words["adverbs"].train[0] for words in load_vocabulary().intensities.values()]
    return [" ".join(f"The woman looks {adverb} {category}.".split()) for adverb in adverbs]


def measure_ladders(ladders: dict[str, Sequence[FaceMotion]], judge: KinematicJudge) -> dict:
    """Amounts of every step, and the share of steps that rise."""
    rows = {
        category: [
            round(amount, 3)
            for amount in judge.ladder(motions, [f"{category} {i}" for i in range(1, 6)])
        ]
        for category, motions in ladders.items()
    }
    rises = [after > before for steps in rows.values() for before, after in pairwise(steps)]
    whole = [steps == sorted(steps) for steps in rows.values()]
    return {
        "rising_percent": percent(sum(rises), len(rises)),
        "monotonic_percent": percent(sum(whole), len(whole)),
        "steps": rows,
    }


def measure_model(pipe, seeds: int, batch_size: int) -> dict:
    """What the model's motions do: changed words and ladders, beside the performer's."""
    rows = load_yaml("changed_words")
    prompts = list(dict.fromkeys(prompt for row in rows for prompt in pair_prompts(row)))
    neutral = generate(pipe, load_yaml("neutral_prompts"), 0, DURATION, batch_size)
    judge = KinematicJudge(Baseline(neutral))
    steps = [step for category in LADDERS for step in ladder_prompts(category)]
    climbed = generate(pipe, steps, 0, DURATION, batch_size)
    ladders = {name: climbed[5 * i : 5 * i + 5] for i, name in enumerate(LADDERS)}
    return {
        "words": measure_words(rows, generated_takes(pipe, prompts, seeds, batch_size), judge),
        "performer_words": measure_words(rows, performed_takes(rows, seeds), KinematicJudge()),
        "ladders": measure_ladders(ladders, judge),
    }


def report(result: dict) -> None:
    """The tables."""
    names = ("told", "sensitivity", "holds", "count_right", "grade_within_1")
    names += ("without", "swapped", "sibling", "shuffled", "intensity", "number", "order")
    rows = [
        (kind, *(found[name]["percent"] if name in found else None for name in names))
        for kind, found in result["judge"]["kinds"].items()
    ]
    print_table(("item, %", *names), rows)
    for who in ("words", "performer_words"):
        if who in result:
            kinds = result[who]["kinds"]
            columns = list(next(iter(kinds.values())))
            print_table((who, *columns), [(kind, *row.values()) for kind, row in kinds.items()])
    if "ladders" in result:
        ladders = result["ladders"]
        print_table(("ladder steps that rise %", "whole %"), [list(ladders.values())[:2]])


def main() -> None:
    arguments = parser(__doc__, "kinematic_judge")
    arguments.add_argument("--performances", type=int, default=196)
    arguments.add_argument("--seeds", type=int, default=2, help="of every prompt; two or more")
    arguments.add_argument("--batch-size", type=int, default=BATCH_SIZE)
    chosen = arguments.parse_args()
    result = {"model": chosen.model or "embedded", "seeds": chosen.seeds}
    result["judge"] = measure_judge(chosen.performances)
    pipe = load_pipeline("text-to-face-motion", chosen.model, chosen.device)
    result |= measure_model(pipe, chosen.seeds, chosen.batch_size)
    report(result)
    write_result(chosen.out, result)


if __name__ == "__main__":
    main()
