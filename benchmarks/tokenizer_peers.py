"""Our motion tokenizer beside published designs, trained on the same clips: rate and distortion.

    python benchmarks/tokenizer_peers.py [--corpus DIR] [--steps 2000] [--designs NAME ...] \\
        [--work runs/tokenizer-peers] [--out result.json]

Every design (``peers/designs.yaml``) is trained on the same batches of the same clips for as many
steps, with the same schedule, and measured on the same held-out clips; each has its own loss and
the settings of its own optimiser, as published. Without ``--corpus`` clips are performed. Trained
designs are kept in ``--work``, and a stopped run goes on there.

- rate: tokens and bits a second, sum of log2 of the codebooks' sizes; entropy is what of the bits
  the held-out codes need. Ours is trained at its own rate and at those of three VQ-VAE designs.
- distortion: FVE (mean face vertex) and LVE (worst lip vertex) in millimetres, the head's pose
  removed, and its error apart in degrees; weight error in percent of a weight's range; velocity
  error of a face vertex in millimetres a second.
- reached: no peer beats one of ours at its rate in any distortion, and at no more bits than each
  VQ-VAE design has, ours has at least 25 % less vertex error.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from common import RESULTS, load_rig, print_table, write_result
from peers.figures import compare, measure
from peers.kept import names, trained
from peers.plot import draw
from tokenizer import HELD_OUT_SEED, held_out_clips

from tdmm_hf.evaluation.metrics.geometry import FaceSurface
from tdmm_hf.settings import TokenizerSettings, from_yaml

# No corpus is built from this seed either.
TRAINING_SEED = 660_000
CROP_FRAMES = 80  # whole steps of every design
RECIPE = Path(__file__).parents[1] / "recipes" / "tokenizer.yaml"
COLUMNS = {
    "design": "title",
    "parameters": "parameters",
    "tokens/s": "tokens_per_second",
    "bits/s": "bits_per_second",
    "entropy": "entropy_bits_per_second",
    "use %": "codebook_use",
    "FVE mm": "fve",
    "LVE mm": "lve",
    "weights %": "weight_error",
    "mm/s": "velocity_error",
    "head deg": "head_pose",
}


def load_clips(corpus: str | None, count: int, split: str) -> list[np.ndarray]:
    """The first clips (frames, 55) of a corpus' split; performed ones without a corpus.

    Raises:
        ValueError: there is no such corpus, or its motions are of another space.
    """
    if corpus is None:
        return held_out_clips(count, TRAINING_SEED if split == "train" else HELD_OUT_SEED)
    from tdmm_hf.training.codes import load_corpus

    rows = load_corpus(corpus, split)
    rows = rows.select(range(min(count, len(rows))))
    if other := set(rows["space"]) - {"arkit"}:
        raise ValueError(f"motions must be of the space arkit, got {', '.join(sorted(other))}")
    return [np.asarray(clip, dtype=np.float32) for clip in rows["motion"]]


def settings_of(options: argparse.Namespace) -> TokenizerSettings:
    """Our recipe, for so many steps and no more, on clips as they were performed."""
    recipe = from_yaml(TokenizerSettings, RECIPE)
    return TokenizerSettings(
        preset=recipe.preset,
        rig=recipe.rig,
        batch_size=recipe.batch_size,
        learning_rate=recipe.learning_rate,
        steps=options.steps,
        crop_frames=CROP_FRAMES,
        tracked_share=0.0,
        save_every=100,
        seed=options.seed,
        threads=options.threads,
    )


def run(options: argparse.Namespace) -> dict:
    """Train or load each design, measure it, compare them all."""
    settings = settings_of(options)
    clips = load_clips(options.corpus, options.clips, "train")
    clips = [clip for clip in clips if len(clip) >= CROP_FRAMES]
    held_out = load_clips(options.corpus, options.held_out, "test")
    surface = FaceSurface(load_rig(options.rig))
    rows = {}
    for name in options.designs or names():
        design = trained(name, clips, settings, options.work)
        rows[name] = measure(design, held_out, surface)
        report([rows[name]])
    return {
        "steps": settings.steps,
        "batch_size": settings.batch_size,
        "crop_frames": settings.crop_frames,
        "seed": settings.seed,
        "clips": len(clips),
        "held_out": len(held_out),
        "held_out_seconds": sum(map(len, held_out)) / settings.fps,
        "rig": options.rig,
        "designs": rows,
        **compare(list(rows.values())),
    }


def report(rows: list[dict]) -> None:
    """Print designs in the order of their rate."""
    rows = sorted(rows, key=lambda row: row["bits_per_second"])
    print_table(list(COLUMNS), [[row[key] for key in COLUMNS.values()] for row in rows])


def report_comparison(result: dict) -> None:
    """Print what ours loses less than each peer, and where a peer beats ours."""
    print_table(
        ["peer", "bits/s", "ours", "bits/s", "FVE less %", "LVE less %"],
        [
            [m["peer"], m["bits_per_second"], m["ours"], m["ours_bits_per_second"],
             m["fve_less_percent"], m["lve_less_percent"]]
            for m in result["matched"]
        ],
    )  # fmt: skip
    for one in result["beaten"]:
        print(f"a peer beats {one['design']} in {one['distortion']} at its {one['rate']}")
    print(f"reached: {result['reached']}\n")


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    found.add_argument("--corpus", help="corpus folder or Hub dataset; performed clips by default")
    found.add_argument("--clips", type=int, default=3000, help="to train on")
    found.add_argument("--held-out", type=int, default=200, help="clips to measure on")
    found.add_argument("--steps", type=int, default=2000)
    found.add_argument("--designs", nargs="+", choices=names(), help="all by default")
    found.add_argument("--work", type=Path, default=Path("runs/tokenizer-peers"))
    found.add_argument("--rig", default="tdmm", help="whose vertices are measured")
    found.add_argument("--seed", type=int, default=0)
    found.add_argument("--threads", type=int, default=0)
    found.add_argument("--out", type=Path, default=RESULTS / "tokenizer_peers.json")
    return found


def main() -> None:
    arguments = parser()
    options = arguments.parse_args()
    try:
        result = run(options)
    except ValueError as error:
        arguments.error(str(error))
    report(list(result["designs"].values()))
    report_comparison(result)
    draw(list(result["designs"].values()), options.out.with_suffix(".png"))
    write_result(options.out, result)


if __name__ == "__main__":
    main()
