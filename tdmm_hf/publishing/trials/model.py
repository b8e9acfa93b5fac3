"""Load a checkpoint as somebody does who has transformers and not this package.

python -I model.py FOLDER
"""

import json
import sys


def main(folder: str) -> None:
    sys.modules["tdmm_hf"] = None  # importing it fails, installed or not
    import torch
    from transformers import AutoConfig, AutoModel, AutoProcessor

    trust = {"trust_remote_code": True}
    config = AutoConfig.from_pretrained(folder, **trust)
    model, loading = AutoModel.from_pretrained(folder, output_loading_info=True, **trust)
    for what, names in loading.items():
        if names:
            sys.exit(f"weights do not fit the model: {what} {', '.join(map(str, list(names)[:3]))}")
    for name, values in model.state_dict().items():
        if not torch.isfinite(values).all():
            sys.exit(f"weights must be finite, got others in {name}")
    found = {"class": type(model).__name__, "parameters": model.num_parameters()}
    if "AutoProcessor" in config.auto_map:
        found["processor"] = type(AutoProcessor.from_pretrained(folder, **trust)).__name__
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
