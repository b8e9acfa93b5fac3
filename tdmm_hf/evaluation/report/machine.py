"""What a report was measured on: timings mean nothing without it.

>>> sorted(machine())[:3]
['cores', 'cpu', 'gpu']
"""

from __future__ import annotations

import os
import platform
from pathlib import Path


def machine() -> dict:
    """Processor, cores, GPU, threads, and versions of what computes."""
    import torch
    import transformers

    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count())
    return {
        "cpu": _cpu_name(),
        "cores": len(cores),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "torch_threads": torch.get_num_threads(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
