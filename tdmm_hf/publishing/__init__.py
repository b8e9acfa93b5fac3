"""What goes to the Hub: models, datasets, metrics and the Space.

    tdmm push model runs/tdmm-lm-tiny --repo user/face-motion
    tdmm push dataset corpus --repo user/performed-face-motion --dry-run

Every kind goes the same way: ``prepare_*`` puts exactly the folder together that would be uploaded
and checks it (``model``, ``dataset``, ``metric``, ``space``), ``remote.make_plan`` compares it with
what the repo holds, ``remote.upload`` sends what is not there yet. See ``docs/publishing.md``.

    >>> from tdmm_hf.publishing import make_plan, prepare_dataset, upload
    >>> prepared = prepare_dataset("corpus", "prepared", repo="user/faces")    # doctest: +SKIP
    >>> upload(make_plan(prepared, "user/faces"))                              # doctest: +SKIP
"""

from .dataset import prepare_dataset
from .folder import Prepared, new_folder
from .metric import prepare_metric
from .model import prepare_model
from .remote import Plan, check_token, make_plan, upload
from .space import prepare_space

__all__ = [
    "Plan",
    "Prepared",
    "check_token",
    "make_plan",
    "new_folder",
    "prepare_dataset",
    "prepare_metric",
    "prepare_model",
    "prepare_space",
    "upload",
]
