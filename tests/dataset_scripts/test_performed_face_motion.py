import runpy
from pathlib import Path

import pytest
from datasets import load_dataset

SCRIPT = Path(__file__).parents[2] / "dataset_scripts" / "performed_face_motion" / "build.py"


@pytest.fixture(scope="module")
def main():
    return runpy.run_path(str(SCRIPT))["main"]


def test_it_builds_what_load_dataset_opens(main, tmp_path, capsys):
    out = tmp_path / "performed"
    argv = ["--clips", "4", "--held-out", "1", "--seed", "9", "--workers", "1", "--out", str(out)]
    assert main(argv) == 0
    dataset = load_dataset(str(out), "arkit", cache_dir=tmp_path / "cache")
    assert {name: len(split) for name, split in dataset.items()} == {
        "train": 4,
        "validation": 1,
        "test": 1,
        "test_wording": 1,
    }
    card = (out / "README.md").read_text()
    assert "performed_face_motion/build.py --clips 4 --held-out 1 --seed 9 --out corpus" in card
    assert 'load_dataset("PATH", "arkit"' in card


def test_clips_and_hours_exclude_each_other(main, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["--clips", "4", "--hours", "1", "--out", str(tmp_path)])
    assert "not allowed with" in capsys.readouterr().err
