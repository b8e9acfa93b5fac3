"""``python -m tdmm_hf.cli``."""

from . import entry

if __name__ == "__main__":
    entry()
