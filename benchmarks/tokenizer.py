"""What the MotionTokenizer loses: error on held-out performances, against its rate.

    python benchmarks/tokenizer.py [MODEL] [--clips 300] [--out result.json]

MODEL is a MotionTokenizer's folder or a checkpoint that holds one.

- error: sum over frames and points of |error| over the sum of |displacement from neutral|, in
  percent, for the points of each face region of the rig it was trained on (head pose removed) and
  for the frame of points that stands for the head's pose. ``performed`` are motions as the
  performer makes them, ``tracked`` the same as a tracker would have seen them.
- codebooks: the share of codes in use on the held-out set, and the entropy of a code in bits.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from common import parser, print_table, write_result
from tqdm import tqdm
from transformers import AutoModel

import tdmm_hf
from tdmm_hf.modeling.modeling_motion_tokenizer import MotionTokenizer
from tdmm_hf.performer import perform
from tdmm_hf.performer.tracking import augment
from tdmm_hf.prompts.suite import iter_attributes
from tdmm_hf.rigs import HEAD_REGION, Rig
from tdmm_hf.rigs.points import get_points

# No corpus is built from this seed.
HELD_OUT_SEED = 770_000
TARGET_PERCENT = 10.0
TARGET_USE = 50.0
TARGET_RATE = 25.0


def load_tokenizer(path: str | None, device: str = "cpu") -> MotionTokenizer:
    """The MotionTokenizer of a folder, or the one inside a language model; embedded by default."""
    embedded = Path(tdmm_hf.__file__).parent / "assets" / "tdmm-lm-tiny"
    model = AutoModel.from_pretrained(path or embedded)
    return (model if isinstance(model, MotionTokenizer) else model.motion_tokenizer).to(device)


def held_out_clips(count: int, seed: int = HELD_OUT_SEED) -> list[np.ndarray]:
    """Performed motions (frames, 55) over all categories."""
    attributes = tqdm(iter_attributes(seed, count), "perform", count, leave=False)
    return [perform(a, seed=seed + i).values for i, a in enumerate(attributes)]


def round_trip(model, clip: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Reconstruction (frames, channels) and codes (steps, codebooks) of one motion."""
    codes = model.encode(torch.tensor(clip, device=model.device)[None]).codes
    return model.decode(codes)[0, : len(clip)].cpu().numpy(), codes[0].cpu().numpy()


def region_errors(rig: Rig, clips: Iterable[np.ndarray], decoded: Iterable[np.ndarray]) -> dict:
    """Region to error in percent of the displacement from neutral and in mean millimetres."""
    error, moved, frames = 0, 0, 0
    for clip, other in zip(clips, decoded, strict=True):
        error = error + _lengths(rig, other - clip)  # (points,)
        moved = moved + _lengths(rig, clip)
        frames += len(clip)
    found = {}
    for region in dict.fromkeys(rig.regions):
        chosen = np.array(rig.regions) == region
        found[region] = {
            "percent": float(100 * error[chosen].sum() / moved[chosen].sum()),
            "millimetres": float(error[chosen].mean() / frames),
        }
    return found


def _lengths(rig: Rig, values: np.ndarray) -> np.ndarray:
    """How far each point is moved, summed over the frames."""
    return np.linalg.norm(np.tensordot(values, rig.linear_geometry, axes=1), axis=-1).sum(axis=0)


def head_degrees(rig: Rig, clips: Iterable[np.ndarray], decoded: Iterable[np.ndarray]) -> float:
    """Mean absolute error of pitch, yaw and roll in degrees."""
    columns = list(rig.space.groups[HEAD_REGION])
    errors = [np.abs(b - a)[:, columns] for a, b in zip(clips, decoded, strict=True)]
    return float(np.degrees(np.concatenate(errors).mean()))


def codebook_use(codes: np.ndarray, size: int) -> list[dict]:
    """Per codebook of (steps, codebooks): share of codes in use in percent, entropy in bits."""
    found = []
    for column in codes.T:
        share = np.bincount(column, minlength=size) / len(column)
        used = share[share > 0]
        found.append(
            {
                "use": float(100 * len(used) / size),
                "entropy": float(-(used * np.log2(used)).sum()),
            }
        )
    return found


def measure(model, clips: list[np.ndarray]) -> dict:
    """All figures of one set of motions."""
    rig = get_points(model.config.rig)
    pairs = [round_trip(model, clip) for clip in tqdm(clips, "code", leave=False)]
    decoded = [pair[0] for pair in pairs]
    return {
        "regions": region_errors(rig, clips, decoded),
        "head_degrees": head_degrees(rig, clips, decoded),
        "codebooks": codebook_use(
            np.concatenate([pair[1] for pair in pairs]), model.config.codebook_size
        ),
    }


def report(result: dict) -> None:
    """Print the tables."""
    performed, tracked = result["performed"], result["tracked"]
    print_table(
        ["region", "performed %", "mm", "tracked %"],
        [
            [r, found["percent"], found["millimetres"], tracked["regions"][r]["percent"]]
            for r, found in performed["regions"].items()
        ],
    )
    print_table(
        ["codebook", "use %", "entropy, bits"],
        [[i, book["use"], book["entropy"]] for i, book in enumerate(performed["codebooks"])],
    )
    print(
        f"{result['tokens_per_second']:g} tokens/s, {result['bits_per_second']:.0f} bits/s, "
        f"head {performed['head_degrees']:.2f} degrees; reached: {result['reached']}\n"
    )


def reached(result: dict) -> bool:
    """Whether every region, codebook and the rate are within the targets."""
    performed = result["performed"]
    return (
        all(found["percent"] < TARGET_PERCENT for found in performed["regions"].values())
        and all(book["use"] > TARGET_USE for book in performed["codebooks"])
        and result["tokens_per_second"] <= TARGET_RATE
    )


def main() -> None:
    arguments = parser(__doc__, "tokenizer")
    arguments.add_argument("--clips", type=int, default=300)
    options = arguments.parse_args()
    model = load_tokenizer(options.model, options.device)
    clips = held_out_clips(options.clips)
    rng = np.random.default_rng(HELD_OUT_SEED)
    rate = model.config.tokens_per_second
    result = {
        "model": options.model or "embedded",
        "clips": len(clips),
        "seconds": sum(map(len, clips)) / model.config.fps,
        "parameters": sum(p.numel() for p in model.parameters()),
        "tokens_per_second": rate,
        "bits_per_second": rate * float(np.log2(model.config.codebook_size)),
        "performed": measure(model, clips),
        "tracked": measure(model, [augment(clip, rng) for clip in clips]),
    }
    result["reached"] = reached(result)
    report(result)
    write_result(options.out, result)


if __name__ == "__main__":
    main()
