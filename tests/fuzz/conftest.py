"""The fuzzing of ``benchmarks/fuzz.py``; its folder is put on the path as running it would."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
