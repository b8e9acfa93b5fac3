"""Read every row of a dataset as somebody does who has datasets and not this package.

    python -I dataset.py FOLDER

Rows are streamed, so that no second copy is written.
"""

import json
import sys

BATCH = 512


def main(folder: str) -> None:
    sys.modules["tdmm_hf"] = None  # importing it fails, installed or not
    from datasets import load_dataset

    splits = load_dataset(folder, streaming=True)
    rows = {
        name: sum(len(batch) for batch in split.with_format("arrow").iter(BATCH))
        for name, split in splits.items()
    }
    first = next(iter(next(iter(splits.values())).with_format("numpy")))
    print(json.dumps({"rows": rows, "motion": list(first["motion"].shape)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
