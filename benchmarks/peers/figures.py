"""What a trained design loses on held-out clips, and who beats whom at which rate.

row = measure(design, clips, FaceSurface("tdmm"))
compare([row, ...])["reached"]
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from tokenizer import round_trip
from tqdm import tqdm

from tdmm_hf.evaluation.metrics.geometry import FaceSurface
from tdmm_hf.evaluation.metrics.rate import codebook_use, on_frontier, rate_distortion
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import HEAD_CHANNELS

from .kept import Design

RATES = ("bits_per_second", "tokens_per_second")
DISTORTIONS = ("fve", "lve", "weight_error", "velocity_error", "head_pose")
VQ_VAE = ("vq", "rvq")
TARGET_LESS_PERCENT = 25.0
SAME_RATE = 1e-6


def measure(design: Design, clips: Sequence[np.ndarray], surface: FaceSurface) -> dict:
    """Rate, codebook use and distortion of a design on clips (frames, channels)."""
    bar = tqdm(clips, design.title, leave=False)
    pairs = [round_trip(design.model, clip) for clip in bar]
    decoded = [FaceMotion(values, design.fps) for values, _ in pairs]
    original = [FaceMotion(clip, design.fps) for clip in clips]
    codes = [code for _, code in pairs]
    sizes, steps = design.codebook_sizes, design.steps_per_second
    found = rate_distortion(decoded, original, codes, sizes, steps, surface)
    entropy = codebook_use(np.concatenate(codes), sizes).entropy
    return {
        "title": design.title,
        "family": design.family,
        "parameters": design.parameters,
        **dataclasses.asdict(found),
        "entropy_bits_per_second": float(sum(entropy) * steps),
        "weight_error": weight_error(decoded, original),
        "velocity_error": velocity_error(decoded, original, surface),
    }


def weight_error(decoded: Sequence[FaceMotion], original: Sequence[FaceMotion]) -> float:
    """Mean absolute error of a blendshape weight, in percent of its range; head angles apart."""
    weights = [i for i, name in enumerate(original[0].channels) if name not in HEAD_CHANNELS]
    errors = [
        np.abs(a.values - b.values)[:, weights] for a, b in zip(decoded, original, strict=True)
    ]
    return float(100 * np.concatenate(errors).mean())


def velocity_error(
    decoded: Sequence[FaceMotion], original: Sequence[FaceMotion], surface: FaceSurface
) -> float:
    """Mean length of the error of a face vertex' velocity, mm a second, head pose removed."""
    found = []
    for one, other in zip(decoded, original, strict=True):
        error = surface.displacements(one) - surface.displacements(other)
        moved = np.diff(error[:, surface.face], axis=0)  # (frames - 1, face, 3)
        found.append(np.linalg.norm(moved, axis=-1).mean(axis=1) * original[0].fps)
    return float(np.concatenate(found).mean())


def compare(rows: Sequence[dict]) -> dict:
    """Ours against each peer at its rate or below, and whether any peer beats one of ours."""
    ours = [row for row in rows if row["family"] == "ours"]
    peers = [row for row in rows if row["family"] != "ours"]
    matched = [found for peer in peers if (found := at_rate(peer, ours))]
    beaten = [found for row in ours for found in beaten_by(row, peers)]
    vq_vae = [found for found in matched if found["vq_vae"]]
    return {
        "matched": matched,
        "beaten": beaten,
        "reached": {
            "frontier": bool(ours and peers and not beaten),
            **{
                name: bool(vq_vae)
                and all(found[f"{name}_less_percent"] >= TARGET_LESS_PERCENT for found in vq_vae)
                for name in ("fve", "lve")
            },
        },
    }


def at_rate(peer: dict, ours: Sequence[dict]) -> dict | None:
    """How much less than a peer ours loses at no more bits a second; None if all of ours has more.

    Of ours it is the design with the most bits within the peer's.
    """
    rate = peer["bits_per_second"]
    within = [row for row in ours if row["bits_per_second"] <= rate + SAME_RATE]
    if not within:
        return None
    best = max(within, key=lambda row: row["bits_per_second"])
    less = {f"{n}_less_percent": 100 * (1 - best[n] / peer[n]) for n in DISTORTIONS}
    return {
        "peer": peer["title"],
        "vq_vae": peer["family"] in VQ_VAE,
        "bits_per_second": rate,
        "ours": best["title"],
        "ours_bits_per_second": best["bits_per_second"],
        **less,
    }


def beaten_by(row: dict, peers: Sequence[dict]) -> list[dict]:
    """The rates and distortions by which some peer is as low in both and lower in one."""
    return [
        {"design": row["title"], "rate": rate, "distortion": name}
        for rate in RATES
        for name in DISTORTIONS
        if not on_frontier(*([each[key] for each in (row, *peers)] for key in (rate, name)))[0]
    ]
