"""Does the description say what the face does? Held-out performances and real video.

    python benchmarks/description.py [MODEL] [--count 300] [--out result.json]

Held-out performed motion: attributes from a seed that no training uses, performed, described by
``pipeline("face-motion-to-text")``, and the words read back by ``parse_description``. Right is:

- emotion: where one emotion is held, or a second only flashes, the first family that the
  description names is the main emotion's; where two follow each other (then, fade), the set of
  families named is exactly the set performed;
- head: the same head motion; manner: the same manner class.

Beside it: micro precision and recall of all families named; head and manner where the performance
asks for one (a description that keeps silent about them reads as natural and silent); the share
that the commonest answer would get; and ``parser``, the same figures for the performances' own
captions, which is what reading the words back costs. Real video: the seven clips, tracked,
described, families named against those the clips were prompted for, beside a describer that always
says joy and one that shuffles its answers among the clips (mean over all derangements).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np
from common import (
    BATCH_SIZE,
    SHARED_DATA,
    load_pipeline,
    load_yaml,
    parser,
    percent,
    print_table,
    write_result,
)
from tqdm import tqdm

from tdmm_hf.motion import FaceMotion

logger = logging.getLogger(__name__)

HELD_OUT_SEED = 900_317
COUNT = 300
CONFUSIONS = 15


@dataclass(frozen=True)
class Said:
    """What is true of a performance, or what a description says of it."""

    families: tuple[str, ...]
    head: str
    manner: str


def emotion_right(truth: Said, transition: str, said: Said) -> bool:
    """The rule at the top of this file."""
    if transition in ("then", "fade"):
        return set(said.families) == set(truth.families)
    return said.families[:1] == truth.families[:1]


def precision_recall(
    truths: Sequence[Sequence[str]], answers: Sequence[Sequence[str]]
) -> dict[str, float]:
    """Micro precision, recall and F1 in percent of sets of families."""
    hits = sum(len(set(t) & set(a)) for t, a in zip(truths, answers, strict=True))
    precision = percent(hits, sum(len(set(a)) for a in answers))
    recall = percent(hits, sum(len(set(t)) for t in truths))
    total = precision + recall
    f1 = round(2 * precision * recall / total, 1) if total else 0.0
    return {"precision": precision, "recall": recall, "f1": f1}


def shuffled(truths: Sequence[Sequence[str]], answers: Sequence[Sequence[str]]) -> dict[str, float]:
    """Mean figures over every way to give each clip another clip's answer."""
    order = range(len(answers))
    moved = [p for p in permutations(order) if all(p[i] != i for i in order)]
    figures = [precision_recall(truths, [answers[i] for i in p]) for p in moved]
    return {key: round(float(np.mean([f[key] for f in figures])), 1) for key in figures[0]}


def confusions(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str, int]]:
    """The commonest (truth, said, times) among pairs that differ."""
    wrong = Counter(pair for pair in pairs if pair[0] != pair[1])
    return [(*pair, times) for pair, times in wrong.most_common(CONFUSIONS)]


def part_figures(part: str, pairs: Sequence[tuple[str, str]], unmarked: str) -> dict[str, float]:
    """Share right, share right where the truth is more than the unmarked key, commonest truth."""
    asked = [pair for pair in pairs if pair[0] != unmarked]
    commonest = Counter(truth for truth, _ in pairs).most_common(1)[0][1]
    return {
        f"{part}_percent": percent(sum(t == a for t, a in pairs), len(pairs)),
        f"{part}_percent_where_asked": percent(sum(t == a for t, a in asked), len(asked)),
        f"{part}_percent_of_commonest": percent(commonest, len(pairs)),
    }


def score(truths: Sequence[Said], transitions: Sequence[str], answers: Sequence[Said]) -> dict:
    """Figures and confusions over performances and what was said of them."""
    rows = list(zip(truths, transitions, answers, strict=True))
    total = len(rows)
    by_transition = {
        kind: percent(
            sum(emotion_right(*row) for row in rows if row[1] == kind), transitions.count(kind)
        )
        for kind in sorted(set(transitions))
    }
    return {
        "count": total,
        "emotion_percent": percent(sum(emotion_right(*row) for row in rows), total),
        "emotion_percent_by_transition": by_transition,
        **part_figures("head", [(t.head, a.head) for t, _, a in rows], unmarked="natural"),
        **part_figures("manner", [(t.manner, a.manner) for t, _, a in rows], unmarked="silent"),
        "families": precision_recall(
            [t.families for t, *_ in rows], [a.families for *_, a in rows]
        ),
        "confusions": {
            "emotion": confusions(
                [(_first(t), _first(a)) for t, kind, a in rows if kind in ("hold", "flash")]
            ),
            "head": confusions([(t.head, a.head) for t, _, a in rows]),
            "manner": confusions([(t.manner, a.manner) for t, _, a in rows]),
        },
    }


def _first(said: Said) -> str:
    return said.families[0] if said.families else "none"


def truth_of(attributes) -> Said:
    """Families, head motion and manner class of a performance."""
    from tdmm_hf.prompts import vocabulary

    return Said(
        tuple(vocabulary.family_of(span.category) for span in attributes.emotions),
        attributes.head.name,
        vocabulary.manner_class(attributes.manner),
    )


def said_in(text: str) -> Said:
    """Families in the order named, head motion and manner class that a description says."""
    from tdmm_hf.prompts.wording import parse_description

    parsed = parse_description(text)
    return Said(tuple(parsed.families), parsed.head, parsed.manner)


def describe(pipe, motions: Sequence[FaceMotion]) -> list[str]:
    """A description of each motion, in batches, with a progress bar."""
    texts = []
    for first in tqdm(range(0, len(motions), BATCH_SIZE), desc="describing", leave=False):
        batch = [
            {"motion": m.values, "fps": m.fps, "valid": m.valid, "observed": m.observed}
            for m in motions[first : first + BATCH_SIZE]
        ]
        texts += [answer["generated_text"] for answer in pipe(batch, batch_size=BATCH_SIZE)]
    return texts


def held_out(pipe, count: int) -> dict:
    """Figures over freshly performed motions."""
    from tdmm_hf.performer import perform
    from tdmm_hf.prompts.suite import iter_attributes
    from tdmm_hf.prompts.wording import prompt

    chosen = list(iter_attributes(HELD_OUT_SEED, count))
    motions = [
        perform(attributes, HELD_OUT_SEED + i)
        for i, attributes in enumerate(tqdm(chosen, desc="performing", leave=False))
    ]
    texts = describe(pipe, motions)
    transitions = [attributes.transition for attributes in chosen]
    truths = [truth_of(attributes) for attributes in chosen]
    rng = np.random.default_rng(HELD_OUT_SEED)
    captions = [prompt(attributes, rng) for attributes in chosen]
    parsed = score(truths, transitions, [said_in(text) for text in captions])
    return {
        **score(truths, transitions, [said_in(text) for text in texts]),
        "parser": {key: value for key, value in parsed.items() if key.endswith("_percent")},
        "examples": [list(pair) for pair in zip(captions[:20], texts[:20], strict=True)],
    }


def track_clips(folder: Path, names: Sequence[str]) -> dict[str, list[FaceMotion]]:
    """The clips' motions, as MediaPipe scores them and as the fit has them."""
    from tdmm_hf.fitting import fit_video

    model = folder / "face_landmarker.task"
    bar = tqdm(names, desc="tracking", leave=False)
    fits = [fit_video(folder / "clips" / name, model=model) for name in bar]
    return {"scores": [fit.tracked for fit in fits], "fit": [fit.motion for fit in fits]}


def real_video(pipe, folder: Path) -> dict:
    """Families named in the clips against those they were prompted for."""
    labels = load_yaml("video_labels")
    if not (folder / "clips").is_dir():
        return {"skipped": "the clips are not on this machine"}
    try:
        motions = track_clips(folder, list(labels))
    except ImportError as missing:
        return {"skipped": str(missing)}
    texts, fitted = (describe(pipe, motions[way]) for way in ("scores", "fit"))
    truths, answers = list(labels.values()), [said_in(text).families for text in texts]
    return {
        "described": precision_recall(truths, answers),
        "described from the fit": precision_recall(
            truths, [said_in(text).families for text in fitted]
        ),
        "always joy": precision_recall(truths, [("joy",)] * len(truths)),
        "shuffled": shuffled(truths, answers),
        "clips": [
            {"clip": clip, "prompted": truth, "named": list(answer), "text": text}
            for (clip, truth), answer, text in zip(labels.items(), answers, texts, strict=True)
        ],
    }


def report(result: dict) -> None:
    """The tables."""
    performed, video = result["held_out"], result["video"]
    rows = [(key, value) for key, value in performed.items() if "_percent" in key]
    figures = [(key, value) for key, value in rows if not isinstance(value, dict)]
    figures += [(f"parser: {key}", value) for key, value in performed["parser"].items()]
    print_table(("held-out performed motion", "%"), figures)
    by_transition = performed["emotion_percent_by_transition"]
    print_table(("emotion by transition", "%"), list(by_transition.items()))
    for kind, rows in performed["confusions"].items():
        print_table((f"{kind}: truth", "said", "times"), rows or [("-", "-", 0)])
    if "skipped" in video:
        print(f"real video skipped: {video['skipped']}")
        return
    columns = ("precision", "recall", "f1")
    describers = ("described", "described from the fit", "always joy", "shuffled")
    rows = [(who, *(video[who][c] for c in columns)) for who in describers]
    print_table(("real video", *columns), rows)
    for row in video["clips"]:
        print(f"{row['clip']}: {row['prompted']} -> {row['named']}  {row['text']}")


def main() -> None:
    arguments = parser(__doc__, "description")
    arguments.add_argument("--count", type=int, default=COUNT)
    arguments.add_argument("--video-data", type=Path, default=SHARED_DATA)
    chosen = arguments.parse_args()
    pipe = load_pipeline("face-motion-to-text", chosen.model, chosen.device)
    result = {
        "model": chosen.model or "embedded",
        "held_out": held_out(pipe, chosen.count),
        "video": real_video(pipe, chosen.video_data),
    }
    report(result)
    write_result(chosen.out, result)


if __name__ == "__main__":
    main()
