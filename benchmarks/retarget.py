"""How well FLAME's motions come into arkit: on doubles of FLAME whose truth is known.

    python benchmarks/retarget.py

FLAME may not be passed on, so models in its format are made of our own head (another person, a
little larger, resting nodded) and of ICT FaceKit's, whose blendshapes other people made: see
``flame_double``. Performed motions and their way back are measured, and single families driven.

Figures: mean absolute error of the weights beside their mean; millimetres of our head's points
beside how far those move; the mean correlation of channels that are driven; families whose own
channel answers with 0.3 and more than any other one.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from common import RESULTS, load_rig, print_table, write_result
from driving import families, pose
from flame_double import ARKIT, Double, make_double

from tdmm_hf.fitting.retarget import retarget
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import HEAD_CHANNELS
from tdmm_hf.performer import perform
from tdmm_hf.prompts.suite import sample_attributes
from tdmm_hf.rigs import get_rig
from tdmm_hf.rigs.mesh import MeshRig

MOTIONS, SECONDS, EVERY = 10, 4.0, 5
LOST = np.array([n.startswith("eyeLook") or n == "tongueOut" for n in ARKIT.channels])
WEIGHTS = ~LOST & (np.array(ARKIT.units) == "weight")
DRIVEN, ANSWERS = 0.3, 0.3


def natural() -> np.ndarray:
    """(T, 55) frames of performed motions, without what FLAME has no channels for."""
    rng = np.random.default_rng(11)
    motions = [perform(sample_attributes(rng, SECONDS), seed) for seed in range(MOTIONS)]
    values = np.concatenate([motion.values[::EVERY] for motion in motions]).astype(float)
    values[:, LOST] = 0
    close, jaw = ARKIT.index("mouthClose"), ARKIT.index("jawOpen")
    values[:, close] = np.minimum(values[:, close], values[:, jaw])
    return values


def measure(double: Double, head: MeshRig, values: np.ndarray) -> dict:
    """The figures of a double."""
    found = retarget(double.parameters(values), "arkit", double.rig, head)
    there = retarget(FaceMotion(values), "flame", double.rig, head)
    back = retarget(there, "arkit", double.rig, head)
    driven = np.flatnonzero((values.max(axis=0) > DRIVEN) & WEIGHTS)
    follows = [_correlation(found.values[:, i], values[:, i]) for i in driven]
    return {
        "weight error": float(np.abs(found.values - values)[:, WEIGHTS].mean()),
        "weight mean": float(values[:, WEIGHTS].mean()),
        "error, mm": _movement(head, found.values - values),
        "movement, mm": _movement(head, values),
        "correlation": float(np.mean(follows)),
        "channels over 0.9": int(np.sum(np.array(follows) > 0.9)),
        "channels driven": len(driven),
        "there and back, mm": _movement(head, back.values - values),
        "families that answer": len(answering(double, head)),
    }


def answering(double: Double, head: MeshRig) -> list[str]:
    """Families whose own channel answers most when they are driven to 1.

    mouthClose is driven with jawOpen.
    """
    single = {name: f.driven for name, f in families().items() if not name.startswith("eyeLook")}
    driven = {
        name: (*channels, "jawOpen") if name == "mouthClose" else channels
        for name, channels in single.items()
    }
    poses = np.stack([pose(**dict.fromkeys(channels, 1.0)) for channels in driven.values()])
    found = retarget(double.parameters(poses), "arkit", double.rig, head).values
    kept = []
    for name, answer in zip(single, found, strict=True):
        own = answer[ARKIT.indices(single[name])].mean()
        others = np.delete(answer, [*ARKIT.indices(driven[name]), *ARKIT.indices(HEAD_CHANNELS)])
        if own >= max(ANSWERS, others.max()):
            kept.append(name)
    return kept


def _movement(head: MeshRig, values: np.ndarray) -> float:
    """Mean over frames and moving points, millimetres."""
    points = np.flatnonzero(np.linalg.norm(head.basis, axis=-1).max(axis=0) > 0.3)
    return float(np.linalg.norm(np.tensordot(values, head.basis[:, points], 1), axis=-1).mean())


def _correlation(found: np.ndarray, truth: np.ndarray) -> float:
    return float(np.corrcoef(found, truth)[0, 1]) if found.std() > 1e-6 else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--doubles", nargs="+", default=["tdmm", "ict"], help="made of which rigs")
    parser.add_argument("--out", type=Path, default=RESULTS / "retarget.json")
    options = parser.parse_args()
    head, values, rows = get_rig("tdmm"), natural(), {}
    with tempfile.TemporaryDirectory() as folder:
        for name in options.doubles:
            rig = load_rig(name)
            kind = {"person": rig.random_identity(3), "size": 1.07, "pitch": 0.05}
            double = make_double(rig, Path(folder) / name, 1, **(kind if name == "tdmm" else {}))
            rows[name] = measure(double, head, values)
    figures = dict.fromkeys(figure for row in rows.values() for figure in row)
    print_table(
        ["figure", *rows],
        [[figure, *(row[figure] for row in rows.values())] for figure in figures],
    )
    write_result(options.out, {"frames": len(values), "doubles": rows})


if __name__ == "__main__":
    main()
