"""The demo page on this machine.

    >>> from tdmm_hf.demo import serve
    >>> serve(port=7860)      # doctest: +SKIP

Needs ``pip install 'tdmm-hf[demo]'``.
"""

from __future__ import annotations

import os

from .import_utils import require_package

LOOPBACK = "127.0.0.1"


def serve(
    port: int | None = None,
    model: str | None = None,
    share: bool = False,
    rate: str | os.PathLike | None = None,
    answers: str | os.PathLike | None = None,
) -> None:
    """Serve the page on loopback until interrupted.

    Args:
        port: by default the first free one from 7860 on.
        model: checkpoint folder or Hub id; the embedded one by default.
        share: also under a public address that gradio lends for a time.
        rate: a folder of pairs to be rated; the rating page is served in place of the others.
        answers: where the ratings go, see ``spaces_demo.rating``.

    Raises:
        ValueError: ``rate`` is no folder of pairs, or ``answers`` no file of answers.
        ImportError: the extra ``demo`` is not installed.
        OSError: the port is taken, or there is no such checkpoint.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    for name in ("gradio", "plotly"):
        require_package(name, "demo")
    options = {"server_name": LOOPBACK, "server_port": port, "share": share}
    if rate is not None:
        from .spaces_demo import rating

        rating.launch(rate, answers, **options)
        return
    from .spaces_demo.page import build, launch

    launch(build(model), **options)
