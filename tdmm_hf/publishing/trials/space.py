"""Run the app of a Space where this package is known from the Space's folder only.

    python space.py APP

An editable installation is hidden; one in site-packages comes after what the app unpacks.
"""

import runpy
import sys


def hide_package() -> None:
    """Undo an editable installation of this package, for this process."""
    sys.meta_path[:] = [one for one in sys.meta_path if "tdmm_hf" not in _module(one)]


def _module(finder) -> str:
    return getattr(finder, "__module__", "") or type(finder).__module__


if __name__ == "__main__":
    app = sys.argv[1]
    hide_package()
    sys.path[0] = ""  # as for `python app.py`, not where this script lies
    sys.argv[:] = [app]
    runpy.run_path(app, run_name="__main__")
