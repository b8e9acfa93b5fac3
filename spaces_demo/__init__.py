"""The demo page: text to motion, motion to text, and several motions side by side.

    >>> from tdmm_hf.spaces_demo.page import build, launch   # doctest: +SKIP
    >>> launch(build())                                      # doctest: +SKIP

``app.py`` is what a Hugging Face Space runs; ``tdmm demo`` starts the same page. Needs
``pip install 'tdmm-hf[demo]'``.
"""
