"""How the pages look: system fonts, nothing fetched from elsewhere.

>>> from tdmm_hf.spaces_demo.look import theme   # doctest: +SKIP
"""

from __future__ import annotations

import gradio as gr


def theme() -> gr.themes.Base:
    return gr.themes.Default(
        primary_hue="teal",
        neutral_hue="slate",
        font=["ui-sans-serif", "system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )
