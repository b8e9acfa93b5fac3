import subprocess
import sys

import pytest

ORDERS = {
    "package first": "import tdmm_hf; from transformers import pipeline, AutoConfig",
    "transformers first": "from transformers import pipeline, AutoConfig; import tdmm_hf",
    "auto classes only": "import tdmm_hf; from transformers import AutoModelForCausalLM",
    "own models first": "from tdmm_hf.modeling import TDMMConfig",
    "own pipelines first": "from tdmm_hf import pipeline",
    "a model first": "import tdmm_hf; from transformers import BertModel",
    "own hub first": "import tdmm_hf.hub",
    "own tool first": "import tdmm_hf.training.codes",
    "pipelines module": "import tdmm_hf; import transformers.pipelines",
}
CHECK = """
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.pipelines import PIPELINE_REGISTRY
PIPELINE_REGISTRY.check_task("text-to-face-motion")
PIPELINE_REGISTRY.check_task("face-motion-to-text")
config = AutoConfig.for_model("tdmm")
assert type(config) in AutoModelForCausalLM._model_mapping.keys()
"""


@pytest.mark.parametrize("order", ORDERS)
def test_importing_the_package_registers_models_and_tasks(order):
    subprocess.run([sys.executable, "-c", ORDERS[order] + CHECK], check=True)


def test_modules_run_with_the_m_switch():
    command = [sys.executable, "-m", "tdmm_hf.cli", "--help"]
    assert b"generate" in subprocess.run(command, capture_output=True, check=True).stdout


def test_importing_the_package_alone_imports_no_torch():
    code = "import sys, tdmm_hf; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
