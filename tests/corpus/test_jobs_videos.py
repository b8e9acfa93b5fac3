"""Prompts to videos to a corpus; the embedded generator and the fit, end to end."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tdmm_hf.cli import main
from tdmm_hf.cli.corpus_videos import _options
from tdmm_hf.corpus.engines import Running
from tdmm_hf.corpus.fitting_videos import FitTask, assemble, find_jobs, fit_videos, reasons
from tdmm_hf.corpus.generating import (
    GenerateTask,
    Report,
    file_jobs,
    generate_videos,
    suite_jobs,
    suite_request,
)
from tdmm_hf.corpus.jobs import Job, JobTable
from tdmm_hf.corpus.schema import row_motion
from tdmm_hf.corpus.splits import belongs
from tdmm_hf.fitting import FitResult
from tdmm_hf.formats import npz
from tdmm_hf.motion import FaceMotion
from tdmm_hf.performer import perform
from tdmm_hf.prompts.attributes import Attributes
from tdmm_hf.settings import VideoFitSettings, VideoSettings

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
SETTINGS = VideoSettings(count=3, held_out=2, duration=2, seed=4)


def test_requests_of_the_suite_depend_on_seed_split_and_number():
    jobs = list(suite_jobs(SETTINGS))
    assert Counter(job.task["split"] for job in jobs) == {"train": 3, "validation": 2, "test": 2}
    for job in jobs:
        request = suite_request(SETTINGS, **job.task)
        assert request == suite_request(SETTINGS, **job.task)
        assert belongs(request.attributes, request.split)
        assert request.prompt.duration == request.attributes.duration == 2.0
        assert (len(request.texts), len(request.descriptions)) == (6, 2)
    assert len({suite_request(SETTINGS, **job.task).seed for job in jobs}) == len(jobs)


def test_prompts_of_a_file(tmp_path):
    text, objects = tmp_path / "prompts.txt", tmp_path / "prompts.jsonl"
    text.write_text("A woman smiles.\n\n  A man frowns.\n")
    assert [job.task for job in file_jobs(text)] == [
        {"line": 1, "prompt": "A woman smiles."}, {"line": 3, "prompt": "A man frowns."},
    ]  # fmt: skip
    attributes = suite_request(SETTINGS, "train", 0).attributes
    asked = {"prompt": "He smiles.", "texts": ["One."], "seed": 9, "split": "test"}
    lines = [asked, {"prompt": "She nods.", "attributes": attributes.to_dict()}]
    objects.write_text("\n".join(json.dumps(line) for line in lines))
    task = GenerateTask(tmp_path, SETTINGS)
    first, second = (task.request(job.task) for job in file_jobs(objects))
    assert (first.seed, first.split, first.texts) == (9, "test", ["One."])
    assert first.prompt.duration == 2.0
    assert second.attributes == attributes
    assert second.texts == ["She nods."]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("{", "prompts.jsonl, line 1: no prompt"),
        ('{"text": "He smiles."}', "an object must have a prompt"),
        ('{"prompt": "a", "colour": 1}', "fields are .* got 'colour'"),
        ('{"prompt": "a", "seed": "x"}', "seed is of another kind"),
        ('{"prompt": "a", "duration": 900}', "duration must be within"),
        ('{"prompt": "a", "split": "dev"}', "split must be one of"),
    ],
)
def test_bad_prompts(tmp_path, line, rule):
    (tmp_path / "prompts.jsonl").write_text(line)
    with pytest.raises(ValueError, match=rule):
        list(file_jobs(tmp_path / "prompts.jsonl"))


def test_what_cannot_be_made_is_said_before_anything_is(tmp_path, capsys):
    (tmp_path / "prompts.txt").write_text("A woman smiles.\n")
    command = ["corpus", "generate-videos", "--out", str(tmp_path / "videos")]
    for more, said in (
        (["--generator", "nothing"], "unknown generator 'nothing'"),
        (["--option", "size=33"], "size must be in"),
        (["--option", "size"], "--option must be NAME=VALUE, got 'size'"),
        (["--prompts", str(tmp_path / "prompts.txt")], "prompt-0000001 has none"),
        (["--duration", "1"], "duration must be 0, or 2 to 60 s, got 1"),
        (["--engine", "slurm"], "engine must be processes or ray"),
    ):
        assert main([*command, *more]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1
    assert not (tmp_path / "videos").exists()


def test_a_clip_that_is_there_is_not_made_again(tmp_path):
    task = GenerateTask(tmp_path, SETTINGS, {"size": -1})  # would raise if it made anything
    for folder in ("clips", "records"):
        (tmp_path / folder).mkdir()
    (tmp_path / "clips" / "a.mp4").touch()
    (tmp_path / "records" / "a.json").write_text('{"frames": 50, "fps": 25.0}')
    assert task(Job("a", {"split": "train", "number": 0})).result["seconds"] == 2.0


@pytest.fixture(scope="module")
def landmarker():
    pytest.importorskip("mediapipe", reason="MediaPipe is not installed")
    pytest.importorskip("moderngl", reason="moderngl is not installed")
    model = SHARED / "face_landmarker.task"
    if not model.exists():
        pytest.skip("no ../shared/data/face_landmarker.task")
    return model


@pytest.fixture(scope="module")
def end_to_end(landmarker, tmp_path_factory):
    """20 prompts of 2 s: videos, and a corpus fitted to them."""
    folder = tmp_path_factory.mktemp("end_to_end")
    settings = VideoSettings(count=16, held_out=2, duration=2)
    running = Running(workers=2)
    options = {"size": 224, "fps": 12.5}
    made = generate_videos(settings, folder / "videos", running, None, options, progress=False)
    fitting = VideoFitSettings()
    fitted = fit_videos(
        folder / "videos", folder / "corpus", fitting, running, landmarker, progress=False
    )
    return folder, made, fitted


def test_from_prompts_to_load_dataset(end_to_end, tmp_path, capsys):
    from datasets import load_dataset

    folder, made, fitted = end_to_end
    assert made.counts == {"waiting": 0, "done": 20, "rejected": 0, "failed": 0}
    assert fitted.total == 20
    assert fitted.counts["done"] >= 16
    rows = load_dataset(str(folder / "corpus"), "arkit", cache_dir=str(tmp_path))
    assert sum(map(len, rows.values())) == fitted.counts["done"]
    found = [row for split in rows.values() for row in split]
    fits = np.array([row_motion(row).values for row in found])
    truths = np.array(
        [perform(Attributes.from_dict(row["attributes"]), row["seed"]).values for row in found]
    )
    weights = np.abs(fits[:, None] - truths)[..., :-3].mean((2, 3))  # (fits, performances)
    turns = turned(fits)[:, None] - turned(truths)  # (fits, performances, frames, 3)
    own = float(np.diag(weights).mean())
    angles = np.degrees(np.abs((fits - truths)[..., -3:]).mean())
    with capsys.disabled():
        print(f"\n{len(found)} fits: weights off by {own:.3f}, head by {angles:.1f} degrees")
    assert own < 0.1
    assert own < 0.9 * weights.mean()
    assert angles < 6
    nearest = np.abs(turns).mean((2, 3)).argmin(axis=1)
    assert (nearest == np.arange(len(found))).mean() > 0.9


def turned(motions):
    """Head angles around their mean: the tracker's idea of straight ahead is another one."""
    angles = motions[..., -3:]
    return angles - angles.mean(1, keepdims=True)


def test_begun_again_it_makes_nothing_again(end_to_end, landmarker):
    folder, _, fitted = end_to_end
    stamps = {path: path.stat().st_mtime_ns for path in folder.glob("*/[cfr]*/*")}
    assert len(stamps) >= 78
    (folder / "corpus" / "fits" / ".train-0000000.json.99.part").touch()
    running = Running(workers=1)
    again = fit_videos(
        folder / "videos", folder / "corpus", VideoFitSettings(), running, landmarker,
        progress=False,
    )  # fmt: skip
    assert again == fitted
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*/[cfr]*/*")} == stamps
    assert not list(folder.glob("*/*/.*.part"))
    with pytest.raises(ValueError, match="holds a corpus of other settings: min_face"):
        fit_videos(
            folder / "videos", folder / "corpus", VideoFitSettings(min_face=0.1),
            running, landmarker,
        )  # fmt: skip


def test_what_is_no_video_or_shows_nobody_is_rejected_with_its_reason(landmarker, tmp_path, capsys):
    from tdmm_hf.video import write_video

    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "broken.mp4").write_text("no video")
    write_video(iter(np.full((5, 64, 64, 3), 90, np.uint8)), tmp_path / "in" / "wall.mp4", 25)
    command = ["corpus", "fit", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    assert main([*command, "--model", str(landmarker), "--workers", "1"]) == 2
    assert "not one of 2 clips can be kept, broken: " in capsys.readouterr().err
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["counts"] == {"waiting": 0, "done": 0, "rejected": 2, "failed": 0}
    found = {one["clip"]: one["reasons"] for one in report["rejected"]}
    assert "not a video that can be read" in found["broken"][0]
    assert "no face found in 5 frames" in found["wall"][0]
    assert not (tmp_path / "out" / "data").exists()


def test_options_are_read_as_numbers_lists_and_text():
    given = [
        "size=256",
        "fps=12.5",
        "audio=false",
        "sizes=[1, 2]",
        "to=a: {b}",
        "say={x} y",
        "no=",
        "map={steps: 4}",
    ]
    assert _options(given) == {
        "size": 256, "fps": 12.5, "audio": False, "sizes": [1, 2], "to": "a: {b}", "say": "{x} y",
        "no": "", "map": {"steps": 4},
    }  # fmt: skip


def test_a_plain_folder_of_videos_has_its_captions(tmp_path):
    (tmp_path / "day").mkdir()
    (tmp_path / "day" / "a.mp4").touch()
    (tmp_path / "day" / "a.txt").write_text("She smiles.\nA smile.\n")
    (tmp_path / "b.mov").touch()
    jobs = {job.key: job.task for job in find_jobs(tmp_path)}
    assert set(jobs) == {"day--a", "b"}
    assert jobs["day--a"]["texts"] == ["She smiles.", "A smile."]
    assert (jobs["b"]["video"], jobs["b"]["texts"]) == ("b.mov", [])
    (tmp_path / "empty" / "records").mkdir(parents=True)
    with pytest.raises(ValueError, match="must hold some, got none"):
        find_jobs(tmp_path / "empty")


def fit_result(frames, seen=1.0):
    valid = np.arange(frames) < seen * frames
    return FitResult(FaceMotion(np.full((frames, 55), 0.25), 25, valid=valid), (), 0, 1)


def test_reasons():
    settings = VideoFitSettings(min_face=0.8, length_tolerance=0.2)
    clip = {"attributes": {"duration": 2.0}}
    assert reasons(fit_result(50), clip, settings) == ()
    assert reasons(fit_result(59), clip, settings) == ()
    assert reasons(fit_result(75), {"attributes": None}, settings) == ()
    assert reasons(fit_result(75), clip, settings) == ("3.00 s long, 2 s asked for",)
    (rule,) = reasons(fit_result(50, seen=0.5), clip, settings)
    assert rule == "a face in 50% of frames, at least 80% asked for"


def test_held_out_clips_have_no_caption_of_train(tmp_path):
    from datasets import load_dataset

    clips = {
        "a": ("train", ["One.", "Two."]),
        "b": ("test", ["One.", "Three."]),
        "c": ("test", ["Two."]),
        "d": ("test", []),
    }
    jobs = [
        Job(key, {"video": f"{key}.mp4", "split": split, "texts": texts, "descriptions": []})
        for key, (split, texts) in clips.items()
    ]
    task = FitTask(tmp_path, tmp_path, VideoFitSettings(shard_clips=1), tmp_path)
    (tmp_path / "fits").mkdir()
    with JobTable(tmp_path / "jobs.sqlite") as table:
        table.add(jobs)
        for job in jobs:
            npz.write(fit_result(50).motion, tmp_path / "fits" / f"{job.key}.npz")
            table.finish(job.key, {"seconds": 2.0, "notes": [], "reasons": []})
        before = Report.of(table)
    report = assemble(task, before)
    assert report.counts == {"waiting": 0, "done": 3, "rejected": 1, "failed": 0}
    assert report.seconds == 6.0
    assert [(one["clip"], one["reasons"]) for one in report.rejected] == [
        ("c", ["its captions are ones of train"])
    ]
    rows = load_dataset(str(tmp_path), "arkit", cache_dir=str(tmp_path / "cache"))
    assert [(row["id"], row["text"]) for row in rows["test"]] == [("b", "Three."), ("d", None)]
    assert rows["train"][0]["paraphrases"] == ["Two."]
    assert rows["train"][0]["source"] == "fitted/videos"
