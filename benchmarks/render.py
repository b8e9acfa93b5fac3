"""How fast both renderers draw, side by side on the same motion, and how far apart they are.

    python benchmarks/render.py [--rig tdmm] [--size 512] [--out result.json]

- fps: frames a second of a 5 s motion once the first frame is there, best of three.
- start: seconds to the first frame, best of three (compiled code and rig in the cache).
- cpu: milliseconds of processor time a frame, over all cores; main: those of the main thread. The
  rest is spread over the cores: on N idle ones a frame takes about main + (cpu - main) / N.
- apart: mean and 99th percentile of the difference of the two pictures, of 255.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
from common import RESULTS, print_table, write_result

from tdmm_hf.performer import perform
from tdmm_hf.performer.plan import read_plan
from tdmm_hf.rigs import get_rig
from tdmm_hf.rigs.mesh import MeshRig
from tdmm_hf.video import render

PLAN = "surprised 4, speaks bursts, nod 2 at 0.6 at 3"
DURATION = 5.0
RUNS = 3
COMPARED = 25  # every so many frames


def measure(motion, rig: MeshRig, size: int, renderer: str) -> dict:
    """Frames a second, seconds to the first, and processor time of one film."""
    started = time.perf_counter()
    frames = render(motion, rig=rig, size=size, renderer=renderer)
    next(frames)
    first, busy, own = time.perf_counter(), time.process_time(), time.thread_time()
    count = sum(1 for _ in frames)
    return {
        "fps": count / (time.perf_counter() - first),
        "start_seconds": first - started,
        "cpu_ms_per_frame": (time.process_time() - busy) / count * 1000,
        "main_ms_per_frame": (time.thread_time() - own) / count * 1000,
    }


def best(runs: list[dict]) -> dict:
    """The fastest of several runs, figure by figure."""
    return {name: (max if name == "fps" else min)(run[name] for run in runs) for name in runs[0]}


def apart(motion, rig: MeshRig, size: int) -> dict:
    """How far the two renderers' pictures are from each other."""
    pairs = zip(
        *(render(motion, rig=rig, size=size, renderer=name) for name in ("gl", "software")),
        strict=True,
    )
    away = [
        np.abs(one.astype(int) - other)
        for at, (one, other) in enumerate(pairs)
        if at % COMPARED == 0
    ]
    return {"mean": float(np.mean(away)), "p99": float(np.percentile(away, 99))}


def graphics() -> str:
    """The name of the OpenGL driver."""
    from tdmm_hf.video.gl import open_context

    context = open_context()
    name = context.info["GL_RENDERER"]
    context.release()
    return name


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rig", default="tdmm")
    arguments.add_argument("--size", type=int, default=512)
    arguments.add_argument("--out", type=Path, default=RESULTS / "render.json")
    chosen = arguments.parse_args()
    rig = get_rig(chosen.rig)
    motion = perform(read_plan(PLAN, DURATION), seed=1)
    result = {
        "rig": rig.name,
        "vertices": len(rig.neutral),
        "triangles": len(rig.faces),
        "size": chosen.size,
        "frames": motion.num_frames,
        "opengl": graphics(),
        "load_before": os.getloadavg()[0],
    }
    for name in ("gl", "software"):
        result[name] = best([measure(motion, rig, chosen.size, name) for _ in range(RUNS)])
    result["software_over_gl"] = result["software"]["fps"] / result["gl"]["fps"]
    result["apart"] = apart(motion, rig, chosen.size)
    print(f"{rig.name}: {result['vertices']} vertices, {result['triangles']} triangles")
    print(f"{chosen.size}x{chosen.size}; {result['opengl']}\n")
    print_table(
        ["renderer", "fps", "start s", "cpu ms", "main ms"],
        [[name, *result[name].values()] for name in ("gl", "software")],
    )
    print(f"software is {result['software_over_gl']:.2f} times as fast as gl")
    print(f"apart by {result['apart']['mean']:.2f} of 255 on average\n")
    write_result(chosen.out, result)


if __name__ == "__main__":
    main()
