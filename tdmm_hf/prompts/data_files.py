"""The tables in ``data/`` as text and as plain containers.

>>> from tdmm_hf.prompts.data_files import read_yaml
>>> sorted(read_yaml("wordings.yaml")["speeds"])
['normal', 'quick', 'slow']
"""

from __future__ import annotations

from importlib import resources

import yaml


def read_text(name: str) -> str:
    return resources.files(__package__).joinpath("data", name).read_text(encoding="utf-8")


def read_yaml(name: str) -> dict:
    return yaml.load(read_text(name), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
