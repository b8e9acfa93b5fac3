"""A Hub of this machine's own, and small things to publish."""

import contextlib
import importlib
import io
import json
import os
import subprocess
import sys

import pytest
from fake_hub import FakeHub

from tdmm_hf.cli import main
from tdmm_hf.publishing.folder import Prepared
from tdmm_hf.publishing.kinds import MODEL

TOKEN = "hf_of_tests"
CARD = """---
license: mit
tags:
- tdmm-hf
---
# A card
"""


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """The Hub of this process and, by the environment, of those it starts."""
    server = FakeHub()
    monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    template = server.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", server.endpoint)
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)
    yield server
    server.close()


@pytest.fixture
def make_prepared(tmp_path):
    """A function of a kind and files to a folder that may be uploaded."""

    def make(kind=MODEL, **files):
        folder = tmp_path / f"folder-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        contents = {"README.md": CARD, "model.safetensors": "weights", **files}
        for name, content in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return Prepared(kind, folder, ("a check",))

    return make


@pytest.fixture
def tdmm(capsys):
    """The command, in this process: its exit status, output and errors."""

    def run(*argv):
        status = main([str(word) for word in argv])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


@pytest.fixture
def try_here(monkeypatch):
    """Run the scripts of trials in this process, which has imported what they need."""

    def run(script, *arguments):
        monkeypatch.setitem(sys.modules, "tdmm_hf", sys.modules["tdmm_hf"])  # to be put back
        trial = importlib.import_module(f"tdmm_hf.publishing.trials.{script.removesuffix('.py')}")
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):
                trial.main(*map(str, arguments))
        except SystemExit as end:
            raise ValueError(end.code) from end
        except Exception as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error
        return json.loads(said.getvalue().splitlines()[-1])

    for kind in ("model", "dataset", "metric"):
        monkeypatch.setattr(f"tdmm_hf.publishing.{kind}.run_trial", run)


@pytest.fixture
def elsewhere(tmp_path):
    """A function of a script to its output in a process whose Hub is the fake one."""

    def run(script, *arguments):
        command = [sys.executable, "-c", script, *map(str, arguments)]
        env = {**os.environ, "HF_HOME": str(tmp_path / "elsewhere"), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
