"""Does the motion do what the prompt says? Hand-written prompts, cues and head motions.

    python benchmarks/adherence.py [MODEL] [--seeds 3] [--out result.json]

Figures, all through ``pipeline("text-to-face-motion")``, for prompts that no template made:

- prompts: share of prompt x seed motions of 5 s in which every clause of the prompt holds
  (``tdmm_hf.evaluation.cues``), against the baseline of the same model's neutral prompts; and
  ``chance``, the same clauses held against the motions of prompts of other families.
- ladders: share of neighbouring steps whose strength, mean over seeds, rises.
- head: share in which the classified head motion is one that the prompt allows and, where the
  prompt gives a count, the counted nods or shakes are within one of it.
- long: at 30 s and 60 s, the cues hold in the last third and the mean speed of the last third is
  at least half that of the first; the number of frames is exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from common import (
    BATCH_SIZE,
    DATA,
    generate,
    load_pipeline,
    load_yaml,
    parser,
    percent,
    print_table,
    write_result,
)
from tqdm import tqdm

from tdmm_hf.evaluation.cues import LAST_THIRD, Baseline, Clause, Cue, clauses, failures, load_cues
from tdmm_hf.motion import FaceMotion, frame_count

DURATION = 5.0
LONG_DURATIONS = (30.0, 60.0)
STILL_MOVING = 0.5
# Steps of the neighbouring pair differ by at least this to count as a rise.
RISE = 1e-3

Motions = Sequence[Sequence[FaceMotion]]
"""By seed, then by prompt."""


def prompt_adherence(entries: list[dict], motions: Motions, baseline: Baseline, cues) -> dict:
    """Share of prompt x seed motions in which every clause holds, overall and per family."""
    asked = [clauses(entry, cues) for entry in entries]
    hits, totals, failing = Counter(), Counter(), []
    for entry, wanted, takes in zip(entries, asked, zip(*motions, strict=True), strict=True):
        missed = [failures(wanted, motion, baseline) for motion in takes]
        hits[entry["family"]] += sum(not names for names in missed)
        totals[entry["family"]] += len(missed)
        if any(missed):
            failing.append({"prompt": entry["prompt"], "missed": missed})
    families = {family: percent(hits[family], totals[family]) for family in totals}
    return {
        "adherence_percent": percent(hits.total(), totals.total()),
        "chance_percent": chance(entries, asked, motions[0], baseline),
        "motions": totals.total(),
        "families": families,
        "failing": failing,
    }


def chance(
    entries: list[dict],
    asked: list[list[Clause]],
    motions: Sequence[FaceMotion],
    baseline: Baseline,
) -> float:
    """Percent of prompts that hold against the motions of other families' prompts."""
    outcomes = [
        not failures(wanted, motion, baseline)
        for entry, wanted in zip(tqdm(entries, desc="chance", leave=False), asked, strict=True)
        for other, motion in zip(entries, motions, strict=True)
        if other["family"] != entry["family"]
    ]
    return percent(sum(outcomes), len(outcomes))


def ladder_strengths(ladder: dict, motions: Motions, cues: dict[str, Cue]) -> list[float]:
    """Strength of each step: mean over the ladder's cues and the seeds."""
    measured = [cues[name] for name in ladder["strength"]]
    return [
        float(np.mean([cue.strength(motion) for motion in takes for cue in measured]))
        for takes in zip(*motions, strict=True)
    ]


def ladder_adherence(ladders: list[dict], motions: Motions, cues: dict[str, Cue]) -> dict:
    """Share of neighbouring steps that rise; ``motions`` run through the ladders in order."""
    rows, rising, pairs, first = [], 0, 0, 0
    for ladder in ladders:
        last = first + len(ladder["steps"])
        strengths = ladder_strengths(ladder, [takes[first:last] for takes in motions], cues)
        rises = [after - before > RISE for before, after in pairwise(strengths)]
        rising, pairs, first = rising + sum(rises), pairs + len(rises), last
        rows.append({"steps": ladder["steps"], "strengths": [round(s, 3) for s in strengths]})
    return {"rising_percent": percent(rising, pairs), "pairs": pairs, "ladders": rows}


def head_right(entry: dict, motion: FaceMotion) -> tuple[bool, str, int | None]:
    """Whether the head does what the entry allows; the key and the count that were seen."""
    from tdmm_hf.evaluation.head import classify_head, count_nods, count_shakes

    seen = classify_head(motion)
    if entry["count"] is None:
        return seen in entry["key"], seen, None
    count = count_nods(motion) if "nod" in entry["key"] else count_shakes(motion)
    return seen in entry["key"] and abs(count - entry["count"]) <= 1, seen, count


def head_adherence(entries: list[dict], motions: Motions) -> dict:
    """Share of prompt x seed motions with the right head motion, overall and per key."""
    hits, totals, failing = Counter(), Counter(), []
    for entry, takes in zip(entries, zip(*motions, strict=True), strict=True):
        seen = [head_right(entry, motion) for motion in takes]
        key = entry["key"][0]
        hits[key] += sum(right for right, *_ in seen)
        totals[key] += len(seen)
        if not all(right for right, *_ in seen):
            failing.append({**entry, "seen": [[key, count] for _, key, count in seen]})
    return {
        "adherence_percent": percent(hits.total(), totals.total()),
        "motions": totals.total(),
        "keys": {key: percent(hits[key], totals[key]) for key in totals},
        "failing": failing,
    }


def speed_ratio(motion: FaceMotion) -> float:
    """Mean absolute change per frame in the last third over that in the first."""
    speed = np.abs(np.diff(motion.values, axis=0)).mean(axis=1)
    third = len(speed) // 3
    return float(speed[-third:].mean() / max(speed[:third].mean(), 1e-9))


def long_row(entry: dict, motion: FaceMotion, duration: float, baseline: Baseline, cues) -> dict:
    """What a long motion still does in its last third."""
    last = [Clause(c.name, c.alternatives, LAST_THIRD, c.wanted) for c in clauses(entry, cues)]
    ratio = speed_ratio(motion)
    return {
        "prompt": entry["prompt"],
        "duration": duration,
        "exact_frames": motion.num_frames == frame_count(duration, motion.fps),
        "speed_ratio": round(ratio, 2),
        "still_moving": ratio >= STILL_MOVING,
        "missed": failures(last, motion, baseline),
    }


def measure_long(pipe, baseline: Baseline, cues, batch_size: int) -> list[dict]:
    """The long prompts at every long duration, one seed."""
    entries = load_yaml("long_prompts")
    prompts = [entry["prompt"] for entry in entries]
    return [
        long_row(entry, motion, duration, baseline, cues)
        for duration in LONG_DURATIONS
        for entry, motion in zip(
            entries, generate(pipe, prompts, 0, duration, batch_size), strict=True
        )
    ]


def measure(pipe, seeds: int, batch_size: int = BATCH_SIZE) -> dict:
    """All figures of this benchmark for a text-to-motion pipeline."""
    cues = load_cues(DATA / "cues.yaml")
    entries, ladders = load_yaml("prompts"), load_yaml("ladders")
    heads = load_yaml("head_prompts")
    groups = [
        load_yaml("neutral_prompts"),
        [entry["prompt"] for entry in entries],
        [step for ladder in ladders for step in ladder["steps"]],
        [entry["prompt"] for entry in heads],
    ]
    neutral, prompted, laddered, headed = (
        [generate(pipe, prompts, seed, DURATION, batch_size) for seed in range(seeds)]
        for prompts in groups
    )
    baseline = Baseline(motion for takes in neutral for motion in takes)
    return {
        "seeds": seeds,
        "prompts": prompt_adherence(entries, prompted, baseline, cues),
        "ladders": ladder_adherence(ladders, laddered, cues),
        "head": head_adherence(heads, headed),
        "long": measure_long(pipe, baseline, cues, batch_size),
    }


def report(result: dict) -> None:
    """The tables, and the prompts that failed."""
    prompts, ladders, head, long = (result[k] for k in ("prompts", "ladders", "head", "long"))
    kept = sum(row["still_moving"] and row["exact_frames"] and not row["missed"] for row in long)
    rows = [
        ("prompt adherence %", prompts["adherence_percent"], prompts["motions"]),
        ("  chance (other families' motions) %", prompts["chance_percent"], None),
        ("ladder pairs that rise %", ladders["rising_percent"], ladders["pairs"]),
        ("head motion adherence %", head["adherence_percent"], head["motions"]),
        ("30 s and 60 s kept up %", percent(kept, len(long)), len(long)),
    ]
    print_table(("figure", "value", "of"), rows)
    print_table(("family", "%"), sorted(prompts["families"].items(), key=lambda item: item[1]))
    print_table(("head motion", "%"), sorted(head["keys"].items(), key=lambda item: item[1]))
    long_columns = ("prompt", "duration", "exact_frames", "speed_ratio", "missed")
    print_table(long_columns, [[str(row[column]) for column in long_columns] for row in long])
    for row in prompts["failing"]:
        print(f"missed by {sum(map(bool, row['missed']))}: {row['prompt']}  {row['missed']}")
    for row in head["failing"]:
        print(f"head: {row['prompt']}  wanted {row['key']} {row['count']}, saw {row['seen']}")


def main() -> None:
    arguments = parser(__doc__, "adherence")
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--batch-size", type=int, default=BATCH_SIZE)
    chosen = arguments.parse_args()
    pipe = load_pipeline("text-to-face-motion", chosen.model, chosen.device)
    result = {"model": chosen.model or "embedded"}
    result |= measure(pipe, chosen.seeds, chosen.batch_size)
    report(result)
    write_result(chosen.out, result)


if __name__ == "__main__":
    main()
