"""Open3DFaceVid as released: videos, json and SMIRK parameters become a corpus."""

import importlib.util
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from datasets import load_dataset

from tdmm_hf.fitting import FitResult
from tdmm_hf.motion import FaceMotion

SCRIPT = Path(__file__).parents[2] / "dataset_scripts" / "open3dfacevid" / "build.py"
WIDTHS = {"expression": 50, "pose": 3, "eyelid": 2, "jaw": 3, "identity": 300, "camera_pose": 3}


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("open3dfacevid_build", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def parameters(frames=50):
    rng = np.random.default_rng(frames)
    return {
        name: [rng.random(width).astype(np.float32) * 0.2 for _ in range(frames)]
        for name, width in WIDTHS.items()
    }


@pytest.fixture
def release(tmp_path):
    """Two folders of prompts, as its tools name them: files of one name in both."""
    folder = tmp_path / "Open3DFaceVid"
    for number, frames in ((1, 50), (2, 75)):
        name = f"prompt_{number}_3000"
        for part in ("coeff", "videos"):
            (folder / part / name).mkdir(parents=True)
        for stem in ("0000_happy_subtle", "00016_ Emotion: disappointed"):
            video = folder / "videos" / name / f"{stem}.mp4"
            video.write_bytes(b"")
            path = folder / "coeff" / name / f"{stem}.pkl"
            path.write_bytes(pickle.dumps(parameters(frames), protocol=pickle.HIGHEST_PROTOCOL))
        records = [
            {"video": "0000_happy_subtle.mp4", "prompt": f"He smiles a little, {number}."},
            {"video": "00016_ Emotion: disappointed.mp4", "prompt": f"She is let down, {number}."},
        ]
        (folder / "videos" / name / "prompts.json").write_text(json.dumps(records))
    (folder / "coeff" / "prompt_2_3000" / "0000_happy_subtle.pkl").write_bytes(b"cut")
    (folder / "videos" / "prompt_1_3000" / "0001_lost.mp4").write_bytes(b"")
    return folder


def test_a_release_becomes_a_corpus(script, release, tmp_path, capsys):
    out = tmp_path / "corpus"
    assert script.main([str(release), "--out", str(out)]) == 0
    shown = capsys.readouterr()
    assert "3 of 4 clips, 0 without a prompt, 1 videos without parameters" in shown.out
    told = shown.err.splitlines()
    assert any(line.startswith("coeff/prompt_2_3000/0000_happy_subtle.pkl: ") for line in told)
    assert "videos/prompt_1_3000/0001_lost.mp4: no SMIRK parameters belong to it" in told

    splits = load_dataset(str(out), "flame", cache_dir=str(tmp_path / "cache"))
    rows = {row["id"]: row for split in splits.values() for row in split}
    assert {name: (row["text"], row["num_frames"]) for name, row in rows.items()} == {
        "smirk/coeff/prompt_1_3000/0000_happy_subtle": ("He smiles a little, 1.", 50),
        "smirk/coeff/prompt_1_3000/00016_ Emotion: disappointed": ("She is let down, 1.", 50),
        "smirk/coeff/prompt_2_3000/00016_ Emotion: disappointed": ("She is let down, 2.", 75),
    }


def test_the_card_says_what_the_release_is(script, release, tmp_path):
    script.main([str(release), "--out", str(tmp_path / "corpus"), "--workers", "2"])
    page = (tmp_path / "corpus" / "README.md").read_text()
    assert "pretty_name: Open3DFaceVid" in page
    assert "license: other" in page
    assert "- open3dfacevid" in page
    assert "as where SMIRK loses the face, are not among the clips: 1." in page
    assert "`coeff/prompt_2_3000/0000_happy_subtle.pkl`" in page
    assert "arXiv 2603.16936" in page


def test_it_is_pushed_where_asked(script, release, tmp_path, monkeypatch):
    pushed = []
    monkeypatch.setattr(script, "push", lambda out, repo: pushed.append((out, repo)) or "there")
    out = tmp_path / "corpus"
    assert script.main([str(release), "--out", str(out), "--push", "user/open3dfacevid"]) == 0
    assert pushed == [(out, "user/open3dfacevid")]
    assert 'load_dataset("user/open3dfacevid"' in (out / "README.md").read_text()


def test_a_folder_without_parameters_is_refused(script, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert script.main([str(tmp_path / "empty"), "--out", str(tmp_path / "corpus")]) == 2
    assert capsys.readouterr().err.endswith("empty has no SMIRK parameters (.pkl)\n")


def test_videos_may_be_tracked_instead(script, release, tmp_path, monkeypatch):
    def fit(path, model):
        return FitResult(FaceMotion(np.full((16, 55), 0.25), 16), (), 0, 1)

    monkeypatch.setattr("tdmm_hf.corpus.importers.videos.fit_video", fit)
    out = tmp_path / "tracked"
    assert script.main([str(release), "--out", str(out), "--fit"]) == 0
    splits = load_dataset(str(out), "arkit", cache_dir=str(tmp_path / "cache"))
    rows = {row["id"]: row for split in splits.values() for row in split}
    row = rows["videos/videos/prompt_1_3000/0000_happy_subtle"]
    assert (len(rows), row["num_frames"], row["text"]) == (5, 25, "He smiles a little, 1.")
    assert rows["videos/videos/prompt_1_3000/0001_lost"]["text"] is None
