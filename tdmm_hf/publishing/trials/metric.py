"""Load a metric as ``evaluate.load`` does, and run the examples of its description and its card.

    python -I metric.py SCRIPT

In the examples whatever ``evaluate.load`` names is the metric itself.
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
    card = Path(script).with_name("README.md")
    texts = [metric.inputs_description or "", card.read_text(encoding="utf-8")]
    examples = sum(run_examples(metric, text, Path(script).stem) for text in texts)
    print(json.dumps({"inputs": list(features[0]), "examples": examples}))


def run_examples(metric, text: str, name: str) -> int:
    """How many lines of ``>>>`` a text has; all must hold."""
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    test.globs["evaluate"] = SimpleNamespace(load=lambda *_, **__: metric)
    test.examples = [one for one in test.examples if one.source.strip() != "import evaluate"]
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    said = []
    if runner.run(test, out=said.append).failed:
        lines = " ".join("".join(said).split())
        sys.exit(f"an example of {name} does not hold: {lines}")
    return len(test.examples)


if __name__ == "__main__":
    main(*sys.argv[1:])
