"""Measures of face motion that the benchmarks report.

>>> from tdmm_hf.evaluation.cues import Cue
>>> Cue("smile", up=("mouthSmileLeft", "mouthSmileRight")).measure
'level'
"""
