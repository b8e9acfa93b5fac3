"""Does a description survive the camera? Performances, rendered, tracked and described.

    python benchmarks/rendered.py [MODEL] [--per-family 2] [--work FOLDER] [--out result.json]

Filmed clips with known emotions are few. Here every emotion family is performed by several people,
each one emotion at intensity 3 to 5, rendered on the package's own head (another identity each
time), written as H.264 video, tracked as any video is, and described. Right is a description whose
first family is the one performed; beside it the same performances described without the camera, and
what a describer gets that always says joy. Tracked motions stay in ``--work`` for the next model.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import SHARED_DATA, load_pipeline, parser, percent, print_table, write_result
from description import describe, said_in
from tqdm import tqdm

import tdmm_hf
from tdmm_hf.motion import FaceMotion

SEED = 771_203
SECONDS = 4.0
SIZE = 384


def performances(per_family: int) -> list[tuple[str, object]]:
    """(family, attributes), ``per_family`` of each family: one emotion held, silent or speaking."""
    from tdmm_hf.prompts import vocabulary
    from tdmm_hf.prompts.attributes import Attributes, EmotionSpan

    rng, chosen = np.random.default_rng(SEED), []
    by_family: dict[str, list[str]] = {}
    for category in vocabulary.load_vocabulary().emotions:
        by_family.setdefault(vocabulary.family_of(category), []).append(category)
    for family, categories in by_family.items():
        for category in rng.permutation(categories)[:per_family]:
            span = EmotionSpan(str(category), str(category), int(rng.integers(3, 6)), 0.0, SECONDS)
            manner = str(rng.choice(["silent", "speaks_steadily"]))
            chosen.append((family, Attributes(SECONDS, "person", (span,), manner=manner)))
    return chosen


def filmed(motion: FaceMotion, identity: int, path: Path) -> FaceMotion:
    """A motion rendered to a video and tracked; ``path`` (.npz) keeps it."""
    from tdmm_hf.fitting import fit_video
    from tdmm_hf.video import render, write_video

    if not path.is_file():
        video = path.with_suffix(".mp4")
        write_video(render(motion, size=SIZE, identity=identity), video, motion.fps)
        tdmm_hf.save(fit_video(video, model=SHARED_DATA / "face_landmarker.task").tracked, path)
    return tdmm_hf.load(path)


def score(families: list[str], texts: list[str]) -> dict:
    """Percent whose first family is right, and what was said in place of each."""
    said = [(said_in(text).families or ("none",))[0] for text in texts]
    pairs = list(zip(families, said, strict=True))
    return {"right_percent": percent(sum(t == s for t, s in pairs), len(pairs)), "pairs": pairs}


def main() -> None:
    arguments = parser(__doc__, "rendered")
    arguments.add_argument("--per-family", type=int, default=2)
    arguments.add_argument("--work", type=Path, default=Path("runs/rendered"))
    chosen = arguments.parse_args()
    from tdmm_hf.performer import perform

    chosen.work.mkdir(parents=True, exist_ok=True)
    asked = performances(chosen.per_family)
    families = [family for family, _ in asked]
    plain = [perform(attributes, SEED + i) for i, (_, attributes) in enumerate(asked)]
    seen = [
        filmed(motion, SEED + i, chosen.work / f"{i:03d}.npz")
        for i, motion in enumerate(tqdm(plain, desc="filming", leave=False))
    ]
    pipe = load_pipeline("face-motion-to-text", chosen.model, chosen.device)
    result = {
        "model": chosen.model or "embedded",
        "count": len(asked),
        "filmed": score(families, describe(pipe, seen)),
        "performed": score(families, describe(pipe, plain)),
        "always joy": {"right_percent": percent(families.count("joy"), len(families))},
    }
    rows = [(who, result[who]["right_percent"]) for who in ("filmed", "performed", "always joy")]
    print_table(("first family named is right", "%"), rows)
    print_table(("performed", "named when filmed"), result["filmed"]["pairs"])
    write_result(chosen.out, result)


if __name__ == "__main__":
    main()
