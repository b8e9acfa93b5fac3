"""Corpora of (text, motion) rows that ``datasets.load_dataset`` opens."""
