"""Videos to a corpus: every clip fitted, scored and filtered, the rest reported with reasons.

    tdmm corpus fit videos --out corpus

    corpus/
      build.json             what is kept
      jobs.sqlite            the table of jobs
      fits/KEY.npz, KEY.json each clip's motion, and its quality
      report.json            what was rejected and what failed, with reasons
      data/, README.md       the corpus, as ``datasets`` opens it

A clip counts once its ``KEY.json`` is there, which is written last. The folder is one that
``tdmm corpus generate-videos`` made, or any tree of videos, with captions as
``tdmm corpus import videos`` takes them. Begun again after more videos came, it fits those.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from ..files import replacing
from ..fitting import FitResult, fit_video
from ..fitting.model_file import landmarker_path
from ..formats import npz
from ..prompts.attributes import Attributes
from ..settings import VideoFitSettings, claim
from .card import About, write_card
from .engines import Running, Verdict
from .generating import JOBS_FILE, RECORDS, REPORT_FILE, SETTINGS_FILE, Report, run_table
from .importers import Options, open_source
from .importers.folder import FPS, hashed_split, within_bounds
from .jobs import Job, JobTable, Record
from .rows import text_digests
from .schema import SCHEMA_VERSION, make_row
from .shards import shard_path, shard_schema, write_rows
from .splits import SPLITS

FITS = "fits"
CARD = "fitted.md.jinja"


def find_jobs(folder: Path) -> list[Job]:
    """A job for each video of a folder, in order of names.

    Raises:
        ValueError: no folder, or no video in it.
    """
    if (folder / RECORDS).is_dir():
        records = sorted((folder / RECORDS).glob("[!.]*.json"))
        jobs = [Job(path.stem, {"record": f"{RECORDS}/{path.name}"}) for path in records]
    else:
        jobs = list(_plain_jobs(folder))
    if not jobs:
        raise ValueError(f"a folder of videos must hold some, got none in {folder}")
    return jobs


def _plain_jobs(folder: Path) -> Iterator[Job]:
    source = open_source("videos", folder, Options())
    for clip in source.clips():
        found = source.captions(clip)
        texts = {"texts": list(found.texts), "descriptions": list(found.descriptions)}
        video = clip.path.relative_to(folder).as_posix()
        split = hashed_split(clip.stem)
        yield Job(clip.key.replace("/", "--"), {"video": video, "split": split, **texts})


@dataclass(frozen=True)
class FitTask:
    """Fit the clip of a job, in a worker.

    Args:
        videos: folder of the videos.
        out: folder of the corpus.
        settings: what is kept.
        model: the face tracker's model file.
    """

    videos: Path
    out: Path
    settings: VideoFitSettings
    model: Path

    def __call__(self, job: Job) -> Verdict:
        record = self.out / FITS / f"{job.key}.json"
        if record.exists():
            found = json.loads(record.read_text(encoding="utf-8"))
            return Verdict(found, tuple(found.pop("reasons")))
        verdict = self._fit(job)
        with replacing(record) as beside:
            found = {**verdict.result, "reasons": verdict.reasons}
            beside.write_text(json.dumps(found, indent=1, default=float), encoding="utf-8")
        return verdict

    def _fit(self, job: Job) -> Verdict:
        clip = clip_record(self.videos, job)
        try:
            result = fit_video(self.videos / clip["video"], self.model)
        except ValueError as error:  # no video, or nobody in it: no other try finds more
            return Verdict({"seconds": 0.0}, (" ".join(str(error).split()),))
        npz.write(result.motion, self.out / FITS / f"{job.key}.npz")
        found = {"seconds": round(result.motion.duration, 3), "notes": list(result.notes)}
        if quality := _quality(result):
            found["quality"] = quality
        return Verdict(found, reasons(result, clip, self.settings))


def clip_record(videos: Path, job: Job) -> dict:
    """What is known of a clip: its file, captions, split, and perhaps its attributes."""
    if "record" not in job.task:
        return job.task
    return json.loads((videos / job.task["record"]).read_text(encoding="utf-8"))


def _quality(result: FitResult) -> dict:
    """The fit's quality record as plain data; empty where a fit has none."""
    return {} if result.quality is None else result.quality.to_dict()


def reasons(result: FitResult, clip: dict, settings: VideoFitSettings) -> tuple[str, ...]:
    """Why a fitted clip is not to be in the corpus; none where it is."""
    quality = _quality(result)
    found = list(quality.get("reasons", ()))
    seen = float(result.motion.valid.mean())
    if seen < settings.min_face:
        found.append(f"a face in {seen:.0%} of frames, at least {settings.min_face:.0%} asked for")
    score = quality.get("score")
    if score is not None and score < settings.min_score:
        found.append(f"score {score:.2f}, at least {settings.min_score:g} asked for")
    if clip.get("attributes"):
        asked, got = clip["attributes"]["duration"], result.motion.duration
        if abs(got - asked) > settings.length_tolerance * asked:
            found.append(f"{got:.2f} s long, {asked:g} s asked for")
    return tuple(dict.fromkeys(found))


def fit_videos(
    videos: str | Path,
    out: str | Path,
    settings: VideoFitSettings,
    running: Running,
    model: str | Path | None = None,
    retry: bool = False,
    progress: bool = True,
) -> Report:
    """Make a corpus of a folder of videos, or finish one that was begun.

    Args:
        videos: folder of the videos.
        out: folder of the corpus.
        settings: what is kept.
        running: engine and workers.
        model: the face tracker's model file, as in ``fit_video``.
        retry: try again what failed for good.
        progress: show clips per second.

    Raises:
        ValueError: no videos, a folder of other settings, or not one clip can be kept.
        OSError: no model at hand, the disk is full, or the folder cannot be written.
    """
    videos, out = Path(videos), Path(out)
    if not videos.is_dir():
        raise ValueError(f"videos must be a folder, none at {videos}")
    jobs = find_jobs(videos)
    task = FitTask(videos.resolve(), out.resolve(), settings, landmarker_path(model).resolve())
    (out / FITS).mkdir(parents=True, exist_ok=True)
    kept = {k: v for k, v in asdict(settings).items() if k != "shard_clips"}
    claim(out / SETTINGS_FILE, {"schema_version": SCHEMA_VERSION, **kept}, "a corpus of")
    report = run_table(out, jobs, task, running, "fit", retry, progress)
    return assemble(task, report)


def assemble(task: FitTask, report: Report) -> Report:
    """Write the shards and the card of all clips that are kept, in place of any earlier ones.

    Returns:
        The report, with held-out clips that have no caption of their own among the rejected.

    Raises:
        ValueError: not one clip can be kept.
    """
    with JobTable(task.out / JOBS_FILE) as table:
        records = list(table.records("done"))
    if not records:
        first = report.rejected[0]
        why = "; ".join(first["reasons"])
        raise ValueError(f"not one of {report.total} clips can be kept, {first['clip']}: {why}")
    beside = task.out / "data.part"
    shutil.rmtree(beside, ignore_errors=True)
    (beside / "data").mkdir(parents=True)
    jobs = [record.job for record in records]
    doubled = set(_write_shards(task, jobs, beside))
    shutil.rmtree(task.out / "data", ignore_errors=True)
    (beside / "data").rename(task.out / "data")
    beside.rmdir()
    report = _without(report, [record for record in records if record.job.key in doubled])
    report.write(task.out / REPORT_FILE)
    write_card(task.out, card(task, jobs, report))
    return report


def _without(report: Report, doubled: list[Record]) -> Report:
    """The report with clips moved from those that are kept to the rejected."""
    more = [
        {"clip": one.job.key, **one.result, "reasons": ["its captions are ones of train"]}
        for one in doubled
    ]
    counts = dict(report.counts)
    counts["done"] -= len(more)
    counts["rejected"] += len(more)
    seconds = report.seconds - sum(one.result["seconds"] for one in doubled)
    return Report(counts, round(seconds, 2), report.failed, report.rejected + more)


def _write_shards(task: FitTask, jobs: list[Job], beside: Path) -> list[str]:
    """Write all splits; returns the keys of held-out clips that have no caption of their own."""
    members: dict[str, list[Job]] = {split: [] for split in SPLITS}
    for job in jobs:
        members[clip_record(task.videos, job).get("split", "train")].append(job)
    taken = _texts(task, members["train"])
    doubled = []
    for split, own in members.items():
        others = frozenset() if split == "train" else taken
        worded = {job.key for job in own if _has_words(task, job, others)}
        kept = [job for job in own if job.key in worded]
        doubled += [job.key for job in own if job.key not in worded]
        _write_split(task, split, kept, others, beside)
    return doubled


def _write_split(
    task: FitTask, split: str, jobs: list[Job], taken: frozenset[int], beside: Path
) -> None:
    size = task.settings.shard_clips
    total = -(-len(jobs) // size)
    for index in range(total):
        part = jobs[index * size : (index + 1) * size]
        rows = [fitted_row(task, job, taken) for job in part]
        write_rows(rows, beside / shard_path(split, index, total), shard_schema("arkit"))


def _texts(task: FitTask, jobs: list[Job]) -> frozenset[int]:
    """Digests of all captions of some clips."""
    found: set[int] = set()
    for job in jobs:
        found.update(text_digests(clip_record(task.videos, job)["texts"]).tolist())
    return frozenset(found)


def _has_words(task: FitTask, job: Job, taken: frozenset[int]) -> bool:
    """Whether a clip has a caption that is not taken, or never had any."""
    texts = clip_record(task.videos, job)["texts"]
    return not texts or bool(_left(texts, taken))


def _left(texts: list[str], taken: frozenset[int]) -> list[str]:
    """The texts that are not taken."""
    digests = text_digests(texts).tolist()
    return [text for text, digest in zip(texts, digests, strict=True) if digest not in taken]


def _motion_path(task: FitTask, job: Job) -> Path:
    return task.out / FITS / f"{job.key}.npz"


def fitted_row(task: FitTask, job: Job, taken: frozenset[int] = frozenset()) -> dict:
    """The row of a clip: the motion as it was fitted, the words and attributes that were asked for.

    Args:
        task: of the run.
        job: of the clip.
        taken: digests of captions that it must not have.
    """
    clip = clip_record(task.videos, job)
    motion, _ = within_bounds(npz.read(_motion_path(task, job)))
    attributes = clip.get("attributes")
    performed = clip.get("generator") == "embedded"
    return make_row(
        row_id=job.key,
        motion=motion.resample(FPS),
        texts=_left(clip["texts"], taken),
        descriptions=clip["descriptions"],
        attributes=Attributes.from_dict(attributes) if attributes else None,
        source=f"fitted/{clip.get('generator', 'videos')}",
        seed=clip["seed"] if performed else None,
    )


def card(task: FitTask, jobs: list[Job], report: Report) -> About:
    """What the card tells of the corpus besides what its shards hold."""
    generators = {clip_record(task.videos, job).get("generator") for job in jobs}
    return About(
        pretty_name="Face motion fitted to videos",
        license="apache-2.0" if generators == {"embedded"} else "other",
        template=CARD,
        tags=("face-motion", "blendshapes", "arkit", "text-to-motion", "motion-captioning"),
        more={"report": report, "generators": sorted(g or "videos" for g in generators)},
    )
