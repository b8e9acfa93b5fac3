"""Damaged files for every reader of the package, and a judge of what the readers say to them.

``damage.py`` and ``containers.py`` are Hypothesis strategies that spoil bytes, texts, tables, trees
and archives; ``targets.py`` lists the readers with files to spoil; ``guard.py`` reads one file
within limits of time and memory. ``benchmarks/fuzz.py`` runs them.
"""
