"""Load a metric as ``evaluate.load`` does, and run the examples of its documentation.

    python -I metric.py SCRIPT

In the examples ``evaluate.load("NAME")`` stands for the metric itself.
"""

import doctest
import json
import sys
from pathlib import Path
from types import SimpleNamespace


def main(script: str) -> None:
    import evaluate

    metric = evaluate.load(script)
    features = metric.features if isinstance(metric.features, list) else [metric.features]
    examples = run_examples(metric, Path(script).stem)
    print(json.dumps({"inputs": list(features[0]), "examples": examples}))


def run_examples(metric, name: str) -> int:
    """How many lines of ``>>>`` the metric's description of its inputs has; all must hold."""
    text = metric.inputs_description or ""
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    loader = SimpleNamespace(load=lambda *_, **__: metric)
    test.globs["evaluate"] = loader
    test.examples = [one for one in test.examples if one.source.strip() != "import evaluate"]
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    said = []
    if runner.run(test, out=said.append).failed:
        lines = " ".join("".join(said).split())
        sys.exit(f"an example of {name} does not hold: {lines}")
    return len(test.examples)


if __name__ == "__main__":
    main(*sys.argv[1:])
