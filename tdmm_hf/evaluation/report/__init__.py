"""The report of a model: what it generates and describes, measured, with baselines beside it.

    tdmm evaluate runs/face --dataset corpus --split test --out report

    from tdmm_hf.evaluation.report.run import evaluate_model

``docs/evaluate.md`` says what is measured and how.
"""
