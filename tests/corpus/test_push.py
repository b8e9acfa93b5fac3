import json
import os
import shutil
import subprocess
import sys

import pytest
from fake_hub import FakeHub

from tdmm_hf.cli import main
from tdmm_hf.corpus.push import check_corpus, push

LOAD = """
import json
from datasets import load_dataset
whole = load_dataset("user/faces")
stream = load_dataset("user/faces", "arkit", split="test", streaming=True).with_format("numpy")
print(json.dumps({"sizes": {name: len(split) for name, split in whole.items()},
                  "streamed": [[row["id"], *row["motion"].shape] for row in stream]}))
"""


@pytest.fixture
def hub():
    server = FakeHub()
    yield server
    server.close()


@pytest.fixture
def copy(corpus, tmp_path):
    """A corpus that may be changed."""
    return shutil.copytree(corpus, tmp_path / "copy")


def run(hub, tmp_path, *argv) -> str:
    """The output of a Python process whose Hub is the fake one."""
    home = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "hf"), "HF_TOKEN": "hf_of_tests"}
    env = {**os.environ, **home, "HF_HUB_DISABLE_XET": "1"}
    done = subprocess.run([sys.executable, *argv], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_pushed_is_what_load_dataset_opens(hub, copy, tmp_path):
    hub.repos["datasets/user/faces"] = {
        "README.md": b"---\ntags: [tdmm-hf]\n---\n",
        "data/train-00000-of-00009.parquet": b"of an earlier corpus",
        ".gitattributes": b"kept",
    }
    (copy / "data" / ".train-00000-of-00003.parquet.7.part").write_bytes(b"half")
    said = run(hub, tmp_path, "-m", "tdmm_hf.cli", "corpus", "push", str(copy), "user/faces")
    assert said.splitlines()[-1] == f"{hub.endpoint}/datasets/user/faces"
    stored = hub.repos["datasets/user/faces"]
    shards = {f"data/{path.name}": path.read_bytes() for path in copy.glob("data/[!.]*")}
    assert {path: stored[path] for path in shards} == shards
    assert set(stored) - set(shards) == {"README.md", "build.json", ".gitattributes"}
    assert b'load_dataset("user/faces", "arkit"' in stored["README.md"]

    opened = json.loads(run(hub, tmp_path, "-c", LOAD))
    assert opened["sizes"] == {"train": 24, "validation": 4, "test": 4, "test_wording": 4}
    assert [row[0] for row in opened["streamed"]] == [f"test-{n:07d}" for n in range(4)]
    assert {row[2] for row in opened["streamed"]} == {55}


def test_nothing_is_uploaded_without_a_token(corpus, monkeypatch, capsys):
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    assert main(["corpus", "push", str(corpus), "user/faces"]) == 2
    assert "token" in capsys.readouterr().err


def test_an_unfinished_corpus_is_not_pushed(copy):
    (copy / "README.md").unlink()
    with pytest.raises(ValueError, match=r"must have a README.md.*finished"):
        push(copy, "user/faces")


def test_a_lost_shard_is_found(copy):
    next(copy.glob("data/train-00001-*")).unlink()
    with pytest.raises(ValueError, match=r"train must have the 24 rows.*got 16"):
        check_corpus(copy)


def test_a_shard_of_another_corpus_is_found(copy):
    shutil.copy(next(copy.glob("data/test-*")), copy / "data" / "test-00001-of-00002.parquet")
    with pytest.raises(ValueError, match="test must have the 4 rows"):
        check_corpus(copy)


def test_a_broken_shard_is_found(copy):
    path = next(copy.glob("data/test-*"))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"data/test-.*: not a parquet file"):
        check_corpus(copy)


@pytest.mark.parametrize(
    ("line", "instead", "message"),
    [
        ("license: apache-2.0", "", "must tell license"),
        ("size_categories: n<1K", "size_categories: few", "unknown size_categories"),
    ],
)
def test_a_card_that_the_hub_would_not_read_is_found(copy, line, instead, message):
    card = copy / "README.md"
    card.write_text(card.read_text().replace(line, instead))
    with pytest.raises(ValueError, match=message):
        check_corpus(copy)
