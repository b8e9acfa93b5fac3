"""Videos through the fitter, with captions in a table; the command."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from import_samples import face, rows_of, rules, run, write_take

import tdmm_hf.corpus.importers.videos as videos
from tdmm_hf.cli import main
from tdmm_hf.cli.corpus_import import import_corpus
from tdmm_hf.fitting import FitResult
from tdmm_hf.motion import FaceMotion
from tdmm_hf.parameters import get_space

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
CLIPS = ("00000.mp4", "00002.mp4")


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "clips"
    path.mkdir()
    for name in (*CLIPS, "wall.mov"):
        (path / name).write_bytes(b"")
    records = [{"file": name, "text": f"Caption of {name}."} for name in CLIPS]
    (path / "clips.json").write_text(json.dumps(records))
    return path


@pytest.fixture
def fitter(monkeypatch):
    """Stands in for the tracker: 2 s at 24 frames a second, one frame lost."""

    def fit(path, model):
        if path.name == "wall.mov":
            raise ValueError("wall.mov: no face found in 5 frames")
        space = get_space("arkit")
        observed = np.array([name != "tongueOut" for name in space.channels])
        valid = np.arange(48) != 3
        motion = FaceMotion(np.full((48, 55), 0.25), 24, space, valid, observed)
        return FitResult(motion, ("1 of 48 frames show no face",), 1, 1)

    monkeypatch.setattr(videos, "fit_video", fit)


def test_videos_are_fitted_and_masks_kept(folder, fitter, tmp_path):
    report = run("videos", folder, tmp_path / "out", {"shard_clips": 1})
    assert rules(report) == {"wall.mov": (None, "no face found in 5 frames")}
    assert (report.rates, report.without_caption) == ({"24": 2}, 0)
    assert [note.rule for note in report.notes] == ["1 of 48 frames show no face"] * 2
    row = rows_of(tmp_path / "out", tmp_path / "cache")["00000"]
    assert row["text"] == "Caption of 00000.mp4."
    assert (row["num_frames"], row["fps"]) == (50, 25)
    assert row["quality"] == pytest.approx(49 / 50)
    assert row["valid"].count(False) == 1
    assert row["observed"].count(False) == 1


def start_of(clip, path, frames=10):
    """The first frames of a video as a video."""
    av = pytest.importorskip("av", reason="PyAV is not installed")
    with av.open(str(clip)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.bit_rate = 832, 480, 8_000_000
        for frame in itertools.islice(source.decode(video=0), frames):
            image = av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgb24"), format="rgb24")
            target.mux(stream.encode(image))
        target.mux(stream.encode())


def test_a_real_face(tmp_path):
    pytest.importorskip("mediapipe", reason="MediaPipe is not installed")
    if not (SHARED / "clips").is_dir():
        pytest.skip("no ../shared/data/clips")
    (tmp_path / "in").mkdir()
    start_of(SHARED / "clips" / "av_00002.mp4", tmp_path / "in" / "av_00002.mp4")
    (tmp_path / "in" / "broken.mp4").write_text("no video")
    captions = str(SHARED / "clips" / "clips.json")
    model = str(SHARED / "face_landmarker.task")
    report = run("videos", tmp_path / "in", tmp_path / "out", captions=captions, model=model)
    assert report.imported == 1
    assert rules(report)["broken.mp4"][1].startswith("not a video that can be read")
    row = rows_of(tmp_path / "out", tmp_path / "cache")["av_00002"]
    assert row["text"].startswith("A young girl looks pleased")


def test_the_command(tmp_path, capsys):
    write_take(tmp_path / "in" / "a.csv", face())
    (tmp_path / "in" / "b.csv").write_text("no take")
    import_corpus("livelink", tmp_path / "in", tmp_path / "out")
    shown = capsys.readouterr()
    assert shown.err.splitlines()[-1] == "b.csv: needs a header and at least one frame, got 1 rows"
    told = "1 of 2 clips (1 train), 0.00 hours; without a caption: 1; failures: 1, notes: 0, see"
    assert shown.out.startswith(told)


def test_the_command_ends_with_status_2_where_nothing_can_be_imported(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    command = ["corpus", "import", "livelink", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    assert main(command) == 2
    assert capsys.readouterr().err.startswith("tdmm: ")
    write_take(tmp_path / "in" / "a.csv", face())
    assert main(command) == 0
    assert main([*command[:-1], str(tmp_path / "other"), "--fps", "-1"]) == 2
